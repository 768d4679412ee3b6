// The consumers of one stream: who they are, what they are told of it, and
// which messages are still needed.
//
//     stream ─→ onLanded (messages are looked at once, for all) ─→ Consumer.onStored
//            ─→ onRemoved, onCompacted ─→ every consumer
//     Consumer ─→ finished ─→ (interest, work queue) the message goes
//
// Owns the table and the index of filters. Knows nothing of requests, nor of
// where a consumer's state is kept.

import type { Bus } from "../account/bus.ts";
import { type ByteString, byteString } from "../base/bytes.ts";
import { StoredMsg, type StreamStore } from "../store/stream_store.ts";
import { ALL_SUBJECTS } from "../store/subject_filter.ts";
import { Sublist } from "../subject/sublist.ts";
import type { ConsumerConfig } from "./config/consumer_config.ts";
import type { Consumer, ConsumerEnd } from "./consumer/consumer.ts";
import type { ConsumerStream } from "./consumer/parts.ts";
import type { JetStreamSurroundings } from "./surroundings.ts";

/** Messages told of, or looked at for retention, in one turn. */
const SLICE = 1000;

/** The stream itself, as far as its consumers change it. */
export interface ConsumedStream {
  readonly name: string;
  readonly account: string;
  readonly maxMsgsPerSubject: number;
  /** The largest message there may be. */
  readonly maxMsgBytes: number;
  readonly retention: "limits" | "interest" | "workqueue";
  readonly store: StreamStore;
  readonly bus: Bus;
  /** Stages the removal of a message; `done` when it is durable. */
  removeMsg(seq: number, erase: boolean, done: () => void): void;
}

export class Consumers implements ConsumerStream {
  readonly #surroundings: JetStreamSurroundings;
  readonly #stream: ConsumedStream;
  readonly #onInactive: (name: string) => void;
  readonly #byName = new Map<string, Consumer>();
  /** Those with filters by what they filter, and those without. */
  readonly #filtered: Sublist<Consumer>;
  readonly #unfiltered = new Set<Consumer>();
  readonly #filtersOf = new Map<Consumer, readonly ByteString[]>();
  readonly #msg = new StoredMsg();
  readonly #matched: Consumer[] = [];
  /** Consumers were told of every message up to here. */
  #toldUpTo: number;
  #isTelling = false;
  #isClosed = false;
  readonly #waiting: (() => void)[] = [];

