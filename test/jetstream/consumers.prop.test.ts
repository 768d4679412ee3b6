// Random lives of a stream and its consumers, through the API and the bus, beside a naive model of all of it: after each
// step everybody was delivered the same in the same order, the numbers are the same, and the same messages are kept.
//
// The model of one consumer's acks is consumer/ack_model.ts, which has its own test; here it is about the rest: who is
// told of what, what leaves the stream and when, and what a restart brings back. With "reads" the disk does not tell for
// some calls, again and again: nobody is sent less for that, nothing is counted wrong, nothing is removed too early.

import { describe, expect, test } from "vitest";
import type { Frame } from "../../src/account/bus.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import type { AckRules } from "../../src/jetstream/consumer/ack_state.ts";
import { patternMatches } from "../../src/store/subject_filter.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { Bench } from "./bench.ts";
import { AckModel } from "./consumer/ack_model.ts";

const STEPS = 120;
const SUBJECTS = ["s.a", "s.b", "s.c.x", "s.c.y"];
/** So long that nothing is due before `wait`. */
const WAIT_MS = 3_600_000;
/** What is due together is looked at together. */
const TIMER_SLACK_MS = 1;
/** A state is written by then. */
const WRITTEN_MS = 3000;
const FAR_NANOS = 1e18;
/** Nothing that nobody reads is in memory any more; and all that could not be read was tried again. */
const FORGOTTEN_MS = 12_000;
const TRIED_MS = 2500;

type Retention = "limits" | "interest" | "workqueue";

/** A consumer that may come and go. */
interface Shape {
  readonly name: string;
  readonly filters: readonly string[];
  readonly policy: AckRules["ackPolicy"];
  readonly mostPending: number;
  readonly maxDeliver: number;
  readonly isPush: boolean;
  readonly start: "all" | "new" | "last" | "by_start_sequence";
}

interface Got {
  readonly seq: number;
  readonly consumerSeq: number;
  readonly deliveries: number;
}

const shape = (name: string, changes: Partial<Shape> = {}): Shape => ({
  name,
  filters: [],
  policy: "explicit",
  mostPending: 1000,
  maxDeliver: -1,
  isPush: false,
  start: "all",
  ...changes,
});

const shapes: Record<Retention, readonly Shape[]> = {
  limits: [
    shape("ALL"),
    shape("FEW", { filters: ["s.a"], mostPending: 3, maxDeliver: 2 }),
    shape("UPTO", { filters: ["s.a", "s.c.>"], policy: "all" }),
    shape("PUSH", { isPush: true, mostPending: 6, start: "new" }),
    shape("LAST", { filters: ["s.c.*"], start: "last", maxDeliver: 1 }),
    shape("NONE", { policy: "none", isPush: true, start: "by_start_sequence" }),
  ],
  interest: [
    shape("ALL", { maxDeliver: 3 }),
    shape("ONE", { filters: ["s.a"], mostPending: 4 }),
    shape("UPTO", { filters: ["s.c.>", "s.b"], policy: "all" }),
    shape("NONE", { filters: ["s.b"], policy: "none" }),
    shape("PUSH", { filters: ["s.c.x"], isPush: true, start: "new" }),
  ],
  workqueue: [
    shape("A", { filters: ["s.a"], mostPending: 4 }),
    shape("B", { filters: ["s.b"], isPush: true, mostPending: 5, maxDeliver: 2 }),
    shape("C", { filters: ["s.c.>"] }),
  ],
};

/** One consumer done the plainest way. */
class ConsumerModel {
  readonly shape: Shape;
  readonly acks: AckModel;
  /** Messages asked for that have not come. */
  credit = 0;
  /** A purge put it behind what it had passed over: how far that is, is its own business. */
  isFar = false;
  /** What it was sent since it was looked at. */
  sent: Got[] = [];

  constructor(consumer: Shape, next: number) {
    this.shape = consumer;
    const ackWaitMs = consumer.policy === "none" ? 0 : WAIT_MS;
    this.acks = new AckModel(
      { ackPolicy: consumer.policy, ackWaitMs, backoffMs: [], maxDeliver: consumer.maxDeliver },
      next,
    );
  }

  wants(subject: string): boolean {
    const { filters } = this.shape;
    const bytes = Buffer.from(subject);
    return (
      filters.length === 0 || filters.some((filter) => patternMatches(Buffer.from(filter), bytes, 0, bytes.length))
    );
  }
}

