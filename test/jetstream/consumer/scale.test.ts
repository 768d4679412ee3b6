import { describe, expect, test } from "vitest";
import { byteString } from "../../../src/base/bytes.ts";
import { SubjectFilter } from "../../../src/store/subject_filter.ts";
import { ConsumerRig } from "./support.ts";

/** What `work` does, in slices of consumers. */
function slices(rig: ConsumerRig, work: () => void): number {
  let count = 0;
  for (const consumer of rig.consumers) {
    const pump = consumer.pump.bind(consumer);
    consumer.pump = (slice) => {
      count++;
      return pump(slice);
    };
  }
  work();
  return count;
}

describe("many consumers", () => {
  test("cost no timer of their own while nothing happens", () => {
    const rig = new ConsumerRig();
    const before = rig.world.pendingTimers;
    for (let i = 0; i < 500; i++) rig.consumer({ name: `D${i}`, durable_name: `D${i}` });
    expect(rig.world.pendingTimers).toBe(before);
    expect(rig.consumerSurroundings.wallTimer.count + rig.consumerSurroundings.timer.count).toBe(0);
    for (let i = 0; i < 500; i++) rig.consumer({ name: `E${i}`, durable_name: "" });
    expect(rig.world.pendingTimers).toBe(before + 1);
  });

  test("have no slice for a message that nobody asks for", () => {
    const rig = new ConsumerRig();
    for (let i = 0; i < 100; i++) rig.consumer({ name: `D${i}`, durable_name: `D${i}` });
    expect(slices(rig, () => rig.put("s.a 1"))).toBe(0);
    rig.pull("1", "inbox.1", "D7");
    expect(rig.got()).toEqual(["1"]);
  });

  test.each([1, 2, 4])("have slices in proportion to what they deliver (%i00)", (hundreds) => {
    const rig = new ConsumerRig();
    const count = 100 * hundreds;
    for (let i = 0; i < 10; i++) rig.put(`s.${i} x`);
    for (let i = 0; i < count; i++) rig.consumer({ name: `D${i}`, durable_name: `D${i}`, ack_policy: "none" });
    const used = slices(rig, () => {
      for (let i = 0; i < count; i++) rig.pull({ batch: 10, expires: 1e9 }, "inbox.1", `D${i}`);
      rig.world.settle();
    });
    expect(used).toBeLessThanOrEqual(2 * count);
    expect(rig.sent().length).toBe(10 * count);
  });
});

