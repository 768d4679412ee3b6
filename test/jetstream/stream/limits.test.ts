import { describe, expect, test } from "vitest";
import type { ByteString } from "../../../src/base/bytes.ts";
import { PendingCount } from "../../../src/jetstream/stream/pending_count.ts";
import type { Stream } from "../../../src/jetstream/stream.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../../src/store/subject_filter.ts";
import { configOf, Rig } from "./support.ts";

const age = (ms: number): bigint => BigInt(ms) * 1_000_000n;

describe("ages", () => {
  test("take messages when they are too old, and no earlier", () => {
    const rig = new Rig();
    const stream = rig.open({ max_age: age(1000) });
    rig.ask("s.a");
    rig.world.advance(600);
    rig.ask("s.b");
    rig.world.advance(399);
    expect(stream.state().msgs).toBe(2);
    rig.world.advance(2);
    expect(stream.state()).toMatchObject({ msgs: 1, firstSeq: 2 });
    expect(rig.used.memory).toBe(stream.state().bytes);
    rig.world.advance(600);
    expect(stream.state()).toMatchObject({ msgs: 0, lastSeq: 2 });
    expect(rig.world.pendingTimers).toBe(0);
    // And again, once there are messages again.
    rig.ask("s.a");
    rig.world.advance(1001);
    expect(stream.state()).toMatchObject({ msgs: 0, lastSeq: 3 });
  });

  test("are looked at when the stream is opened", () => {
    const rig = new Rig();
    const first = rig.open({ max_age: age(1000) });
    rig.ask("s.a");
    first.close();
    rig.world.advance(5000);
    expect(first.state().msgs).toBe(1);
    const second = rig.open({ max_age: age(1000) }, () => first.store);
    rig.world.advance(2);
    expect(second.state().msgs).toBe(0);
  });

  test("of very many messages end over turns", () => {
    const rig = new Rig();
    const stream = rig.open({ max_age: age(1000) });
    for (let i = 0; i < 9000; i++) rig.publish("s.a", "", [], "");
    rig.world.settle();
    rig.world.setWall(1_800_000_001, 5_000_000);
    rig.world.turn();
    const { msgs } = stream.state();
    expect([msgs > 0, msgs < 9000]).toEqual([true, true]);
    rig.world.settle();
    expect(stream.state().msgs).toBe(0);
  });

  test("change with the configuration", () => {
    const rig = new Rig();
    const stream = rig.open();
    rig.ask("s.a");
    rig.world.advance(10_000);
    stream.update(configOf({ max_age: age(20_000) }));
    rig.world.advance(9000);
    expect(stream.state().msgs).toBe(1);
    stream.update(configOf({ max_age: age(1000) }));
    rig.world.advance(2);
    expect(stream.state().msgs).toBe(0);
    stream.update(configOf());
    rig.ask("s.a");
    rig.world.advance(100_000_000);
    expect(stream.state().msgs).toBe(1);
  });
});

describe("lowered limits", () => {
  test("are applied over turns", () => {
    const rig = new Rig();
    const stream = rig.open();
    for (let i = 0; i < 9000; i++) rig.publish(`s.${i % 2}`, "", [], "");
    rig.world.settle();
    stream.update(configOf({ max_msgs: 10n }));
    expect(stream.state().msgs).toBeGreaterThan(1000);
    rig.world.settle();
    expect(stream.state().msgs).toBe(10);
    expect(rig.used.memory).toBe(stream.state().bytes);
    stream.update(configOf({ max_msgs_per_subject: 1n }));
    rig.world.settle();
    expect(stream.state().msgs).toBe(2);
  });

  test("end with the stream", () => {
    const rig = new Rig();
    const stream = rig.open();
    for (let i = 0; i < 9000; i++) rig.publish("s.a", "", [], "");
    rig.world.settle();
    stream.update(configOf({ max_msgs: 10n }));
    stream.close();
    rig.world.settle();
    expect(stream.state().msgs).toBeGreaterThan(1000);
  });
});

