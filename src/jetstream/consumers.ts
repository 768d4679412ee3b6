// The consumers of one stream: who they are, what they are told of it, and
// which messages are still needed.
//
//     stream ─→ onLanded (messages are looked at once, for all) ─→ Consumer.onStored
//            ─→ onRemoved, onCompacted ─→ every consumer
//     Consumer ─→ finished ─→ (interest, work queue) the message goes
//
// Owns how far they were told, and what is swept. Who they are is consumer_table.ts's; knows nothing of requests, nor of
// where a consumer's state is kept.

import type { Bus } from "../account/bus.ts";
import type { ByteString } from "../base/bytes.ts";
import { StoredMsg, type StreamStore } from "../store/stream_store.ts";
import { ALL_SUBJECTS } from "../store/subject_filter.ts";
import type { ConsumerConfig } from "./config/consumer_config.ts";
import type { Consumer, ConsumerEnd } from "./consumer/consumer.ts";
import type { ConsumerStream } from "./consumer/parts.ts";
import { ReadWait } from "./consumer/read_wait.ts";
import { ConsumerTable } from "./consumer_table.ts";
import type { JetStreamSurroundings } from "./surroundings.ts";

/** Messages told of, or looked at for retention, in one turn. */
const SLICE = 1000;
const NOBODY: readonly Consumer[] = [];

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
  readonly #table: ConsumerTable;
  readonly #msg = new StoredMsg();
  /** Consumers were told of every message up to here. */
  #toldUpTo: number;
  #isTelling = false;
  #isClosed = false;
  #isSweeping = false;
  /** How far the next sweep goes; 0: there is none. */
  #sweepTo = 0;
  /** Of those without filters, who was asked last whether it needs a message, and who comes behind. */
  #asked: Consumer | undefined = undefined;
  #asking: Iterator<Consumer, undefined>;
  readonly #waiting: (() => void)[] = [];
  /** The waits for a disk that does not tell. */
  readonly #tellWait: ReadWait;
  readonly #sweepWait: ReadWait;

  /** `onInactive` is told of a consumer that decided to end. */
  constructor(surroundings: JetStreamSurroundings, stream: ConsumedStream, onInactive: (name: string) => void) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#onInactive = onInactive;
    this.#table = new ConsumerTable(surroundings.world.random(2 ** 32), stream.retention === "workqueue");
    this.#asking = this.#table.unfiltered.values();
    this.#toldUpTo = stream.store.state().lastSeq;
    this.#tellWait = new ReadWait(surroundings.world);
    this.#sweepWait = new ReadWait(surroundings.world);
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
    return this.#table.size;
  }
  /** How many count as consumers of the stream. */
  get limitable(): number {
    return this.#table.limitable;
  }
  get(name: string): Consumer | undefined {
    return this.#table.get(name);
  }
  /** By ascending name, as they are now. */
  list(): Consumer[] {
    return [...this.#table.ordered];
  }
  /** Of those that count, by ascending name, `most` from the place `from` on. */
  page(from: number, most: number): readonly Consumer[] {
    const { ordered, limitable, size } = this.#table;
    const counted = limitable === size ? ordered : ordered.filter(({ config }) => !config.direct);
    return counted.slice(from, from + most);
  }
  /** Whether another than `name` that counts takes messages that these filters take: of a work queue. */
  overlaps(name: string, filters: readonly string[]): boolean {
    return this.#table.overlaps(name, filters);
  }

  /** Whether a consumer wants messages on this literal subject. */
  wants(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#table.unfiltered.size > 0 || this.#table.matching(bytes, from, to).length > 0;
  }

  // ---- who they are

  /** A consumer begins once those that are there know all that is stored; `ready` when it is. */
  add(consumer: Consumer, ready: () => void): void {
    this.#table.add(consumer);
    this.#whenTold(() => {
      if (this.#table.get(consumer.name) !== consumer) return;
      this.#table.tell(consumer);
      consumer.open(ready);
    });
  }

  /** Its configuration, which was checked and is durable, is another one. */
  update(consumer: Consumer, config: ConsumerConfig): void {
    this.#table.update(consumer, () => consumer.update(config));
  }

  /** Takes a consumer out; messages that only it still needed go, over turns. */
  end(consumer: Consumer, end: ConsumerEnd): void {
    this.#table.remove(consumer);
    if (this.#asked === consumer) this.#asked = undefined;
    consumer.close(end);
    if (end === "deleted" && this.#stream.retention === "interest") this.#beginSweep(Infinity);
  }

  /** After a start, with all consumers back: removes what the one before had no time for. */
  sweepAtStart(): void {
    const { retention } = this.#stream;
    if (retention === "limits" || this.count === 0) return;
    // Of a work queue only what was delivered: what waits may be a lot.
    let delivered = 0;
    for (const consumer of this.#table.values()) {
      delivered = Math.max(delivered, consumer.info().delivered.streamSeq);
    }
    this.#beginSweep(retention === "interest" ? Infinity : delivered);
  }

  /** Ends all of them. */
  close(end: ConsumerEnd): void {
    this.#isClosed = true;
    this.#tellWait.close();
    this.#sweepWait.close();
    // From the end: the others keep their places.
    for (const consumer of this.list().reverse()) this.end(consumer, end);
  }

  // ---- what they are told

  /** Messages were committed, or sequences skipped. */
  onLanded(): void {
    if (this.count === 0 && this.#waiting.length === 0) this.#toldUpTo = this.store.lastSeq;
    else if (!this.#isTelling) this.#tell();
  }

  /** Inside an event of the store, which is not called. */
  onRemoved(seq: number, subject: Uint8Array, from: number, to: number): void {
    // Nobody knows of it yet, and nobody will.
    if (seq > this.#toldUpTo) return;
    for (const consumer of this.#table.values()) consumer.onRemoved(seq, subject, from, to);
  }

  /** Inside an event of the store, which is not called. */
  onCompacted(first: number): void {
    this.#toldUpTo = Math.max(this.#toldUpTo, first - 1);
    for (const consumer of this.#table.values()) consumer.onCompacted(first);
  }

  onPurged(pattern: ByteString): void {
    for (const consumer of this.#table.values()) consumer.onPurged(pattern);
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
      else if (this.#tellOf(seq)) this.#toldUpTo = seq;
      else {
        this.#tellWait.failed(() => this.bus.run(() => this.#tell()));
        return;
      }
    }
    this.#tellWait.succeeded();
    if (this.#toldUpTo < store.state().lastSeq && !this.#isClosed) {
      this.#surroundings.nextTurn(() => this.bus.run(() => this.#tell()));
      return;
    }
    this.#isTelling = false;
    for (const begin of this.#waiting.splice(0)) begin();
  }

  /** False, and nobody is told, when who wants the message cannot be read now. */
  #tellOf(seq: number): boolean {
    const matched = this.#matching(seq);
    if (matched === undefined) return false;
    const { subject, subjectFrom, subjectTo } = this.#msg;
    // They only take note: the message stays where it is.
    for (const consumer of this.#table.unfiltered) consumer.onStored(seq);
    for (const consumer of matched) consumer.onStored(seq, subject, subjectFrom, subjectTo);
    return true;
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
    const isNeeded = retention === "limits" || (retention === "interest" && this.#isNeeded(streamSeq));
    if (isNeeded !== false) {
      if (isNeeded === undefined) this.#beginSweep(streamSeq);
      durable?.();
      return;
    }
    this.#stream.removeMsg(streamSeq, false, () => durable?.());
  }

  finishedRun(consumer: string, streamSeqs: Float64Array, count: number): void {
    if (this.#stream.retention === "limits") return;
    for (let i = 0; i < count; i++) this.finished(consumer, streamSeqs[i]!, undefined);
  }

  remove(consumer: string): void {
    this.#onInactive(consumer);
  }

  /** Whether a consumer wants the message and has not finished with it; undefined when that cannot be read now. */
  #isNeeded(seq: number): boolean | undefined {
    if (this.#isNeededByAll(seq)) return true;
    return this.#matching(seq)?.some((consumer) => !consumer.isFinishedWith(seq));
  }

  /** The same of those that take every message. Who needed one last is asked first, then those behind, round and round. */
  #isNeededByAll(seq: number): boolean {
    const all = this.#table.unfiltered;
    for (let left = all.size + 1; left > 0; left--) {
      const asked = this.#asked;
      if (asked !== undefined && all.has(asked) && !asked.isFinishedWith(seq)) return true;
      this.#asked = this.#nextToAsk();
    }
    return false;
  }

  #nextToAsk(): Consumer | undefined {
    let next = this.#asking.next();
    if (next.done !== true) return next.value;
    this.#asking = this.#table.unfiltered.values();
    next = this.#asking.next();
    return next.done === true ? undefined : next.value;
  }

  /** Whether, of a work queue, somebody wants the message, and has finished with it; undefined when that cannot be read now. */
  #isDone(seq: number): boolean | undefined {
    for (const consumer of this.#table.unfiltered) if (consumer.isFinishedWith(seq)) return true;
    return this.#matching(seq)?.some((consumer) => consumer.isFinishedWith(seq));
  }

  /** Those with filters that want a message, whose subject is in `#msg` then; undefined when it cannot be read now. */
  #matching(seq: number): readonly Consumer[] | undefined {
    const msg = this.#msg;
    if (!this.#table.hasFiltered) return NOBODY;
    const { readFailures } = this.store;
    if (!this.store.load(seq, msg)) return this.store.readFailures === readFailures ? NOBODY : undefined;
    return this.#table.matching(msg.subject, msg.subjectFrom, msg.subjectTo);
  }

  /** Removes, over turns, what nobody needs any more, up to `to`: after another sweep that goes on, if one does. */
  #beginSweep(to: number): void {
    this.#sweepTo = Math.max(this.#sweepTo, to);
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#startSweep();
  }

  #startSweep(): void {
    const to = this.#sweepTo;
    this.#sweepTo = 0;
    this.#sweep(this.store.state().firstSeq, to);
  }

  #sweep(from: number, to: number): void {
    if (this.#isClosed) return;
    const { store } = this;
    let at = from;
    for (let budget = SLICE; budget > 0; budget--) {
      const seq = store.next(ALL_SUBJECTS, at, SLICE);
      if (seq === 0 || seq > to) {
        this.#isSweeping = this.#sweepTo > 0;
        if (this.#isSweeping) this.#surroundings.nextTurn(() => this.#startSweep());
        return;
      }
      at = Math.abs(seq);
      if (seq < 0) continue;
      const isWorkQueue = this.#stream.retention === "workqueue";
      const answer = isWorkQueue ? this.#isDone(seq) : this.#isNeeded(seq);
      if (answer === undefined) {
        this.#sweepWait.failed(() => this.#sweep(at, to));
        return;
      }
      this.#sweepWait.succeeded();
      at++;
      if (answer === isWorkQueue) this.#stream.removeMsg(seq, false, () => undefined);
    }
    this.#surroundings.nextTurn(() => this.#sweep(at, to));
  }
}
