// The last connections that closed, for /connz: what they were, without what
// made them work.

import type { ConnectionView } from "../monitor/source.ts";

/** Of all lists of subscriptions together, in bytes; past it the oldest ones lose theirs. */
const MOST_LISTED_BYTES = 32 << 20;
/** What a subscription in a list takes besides its texts. */
const SUBSCRIPTION_BYTES = 200;

/** A ring of the newest `capacity` closed connections, oldest first when iterated. */
export class ClosedConnections {
  readonly #capacity: number;
  readonly #ring: ConnectionView[] = [];
  /** What the list of each takes. */
  readonly #listed: number[] = [];
  #listedBytes = 0;
  #next = 0;
  /** The oldest that may have a list. */
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(connection: ConnectionView): void {
    if (this.#capacity <= 0) return;
    const at = this.#next;
    const size = listBytes(connection);
    this.#listedBytes += size - (this.#listed[at] ?? 0);
    this.#ring[at] = connection;
    this.#listed[at] = size;
    this.#next = (at + 1) % this.#capacity;
    if (this.#oldest === at && this.#ring.length === this.#capacity) this.#oldest = this.#next;
    while (this.#listedBytes > MOST_LISTED_BYTES && this.#oldest !== at) this.#dropList(this.#oldest);
  }

  clear(): void {
    this.#ring.length = 0;
    this.#listed.length = 0;
    this.#listedBytes = 0;
    this.#next = 0;
    this.#oldest = 0;
  }

  #dropList(at: number): void {
    this.#ring[at] = { ...this.#ring[at]!, subscriptions: [] };
    this.#listedBytes -= this.#listed[at]!;
    this.#listed[at] = 0;
    this.#oldest = (at + 1) % this.#capacity;
  }

  *[Symbol.iterator](): IterableIterator<ConnectionView> {
    const { length } = this.#ring;
    const start = length < this.#capacity ? 0 : this.#next;
    for (let i = 0; i < length; i++) yield this.#ring[(start + i) % length]!;
  }
}

function listBytes({ subscriptions }: ConnectionView): number {
  let size = 0;
  for (const { subject, sid } of subscriptions) size += SUBSCRIPTION_BYTES + subject.length + sid.length;
  return size;
}