class StreamModel {
  readonly retention: Retention;
  readonly most: number;
  kept = new Map<number, string>();
  lastSeq = 0;
  readonly consumers = new Map<string, ConsumerModel>();

  constructor(retention: Retention, most: number) {
    this.retention = retention;
    this.most = most;
  }

  publish(subject: string): void {
    this.lastSeq++;
    if (this.retention === "interest" && ![...this.consumers.values()].some((one) => one.wants(subject))) return;
    this.kept.set(this.lastSeq, subject);
    while (this.kept.size > this.most) this.remove(Math.min(...this.kept.keys()));
  }

  /** Gone without an ack. */
  remove(seq: number): void {
    if (!this.kept.delete(seq)) return;
    for (const { acks } of this.consumers.values()) acks.forget(seq);
  }

  purge(first: number): void {
    for (const seq of this.kept.keys()) if (seq < first) this.kept.delete(seq);
    for (const one of this.consumers.values()) {
      one.acks.purge(first, () => false);
      one.isFar = true;
    }
  }

  /** Everything on a subject was removed: who wants nothing else goes on at the end, who wants it too at the first left. */
  purgedOf(subject: string): void {
    for (const one of this.consumers.values()) {
      const { filters } = one.shape;
      if (!one.wants(subject)) continue;
      const isAll = filters.length > 0 && filters.every((filter) => filter === subject);
      one.acks.purge(isAll ? this.lastSeq + 1 : this.firstSeq, () => false);
      one.isFar = true;
    }
  }

  /** Somebody has finished with these. */
  finished(seqs: readonly number[]): void {
    for (const seq of seqs)
      if (this.retention === "workqueue" || (this.retention === "interest" && !this.isNeeded(seq))) this.remove(seq);
  }
  isNeeded(seq: number): boolean {
    const subject = this.kept.get(seq);
    if (subject === undefined) return false;
    return [...this.consumers.values()].some((one) => one.wants(subject) && one.acks.needs(seq));
  }

  create(consumer: Shape, startSeq: number): void {
    const matching = new ConsumerModel(consumer, 1);
    const seqs = [...this.kept].filter(([, subject]) => matching.wants(subject)).map(([seq]) => seq);
    const first = this.firstSeq;
    const next = { all: first, new: this.lastSeq + 1, last: Math.max(0, ...seqs), by_start_sequence: startSeq };
    const isEmpty = this.lastSeq === 0;
    const begins = isEmpty && consumer.start !== "by_start_sequence" ? 1 : Math.max(next[consumer.start], first, 1);
    this.consumers.set(consumer.name, new ConsumerModel(consumer, begins));
  }
  get firstSeq(): number {
    return this.kept.size === 0 ? this.lastSeq + 1 : Math.min(...this.kept.keys());
  }

  delete(name: string): void {
    this.consumers.delete(name);
    if (this.retention !== "interest") return;
    for (const seq of this.kept.keys()) if (!this.isNeeded(seq)) this.remove(seq);
  }

  pendingOf(one: ConsumerModel): number[] {
    const seqs = [...this.kept].filter(([seq, subject]) => seq >= one.acks.next && one.wants(subject));
    return seqs.map(([seq]) => seq).sort((a, b) => a - b);
  }

  /** Everybody is sent what can be sent now. */
  deliver(nowMs: number): void {
    for (const one of this.consumers.values()) while (this.#deliverOne(one, nowMs));
  }

  #deliverOne(one: ConsumerModel, nowMs: number): boolean {
    const { acks, shape: of } = one;
    if (!of.isPush && one.credit === 0) return false;
    const again = acks.nextRedelivery(() => undefined);
    if (again === 0 && of.policy !== "none" && acks.pending.size >= of.mostPending) return false;
    const seq = again > 0 ? again : this.pendingOf(one)[0];
    if (seq === undefined) return false;
    const consumerSeq = again > 0 ? acks.redeliver(seq, nowMs) : acks.deliver(seq, nowMs);
    one.sent.push({ seq, consumerSeq, deliveries: again > 0 ? acks.counts.get(seq)! + 1 : 1 });
    one.credit -= of.isPush ? 0 : 1;
    if (of.policy === "none") this.finished([seq]);
    return true;
  }

