import { describe, expect, test } from "vitest";
import { byteStringOf } from "../../../src/base/bytes.ts";
import { apiError } from "../../../src/errors/api.ts";
import type { StreamConfig } from "../../../src/jetstream/config/stream_config.ts";
import { storeLimits } from "../../../src/jetstream/config/stream_limits.ts";
import type { Stream } from "../../../src/jetstream/stream.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";
import { RefusingStore } from "./refusing_store.ts";
import { configOf, Rig } from "./support.ts";

const ack = (seq: number): string => `{"stream":"S","seq":${seq}}`;
const duplicate = (seq: number): string => `{"stream":"S","seq":${seq},"duplicate": true}`;
const refused = (code: number, errCode: number, description: string): string =>
  `{"error":{"code":${code},"err_code":${errCode},"description":${JSON.stringify(description)}},"stream":"S","seq":0}`;
const wrongLast = (seq: number): string => refused(400, 10_071, `wrong last sequence: ${seq}`);

function stored(stream: Stream, seq: number): { subject: string; header: string; body: string } | undefined {
  const msg = new StoredMsg();
  if (!stream.store.load(seq, msg)) return undefined;
  return {
    subject: byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo),
    header: byteStringOf(msg.header, msg.headerFrom, msg.headerTo),
    body: byteStringOf(msg.body, msg.bodyFrom, msg.bodyTo),
  };
}

describe("a publish", () => {
  test("is answered with its stream and sequence", () => {
    const rig = new Rig();
    const stream = rig.open();
    expect(rig.ask("s.a", "x")).toEqual([ack(1)]);
    expect(rig.ask("s.b", "y", ["A: b"])).toEqual([ack(2)]);
    expect(stream.state()).toMatchObject({ msgs: 2, firstSeq: 1, lastSeq: 2, bytes: 58 });
    expect(rig.used.memory).toBe(58);
    expect(stored(stream, 2)).toEqual({ subject: "s.b", header: "NATS/1.0\r\nA: b\r\n\r\n", body: "y" });
  });

  test("tells the domain", () => {
    const rig = new Rig({ domain: "D" });
    rig.open();
    expect(rig.ask("s.a")).toEqual(['{"stream":"S","domain":"D","seq":1}']);
    expect(rig.ask("s.a", "", ["Nats-Expected-Stream: X"])).toEqual([
      refused(400, 10_060, "expected stream does not match"),
    ]);
  });

  test("without reply, and to a stream that does not answer, is stored in silence", () => {
    const rig = new Rig();
    const stream = rig.open();
    rig.publish("s.a", "", [], "");
    rig.publish("s.a", "", ["Nats-Expected-Stream: X"], "");
    expect(rig.bodies()).toEqual([]);
    stream.update(configOf({ no_ack: true }));
    expect(rig.ask("s.a")).toEqual([]);
    expect(rig.ask("s.a", "", ["Nats-Expected-Stream: X"])).toEqual([]);
    expect(stream.state().msgs).toBe(2);
  });

  test("has sequences beyond 32 bits", () => {
    const rig = new Rig();
    const stream = rig.open();
    stream.store.stageCompact(2 ** 40 + 7);
    expect(rig.ask("s.a")).toEqual([ack(1_099_511_627_783)]);
  });

  test("has a time that never goes back", () => {
    const rig = new Rig();
    const stream = rig.open();
    rig.ask("s.a");
    rig.world.setWall(1000, 5);
    rig.ask("s.b");
    const msg = new StoredMsg();
    stream.store.load(2, msg);
    expect([msg.sec, msg.nanos]).toEqual([1_800_000_000, 0]);
    rig.world.setWall(1_900_000_000, 7);
    rig.ask("s.b");
    stream.store.load(3, msg);
    expect([msg.sec, msg.nanos]).toEqual([1_900_000_000, 7]);
  });

  test("is not taken after the stream was closed", () => {
    const rig = new Rig();
    const stream = rig.open();
    stream.close();
    expect(rig.ask("s.a")).toEqual([]);
    expect(stream.state().msgs).toBe(0);
    expect(rig.world.pendingTimers).toBe(0);
  });

  test("follows the subjects of an update", () => {
    const rig = new Rig();
    const stream = rig.open();
    stream.update(configOf({ subjects: ["t.>", "s.a"] }));
    expect([...rig.ask("s.a"), ...rig.ask("s.b"), ...rig.ask("t.b")]).toEqual([ack(1), ack(2)]);
  });
});

