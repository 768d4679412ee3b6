// Random lives of an AckState beside a naive one: everything either says is the same after each step.

import { array, assert, constantFrom, integer, nat, property, record, tuple } from "fast-check";
import { expect, test } from "vitest";
import { AckState, type AckRules } from "../../../src/jetstream/consumer/ack_state.ts";
import { restoreAckState } from "../../../src/jetstream/consumer/ack_state_restore.ts";
import { AckModel } from "./ack_model.ts";
import { runSlices } from "./slices.ts";

const MOST_PENDING = 12;
const rules = record<AckRules>({
  ackPolicy: constantFrom("none", "all", "explicit", "explicit", "flow_control"),
  ackWaitMs: constantFrom(0, 30, 30),
  backoffMs: constantFrom([], [], [10, 50, 20]),
  maxDeliver: constantFrom(-1, 1, 2, 3, 0),
});
const verbs = ["deliver", "deliver", "deliver", "ack", "ack", "nak", "nakLater", "progress", "redeliver", "redeliver", "wait", "expire", "forget", "purge", "skip", "rules", "reset", "restart"] as const; // prettier-ignore
const step = tuple(constantFrom(...verbs), nat(20), nat(20), integer({ min: -20, max: 60 }));

/** A time both take for now. */
class Clock {
  nowMs = 1_000_000;
}

/** One step of both; what it had to say. */
function take(
  life: { state: AckState; model: AckModel },
  clock: Clock,
  what: (typeof verbs)[number],
  a: number,
  b: number,
  c: number,
  other: AckRules,
): void {
  // prettier-ignore
  const { state, model } = life;
  const [said, meant]: [unknown[], unknown[]] = [[], []];
  const tell =
    (heard: unknown[]) =>
    (...words: number[]): void =>
      void heard.push(words);
  const seq = Math.max(0, model.next - a);
  const consumerSeq = Math.max(0, model.delivered.consumer + 2 - b);
  const gone = (each: number): boolean => (each * 7 + b) % 3 === 0;
  switch (what) {
    case "deliver":
      if (model.pending.size >= MOST_PENDING) break;
      said.push(state.deliver(model.next + (a % 3), clock.nowMs));
      meant.push(model.deliver(model.next + (a % 3), clock.nowMs));
      break;
    case "ack":
      said.push(state.ack(seq, consumerSeq, tell(said)));
      meant.push(model.ack(seq, consumerSeq, tell(meant)));
      for (const heard of [said, meant]) heard.sort();
      break;
    case "nak":
      said.push(state.nak(seq, consumerSeq));
      meant.push(model.nak(seq, consumerSeq));
      break;
    case "nakLater":
      said.push(state.nakLater(seq, consumerSeq, c, clock.nowMs));
      meant.push(model.nakLater(seq, consumerSeq, c, clock.nowMs));
      break;
    case "progress":
      said.push(state.progress(seq, clock.nowMs));
      meant.push(model.progress(seq, clock.nowMs));
      break;
    case "redeliver": {
      const next = model.nextRedelivery(tell(meant));
      meant.push(next);
      said.push(state.nextRedelivery(tell(said)));
      if (next === 0) break;
      said.push(state.redeliver(next, clock.nowMs));
      meant.push(model.redeliver(next, clock.nowMs));
      break;
    }
    case "wait":
      clock.nowMs += a;
      break;
    case "expire":
      expect(state.expire(clock.nowMs, 1000, tell(said))).toBe(false);
      model.expire(clock.nowMs, tell(meant));
      break;
    case "forget":
      said.push(state.forget(seq));
      meant.push(model.forget(seq));
      break;
    case "purge":
      state.purge(Math.max(1, seq - b + 3), b % 2 === 0 ? undefined : gone);
      model.purge(Math.max(1, seq - b + 3), b % 2 === 0 ? () => false : gone);
      break;
    case "skip":
      state.skipTo(model.next + a - 10);
      model.next = Math.max(model.next, model.next + a - 10);
      break;
    case "rules":
      model.rules = { ...other, ackPolicy: model.rules.ackPolicy };
      state.setRules(model.rules);
      break;
    case "reset":
      if (c < 40) break;
      state.reset(a + 1);
      model.reset(a + 1);
      break;
    case "restart":
      restart(life);
      break;
  }
  if (JSON.stringify(said) !== JSON.stringify(meant)) expect(said).toEqual(meant);
}

/** Both go on from the file. */
function restart(life: { state: AckState; model: AckModel }): void {
  const { model } = life;
  const file = runSlices(life.state.write(1_000));
  const restored = runSlices(restoreAckState(model.rules, file!));
  if (!(restored instanceof AckState)) throw new Error(restored.kind);
  life.state = restored;
  model.next = model.delivered.stream + 1;
  model.floor = { ...model.shown };
  model.queue = [];
  for (const waiting of model.pending.values()) waiting.timeMs = Math.floor(waiting.timeMs / 1000) * 1000;
}

/** Everything that is to be the same, in one string: a comparison a step is what this costs. */
function same(state: AckState, model: AckModel): void {
  state.checkInvariants();
  const said = [
    state.nextStreamSeq,
    state.deliveredStreamSeq,
    state.deliveredConsumerSeq,
    state.ackFloorStreamSeq,
    state.ackFloorConsumerSeq,
    state.finishedStreamSeq,
    state.numAckPending,
    state.numRedelivered,
    state.numQueued,
    state.nextDueMs,
    state.firstPending,
  ];
  const meant = [
    model.next,
    model.delivered.stream,
    model.delivered.consumer,
    model.shown.stream,
    model.shown.consumer,
    model.floor.stream,
    model.pending.size,
    model.rules.maxDeliver === 1 ? 0 : model.counts.size,
    model.queue.length,
    model.nextDue,
    model.pending.size === 0 ? 0 : Math.min(...model.pending.keys()),
  ];
  for (let seq = Math.max(0, model.next - 30); seq <= model.next + 1; seq++) {
    said.push(Number(state.needs(seq)), Number(state.isPending(seq)), state.consumerSeqOf(seq));
    meant.push(Number(model.needs(seq)), Number(model.pending.has(seq)), model.pending.get(seq)?.consumerSeq ?? 0);
  }
  if (said.join() !== meant.join()) expect(said).toEqual(meant);
}

test("any life is that of the naive model", () => {
  assert(
    property(
      rules,
      rules,
      integer({ min: 1, max: 5 }),
      array(step, { maxLength: 80, size: "max" }),
      (first, other, start, steps) => {
        // prettier-ignore
        const life = { state: new AckState(first, start), model: new AckModel(first, start) };
        const clock = new Clock();
        for (const [what, a, b, c] of steps) {
          take(life, clock, what, a, b, c, other);
          same(life.state, life.model);
        }
      },
    ),
    { numRuns: 300 },
  );
});