  /** What a start finds: the states as they were written. */
  restart(): void {
    for (const one of this.consumers.values()) {
      const { acks } = one;
      one.credit = 0;
      acks.next = acks.delivered.stream + 1;
      acks.floor = { ...acks.shown };
      acks.queue = [];
      for (const waiting of acks.pending.values()) waiting.timeMs = Math.floor(waiting.timeMs / 1000) * 1000;
    }
    this.#sweep();
  }

  /** What was given up, and forgotten by a purge that left nothing pending, goes at a start, as in nats-server. */
  #sweep(): void {
    const all = [...this.consumers.values()];
    if (this.retention === "limits" || all.length === 0) return;
    for (const [seq, subject] of this.kept) {
      const wanting = all.filter((one) => one.wants(subject));
      if (this.retention === "interest" ? !this.isNeeded(seq) : wanting.some(({ acks }) => !acks.needs(seq)))
        this.remove(seq);
    }
  }
}

/** The real thing, and everything it delivered. */
class Life {
  bench: Bench;
  /** The disk that does not tell, of a life with such a one. */
  readonly #failing: FakeDisk | undefined;
  readonly model: StreamModel;
  readonly got = new Map<string, Got[]>();
  /** What was delivered last of each message, to ack it. */
  readonly replies = new Map<string, Map<number, string>>();
  readonly storage: string;
  #random: number;

