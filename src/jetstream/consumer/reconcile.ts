// A consumer's state, read from its file, meets a stream that is not as it was.
// Owns nothing.

import type { Log } from "../../base/log.ts";
import type { AckState } from "./ack_state.ts";
import type { ConsumerStream } from "./parts.ts";

/** Holds the state to the sequences that the stream has. */
export function reconcile(state: AckState, { account, name, store }: ConsumerStream, consumer: string, log: Log): void {
  const { firstSeq, lastSeq } = store.state();
  const { deliveredStreamSeq: delivered } = state;
  // One that has delivered nothing may begin above: it waits for that.
  if (state.deliveredConsumerSeq > 0 && state.cutTo(lastSeq)) {
    const whose = `'${account} > ${name} > ${consumer}'`;
    const what = `delivered sequence ${delivered} past last stream sequence of ${lastSeq}`;
    log.warn(`JetStream consumer ${whose} ${what}`);
  }
  state.raiseFloors(firstSeq);
}
