// The subscriptions of one connection, by sid.
//
// Owns them: nobody else adds one to the account's router or takes one out.

import type { Receiver } from "../account/receiver.ts";
import type { Router } from "../account/router.ts";
import { Subscription } from "../account/subscription.ts";
import type { ByteString } from "../base/bytes.ts";

/** Subscriptions that leave the router in one turn: about a millisecond. */
const SLICE = 1000;

export class Subscriptions {
  readonly #receiver: Receiver;
  #bySid = new Map<ByteString, Subscription>();

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  get count(): number {
    return this.#bySid.size;
  }
  has(sid: ByteString): boolean {
    return this.#bySid.has(sid);
  }
  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#bySid.values();
  }

  /** The sid must be free and the subject valid. */
  add(router: Router, subject: ByteString, queue: ByteString | undefined, sid: ByteString): Subscription {
    const sub = new Subscription(this.#receiver, subject, queue, sid);
    this.#bySid.set(sid, sub);
    router.insert(sub);
    return sub;
  }

  /**
   * UNSUB: ends it now, or once `max` messages were delivered over its life.
   * `max` 0 or less is now. Returns the subscription when it ended.
   */
  end(router: Router, sid: ByteString, max: number): Subscription | undefined {
    const sub = this.#bySid.get(sid);
    if (sub === undefined) return undefined;
    if (max > 0) this.#receiver.outbound.settle();
    if (max > sub.delivered) {
      sub.max = max;
      return undefined;
    }
    sub.max = 0;
    this.remove(router, sub);
    return sub;
  }

  remove(router: Router, sub: Subscription): void {
    this.#bySid.delete(sub.sid);
    router.remove(sub);
  }

  /**
   * Ends all of them at once. Very many leave the router a slice at a time, so
   * that nobody waits for it: `inTurn` runs what it is given in a later turn.
   */
  clear(router: Router, inTurn: (fire: () => void) => void): void {
    const leaving = this.#bySid;
    this.#bySid = new Map();
    for (const sub of leaving.values()) sub.isOpen = false;
    const rest = leaving.values();
    const goOn = (): void => {
      for (let i = 0; i < SLICE; i++) {
        const next = rest.next();
        if (next.done === true) return;
        router.remove(next.value);
      }
      inTurn(goOn);
    };
    goOn();
  }
}