  constructor(seed: number, retention: Retention, storage: string, most: number) {
    this.#random = seed;
    const failing = storage === "reads" ? new FakeDisk() : undefined;
    this.#failing = failing;
    this.storage = failing === undefined ? storage : "file";
    this.bench = failing === undefined ? new Bench() : new Bench({ disk: failing, settleDisk: () => failing.complete() }); // prettier-ignore
    this.model = new StreamModel(retention, most);
    this.bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], retention, storage: this.storage, max_msgs: most === Infinity ? -1 : most }); // prettier-ignore
    this.#listen();
  }

  below(bound: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    return (this.#random >>> 9) % bound;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  #listen(): void {
    for (const { name } of shapes[this.model.retention]) {
      this.bench.account.bus.subscribe(byteString(`to.${name}`), { onMsg: (frame) => this.#onMsg(name, frame) });
    }
    this.bench.settle();
  }
  #onMsg(name: string, frame: Frame): boolean {
    const reply = byteStringOf(frame.source, frame.replyFrom, frame.replyTo);
    if (!reply.startsWith("$JS.ACK.")) return true;
    const [deliveries, seq, consumerSeq] = reply.split(".").slice(4, 7).map(Number) as [number, number, number];
    listOf(this.got, name).push({ seq, consumerSeq, deliveries });
    if (!this.replies.has(name)) this.replies.set(name, new Map());
    this.replies.get(name)!.set(seq, reply);
    return true;
  }

  tell(subject: string, body: string, reply = ""): void {
    this.bench.account.bus.publishParts(byteString(subject), byteString(reply), new Uint8Array(0), Buffer.from(body));
    this.bench.settle();
  }

  /** One step; what it was. */
  step(): string {
    const { model } = this;
    const what = this.below(100);
    if (what < 35) return this.#maybeUnread(() => this.#publish());
    const present = [...model.consumers.keys()];
    if (what < 42 || present.length === 0) return this.#create();
    const name = this.pick(present);
    if (what < 60) return this.#maybeUnread(() => this.#pull(name));
    if (what < 84) return this.#maybeUnread(() => this.#ack(name));
    if (what < 88) return this.#remove();
    if (what < 91) return this.#purge();
    if (what < 93) return this.#delete(name);
    // When a message was sent is not exact then.
    if (this.#failing !== undefined) return "nothing";
    if (what < 97 || this.storage === "memory") return this.#wait();
    return this.#restart();
  }

  #maybeUnread(step: () => string): string {
    const disk = this.#failing;
    if (disk === undefined || this.below(3) > 0) return step();
    this.bench.world.advance(FORGOTTEN_MS);
    this.bench.settle();
    const count = 1 + this.below(60);
    disk.failReads(count);
    const what = step();
    disk.heal();
    this.bench.world.advance(TRIED_MS);
    this.bench.settle();
    return `${what} with ${count} reads failed`;
  }

  #publish(): string {
    const subject = this.pick(SUBJECTS);
    this.tell(subject, "x");
    this.model.publish(subject);
    return `publish ${subject}`;
  }

  #create(): string {
    const of = this.pick(shapes[this.model.retention]);
    if (this.model.consumers.has(of.name)) return "nothing";
    const startSeq = 1 + this.below(Math.max(1, this.model.lastSeq));
    const answer = this.bench.api(`CONSUMER.CREATE.S.${of.name}`, {
      stream_name: "S",
      action: "create",
      config: {
        durable_name: of.name,
        name: of.name,
        ack_policy: of.policy,
        deliver_policy: of.start,
        ...(of.filters.length === 0 ? {} : { filter_subjects: of.filters }),
        ...(of.start === "by_start_sequence" ? { opt_start_seq: startSeq } : {}),
        ...(of.policy === "none" ? {} : { ack_wait: WAIT_MS * 1e6, max_ack_pending: of.mostPending }),
        ...(of.isPush ? { deliver_subject: `to.${of.name}` } : {}),
        max_deliver: of.maxDeliver,
      },
    });
    expect(answer.error).toBeUndefined();
    this.model.create(of, startSeq);
    return `create ${of.name}`;
  }

  #pull(name: string): string {
    const one = this.model.consumers.get(name)!;
    if (one.shape.isPush) return "nothing";
    const batch = 1 + this.below(6);
    one.credit += batch;
    this.tell(`$JS.API.CONSUMER.MSG.NEXT.S.${name}`, JSON.stringify({ batch, expires: FAR_NANOS }), `to.${name}`);
    return `pull ${batch} for ${name}`;
  }

  #ack(name: string): string {
    const { acks, shape: of } = this.model.consumers.get(name)!;
    const replies = [...(this.replies.get(name) ?? [])];
    if (replies.length === 0 || of.policy === "none") return "nothing";
    const [seq, reply] = this.pick(replies.slice(-12));
    const consumerSeq = Number(reply.split(".")[6]);
    const how = this.pick(["+ACK", "+ACK", "+ACK", "+TERM", "-NAK", "+WPI"]);
    const isDouble = this.below(2) === 0;
    const answers = this.bench.hear("acked");
    const { nowMs } = this;
    this.tell(reply, how, isDouble ? "acked" : "");
    if (how === "-NAK") acks.nak(seq, consumerSeq);
    else if (how === "+WPI") acks.progress(seq, nowMs);
    else {
      const finished: number[] = [];
      acks.ack(seq, consumerSeq, (one) => finished.push(one));
      this.model.finished(finished);
    }
    this.model.deliver(nowMs);
    this.bench.world.advance(WRITTEN_MS);
    this.bench.settle();
    if (isDouble && how === "+ACK") expect(answers).toHaveLength(1);
    return `${how} of ${seq} (${consumerSeq}) by ${name}`;
  }

  #remove(): string {
    if (this.model.kept.size === 0) return "nothing";
    const seq = this.pick([...this.model.kept.keys()]);
    expect(this.bench.api("STREAM.MSG.DELETE.S", { seq })["success"]).toBe(true);
    this.model.remove(seq);
    return `delete ${seq}`;
  }

  #purge(): string {
    const { model } = this;
    if (model.kept.size === 0) return "nothing";
    const how = this.below(3);
    const all = [...model.kept].sort(([a], [b]) => a - b);
    if (how === 0) {
      const subject = this.pick(SUBJECTS);
      this.bench.api("STREAM.PURGE.S", { filter: subject });
      for (const [seq, on] of all) if (on === subject) model.remove(seq);
      model.purgedOf(subject);
      return `purge ${subject}`;
    }
    const first = how === 1 ? model.lastSeq + 1 : this.pick(all)[0];
    const { purged } = this.bench.api("STREAM.PURGE.S", how === 1 ? {} : { seq: first });
    const gone = all.filter(([seq]) => seq < first).length;
    expect(purged).toBe(gone);
    if (gone > 0) model.purge(first);
    return `purge to ${first}`;
  }

  #delete(name: string): string {
    expect(this.bench.api(`CONSUMER.DELETE.S.${name}`)["success"]).toBe(true);
    this.model.delete(name);
    this.replies.delete(name);
    return `delete ${name}`;
  }

  #wait(): string {
    const endMs = this.nowMs + WAIT_MS + 5000;
    for (;;) {
      const all = [...this.model.consumers.values()];
      const nowMs = Math.max(this.nowMs, Math.min(...all.map(({ acks }) => acks.nextDue)) + TIMER_SLACK_MS);
      if (nowMs > endMs) break;
      for (const { acks } of all) if (acks.nextDue + TIMER_SLACK_MS <= nowMs) acks.expire(nowMs, () => undefined);
      this.model.deliver(nowMs);
    }
    this.bench.world.advance(endMs - this.nowMs);
    this.bench.settle();
    return "wait";
  }

  #restart(): string {
    this.bench.close();
    this.model.restart();
    const { disk, world } = this.bench;
    this.bench = new Bench({ disk, world });
    this.#listen();
    this.model.deliver(this.nowMs);
    return `restart, ${this.#wait()}`;
  }

  get nowMs(): number {
    const { world } = this.bench;
    return world.wallSec() * 1000 + world.wallNanos() / 1e6;
  }

  /** What the model says, and what is. */
  compare(): [meant: unknown, said: unknown] {
    const { model, bench } = this;
    model.deliver(this.nowMs);
    const meant: Record<string, unknown> = {};
    const said: Record<string, unknown> = {};
    for (const [name, one] of model.consumers) {
      const { acks, shape: of } = one;
      const info = bench.api(`CONSUMER.INFO.S.${name}`) as unknown as Info;
      if (one.isFar) goFarther(one, info.delivered.stream_seq, model.lastSeq);
      meant[name] = {
        sent: one.sent.splice(0),
        delivered: acks.delivered,
        floor: acks.shown,
        pending: this.model.pendingOf(one).length,
        ackPending: acks.pending.size,
        redelivered: of.maxDeliver === 1 ? 0 : acks.counts.size,
      };
      said[name] = {
        sent: this.got.get(name)?.splice(0) ?? [],
        delivered: { stream: info.delivered.stream_seq, consumer: info.delivered.consumer_seq },
        floor: { stream: info.ack_floor.stream_seq, consumer: info.ack_floor.consumer_seq },
        pending: info.num_pending,
        ackPending: info.num_ack_pending,
        redelivered: info.num_redelivered,
      };
    }
    const { state } = bench.api("STREAM.INFO.S", { deleted_details: true }) as unknown as { state: State };
    const deleted = new Set(state.deleted);
    const kept = Array.from({ length: state.last_seq }, (_, i) => i + 1).filter(
      (seq) => seq >= state.first_seq && !deleted.has(seq),
    );
    meant["kept"] = [...model.kept.keys()].sort((a, b) => a - b);
    said["kept"] = kept;
    meant["lastSeq"] = model.lastSeq;
    said["lastSeq"] = state.last_seq;
    return [meant, said];
  }
}