describe("a publish is refused", () => {
  const big = "x".repeat(70_000);
  test.each<[string, Partial<StreamConfig>, string[], string, string]>([
    ["by a sealed stream", { sealed: true }, ["Nats-Expected-Stream: X"], "", refused(400, 10_109, "invalid operation on sealed stream")],
    ["for another stream", {}, ["Nats-Expected-Stream: X"], "", refused(400, 10_060, "expected stream does not match")],
    ["with a counter", {}, ["Nats-Incr: +1", "Nats-Expected-Stream: X"], "", refused(400, 10_168, "message counters is disabled")],
    ["with a wrong counter", {}, ["Nats-Incr: one"], "", refused(400, 10_171, "message counter increment is invalid")],
    ["with a TTL", {}, ["Nats-TTL: 5", "Nats-Expected-Last-Sequence: 9"], "", refused(400, 10_166, "per-message TTL is disabled")],
    ["with a TTL of a duration", {}, ["Nats-TTL: 1h2.5s"], "", refused(400, 10_166, "per-message TTL is disabled")],
    ["with a TTL of never", {}, ["Nats-TTL: Never"], "", refused(400, 10_166, "per-message TTL is disabled")],
    ["with a wrong TTL", {}, ["Nats-TTL: soon"], "", refused(400, 10_165, "invalid per-message TTL")],
    ["with a short TTL", {}, ["Nats-TTL: 999ms"], "", refused(400, 10_165, "invalid per-message TTL")],
    ["with a wrong TTL, but for its sequence first", {}, ["Nats-TTL: soon", "Nats-Expected-Last-Sequence: 9"], "", wrongLast(0)],
    ["with a schedule", {}, ["Nats-Schedule: @every 1m"], "", refused(400, 10_188, "message schedules is disabled")],
    ["with a time zone", {}, ["Nats-Schedule-Time-Zone: Nowhere/No"], "", refused(400, 10_188, "message schedules is disabled")],
    ["with a scheduler", {}, ["Nats-Scheduler: s.b"], "", refused(400, 10_212, "message schedules invalid scheduler")],
    ["with the end of a schedule", {}, ["Nats-Scheduler: s.b", "Nats-Schedule-Next: purge"], "", refused(400, 10_188, "message schedules is disabled")],
    ["with another end of a schedule", {}, ["Nats-Scheduler: s.b", "Nats-Schedule-Next: now"], "", refused(400, 10_212, "message schedules invalid scheduler")],
    ["with its own schedule", {}, ["Nats-Scheduler: s.a", "Nats-Schedule-Next: purge"], "", refused(400, 10_212, "message schedules invalid scheduler")],
    ["in a batch", {}, ["Nats-Batch-Id: b", "Nats-Expected-Stream: X"], "", refused(400, 10_174, "atomic publish is disabled")],
    ["in a batch by a sealed stream", { sealed: true }, ["Nats-Batch-Id: b"], "", refused(400, 10_109, "invalid operation on sealed stream")],
    ["in a batch, too large", { max_msg_size: 3 }, ["Nats-Batch-Id: b"], "", refused(400, 10_054, "message size exceeds maximum allowed")],
    ["with a rollup that is not allowed", {}, ["Nats-Rollup: sub"], "", refused(500, 10_111, "rollup not permitted")],
    ["with a rollup that may not purge", { allow_rollup_hdrs: true, deny_purge: true }, ["Nats-Rollup: sub"], "", refused(500, 10_111, "rollup not permitted")],
    ["with a rollup that is none", { allow_rollup_hdrs: true }, ["Nats-Rollup: Some"], "", refused(500, 10_111, 'rollup value invalid: "some"')],
    ["with another last id", {}, ["Nats-Expected-Last-Msg-Id: x"], "", refused(400, 10_070, "wrong last msg ID: ")],
    ["with an expected subject and no sequence", {}, ["Nats-Expected-Last-Subject-Sequence-Subject: s.b"], "", refused(400, 10_193, "missing sequence for expected last sequence per subject")],
    ["too large", { max_msg_size: 3 }, [], "1234", refused(400, 10_054, "message size exceeds maximum allowed")],
    ["too large with its headers", { max_msg_size: 17 }, ["A: b"], "", refused(400, 10_054, "message size exceeds maximum allowed")],
    ["with large headers", {}, [`A: ${big}`], "", refused(400, 10_097, "header size exceeds maximum allowed of 64k")],
    ["with a message above what a record holds", { storage: "file" }, [], "x".repeat(32 * 1024 * 1024), refused(503, 10_077, "message too large")],
    ["above max_msgs", { max_msgs: 0n, discard: "new", max_bytes: 10n }, [], "", refused(503, 10_077, "maximum bytes exceeded")],
  ])("%s", (_, changes, headers, body, answer) => {
    const rig = new Rig();
    const stream = rig.open(changes);
    expect(rig.ask("s.a", body, headers)).toEqual([answer]);
    expect(stream.state()).toMatchObject({ msgs: 0, lastSeq: 0 });
    expect(rig.used).toEqual({ memory: 0, file: 0 });
  }); // prettier-ignore

  test("in a fast batch", () => {
    const rig = new Rig();
    rig.open();
    rig.publish("s.a", "", [], "inbox.u.10.fail.1.0.$FI");
    expect(rig.bodies()).toEqual([refused(400, 10_205, "batch publish is disabled")]);
  });

  test("by limits of the account", () => {
    const rig = new Rig();
    const stream = rig.open();
    rig.refusal = apiError("accountResourcesExceeded");
    expect(rig.ask("s.a", "", ["Nats-TTL: soon"])).toEqual([
      refused(400, 10_002, "resource limits exceeded for account"),
    ]);
    expect(stream.state().lastSeq).toBe(0);
  });

  test("when the stream is full of messages, or of a subject's", () => {
    const rig = new Rig();
    rig.open({ max_msgs: 2n, discard: "new", max_msgs_per_subject: 1n, discard_new_per_subject: true });
    expect(rig.ask("s.a")).toEqual([ack(1)]);
    expect(rig.ask("s.a")).toEqual([refused(503, 10_077, "maximum messages per subject exceeded")]);
    expect(rig.ask("s.b")).toEqual([ack(2)]);
    expect(rig.ask("s.c")).toEqual([refused(503, 10_077, "maximum messages exceeded")]);
  });

  test("but a TTL of no seconds asks for nothing", () => {
    const rig = new Rig();
    rig.open();
    expect([...rig.ask("s.a", "", ["Nats-TTL: 00"]), ...rig.ask("s.a", "", ["Nats-TTL:"])]).toEqual([ack(1), ack(2)]);
  });

  test("but it may be as large as allowed", () => {
    const rig = new Rig();
    rig.open({ max_msg_size: 18 });
    expect(rig.ask("s.a", "", ["A: b"])).toEqual([ack(1)]);
  });
});

