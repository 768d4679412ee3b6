// What stands in one account for another one: a message that reaches it goes
// on there. The router knows no more of accounts than this.

import type { Frame } from "../proto/frame.ts";
import type { Crossing } from "./crossing.ts";
import type { Receiver } from "./receiver.ts";
import type { Trace } from "./trace.ts";

export interface Relay {
  /**
   * Sends a message on whose subject here is source[from, to). How many got
   * it. It is called when the message has been delivered to everyone in this
   * account. All bytes are borrowed. `isShown`: the subject of the frame is only
   * to be shown, whoever gets it. `crossing` is how the message came here from
   * other accounts, `trace` what is noted of it.
   */
  relay(
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    isShown: boolean,
    sender: Receiver | undefined,
    crossing: Crossing | undefined,
    trace?: Trace,
  ): number;
  /** Whether somebody subscribes to what the literal subject stands for. */
  hasInterest(source: Uint8Array, from: number, to: number): boolean;
}
