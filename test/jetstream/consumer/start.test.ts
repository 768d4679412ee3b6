import { describe, expect, test } from "vitest";
import type { ConsumerConfig } from "../../../src/jetstream/config/consumer_config.ts";
import { ackRules } from "../../../src/jetstream/consumer/ack_rules.ts";
import { AckState } from "../../../src/jetstream/consumer/ack_state.ts";
import { consumerConfig, ConsumerRig } from "./support.ts";

/** Ten messages, a second apart, on s.a, s.b, s.c in turn. */
function ten(): ConsumerRig {
  const rig = new ConsumerRig();
  for (let i = 1; i <= 10; i++) {
    rig.put(`s.${"abc"[(i - 1) % 3]} ${i}`);
    rig.world.advance(1000);
  }
  return rig;
}
const at = (sec: number) => ({ sec: 1_800_000_000 + sec, nanos: 0, offsetMinutes: 0 });

describe("a new consumer", () => {
  test.each<[Partial<ConsumerConfig>, number, string[]]>([
    [{ deliver_policy: "all" }, 0, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]],
    [{ deliver_policy: "all", filter_subject: "s.c" }, 0, ["3", "6", "9"]],
    [{ deliver_policy: "all", filter_subjects: ["s.b", "s.c"] }, 0, ["2", "3", "5", "6", "8", "9"]],
    [{ deliver_policy: "all", filter_subject: "x" }, 0, []],
    [{ deliver_policy: "new" }, 10, []],
    [{ deliver_policy: "last" }, 9, ["10"]],
    [{ deliver_policy: "last", filter_subject: "s.b" }, 7, ["8"]],
    [{ deliver_policy: "last", filter_subjects: ["s.b", "s.c"] }, 8, ["9"]],
    [{ deliver_policy: "last", filter_subject: "x" }, 0, []],
    [{ deliver_policy: "last_per_subject", filter_subject: "s.*" }, 7, ["8", "9", "10"]],
    [{ deliver_policy: "last_per_subject", filter_subjects: ["s.b", "s.a"] }, 7, ["8", "10"]],
    [{ deliver_policy: "last_per_subject", filter_subject: "x" }, 9, []],
    [{ deliver_policy: "by_start_sequence", opt_start_seq: 8n }, 7, ["8", "9", "10"]],
    [{ deliver_policy: "by_start_sequence", opt_start_seq: 8n, filter_subject: "s.a" }, 7, ["10"]],
    [{ deliver_policy: "by_start_sequence", opt_start_seq: 20n }, 19, []],
    [{ deliver_policy: "by_start_time", opt_start_time: at(7) }, 7, ["8", "9", "10"]],
    [
      { deliver_policy: "by_start_time", opt_start_time: at(-5) },
      0,
      ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"],
    ],
    [{ deliver_policy: "by_start_time", opt_start_time: at(100) }, 10, []],
    [{ deliver_policy: "by_start_time", opt_start_time: at(7), filter_subject: "s.a" }, 7, ["10"]],
  ])("%o begins behind %i", (config, delivered, bodies) => {
    const rig = ten();
    const consumer = rig.consumer(config);
    expect(consumer.info()).toMatchObject({
      delivered: { consumerSeq: 0, streamSeq: delivered },
      ackFloor: { consumerSeq: 0, streamSeq: delivered },
      numPending: bodies.length,
    });
    rig.pull("20");
    expect(rig.got()).toEqual(bodies);
    expect(consumer.info().numPending).toBe(0);
    rig.put("s.a 11", "s.b 12");
    const wanted = [
      ["s.a", "11"],
      ["s.b", "12"],
    ].filter(([subject]) => consumer.wants(Buffer.from(subject!), 0, 3));
    expect(rig.got()).toEqual(config.opt_start_seq === 20n ? [] : wanted.map(([, body]) => body));
  });

  test("by time skips to the first of its subject when that came later", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1", "s.a 2");
    rig.world.advance(5000);
    rig.put("s.a 3", "s.b 4", "s.b 5");
    const config = { deliver_policy: "by_start_time", opt_start_time: at(1), filter_subject: "s.b" } as const;
    expect(rig.consumer(config).info().delivered.streamSeq).toBe(3);
  });

  test("of an empty stream begins with its first message", () => {
    for (const deliver_policy of ["all", "new", "last"] as const) {
      const rig = new ConsumerRig();
      const consumer = rig.consumer({ deliver_policy });
      expect(consumer.info()).toMatchObject({ delivered: { streamSeq: 0 }, numPending: 0 });
      rig.pull("2");
      rig.put("s.a 1");
      expect(rig.got()).toEqual(["1"]);
    }
  });

  test("begins with the first message that is left", () => {
    const rig = ten();
    rig.compact(5);
    expect(rig.consumer().info()).toMatchObject({ delivered: { streamSeq: 4 }, numPending: 6 });
    const early = { name: "D", deliver_policy: "by_start_sequence", opt_start_seq: 2n } as const;
    expect(rig.consumer(early).info()).toMatchObject({ delivered: { streamSeq: 4 }, numPending: 6 });
    rig.compact(11);
    expect(rig.consumer({ name: "E" }).info()).toMatchObject({ delivered: { streamSeq: 10 }, numPending: 0 });
  });
});