describe("headers on their way in", () => {
  test.each([
    ["NATS/1.0 503 No Responders\r\nA: b\r\n\r\n", "NATS/1.0\r\nA: b\r\n\r\n"],
    ["NATS/1.0 503\r\n\r\n", ""],
    ["NATS/1.0\r\n\r\n", "NATS/1.0\r\n\r\n"],
    ["NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n", ""],
    ["NATS/1.0\r\nNats-Request-Info: {}\r\nA: b\r\n\r\n", "NATS/1.0\r\nA: b\r\n\r\n"],
    [
      "NATS/1.0\r\nNats-Trace-Dest:  here \r\nA: b\r\n\r\n",
      "NATS/1.0\r\nNats-Trace-Dest: trace disabled\r\nA: b\r\n\r\n",
    ],
    ["NATS/1.0 1\r\nNats-Trace-Dest: here\r\n\r\n", "NATS/1.0\r\nNats-Trace-Dest: here\r\n\r\n"],
    ["NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n", "NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n"],
  ])("%j are stored as %j", (sent, kept) => {
    const rig = new Rig();
    const stream = rig.open();
    expect(rig.ask("s.a", "body", sent)).toEqual([ack(1)]);
    expect(stored(stream, 1)).toEqual({ subject: "s.a", header: kept, body: "body" });
  });

  test("count behind what was taken out", () => {
    const rig = new Rig();
    rig.open();
    const headers = "NATS/1.0\r\nNats-Request-Info: {}\r\nNats-Trace-Dest: y\r\nNats-Msg-Id: a\r\n\r\n";
    expect([...rig.ask("s.a", "", headers), ...rig.ask("s.a", "", headers)]).toEqual([ack(1), duplicate(1)]);
  });
});

test("a message that is only to be traced is not stored", () => {
  const rig = new Rig();
  rig.open();
  expect(rig.ask("s.a", "", ["Nats-Trace-Dest: t", "Nats-Trace-Only: True"])).toEqual([]);
  expect(rig.ask("s.a", "", ["Nats-Trace-Only: true"])).toEqual([ack(1)]);
  expect(rig.ask("s.a", "", ["Nats-Trace-Dest: t", "Nats-Trace-Only: no"])).toEqual([ack(2)]);
  expect(rig.ask("s.a", "", ["Nats-Trace-Dest: trace disabled", "Nats-Trace-Only: true"])).toEqual([ack(3)]);
});

