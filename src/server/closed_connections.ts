// The last connections that closed, for /connz: what they were, without what
// made them work.

import type { ConnectionView } from "../monitor/source.ts";

/** A ring of the newest `capacity` closed connections, oldest first when iterated. */
export class ClosedConnections {
  readonly #capacity: number;
  readonly #ring: ConnectionView[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(connection: ConnectionView): void {
    if (this.#capacity <= 0) return;
    this.#ring[this.#next] = connection;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  *[Symbol.iterator](): IterableIterator<ConnectionView> {
    const { length } = this.#ring;
    const start = length < this.#capacity ? 0 : this.#next;
    for (let i = 0; i < length; i++) yield this.#ring[(start + i) % length]!;
  }
}