describe("one consumer with much to do", () => {
  test.each([[{}], [{ headers_only: true }]])(
    "that few messages match looks at no more in a turn than it may (%o)",
    (more) => {
      const rig = new ConsumerRig();
      for (let i = 1; i <= 60_000; i++) rig.stage(i % 600 === 0 ? `s.${i}.hit x` : `s.${i % 7}.miss x`);
      rig.world.settle();
      rig.consumer({ ack_policy: "none", filter_subject: "s.*.hit", ...more });
      const { kept } = rig;
      const next = kept.next.bind(kept);
      let looked = 0;
      kept.next = (filter, from, most) => {
        const found = next(filter, from, most);
        looked += Math.max(0, Math.abs(found) - from);
        return found;
      };
      rig.pull({ batch: 100, expires: 1e9 });
      let most = 0;
      for (let turn = 0; turn < 30; turn++) {
        looked = 0;
        rig.world.turn();
        most = Math.max(most, looked);
      }
      // Four for each of the messages of a turn; what it looked at last it may look at again.
      expect(most).toBeLessThan(4 * 4096 + 3 * 4096);
      expect(rig.sent().length).toBe(100);
    },
  );

  test("reads few in a turn that are dear to read", () => {
    const rig = new ConsumerRig();
    for (let i = 0; i < 20_000; i++) rig.stage(`s.${i % 10} x`);
    rig.world.settle();
    const { kept } = rig;
    const addToRun = kept.addToRun.bind(kept);
    let read = 0;
    kept.addToRun = (seq, into) => {
      read++;
      into.around++;
      return addToRun(seq, into);
    };
    const consumer = rig.consumer({ ack_policy: "none", filter_subject: "s.3" });
    rig.pull({ batch: 2000, expires: 1e9 });
    let most = 0;
    for (let turn = 0; turn < 30; turn++) {
      read = 0;
      rig.world.turn();
      most = Math.max(most, read);
    }
    expect(consumer.info().delivered.consumerSeq).toBe(2000);
    expect(most).toBeLessThan(500);
  });

  test.each([
    ["two listen", ["deliver", "deliver"], 10],
    ["a group listens", ["deliver/q"], 10],
    ["messages are large", ["deliver"], 40_000],
  ])("reads few together that cannot go together: %s", (_, listeners, bytes) => {
    const rig = new ConsumerRig();
    for (const each of listeners) {
      const [subject, queue] = each.split("/");
      rig.hear(subject!, queue);
    }
    for (let i = 0; i < 200; i++) rig.stage(`s.a ${"x".repeat(bytes)}`);
    rig.world.settle();
    const { kept } = rig;
    const loadRun = kept.loadRun.bind(kept);
    let loaded = 0;
    kept.loadRun = (seq, most, into) => {
      const count = loadRun(seq, most, into);
      loaded += count;
      return count;
    };
    const group = listeners[0]!.split("/")[1] ?? "";
    const consumer = rig.consumer({ ack_policy: "none", deliver_subject: "deliver", deliver_group: group });
    expect(consumer.info().delivered.streamSeq).toBe(200);
    expect(loaded).toBeLessThan(1000);
  });

  test("does it in slices, with the others in between", () => {
    const rig = new ConsumerRig();
    for (let i = 0; i < 5000; i++) rig.stage("s.a x");
    rig.world.settle();
    const heard = rig.listen("a", "b");
    rig.consumer({ ack_policy: "none" });
    rig.consumer({ name: "D", durable_name: "D", ack_policy: "none" });
    rig.pull("5000", "a");
    rig.pull("5000", "b", "D");
    rig.world.settle();
    expect(heard.length).toBe(10_000);
    const turns = heard.filter((line, i) => i > 0 && line[0] !== heard[i - 1]![0]).length;
    expect(turns).toBeGreaterThan(30);
    expect(heard.indexOf("b x")).toBeLessThan(300);
  });

  test("forgets very many pending acks over turns", () => {
    const rig = new ConsumerRig();
    const total = 20_000;
    for (let i = 0; i < total; i++) rig.stage("s.a x");
    rig.world.settle();
    const consumer = rig.consumer({ max_ack_pending: -1n });
    rig.pull(String(total));
    expect(rig.sent().length).toBe(total);
    rig.kept.stageCompact(total - 9);
    rig.kept.submit();
    rig.world.turn();
    const { numAckPending } = consumer.info();
    expect(numAckPending).toBeGreaterThan(10);
    rig.world.settle();
    expect(consumer.info()).toMatchObject({ numAckPending: 10, ackFloor: { streamSeq: total - 10 } });
    rig.put("s.a y");
    rig.pull("1");
    expect(rig.got()).toEqual(["y"]);
  });

  test.each([
    ["of one subject", { filter_subject: "s.1" }, ["s.1"], 1],
    ["of some", { filter_subjects: ["s.1", "s.2"] }, ["s.1", "s.2"], 2],
    ["of all there are", { filter_subject: "s.*" }, ["s.*"], 3],
  ])("counts what is pending over turns, exactly, whatever happens meanwhile: %s", (_, filters, patterns, thirds) => {
    const rig = new ConsumerRig();
    const total = 30_000;
    for (let i = 0; i < total; i++) rig.stage(`s.${i % 3} x`);
    rig.world.settle();
    const consumer = rig.consumer({ ...filters, ack_policy: "none" });
    expect(consumer.info().numPending).toBe((total / 3) * thirds);
    // From somewhere near the end, and from somewhere near the beginning.
    for (const [seq, left] of [
      [total - 3000, 1000],
      [25_000 - 1, 1667],
      [6001, 8000],
      [17_000, 4334],
    ] as const) {
      consumer.reset(seq);
      rig.remove(seq + 1000);
      rig.remove(20_002);
      rig.remove(11);
      rig.put("s.1 y", "s.0 y");
      let counted = 0;
      consumer.whenCounted(() => (counted = consumer.info().numPending));
      rig.world.settle();
      let kept = 0;
      for (let at = seq; at > 0; kept++) {
        at = rig.kept.next(new SubjectFilter(patterns.map(byteString)), at, Infinity);
        if (at <= 0) break;
        at++;
      }
      expect(counted).toBe(kept);
      expect(Math.abs(kept - left * thirds)).toBeLessThan(30);
    }
  });

  test("counts exactly when what lies before is removed while it counts", () => {
    const rig = new ConsumerRig();
    const total = 90_000;
    for (let i = 0; i < total; i++) rig.stage(`s.${i % 3} x`);
    rig.world.settle();
    const filters = ["s.1", "s.2"];
    const consumer = rig.consumer({ filter_subjects: filters, ack_policy: "none" });
    const wanted = new SubjectFilter(filters.map(byteString));
    const from = 44_000;
    for (const seq of [from - 1000, from - 1001, from - 1002, 11, 12, from + 1000, total - 1]) {
      consumer.reset(from);
      rig.world.turn();
      let isCounted = false;
      consumer.whenCounted(() => (isCounted = true));
      expect(isCounted).toBe(false);
      rig.remove(seq);
      expect(isCounted).toBe(true);
      expect(consumer.info().numPending, `without ${seq}`).toBe(rig.kept.count(wanted, from, total));
    }
  });
});