  /** `onInactive` is told of a consumer that decided to end. */
  constructor(surroundings: JetStreamSurroundings, stream: ConsumedStream, onInactive: (name: string) => void) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#onInactive = onInactive;
    this.#filtered = new Sublist(surroundings.world.random(2 ** 32));
    this.#toldUpTo = stream.store.state().lastSeq;
  }

  get toldUpTo(): number {
    return this.#toldUpTo;
  }
  get name(): string {
    return this.#stream.name;
  }
  get account(): string {
    return this.#stream.account;
  }
  get maxMsgsPerSubject(): number {
    return this.#stream.maxMsgsPerSubject;
  }
  get maxMsgBytes(): number {
    return this.#stream.maxMsgBytes;
  }
  get bus(): Bus {
    return this.#stream.bus;
  }
  get store(): StreamStore {
    return this.#stream.store;
  }
  get count(): number {
    return this.#byName.size;
  }
  get(name: string): Consumer | undefined {
    return this.#byName.get(name);
  }
  /** By ascending name. */
  list(): Consumer[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether a consumer wants messages on this literal subject. */
  wants(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#unfiltered.size > 0) return true;
    const matched = this.#matched;
    matched.length = 0;
    this.#filtered.match(bytes, from, to, matched);
    return matched.length > 0;
  }

  // ---- who they are

  /** A consumer begins once those that are there know all that is stored; `ready` when it is. */
  add(consumer: Consumer, ready: () => void): void {
    this.#byName.set(consumer.name, consumer);
    this.#whenTold(() => {
      if (this.#byName.get(consumer.name) !== consumer) return;
      this.#index(consumer);
      consumer.open(ready);
    });
  }

  /** Its configuration, which was checked and is durable, is another one. */
  update(consumer: Consumer, config: ConsumerConfig): void {
    this.#unindex(consumer);
    consumer.update(config);
    this.#index(consumer);
  }

  /** Takes a consumer out; messages that only it still needed go, over turns. */
  end(consumer: Consumer, end: ConsumerEnd): void {
    this.#byName.delete(consumer.name);
    this.#unindex(consumer);
    consumer.close(end);
    if (end === "deleted" && this.#stream.retention === "interest") this.#sweep(this.store.state().firstSeq, Infinity);
  }

  /** After a start, with all consumers back: removes what the one before had no time for. */
  sweepAtStart(): void {
    const { retention } = this.#stream;
    if (retention === "limits" || this.count === 0) return;
    // Of a work queue only what was delivered: what waits may be a lot.
    const delivered = [...this.#byName.values()].map((consumer) => consumer.info().delivered.streamSeq);
    this.#sweep(this.store.state().firstSeq, retention === "interest" ? Infinity : Math.max(...delivered));
  }

  /** Ends all of them. */
  close(end: ConsumerEnd): void {
    this.#isClosed = true;
    for (const consumer of this.#byName.values()) this.end(consumer, end);
  }

  #index(consumer: Consumer): void {
    const { filter_subject, filter_subjects } = consumer.config;
    const filters = filter_subject === "" ? filter_subjects : [filter_subject];
    const patterns = filters.filter((filter) => filter !== ">").map((filter) => byteString(filter));
    if (patterns.length < filters.length || patterns.length === 0) {
      this.#unfiltered.add(consumer);
      return;
    }
    this.#filtersOf.set(consumer, patterns);
    for (const pattern of patterns) this.#filtered.insert(pattern, consumer);
  }

  #unindex(consumer: Consumer): void {
    this.#unfiltered.delete(consumer);
    for (const pattern of this.#filtersOf.get(consumer) ?? []) this.#filtered.remove(pattern, consumer);
    this.#filtersOf.delete(consumer);
  }

  // ---- what they are told

  /** Messages were committed, or sequences skipped. */
  onLanded(): void {
    if (this.#byName.size === 0 && this.#waiting.length === 0) this.#toldUpTo = this.store.state().lastSeq;
    else if (!this.#isTelling) this.#tell();
  }

  /** Inside an event of the store, which is not called. */
  onRemoved(seq: number, subject: Uint8Array, from: number, to: number): void {
    // Nobody knows of it yet, and nobody will.
    if (seq > this.#toldUpTo) return;
    for (const consumer of this.#byName.values()) consumer.onRemoved(seq, subject, from, to);
  }

  /** Inside an event of the store, which is not called. */
  onCompacted(first: number): void {
    this.#toldUpTo = Math.max(this.#toldUpTo, first - 1);
    for (const consumer of this.#byName.values()) consumer.onCompacted(first);
  }

  onPurged(pattern: ByteString): void {
    for (const consumer of this.#byName.values()) consumer.onPurged(pattern);
  }

  /** Tells of a slice of what is new, each message to those that want it. */
  #tell(): void {
    this.#isTelling = true;
    const { store } = this;
    const { lastSeq } = store.state();
    let budget = SLICE;
    while (this.#toldUpTo < lastSeq && budget-- > 0) {
      const seq = store.next(ALL_SUBJECTS, this.#toldUpTo + 1, SLICE);
      if (seq === 0) this.#toldUpTo = lastSeq;
      else if (seq < 0) this.#toldUpTo = -seq - 1;
      else {
        this.#toldUpTo = seq;
        this.#tellOf(seq);
      }
    }
    if (this.#toldUpTo < store.state().lastSeq && !this.#isClosed) {
      this.#surroundings.nextTurn(() => this.bus.run(() => this.#tell()));
      return;
    }
    this.#isTelling = false;
    for (const begin of this.#waiting.splice(0)) begin();
  }

  #tellOf(seq: number): void {
    for (const consumer of this.#unfiltered) consumer.onStored(seq);
    if (this.#filtersOf.size === 0) return;
    const msg = this.#msg;
    if (!this.store.load(seq, msg)) return;
    const matched = this.#matched;
    matched.length = 0;
    this.#filtered.match(msg.subject, msg.subjectFrom, msg.subjectTo, matched);
    // They only take note: the message stays where it is.
    for (const consumer of matched) consumer.onStored(seq, msg.subject, msg.subjectFrom, msg.subjectTo);
  }

  #whenTold(begin: () => void): void {
    if (!this.#isTelling && this.#toldUpTo >= this.store.state().lastSeq) begin();
    else {
      this.#waiting.push(begin);
      this.onLanded();
    }
  }

  // ---- what is still needed

  finished(_consumer: string, streamSeq: number, durable: (() => void) | undefined): void {
    const { retention } = this.#stream;
    if (retention === "limits" || (retention === "interest" && this.#isNeeded(streamSeq))) {
      durable?.();
      return;
    }
    this.#stream.removeMsg(streamSeq, false, () => durable?.());
  }

  remove(consumer: string): void {
    this.#onInactive(consumer);
  }

  /** Whether a consumer wants the message and has not finished with it. */
  #isNeeded(seq: number): boolean {
    for (const consumer of this.#unfiltered) if (!consumer.isFinishedWith(seq)) return true;
    if (this.#filtersOf.size === 0) return false;
    const msg = this.#msg;
    if (!this.store.load(seq, msg)) return false;
    const matched = this.#matched;
    matched.length = 0;
    this.#filtered.match(msg.subject, msg.subjectFrom, msg.subjectTo, matched);
    return matched.splice(0).some((consumer) => !consumer.isFinishedWith(seq));
  }

  /** Whether, of a work queue, somebody wants the message, and has finished with it. */
  #isDone(seq: number): boolean {
    for (const consumer of this.#unfiltered) if (consumer.isFinishedWith(seq)) return true;
    const msg = this.#msg;
    if (this.#filtersOf.size === 0 || !this.store.load(seq, msg)) return false;
    const matched = this.#matched;
    matched.length = 0;
    this.#filtered.match(msg.subject, msg.subjectFrom, msg.subjectTo, matched);
    return matched.splice(0).some((consumer) => consumer.isFinishedWith(seq));
  }

  /** Removes, over turns, what nobody needs any more, up to `to`. */
  #sweep(from: number, to: number): void {
    if (this.#isClosed) return;
    const { store } = this;
    let at = from;
    for (let budget = SLICE; budget > 0; budget--) {
      const seq = store.next(ALL_SUBJECTS, at, SLICE);
      if (seq === 0 || seq > to) return;
      at = seq < 0 ? -seq : seq + 1;
      if (seq < 0) continue;
      const goes = this.#stream.retention === "workqueue" ? this.#isDone(seq) : !this.#isNeeded(seq);
      if (goes) this.#stream.removeMsg(seq, false, () => undefined);
    }
    this.#surroundings.nextTurn(() => this.#sweep(at, to));
  }
}