describe("the last message of each subject", () => {
  test("is not delivered when it is gone by then, and counts no more", () => {
    const rig = ten();
    const consumer = rig.consumer({ deliver_policy: "last_per_subject", filter_subject: "s.*" });
    rig.remove(9);
    rig.remove(8);
    rig.remove(3);
    expect(consumer.info().numPending).toBe(1);
    rig.pull("5");
    expect(rig.got()).toEqual(["10"]);
    rig.put("s.b 11");
    expect(rig.got()).toEqual(["11"]);
    expect(consumer.info().numPending).toBe(0);
  });

  test("is followed by what was stored meanwhile", () => {
    const rig = ten();
    const consumer = rig.consumer({ deliver_policy: "last_per_subject", filter_subject: "s.*" });
    rig.pull("1");
    expect(rig.got()).toEqual(["8"]);
    rig.put("s.a 11", "s.a 12");
    expect(consumer.info().numPending).toBe(4);
    rig.remove(11);
    expect(consumer.info().numPending).toBe(3);
    rig.pull("9");
    expect(rig.got()).toEqual(["9", "10", "12"]);
  });

  test("of very many subjects is found over turns, as they were when it began", () => {
    const rig = new ConsumerRig();
    const subjects = 20_000;
    for (let i = 0; i < subjects; i++) rig.stage(`s.${(i * 7919) % subjects} x`);
    rig.world.settle();
    for (let i = 0; i < 100; i++) rig.stage(`s.${i * 3} y`);
    rig.world.settle();
    const consumer = rig.consumer({ deliver_policy: "last_per_subject", filter_subject: "s.*", ack_policy: "none" });
    expect(consumer.info().numPending).toBe(subjects);
    rig.pull(String(subjects));
    const seqs = rig.sent().map(({ reply }) => Number(reply.split(".")[5]));
    expect(seqs.length).toBe(subjects);
    expect(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!)).toBe(true);
    expect(seqs.at(-100)).toBe(subjects + 1);
    expect(consumer.info().numPending).toBe(0);
  });
});

describe("a consumer that was there before", () => {
  test("goes on behind what it delivered, and counts what is left", () => {
    const rig = ten();
    const config = consumerConfig({ filter_subject: "s.a" });
    const state = new AckState(ackRules(config), 0);
    state.reset(1);
    state.deliver(1, 0);
    state.deliver(4, 0);
    const consumer = rig.consumer({ filter_subject: "s.a" }, state);
    expect(consumer.info()).toMatchObject({
      delivered: { consumerSeq: 2, streamSeq: 4 },
      numPending: 2,
      numAckPending: 2,
    });
    rig.pull("5");
    // The time of two is long over.
    expect(rig.got()).toEqual(["1", "4", "7", "10"]);
  });
});
