// The last connections that closed, for /connz: what they were, without what
// made them work.

import type { Session } from "../session/session.ts";

/** A ring of the newest `capacity` closed sessions, oldest first when iterated. */
export class ClosedConnections {
  readonly #capacity: number;
  readonly #ring: Session[] = [];
  #next = 0;
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many have closed ever. */
  get total(): number {
    return this.#total;
  }

  add(session: Session): void {
    this.#total++;
    if (this.#capacity <= 0) return;
    this.#ring[this.#next] = session;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  *[Symbol.iterator](): IterableIterator<Session> {
    const { length } = this.#ring;
    const start = length < this.#capacity ? 0 : this.#next;
    for (let i = 0; i < length; i++) yield this.#ring[(start + i) % length]!;
  }
}