describe("what is expected of a stream", () => {
  test("is its last sequence", () => {
    const rig = new Rig();
    rig.open();
    const ask = (value: string | number): string[] => rig.ask("s.a", "", [`Nats-Expected-Last-Sequence: ${value}`]);
    expect([0, 0, 1, "x", "2 ", 2].flatMap(ask)).toEqual([
      ack(1),
      wrongLast(1),
      ack(2),
      wrongLast(2),
      wrongLast(2),
      ack(3),
    ]);
  });

  test("is the last sequence of a subject, its own or another", () => {
    const rig = new Rig();
    const stream = rig.open();
    const ask = (subject: string, seq: number, of?: string): string[] => {
      const headers = [`Nats-Expected-Last-Subject-Sequence: ${seq}`];
      if (of !== undefined) headers.push(`Nats-Expected-Last-Subject-Sequence-Subject: ${of}`);
      return rig.ask(subject, "", headers);
    };
    expect(ask("s.a", 0)).toEqual([ack(1)]);
    expect(ask("s.b", 0)).toEqual([ack(2)]);
    expect(ask("s.a", 0)).toEqual([wrongLast(1)]);
    expect(ask("s.a", 2)).toEqual([wrongLast(1)]);
    expect(ask("s.a", 1)).toEqual([ack(3)]);
    expect(ask("s.c", 2, "s.b")).toEqual([ack(4)]);
    expect(ask("s.c", 3, "s.*")).toEqual([wrongLast(4)]);
    expect(ask("s.c", 4, "s.*")).toEqual([ack(5)]);
    stream.removeMsg(5, false, () => undefined);
    rig.world.settle();
    expect(ask("s.c", 4, "s.*")).toEqual([ack(6)]);
    stream.removeMsg(6, false, () => undefined);
    rig.world.settle();
    // Of all subjects nats-server looks at the last sequence only.
    expect(ask("s.d", 4, ">")).toEqual([wrongLast(0)]);
    expect(ask("s.d", 0, ">")).toEqual([ack(7)]);
  });

  test("is its last id, which messages without one take away", () => {
    const rig = new Rig();
    rig.open();
    const ask = (expected: string, id: string): string[] =>
      rig.ask("s.a", "", [`Nats-Expected-Last-Msg-Id: ${expected}`, ...(id === "" ? [] : [`Nats-Msg-Id: ${id}`])]);
    const long = "i".repeat(300);
    expect(rig.ask("s.a", "", [`Nats-Msg-Id: ${long}`])).toEqual([ack(1)]);
    expect(ask("x", "b")).toEqual([refused(400, 10_070, `wrong last msg ID: ${long}`)]);
    expect(ask(long, "b")).toEqual([ack(2)]);
    expect(ask("b", "")).toEqual([ack(3)]);
    expect(ask("b", "c")).toEqual([refused(400, 10_070, "wrong last msg ID: ")]);
  });

  test("is known again when the stream is opened on its store", () => {
    const rig = new Rig();
    const first = rig.open();
    rig.ask("s.a", "", ["Nats-Msg-Id: a"]);
    first.close();
    rig.open({}, () => first.store);
    expect(rig.ask("s.a", "", ["Nats-Expected-Last-Msg-Id: a"])).toEqual([ack(2)]);
  });
});

