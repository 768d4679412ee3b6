// What AckState should say, the plain way: everything in Maps, looked through from end to end.

import type { AckResult, AckRules } from "../../../src/jetstream/consumer/ack_state.ts";

interface Waiting {
  readonly consumerSeq: number;
  timeMs: number;
}

export class AckModel {
  next: number;
  delivered: { stream: number; consumer: number };
  floor: { stream: number; consumer: number };
  /** As info shows it. */
  shown: { stream: number; consumer: number };
  readonly pending = new Map<number, Waiting>();
  /** Redeliveries of what is pending, deliveries of what was given up. */
  readonly counts = new Map<number, number>();
  queue: number[] = [];
  rules: AckRules;

  constructor(rules: AckRules, next: number) {
    this.rules = rules;
    this.next = next;
    this.delivered = { stream: next - 1, consumer: 0 };
    this.floor = { stream: next - 1, consumer: 0 };
    this.shown = this.floor;
  }
  deliver(seq: number, now: number): number {
    this.delivered = { stream: seq, consumer: this.delivered.consumer + 1 };
    this.next = seq + 1;
    if (this.rules.ackPolicy === "none") this.floor = this.shown = { ...this.delivered };
    else this.pending.set(seq, { consumerSeq: this.delivered.consumer, timeMs: now });
    return this.delivered.consumer;
  }
  nextRedelivery(exhausted: (seq: number, deliveries: number) => void): number {
    const most = this.rules.maxDeliver;
    while (this.queue.length > 0) {
      const seq = this.queue[0]!;
      const deliveries = (this.counts.get(seq) ?? 0) + 1;
      if (most <= 0 || deliveries + 1 <= most) return seq;
      this.#giveUp(seq, deliveries);
      if (deliveries === most) exhausted(seq, deliveries);
    }
    return 0;
  }
  redeliver(seq: number, now: number): number {
    this.queue.shift();
    this.pending.get(seq)!.timeMs = now;
    this.counts.set(seq, (this.counts.get(seq) ?? 0) + 1);
    return ++this.delivered.consumer;
  }
  ack(seq: number, consumerSeq: number, finished: (seq: number) => void): AckResult {
    if (seq >= this.next) return "undelivered";
    if (this.rules.ackPolicy === "none") return "nothing";
    if (this.rules.ackPolicy === "explicit") {
      const was = this.pending.has(seq);
      if (was) this.#ackOne(seq);
      this.counts.delete(seq);
      if (seq > 0) finished(seq);
      return was ? "acked" : "nothing";
    }
    if (consumerSeq <= this.floor.consumer || seq <= this.floor.stream) return "nothing";
    const isShown = this.pending.has(seq) && consumerSeq > this.shown.consumer;
    const lowest = Math.min(seq, ...this.pending.keys());
    for (let each = lowest; each <= seq; each++) {
      const had = this.pending.has(each) || this.counts.has(each);
      this.#drop(each);
      this.counts.delete(each);
      if (had || each === seq) finished(each);
    }
    this.floor = { stream: seq, consumer: Math.min(consumerSeq, this.delivered.consumer) };
    this.delivered.stream = Math.max(this.delivered.stream, seq);
    if (isShown) this.shown = { ...this.floor };
    return "acked";
  }
  nak(seq: number, consumerSeq: number): boolean {
    if (!this.#mayNak(seq, consumerSeq)) return false;
    if (!this.queue.includes(seq)) this.queue.push(seq);
    return true;
  }
  nakLater(seq: number, consumerSeq: number, delay: number, now: number): boolean {
    if (!this.#mayNak(seq, consumerSeq)) return false;
    this.queue = this.queue.filter((each) => each !== seq);
    this.pending.get(seq)!.timeMs = now - this.rules.ackWaitMs + delay;
    return true;
  }
  progress(seq: number, now: number): boolean {
    const waiting = this.pending.get(seq);
    if (waiting !== undefined) waiting.timeMs = now;
    return waiting !== undefined;
  }
  forget(seq: number): boolean {
    const was = this.pending.has(seq);
    if (was) this.#ackOne(seq);
    this.counts.delete(seq);
    return was;
  }
  purge(first: number, isGone: (seq: number) => boolean): void {
    this.next = Math.max(this.next, first);
    this.delivered.stream = this.next - 1;
    for (const [seq, { consumerSeq }] of this.pending) {
      if (seq < first) this.floor = { ...this.floor, consumer: Math.max(this.floor.consumer, consumerSeq) };
      if (seq < first || isGone(seq)) this.#drop(seq);
    }
    for (const seq of this.counts.keys()) if (seq < first || isGone(seq)) this.counts.delete(seq);
    if (this.pending.size === 0) {
      this.counts.clear();
      this.floor = { ...this.delivered };
    } else this.floor = { stream: Math.max(this.floor.stream, first - 1), consumer: this.floor.consumer };
    this.shown = { ...this.floor };
  }
  reset(next: number): void {
    this.pending.clear();
    this.counts.clear();
    this.queue = [];
    this.next = next;
    this.delivered = { stream: next - 1, consumer: 0 };
    this.floor = { stream: next - 1, consumer: 0 };
    this.shown = this.floor;
  }
  due(seq: number): number {
    const { ackWaitMs, backoffMs } = this.rules;
    if (ackWaitMs === 0) return Number.POSITIVE_INFINITY;
    const step = Math.min(this.counts.get(seq) ?? 0, backoffMs.length - 1);
    return this.pending.get(seq)!.timeMs + (backoffMs.length === 0 ? ackWaitMs : backoffMs[step]!);
  }
  get nextDue(): number {
    const waiting = [...this.pending.keys()].filter((seq) => !this.queue.includes(seq));
    return Math.min(Number.POSITIVE_INFINITY, ...waiting.map((seq) => this.due(seq)));
  }
  expire(now: number, exhausted: (seq: number, deliveries: number) => void): void {
    const due = [...this.pending.keys()].filter((seq) => !this.queue.includes(seq) && this.due(seq) <= now);
    for (const seq of due.sort((a, b) => a - b)) {
      const reached = Math.max(1, this.counts.get(seq) ?? 0);
      if (this.rules.maxDeliver <= 0 || reached < this.rules.maxDeliver) this.queue.push(seq);
      else {
        this.#giveUp(seq, reached);
        if (reached === this.rules.maxDeliver) exhausted(seq, reached);
      }
    }
  }
  needs(seq: number): boolean {
    if (this.counts.has(seq)) return true;
    if (seq <= this.floor.stream) return false;
    return this.rules.ackPolicy !== "explicit" || seq >= this.next || this.pending.has(seq);
  }

  #mayNak(seq: number, consumerSeq: number): boolean {
    return consumerSeq > this.floor.consumer && consumerSeq <= this.delivered.consumer + 1 && this.pending.has(seq);
  }
  #giveUp(seq: number, count: number): void {
    this.#take(seq);
    this.counts.set(seq, count);
  }
  #drop(seq: number): void {
    this.pending.delete(seq);
    this.queue = this.queue.filter((each) => each !== seq);
  }
  #ackOne(seq: number): void {
    const { consumerSeq } = this.pending.get(seq)!;
    const isNext = seq === Math.min(...this.pending.keys()) && consumerSeq === this.shown.consumer + 1;
    this.#take(seq);
    if (this.pending.size === 0) this.shown = { ...this.delivered };
    else if (isNext) {
      const above = Math.min(...this.pending.keys());
      const next = this.pending.get(above)!.consumerSeq;
      this.shown = next > 0 ? { stream: above - 1, consumer: next - 1 } : { stream: seq, consumer: consumerSeq };
      const { floor, shown } = this;
      this.floor = { stream: Math.max(floor.stream, shown.stream), consumer: Math.max(floor.consumer, shown.consumer) };
    }
  }
  #take(seq: number): void {
    const { consumerSeq } = this.pending.get(seq)!;
    const isLowest = seq === Math.min(...this.pending.keys());
    this.#drop(seq);
    if (this.pending.size === 0) this.floor = { ...this.delivered };
    else if (consumerSeq === this.floor.consumer + 1 && isLowest) {
      this.floor = { stream: seq, consumer: consumerSeq };
      this.#floorBelow(Math.min(...this.pending.keys()));
    }
  }
  #floorBelow(seq: number): void {
    const { consumerSeq } = this.pending.get(seq)!;
    if (consumerSeq === 0) return;
    this.floor = {
      stream: Math.max(this.floor.stream, seq - 1),
      consumer: Math.max(this.floor.consumer, consumerSeq - 1),
    };
  }
}