describe("a purge", () => {
  const filter = (pattern: string): SubjectFilter => new SubjectFilter([pattern as ByteString]);

  function filled(rig: Rig, count: number): Stream {
    const stream = rig.open();
    for (let i = 0; i < count; i++) rig.publish(`s.${i % 2}`, "", [], "");
    rig.land();
    return stream;
  }

  test("is answered with its number when it is durable", () => {
    const rig = new Rig({ slow: true });
    const stream = filled(rig, 10);
    const answers: unknown[] = [];
    stream.purge({ filter: filter("s.1"), below: 0, keep: 2 }, (purged) => answers.push(purged));
    rig.world.settle();
    expect([answers, stream.state().msgs]).toEqual([[], 10]);
    rig.land();
    expect([answers, stream.state().msgs]).toEqual([[3], 7]);
    expect(rig.used.memory).toBe(stream.state().bytes);
    stream.purge({ filter: ALL_SUBJECTS, below: 0, keep: 0 }, (purged) => answers.push(purged));
    rig.land();
    expect([answers, stream.state().msgs]).toEqual([[3, 7], 0]);
  });

  test("of many messages takes turns, and leaves what came meanwhile", () => {
    const rig = new Rig();
    const stream = filled(rig, 20_000);
    const answers: unknown[] = [];
    stream.purge({ filter: filter("s.1"), below: 0, keep: 0 }, (purged) => answers.push(purged));
    rig.publish("s.1", "", [], "");
    rig.world.turn();
    expect(answers).toEqual([]);
    rig.world.settle();
    expect([answers, stream.state().msgs]).toEqual([[10_000], 10_001]);
  });

  test("ends with the stream", () => {
    const rig = new Rig();
    const stream = filled(rig, 20_000);
    const answers: unknown[] = [];
    stream.purge({ filter: filter("s.1"), below: 0, keep: 0 }, (purged) => answers.push(purged));
    stream.close();
    rig.world.settle();
    expect(answers).toEqual([{ failure: "stream closed" }]);
  });

  test("of an unused stream lets it begin at 1", () => {
    const rig = new Rig();
    const stream = rig.open();
    expect(stream.state().firstSeq).toBe(0);
    stream.purge({ filter: filter("s.1"), below: 0, keep: 0 }, () => undefined);
    expect(stream.state().firstSeq).toBe(0);
    stream.purge({ filter: ALL_SUBJECTS, below: 0, keep: 0 }, () => undefined);
    expect(stream.state().firstSeq).toBe(1);
    expect(rig.open({ name: "S2", subjects: ["t"], first_seq: 1n }).state().firstSeq).toBe(1);
  });
});

describe("one message", () => {
  test("is removed when that is durable", () => {
    const rig = new Rig({ slow: true });
    const stream = rig.open();
    rig.publish("s.a");
    rig.land();
    const answers: unknown[] = [];
    stream.removeMsg(2, true, (result) => answers.push(result));
    expect(answers).toEqual([false]);
    stream.removeMsg(1, true, (result) => answers.push(result));
    rig.world.settle();
    expect([answers, stream.state().msgs]).toEqual([[false], 1]);
    rig.land();
    expect([answers, stream.state().msgs, rig.used.memory]).toEqual([[false, true], 0, 0]);
  });

  test("is looked for", () => {
    const rig = new Rig();
    const stream = rig.open();
    for (let i = 0; i < 5; i++) rig.publish(`s.${i % 2}`, `b${i + 1}`, [], "");
    rig.world.settle();
    stream.removeMsg(5, false, () => undefined);
    rig.world.settle();
    const none = { seq: 0, last: "" as ByteString, next: "" as ByteString, start: undefined };
    const find = (query: object): number | undefined => {
      const found: (number | undefined)[] = [];
      stream.getMsg({ ...none, ...query }, (msg) => found.push(msg?.seq));
      return found[0];
    };
    expect([find({ seq: 2 }), find({ seq: 5 }), find({ seq: 9 })]).toEqual([2, undefined, undefined]);
    expect([find({ last: "s.0" }), find({ last: "s.*" }), find({ last: ">" })]).toEqual([3, 4, undefined]);
    expect([find({ next: "s.1" }), find({ next: "s.1", seq: 3 }), find({ next: "s.0", seq: 4 })]).toEqual([
      2,
      4,
      undefined,
    ]);
    const start = { sec: 0, nanos: 0 };
    expect([find({ start }), find({ start, next: "s.1" }), find({ start: { sec: 2e9, nanos: 0 } })]).toEqual([
      1,
      2,
      undefined,
    ]);
  });

  test("is looked for over turns when it is far away", () => {
    const rig = new Rig();
    const stream = rig.open();
    for (let i = 0; i < 50_000; i++) rig.publish(`s.${i}.x`, "", [], "");
    rig.publish("s.last.y", "", [], "");
    rig.world.settle();
    const found: (number | undefined)[] = [];
    const query = { seq: 0, last: "" as ByteString, next: "s.*.y" as ByteString, start: undefined };
    stream.getMsg(query, (msg) => found.push(msg?.seq));
    expect(found).toEqual([]);
    rig.world.settle();
    expect(found).toEqual([50_001]);
  });
});

test("how many messages match from a sequence on is counted in slices", () => {
  const rig = new Rig();
  const stream = rig.open();
  for (let i = 0; i < 30_000; i++) rig.publish(`s.${i % 3}`, "", [], "");
  rig.world.settle();
  for (const seq of [2, 3, 4, 100, 29_999]) stream.removeMsg(seq, false, () => undefined);
  rig.world.settle();
  const count = (patterns: string[], from: number): number => {
    const counting = new PendingCount(stream.store, new SubjectFilter(patterns as ByteString[]), from);
    while (counting.step());
    return counting.pending;
  };
  for (const patterns of [[">"], ["s.1"], ["s.*"], ["s.0", "s.2"], ["none"]]) {
    for (const from of [0, 1, 2, 4, 5, 101, 29_999, 30_000, 30_001]) {
      const filter = new SubjectFilter(patterns as ByteString[]);
      expect([patterns, from, count(patterns, from)]).toEqual([
        patterns,
        from,
        stream.store.count(filter, from, 30_000),
      ]);
    }
  }
});