describe("a duplicate", () => {
  test("is answered with the sequence of the first", () => {
    const rig = new Rig();
    const stream = rig.open();
    const ask = (id: string, ...more: string[]): string[] => rig.ask("s.a", "", [`Nats-Msg-Id: ${id}`, ...more]);
    expect([...ask("a"), ...ask("b"), ...ask("a"), ...ask("a", "Nats-Rollup: x")]).toEqual([
      ack(1),
      ack(2),
      duplicate(1),
      duplicate(1),
    ]);
    expect(ask("a", "Nats-Expected-Last-Sequence: 1")).toEqual([wrongLast(2)]);
    expect(stream.state().msgs).toBe(2);
  });

  test("is none after the window, nor when there is no window", () => {
    const rig = new Rig();
    const stream = rig.open({ duplicate_window: 1_500_000_000n });
    const ask = (): string[] => rig.ask("s.a", "", ["Nats-Msg-Id: a"]);
    expect(ask()).toEqual([ack(1)]);
    rig.world.advance(1499);
    expect(ask()).toEqual([duplicate(1)]);
    rig.world.advance(1);
    expect(ask()).toEqual([ack(2)]);
    rig.world.advance(1600);
    expect(rig.world.pendingTimers).toBe(0);
    stream.update(configOf({ duplicate_window: 0n }));
    expect([...ask(), ...ask()]).toEqual([ack(3), ack(4)]);
  });

  test("is found by a window that was changed", () => {
    const rig = new Rig();
    const stream = rig.open({ duplicate_window: 1_000_000_000n });
    rig.ask("s.a", "", ["Nats-Msg-Id: a"]);
    stream.update(configOf({ duplicate_window: 60_000_000_000n }));
    rig.world.advance(30_000);
    expect(rig.ask("s.a", "", ["Nats-Msg-Id: a"])).toEqual([duplicate(1)]);
    stream.update(configOf({ duplicate_window: 20_000_000_000n }));
    expect(rig.ask("s.a", "", ["Nats-Msg-Id: a"])).toEqual([ack(2)]);
  });

  test("is expected as the last id of a stream that was opened anew, if the last message has one", () => {
    const rig = new Rig();
    const first = rig.open();
    rig.ask("s.a", "", ["Nats-Msg-Id: a"]);
    first.close();
    const second = rig.open({}, () => first.store);
    expect(rig.ask("s.a", "", ["Nats-Expected-Last-Msg-Id: b"])).toEqual([
      refused(400, 10_070, "wrong last msg ID: a"),
    ]);
    expect(rig.ask("s.a", "", ["Nats-Expected-Last-Msg-Id: a"])).toEqual([ack(2)]);
    second.close();
    rig.open({}, () => first.store);
    expect(rig.ask("s.a", "", ["Nats-Expected-Last-Msg-Id: a"])).toEqual([refused(400, 10_070, "wrong last msg ID: ")]);
  });

  test("is found after the stream was opened anew, over turns when there is much to read", () => {
    const rig = new Rig();
    const first = rig.open({ duplicate_window: 10_000_000_000n });
    rig.ask("s.a", "", ["Nats-Msg-Id: old"]);
    rig.world.advance(6000);
    rig.ask("s.a", "", ["Nats-Msg-Id: young"]);
    for (let i = 0; i < 25_000; i++) rig.publish("s.a", "", [], "");
    rig.world.settle();
    first.close();
    rig.world.advance(6000);
    const second = rig.open({ duplicate_window: 10_000_000_000n }, () => first.store);
    // It takes nothing before it knows.
    expect(rig.bus.hasInterest("s.a" as never)).toBe(false);
    rig.world.settle();
    expect(rig.bus.hasInterest("s.a" as never)).toBe(true);
    expect(rig.ask("s.a", "", ["Nats-Msg-Id: young"])).toEqual([duplicate(2)]);
    expect(rig.ask("s.a", "", ["Nats-Msg-Id: old"])).toEqual([ack(25_003)]);
    expect(second.state().msgs).toBe(25_003);
  });
});

describe("answers", () => {
  test("wait for their group, and keep their order", () => {
    const rig = new Rig({ slow: true });
    const stream = rig.open({ max_msg_size: 100 });
    rig.publish("s.a", "", ["Nats-Msg-Id: a"]);
    rig.publish("s.b");
    expect(rig.bodies()).toEqual([]);
    expect(stream.state().msgs).toBe(0);
    rig.publish("s.a", "", ["Nats-Msg-Id: a"]);
    rig.publish("s.a", "", ["Nats-Expected-Last-Sequence: 0"]);
    rig.publish("s.a", "x".repeat(200));
    rig.publish("s.c");
    expect(rig.bodies()).toEqual([]);
    expect(rig.used.memory).toBe(stream.store.stagedBytes);
    rig.land();
    const tooLarge = refused(400, 10_054, "message size exceeds maximum allowed");
    expect(rig.bodies()).toEqual([ack(1), ack(2), duplicate(1), wrongLast(2), tooLarge, ack(3)]);
    expect(rig.used.memory).toBe(stream.state().bytes);
  });

  test("that rest on nothing staged are sent at once", () => {
    const rig = new Rig({ slow: true });
    rig.open({ max_msg_size: 3 });
    expect(rig.ask("s.a", "1234")).toEqual([refused(400, 10_054, "message size exceeds maximum allowed")]);
  });

  test("are still sent after the stream was closed", () => {
    const rig = new Rig({ slow: true });
    const stream = rig.open();
    rig.ask("s.a");
    stream.close();
    rig.land();
    expect(rig.bodies()).toEqual([ack(1)]);
  });

  test("are refusals when the stream was deleted before they could be sent", () => {
    const rig = new Rig({ slow: true });
    const stream = rig.open();
    rig.ask("s.a");
    rig.publish("s.b");
    const told: unknown[] = [];
    stream.settled((failure) => told.push(failure));
    stream.abandon();
    expect(told).toEqual(["stream deleted"]);
    expect(rig.bodies()).toEqual(Array(2).fill(refused(503, 10_077, "stream deleted")));
    rig.land();
    expect([rig.bodies(), rig.ask("s.a")]).toEqual([[], []]);
  });

  test("reach parts of the server after all were sent, also the stream itself", () => {
    const rig = new Rig();
    const stream = rig.open({ subjects: ["s.>", "inbox.>"] });
    // The answer to a message is a message, which has no reply: there it ends.
    expect(rig.ask("s.a")).toEqual([ack(1)]);
    expect(stored(stream, 2)).toEqual({ subject: "inbox.1", header: "", body: ack(1) });
  });
});

