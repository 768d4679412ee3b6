// The consumers of one stream: by name, in the order of names, and by what they
// filter.
//
// Owns the table and its indexes: adding, finding and removing one costs the same
// among ten thousand as among ten. Knows nothing of what consumers do.

import { type ByteString, byteString } from "../base/bytes.ts";
import { PatternIndex } from "../subject/pattern_index.ts";
import { collides } from "../subject/subject.ts";
import { Sublist } from "../subject/sublist.ts";
import { type ConsumerConfig, filtersOf } from "./config/consumer_config.ts";
import type { Consumer } from "./consumer/consumer.ts";

/** Nodes of the index that one question may go through; beyond it filters are compared with filters. */
const MOST_WORK = 100_000;

export class ConsumerTable {
  readonly #byName = new Map<string, Consumer>();
  readonly #ordered: Consumer[] = [];
  /** Those that count as consumers of the stream. */
  readonly #limitable = new Set<Consumer>();
  /** Of a work queue: the filters that are taken, by the name of who has them. */
  readonly #taken: PatternIndex<string> | undefined;
  /** Those that are told of messages: with filters, by what they filter, and without. */
  readonly #filtered: Sublist<Consumer>;
  readonly #unfiltered = new Set<Consumer>();
  readonly #patternsOf = new Map<Consumer, readonly ByteString[]>();
  readonly #matched: Consumer[] = [];

  /** `isExclusive`: no two may filter the same, and `overlaps` is asked. */
  constructor(seed: number, isExclusive: boolean) {
    this.#filtered = new Sublist(seed);
    this.#taken = isExclusive ? new PatternIndex() : undefined;
  }

  get size(): number {
    return this.#byName.size;
  }
  /** How many count as consumers of the stream. */
  get limitable(): number {
    return this.#limitable.size;
  }
  get(name: string): Consumer | undefined {
    return this.#byName.get(name);
  }
  /** By ascending name. The array is the table's. */
  get ordered(): readonly Consumer[] {
    return this.#ordered;
  }
  values(): Iterable<Consumer> {
    return this.#byName.values();
  }

  add(consumer: Consumer): void {
    this.#byName.set(consumer.name, consumer);
    this.#ordered.splice(this.#placeOf(consumer.name), 0, consumer);
    this.#claim(consumer);
  }

  remove(consumer: Consumer): void {
    if (!this.#byName.delete(consumer.name)) return;
    this.#ordered.splice(this.#placeOf(consumer.name), 1);
    this.#release(consumer);
    this.untell(consumer);
  }

  /** Its configuration becomes another one by `change`. */
  update(consumer: Consumer, change: () => void): void {
    const isTold = this.#unfiltered.has(consumer) || this.#patternsOf.has(consumer);
    this.#release(consumer);
    this.untell(consumer);
    change();
    this.#claim(consumer);
    if (isTold) this.tell(consumer);
  }

  /** Whether another that counts takes messages that these filters take; none: all messages. */
  overlaps(name: string, filters: readonly string[]): boolean {
    const other = this.#byName.get(name);
    const others = this.#limitable.size - (other !== undefined && this.#limitable.has(other) ? 1 : 0);
    if (others === 0) return false;
    if (filters.length === 0) return true;
    return filters.some((filter) => {
      const pattern = byteString(filter);
      return this.#taken?.hasCollision(pattern, name, MOST_WORK) ?? this.#collidesWithAny(pattern, name);
    });
  }

  // ---- by what they filter

  /** It is told of messages from now on. */
  tell(consumer: Consumer): void {
    const filters = filtersOf(consumer.config);
    const patterns = filters.filter((filter) => filter !== ">").map((filter) => byteString(filter));
    if (patterns.length < filters.length || patterns.length === 0) {
      this.#unfiltered.add(consumer);
      return;
    }
    this.#patternsOf.set(consumer, patterns);
    for (const pattern of patterns) this.#filtered.insert(pattern, consumer);
  }
  untell(consumer: Consumer): void {
    this.#unfiltered.delete(consumer);
    for (const pattern of this.#patternsOf.get(consumer) ?? []) this.#filtered.remove(pattern, consumer);
    this.#patternsOf.delete(consumer);
  }

  /** Those that take every message. */
  get unfiltered(): ReadonlySet<Consumer> {
    return this.#unfiltered;
  }
  /** Whether there are others. */
  get hasFiltered(): boolean {
    return this.#patternsOf.size > 0;
  }
  /** Of those with filters, who takes messages on this literal subject. The array is good until the next call. */
  matching(bytes: Uint8Array, from: number, to: number): readonly Consumer[] {
    const matched = this.#matched;
    matched.length = 0;
    this.#filtered.match(bytes, from, to, matched);
    return matched;
  }

  /** Where a name is in the order, or belongs. */
  #placeOf(name: string): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ordered[middle]!.name < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #claim(consumer: Consumer): void {
    if (consumer.config.direct) return;
    this.#limitable.add(consumer);
    for (const pattern of takenBy(consumer.config)) this.#taken?.add(pattern, consumer.name);
  }
  #release(consumer: Consumer): void {
    if (!this.#limitable.delete(consumer)) return;
    for (const pattern of takenBy(consumer.config)) this.#taken?.remove(pattern, consumer.name);
  }

  #collidesWithAny(pattern: ByteString, name: string): boolean {
    for (const other of this.#limitable) {
      if (other.name !== name && takenBy(other.config).some((taken) => collides(taken, pattern))) return true;
    }
    return false;
  }
}

function takenBy(config: ConsumerConfig): readonly ByteString[] {
  const filters = filtersOf(config);
  return filters.length === 0 ? [byteString(">")] : filters.map(byteString);
}
