// Lives of consumers as nats-server told them (golden/make.mjs), lived again: after each step the same sequences, floors
// and counts, and the same messages delivered again, in the same order. Then the file it left.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AckState, type AckRules } from "../../../src/jetstream/consumer/ack_state.ts";
import { restoreAckState } from "../../../src/jetstream/consumer/ack_state_restore.ts";
import { decodeConsumerState } from "../../../src/store/format/consumer_state.ts";
import { Fault } from "../../../src/store/format/fault.ts";
import { runSlices } from "./slices.ts";

interface Step {
  readonly do: "ack" | "delete" | "fetch" | "nak" | "progress" | "purge" | "term" | "wait";
  /** When it began and was over, ms. */
  readonly at: number;
  readonly end: number;
  readonly seq?: number;
  readonly consumerSeq?: number;
  /** The stream's first sequence afterwards. */
  readonly first?: number;
  readonly batch?: number;
  /** Stream sequence, consumer sequence, deliveries. */
  readonly got?: readonly (readonly [number, number, number])[];
  /** Delivered and floor, each consumer and stream sequence; pending, redelivered. */
  readonly info: readonly number[];
}
interface Life {
  readonly name: string;
  readonly config: {
    readonly ack_policy: AckRules["ackPolicy"];
    readonly max_deliver?: number;
    readonly backoff?: number[];
  };
  readonly ackWaitMs: number;
  /** Of the requests. */
  readonly expiresMs: number;
  readonly file: string;
  readonly steps: readonly Step[];
}
const lives = JSON.parse(readFileSync(join(import.meta.dirname, "golden/lives.json"), "utf8")) as Life[];

function rulesOf({ config, ackWaitMs }: Life): AckRules {
  const backoffMs = (config.backoff ?? []).map((nanos) => nanos / 1e6);
  return { ackPolicy: config.ack_policy, ackWaitMs: backoffMs[0] ?? ackWaitMs, backoffMs, maxDeliver: config.max_deliver ?? -1 }; // prettier-ignore
}
const infoOf = (state: AckState): number[] => [
  state.deliveredConsumerSeq,
  state.deliveredStreamSeq,
  state.ackFloorConsumerSeq,
  state.ackFloorStreamSeq,
  state.numAckPending,
  state.numRedelivered,
];
const nothing = (): void => undefined;

/** Time goes by, millisecond after millisecond: what is due together is put in order, what is due later comes later. Its timer is late, and so is the fetch. */
const SLACK_MS = 3;
function pass(state: AckState, fromMs: number, toMs: number): void {
  for (let now = fromMs; now <= toMs; now++) state.expire(now - SLACK_MS, 1000, nothing);
}

/** What is fetched, as a pull consumer delivers it: what is queued first. */
function fetch(state: AckState, step: Step, expiresMs: number): void {
  let now = step.at;
  const endMs = now + expiresMs;
  for (const [streamSeq, consumerSeq, deliveries] of step.got!) {
    if (deliveries > 1) {
      // The request waits a while: what falls due meanwhile is delivered too.
      for (; state.nextRedelivery(nothing) === 0 && now < endMs + 10; now++) pass(state, now, now);
      expect(state.nextRedelivery(nothing), JSON.stringify(step)).toBe(streamSeq);
      expect(state.redeliver(streamSeq, now)).toBe(consumerSeq);
    } else {
      expect(state.nextRedelivery(nothing), JSON.stringify(step)).toBe(0);
      expect(state.deliver(streamSeq, now)).toBe(consumerSeq);
    }
    if (state.isPending(streamSeq)) expect(state.deliveries(streamSeq)).toBe(deliveries);
  }
  if (step.got!.length === step.batch) return;
  for (; now <= endMs; now++) {
    pass(state, now, now);
    expect(state.nextRedelivery(nothing), JSON.stringify(step)).toBe(0);
  }
}

describe.each(lives)("$name $config", (life) => {
  const state = new AckState(rulesOf(life), 1);
  const gone = new Set<number>();

  test("is lived as nats-server did", () => {
    let nowMs = 0;
    for (const [i, step] of life.steps.entries()) {
      const [seq, consumerSeq] = [step.seq ?? 0, step.consumerSeq ?? 0];
      pass(state, nowMs, step.at);
      nowMs = step.end;
      if (step.do === "fetch") fetch(state, step, life.expiresMs);
      else if (step.do === "ack" || step.do === "term") state.ack(seq, consumerSeq, nothing);
      else if (step.do === "nak") state.nak(seq, consumerSeq);
      else if (step.do === "progress") state.progress(seq, step.at);
      else if (step.do === "delete" && seq > 0) state.forget(seq);
      else if (step.do === "purge") state.purge(step.first!, undefined);
      if (step.do === "delete" && seq > 0) gone.add(seq);
      pass(state, step.at, step.end);
      state.checkInvariants();
      expect(infoOf(state), `step ${i}: ${JSON.stringify(step)}`).toEqual(step.info);
    }
  });

  test("leaves a file that says the same", () => {
    const restored = runSlices(restoreAckState(rulesOf(life), Buffer.from(life.file, "hex")));
    if (restored instanceof Fault) throw new Error(restored.kind);
    restored.checkInvariants();
    expect(infoOf(restored)).toEqual(life.steps.at(-1)!.info);
    const ours = decodeConsumerState(runSlices(state.write(0))!);
    const theirs = decodeConsumerState(Buffer.from(life.file, "hex"));
    if (ours instanceof Fault || theirs instanceof Fault) throw new Error("a file is none");
    const seqs = (
      entries: readonly { readonly streamSeq: number; readonly consumerSeq?: number; readonly times?: number }[],
    ): string[] =>
      // prettier-ignore
      entries.map(({ streamSeq, consumerSeq, times }) => `${streamSeq} ${consumerSeq ?? times}`).sort();
    expect([ours.delivered, ours.ackFloor]).toEqual([theirs.delivered, theirs.ackFloor]);
    expect(seqs(ours.pending)).toEqual(seqs(theirs.pending));
    expect(seqs(ours.redelivered)).toEqual(seqs(theirs.redelivered));
  });
});