describe("a disk that fails", () => {
  const openFailing = (): { rig: Rig; stream: Stream; store: RefusingStore } => {
    const rig = new Rig();
    let store: RefusingStore | undefined;
    const stream = rig.open({}, (events) => (store = new RefusingStore({ limits: storeLimits(configOf()), events })));
    return { rig, stream, store: store! };
  };
  const noSpace = "no space left on device";

  test("gives every answer that rests on it the system's words", () => {
    const { rig, stream, store } = openFailing();
    rig.publish("s.a", "", ["Nats-Msg-Id: a"]);
    expect(rig.bodies()).toEqual([]);
    store.land();
    expect(rig.bodies()).toEqual([ack(1)]);
    rig.publish("s.a", "", ["Nats-Msg-Id: b"]);
    rig.publish("s.a", "", ["Nats-Msg-Id: b"]);
    rig.publish("s.a", "", ["Nats-Msg-Id: a"]);
    rig.publish("s.a", "", ["Nats-Expected-Last-Sequence: 7"]);
    rig.publish("s.a", "", ["Nats-Expected-Stream: X"]);
    rig.world.settle();
    store.fail(noSpace, false);
    const failed = refused(503, 10_077, noSpace);
    const mismatch = refused(400, 10_060, "expected stream does not match");
    expect(rig.bodies()).toEqual([failed, failed, duplicate(1), failed, mismatch]);
    expect(rig.used.memory).toBe(stream.state().bytes);
  });

  test("makes no duplicate of what it refused, and no last id", () => {
    const { rig, store } = openFailing();
    rig.publish("s.a", "", ["Nats-Msg-Id: a"]);
    rig.world.settle();
    store.land();
    rig.publish("s.a", "", ["Nats-Msg-Id: b"]);
    rig.world.settle();
    store.fail(noSpace, false);
    rig.bodies();
    rig.publish("s.a", "", ["Nats-Msg-Id: b", "Nats-Expected-Last-Msg-Id: a"]);
    rig.world.settle();
    store.land();
    expect(rig.bodies()).toEqual([ack(3)]);
  });

  test("that stays broken refuses at once, and says so", () => {
    const { rig, stream, store } = openFailing();
    rig.publish("s.a");
    rig.world.settle();
    expect(stream.failure).toBe(undefined);
    store.fail("input/output error", true);
    rig.bodies();
    expect(rig.ask("s.a")).toEqual([refused(503, 10_077, "input/output error")]);
    expect(stream.failure).toBe("input/output error");
  });
});

test("expectations about patterns have a bounded time of each turn", () => {
  const rig = new Rig();
  const stream = rig.open();
  rig.ask("s.a");
  let nowMs = 0;
  rig.world.nowMs = () => nowMs;
  const { store } = stream;
  const stagedLast = store.stagedLast.bind(store);
  store.stagedLast = (filter) => {
    nowMs += 8;
    return stagedLast(filter);
  };
  const expecting = (subject: string): string[] => [
    "Nats-Expected-Last-Subject-Sequence: 9",
    `Nats-Expected-Last-Subject-Sequence-Subject: ${subject}`,
  ];
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 5; i++) rig.publish("s.a", "", expecting("*.a"));
    rig.publish("s.a", "", expecting("s.a"));
    expect(rig.bodies().map((body) => /"err_code":(\d+)/.exec(body)![1])).toEqual(
      ["10071", "10071", "10071", "10167", "10167", "10071"], // prettier-ignore
    );
  }
});

describe("an expectation about a subject whose messages limits will have removed once what is staged has landed", () => {
  test.each([
    ["max_msgs", { max_msgs: 2n }],
    ["max_bytes", { max_bytes: 40n }],
  ])("is of 0: %s", (_, limits) => {
    const rig = new Rig({ slow: true });
    const stream = rig.open(limits);
    rig.publish("s.a");
    rig.publish("s.c");
    rig.land();
    expect(stream.state()).toMatchObject({ msgs: 2, bytes: 38 });
    expect(rig.bodies()).toEqual([ack(1), ack(2)]);
    rig.publish("s.b");
    rig.publish("s.a", "", ["Nats-Expected-Last-Subject-Sequence: 1"]);
    rig.publish("s.c", "", ["Nats-Expected-Last-Subject-Sequence: 0"]);
    rig.publish("s.b");
    rig.publish("s.c", "", ["Nats-Expected-Last-Subject-Sequence: 0"]);
    rig.land();
    expect(rig.bodies().map((body) => /wrong last sequence: \d/.exec(body)?.[0] ?? "stored")).toEqual([
      "stored",
      "wrong last sequence: 0",
      "wrong last sequence: 2",
      "stored",
      "stored",
    ]);
  });
});