interface Pair {
  readonly stream_seq: number;
  readonly consumer_seq: number;
}
interface Info {
  readonly delivered: Pair;
  readonly ack_floor: Pair;
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
}
interface State {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly deleted?: readonly number[];
}

/** Takes over what it passed, when that can be. */
function goFarther(one: ConsumerModel, to: number, lastSeq: number): void {
  one.isFar = false;
  const { acks } = one;
  if (to <= acks.delivered.stream || to > lastSeq) return;
  acks.delivered = { stream: to, consumer: acks.delivered.consumer };
  if (acks.pending.size === 0) acks.floor = acks.shown = { ...acks.delivered };
}

function listOf(lists: Map<string, Got[]>, name: string): Got[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

/** More seeds by hand: CONSUMER_SEEDS=100. */
const SEEDS = Number(process.env["CONSUMER_SEEDS"] ?? 4);

describe.each<[Retention, number, string]>([
  ["limits", Infinity, "memory"],
  ["limits", 15, "file"],
  ["interest", Infinity, "file"],
  ["interest", 12, "memory"],
  ["workqueue", Infinity, "memory"],
  ["workqueue", 20, "file"],
  ["limits", Infinity, "reads"],
  ["interest", Infinity, "reads"],
  ["workqueue", Infinity, "reads"],
])("consumers of a stream kept by %s, at most %d messages, in %s", (retention, most, storage) => {
  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))("are as the naive model, seed %i", (seed) => {
    const life = new Life(seed * 7919, retention, storage, most);
    const steps: string[] = [];
    for (let i = 0; i < STEPS; i++) {
      steps.push(life.step());
      const [meant, said] = life.compare();
      expect(said, steps.slice(-30).join("; ")).toEqual(meant);
    }
  });
});
