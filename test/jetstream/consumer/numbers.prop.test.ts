// A consumer beside a naive model of it: after each step the same messages were
// delivered and the numbers of its info are the same.

import { describe, expect, test } from "vitest";
import type { ConsumerConfig } from "../../../src/jetstream/config/consumer_config.ts";
import { patternMatches } from "../../../src/store/subject_filter.ts";
import { ConsumerRig, type Sent } from "./support.ts";

interface Kept {
  readonly seq: number;
  readonly subject: string;
}

const subjects = ["s.a", "s.b", "s.c.x", "s.c.y"];

/** What a stream holds and one consumer has seen of it, done the plainest way. */
class Model {
  kept: Kept[] = [];
  lastSeq = 0;
  next = 1;
  delivered = 0;
  pending = new Map<number, number>();
  readonly #filters: readonly Buffer[];
  readonly #policy: ConsumerConfig["ack_policy"];
  readonly #most: number;

  constructor(filters: readonly string[], policy: ConsumerConfig["ack_policy"], most: number) {
    this.#filters = filters.map((filter) => Buffer.from(filter));
    this.#policy = policy;
    this.#most = most;
  }

  store(subject: string): void {
    this.kept.push({ seq: ++this.lastSeq, subject });
  }
  drop(gone: (seq: number) => boolean): void {
    this.kept = this.kept.filter(({ seq }) => !gone(seq));
    for (const seq of this.pending.keys()) if (gone(seq)) this.pending.delete(seq);
  }
  ack(seq: number): void {
    for (const one of this.pending.keys())
      if (one === seq || (this.#policy === "all" && one < seq)) this.pending.delete(one);
  }
  /** Serves up to `batch`. */
  pull(batch: number): number[] {
    const got: number[] = [];
    while (got.length < batch && this.pending.size < this.#most) {
      const found = this.#wanted()[0];
      if (found === undefined) break;
      this.next = found.seq + 1;
      this.delivered++;
      if (this.#policy !== "none") this.pending.set(found.seq, this.delivered);
      got.push(found.seq);
    }
    return got;
  }
  get numPending(): number {
    return this.#wanted().length;
  }
  #wanted(): Kept[] {
    const matches = (subject: string): boolean =>
      this.#filters.length === 0 ||
      this.#filters.some((filter) => patternMatches(filter, Buffer.from(subject), 0, subject.length));
    return this.kept.filter(({ seq, subject }) => seq >= this.next && matches(subject));
  }
}

describe.each<[readonly string[], ConsumerConfig["ack_policy"], number]>([
  [[], "explicit", 1000],
  [["s.a"], "explicit", 5],
  [["s.c.*"], "all", 1000],
  [["s.a", "s.c.>"], "explicit", 1000],
  [["s.>"], "none", Infinity],
])("a consumer of %j with acks %s", (filters, policy, most) => {
  test.each([1, 2, 3, 4, 5, 6])("keeps its numbers, seed %i", (seed) => {
    const rig = new ConsumerRig();
    let random = seed * 7919;
    const below = (bound: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (random >>> 8) % bound;
    };
    const model = new Model(filters, policy, most);
    const consumer = rig.consumer({
      filter_subjects: filters,
      ack_policy: policy,
      max_ack_pending: most === Infinity ? 0n : BigInt(most),
      ack_wait: 10n ** 15n,
    });
    const sent = new Map<number, Sent>();
    for (let step = 0; step < 250; step++) {
      const what = below(10);
      if (what < 4) {
        const some = Array.from({ length: 1 + below(4) }, () => subjects[below(subjects.length)]!);
        rig.put(...some.map((subject) => `${subject} x`));
        for (const subject of some) model.store(subject);
      } else if (what < 7) {
        const batch = 1 + below(5);
        rig.pull({ batch, expires: 1e6 });
        rig.world.advance(2);
        const got = rig.sent().filter(({ reply }) => reply !== "");
        const seqs = got.map(({ reply }) => Number(reply.split(".")[5]));
        expect(seqs).toEqual(model.pull(batch));
        for (const [i, seq] of seqs.entries()) sent.set(seq, got[i]!);
      } else if (what < 9 && sent.size > 0 && policy !== "none") {
        const seqs = [...sent.keys()];
        const seq = seqs[below(seqs.length)]!;
        rig.ack(sent.get(seq)!);
        model.ack(seq);
      } else if (model.kept.length > 0) {
        const { seq } = model.kept[below(model.kept.length)]!;
        if (below(8) > 0) {
          rig.remove(seq);
          model.drop((one) => one === seq);
        } else {
          rig.compact(seq);
          model.drop((one) => one < seq);
        }
        rig.world.settle();
      }
      const { numPending, numAckPending, delivered } = consumer.info();
      expect({ numPending, numAckPending, delivered: delivered.consumerSeq }).toEqual({
        numPending: model.numPending,
        numAckPending: model.pending.size,
        delivered: model.delivered,
      });
    }
  });
});