describe("too much that waits for the disk", () => {
  const tooMany = refused(429, 10_167, "too many requests");

  test("is refused with a status, and stored when there is room again", () => {
    const rig = new Rig({ slow: true, maxBufferedMsgs: 2 });
    rig.open({ storage: "file" });
    for (let i = 0; i < 4; i++) rig.publish("s.a");
    const answers = rig.messages();
    expect(answers.map(({ header, body }) => [header, body])).toEqual(
      Array.from({ length: 2 }, () => ["NATS/1.0 429 Too Many Requests\r\n\r\n", tooMany]),
    );
    expect(rig.warnings).toEqual([
      "Dropping messages due to excessive stream ingest rate on 'A' > 'S': IPQ len limit reached",
    ]);
    rig.land();
    expect(rig.bodies()).toEqual([ack(1), ack(2)]);
    rig.publish("s.a");
    rig.land();
    expect(rig.bodies()).toEqual([ack(3)]);
  });

  test("counts answers that wait behind those for the disk", () => {
    const rig = new Rig({ slow: true, maxBufferedMsgs: 5, maxBufferedBytes: 4000 });
    rig.open({ storage: "file" });
    rig.publish("s.a", "", ["Nats-Msg-Id: 1"]);
    for (let i = 0; i < 3; i++) rig.publish("s.a", "", ["Nats-Msg-Id: 1"]);
    rig.publish("s.a", "", ["Nats-Expected-Stream: other"]);
    for (let i = 0; i < 3; i++) rig.publish("s.a", "", ["Nats-Msg-Id: 1"]);
    expect(rig.bodies()).toEqual([tooMany, tooMany, tooMany]);
    rig.land();
    expect(rig.bodies()).toHaveLength(5);
    // Long reply subjects count as bytes.
    rig.publish("s.a");
    for (let i = 0; i < 2; i++) rig.publish("s.a", "", ["Nats-Expected-Stream: x"], `inbox.${"x".repeat(1900)}`);
    expect(rig.bodies()).toEqual([]);
    rig.publish("s.a");
    expect(rig.bodies()).toEqual([tooMany]);
    rig.land();
    expect(rig.bodies()).toHaveLength(3);
  });

  test("is counted in bytes, too, and said once a second", () => {
    const rig = new Rig({ slow: true, maxBufferedBytes: 1000 });
    rig.open({ storage: "file", no_ack: true });
    for (let i = 0; i < 4; i++) rig.publish("s.a", "x".repeat(450));
    expect(rig.bodies()).toEqual([tooMany, tooMany]);
    rig.world.advance(999);
    rig.ask("s.a", "x".repeat(450));
    expect(rig.warnings.length).toBe(1);
    rig.world.advance(1);
    rig.ask("s.a", "x".repeat(450));
    expect(rig.warnings).toEqual(
      Array(2).fill("Dropping messages due to excessive stream ingest rate on 'A' > 'S': IPQ size limit reached"),
    );
  });
});

describe("a rollup", () => {
  test("leaves the last message of its subject, or of all", () => {
    const rig = new Rig();
    const stream = rig.open({ allow_rollup_hdrs: true });
    for (const subject of ["s.a", "s.b", "s.a", "s.b"]) rig.ask(subject);
    expect(rig.ask("s.a", "", ["Nats-Rollup: SUB"])).toEqual([ack(5)]);
    expect([1, 2, 3, 4, 5].filter((seq) => stored(stream, seq) !== undefined)).toEqual([2, 4, 5]);
    expect(rig.ask("s.c", "", ["Nats-Rollup: all"])).toEqual([ack(6)]);
    expect(stream.state()).toMatchObject({ msgs: 1, firstSeq: 6 });
    expect(rig.used.memory).toBe(stream.state().bytes);
  });
});

