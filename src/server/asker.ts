// Asks in an account and waits for the first answer: an authorization service about a client, whoever has tokens about
// an account.

import { type ByteString, byteString } from "../base/bytes.ts";
import { nuid } from "../base/nuid.ts";
import type { Core } from "./core.ts";

const NOTHING = new Uint8Array(0);
/** Questions that wait for an answer; those beyond have none. */
const MOST_WAITING = 4096;

export interface Question {
  /** The account it is asked in. */
  readonly account: string;
  readonly subject: string;
  readonly payload?: Uint8Array;
  /** A header line, without its end. */
  readonly header?: string;
  readonly timeoutMs: number;
}

/** Resolves with the answer's payload; undefined when none came in time. Never rejects. */
export type Asking = (question: Question) => Promise<Uint8Array | undefined>;

export function askerOf({ accounts, world, turn }: Core): Asking {
  let waiting = 0;
  return ({ account, subject, payload = NOTHING, header, timeoutMs }) => {
    const bus = accounts.get(account)?.bus;
    if (bus === undefined || waiting >= MOST_WAITING) return Promise.resolve(undefined);
    waiting++;
    return new Promise((resolve) => {
      const reply = byteString(`$SYS._INBOX.${nuid((below) => world.random(below))}`);
      const finish = (answer: Uint8Array | undefined): void => {
        waiting--;
        timer.cancel();
        bus.unsubscribe(sub);
        resolve(answer);
      };
      const sub = bus.subscribe(reply, {
        onMsg: ({ source, payloadFrom, payloadTo, headerBytes }) => {
          finish(source.slice(payloadFrom + Math.max(0, headerBytes), payloadTo));
          return true;
        },
      });
      const timer = world.after(timeoutMs, () => finish(undefined));
      const headers = header === undefined ? NOTHING : Buffer.from(`NATS/1.0\r\n${header}\r\n\r\n`);
      turn.beforeFlush(() => bus.publishParts(byteString(subject), reply as ByteString, headers, payload));
    });
  };
}