describe("a stream by interest", () => {
  test("keeps nothing that nobody wants, and says it did", () => {
    const rig = new Rig();
    const stream = rig.open({ retention: "interest" });
    const id = ["Nats-Msg-Id: a"];
    expect([...rig.ask("s.a", "", id), ...rig.ask("s.a", "", id)]).toEqual([ack(1), duplicate(1)]);
    expect(stream.state()).toMatchObject({ msgs: 0, firstSeq: 2, lastSeq: 1 });
    expect(rig.used.memory).toBe(0);
    expect(rig.ask("s.a", "", ["Nats-Expected-Last-Msg-Id: a"])).toEqual([ack(2)]);
    stream.hasInterest = (bytes, from, to) => byteStringOf(bytes, from, to) === "s.b";
    expect([...rig.ask("s.a"), ...rig.ask("s.b")]).toEqual([ack(3), ack(4)]);
    expect(stream.state()).toMatchObject({ msgs: 1, firstSeq: 4, lastSeq: 4 });
  });

  test("rolls up what it has, whether or not the rollup is wanted", () => {
    const rig = new Rig();
    const stream = rig.open({ retention: "interest", allow_rollup_hdrs: true });
    stream.hasInterest = () => true;
    for (const subject of ["s.a", "s.b", "s.a"]) rig.ask(subject);
    stream.hasInterest = () => false;
    expect(rig.ask("s.a", "", ["Nats-Rollup: sub"])).toEqual([ack(4)]);
    expect(stream.state()).toMatchObject({ msgs: 1, firstSeq: 2 });
    rig.ask("s.a", "", ["Nats-Rollup: all"]);
    expect(stream.state()).toMatchObject({ msgs: 0, lastSeq: 5 });
  });
});

describe("a subject transform", () => {
  test("comes before everything else, and changes with the configuration", () => {
    const rig = new Rig();
    const stream = rig.open({ subject_transform: { src: "s.*.x", dest: `t.{{wildcard(1)}}.${"y".repeat(300)}` } });
    const seq = ["Nats-Expected-Last-Subject-Sequence: 0"];
    expect([...rig.ask("s.a.x", "", seq), ...rig.ask("s.a.x", "", seq), ...rig.ask("s.a", "", seq)]).toEqual([
      ack(1),
      wrongLast(1),
      ack(2),
    ]);
    expect([stored(stream, 1)?.subject, stored(stream, 2)?.subject]).toEqual([`t.a.${"y".repeat(300)}`, "s.a"]);
    stream.update(configOf({ subject_transform: { src: "s.>", dest: "z.>" } }));
    rig.ask("s.a.x");
    expect(stored(stream, 3)?.subject).toBe("z.a.x");
  });
});

describe("a republish", () => {
  test("goes out with its group, before the answer, and says where it is from", () => {
    const rig = new Rig({ slow: true });
    rig.hear("r.>");
    const stream = rig.open({ max_msgs_per_subject: 1n, republish: { src: "s.*", dest: "r.$1", headers_only: false } });
    rig.publish("s.a", "one");
    rig.publish("s.a", "two", ["A: b"]);
    rig.publish("s.a.b", "three");
    expect(rig.messages()).toEqual([]);
    rig.land();
    const from = (seq: number, last: number): string =>
      `Nats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: ${seq}\r\nNats-Time-Stamp: 2027-01-15T08:00:00Z\r\nNats-Last-Sequence: ${last}\r\n`;
    expect(rig.messages()).toEqual([
      { subject: "r.a", header: `NATS/1.0\r\n${from(1, 0)}\r\n`, body: "one" },
      { subject: "inbox.1", header: "", body: ack(1) },
      { subject: "r.a", header: `NATS/1.0\r\nA: b\r\n${from(2, 1)}\r\n`, body: "two" },
      { subject: "inbox.1", header: "", body: ack(2) },
      { subject: "inbox.1", header: "", body: ack(3) },
    ]);
    stream.update(configOf({ republish: { src: ">", dest: "r.>", headers_only: true } }));
    rig.publish("s.a.b", "four", [], "");
    rig.land();
    expect(rig.messages()).toEqual([
      {
        subject: "r.s.a.b",
        header:
          "NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.b\r\nNats-Sequence: 4\r\nNats-Time-Stamp: 2027-01-15T08:00:00Z\r\nNats-Last-Sequence: 3\r\nNats-Msg-Size: 4\r\n\r\n",
        body: "",
      },
    ]);
  });

  test("is not sent for what the disk refused", () => {
    const rig = new Rig();
    rig.hear("r.>");
    let store: RefusingStore | undefined;
    rig.open({ republish: { src: "s.*", dest: "r.$1", headers_only: false } }, (events) => {
      store = new RefusingStore({ limits: storeLimits(configOf()), events });
      return store;
    });
    rig.publish("s.a", "one", [], "");
    rig.world.settle();
    store!.fail("broken", false);
    expect(rig.messages()).toEqual([]);
  });
});
