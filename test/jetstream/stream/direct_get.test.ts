import { describe, expect, test } from "vitest";
import { configOf, headerBlock, Rig, type Received } from "./support.ts";

const GET = "$JS.API.DIRECT.GET.S";
const AT = "2027-01-15T08:00:00Z";

/** A stream with `s.0`, `s.1`, `s.2`, `s.0` …, of which message 3 is gone. */
function open(count = 7): { rig: Rig; get: (asked: object | string, headers?: readonly string[]) => Received[] } {
  const rig = new Rig();
  const stream = rig.open();
  for (let i = 0; i < count; i++) rig.publish(`s.${i % 3}`, `b${i + 1}`, i === 1 ? ["A: b"] : [], "");
  rig.world.settle();
  stream.removeMsg(3, false, () => undefined);
  rig.read();
  const get = (asked: object | string, headers: readonly string[] = []): Received[] => {
    rig.publish(GET, typeof asked === "string" ? asked : JSON.stringify(asked), headers);
    return rig.messages();
  };
  return { rig, get };
}

const status = (text: string, ...lines: string[]): object => ({
  subject: "inbox.1",
  header: `NATS/1.0 ${text}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
  body: "",
});
const message = (seq: number, ...lines: string[]): object => ({
  subject: "inbox.1",
  header: `NATS/1.0\r\n${seq === 2 ? "A: b\r\n" : ""}Nats-Stream: S\r\nNats-Subject: s.${(seq - 1) % 3}\r\nNats-Sequence: ${seq}\r\nNats-Time-Stamp: ${AT}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
  body: `b${seq}`,
});
const inBatch = (seq: number, pending: number, last: number): object =>
  message(seq, `Nats-Num-Pending: ${pending}`, `Nats-Last-Sequence: ${last}`);
const end = (pending: number, last: number, upTo?: number): object =>
  status(
    "204 EOB",
    `Nats-Num-Pending: ${pending}`,
    `Nats-Last-Sequence: ${last}`,
    ...(upTo === undefined ? [] : [`Nats-UpTo-Sequence: ${upTo}`]),
  );
const notFound = status("404 Message Not Found");
const bad = status("408 Bad Request");

describe("a direct get", () => {
  test("of one message", () => {
    const { get } = open();
    expect(get({ seq: 2 })).toEqual([message(2)]);
    expect(get({ seq: 2, no_hdr: true })).toEqual([{ subject: "inbox.1", header: "", body: "b2" }]);
    expect(get({ last_by_subj: "s.0" })).toEqual([message(7)]);
    expect(get({ last_by_subj: "s.*" })).toEqual([message(7)]);
    expect(get({ next_by_subj: "s.2" })).toEqual([message(6)]);
    expect(get({ next_by_subj: "s.*", seq: 3 })).toEqual([message(4)]);
    expect(get({ start_time: "2020-01-01T00:00:00Z" })).toEqual([message(1)]);
    expect(get({ start_time: "2020-01-01T00:00:00Z", next_by_subj: "s.1" })).toEqual([message(2)]);
  });

  test.each([
    { seq: 3 },
    { seq: 8 },
    { last_by_subj: "s" },
    { last_by_subj: "s..0" },
    { next_by_subj: "s..0" },
    { next_by_subj: "s.1", seq: 6 },
    { start_time: "2040-01-01T00:00:00Z" },
    { seq: 8, batch: 1 },
    { seq: 8, batch: 3 },
  ])("finds nothing for %j", (asked) => {
    expect(open().get(asked)).toEqual([notFound]);
  });

  test("of all subjects is of the last sequence, which may be gone", () => {
    const { rig, get } = open();
    expect(get({ last_by_subj: ">" })).toEqual([message(7)]);
    rig.publish("s.x", "", [], "");
    rig.world.settle();
    expect(open(3).get({ last_by_subj: ">" })).toEqual([notFound]);
    expect(open(3).get({ last_by_subj: "s.*" })).toEqual([message(2)]);
  });

  test.each<[string, object | string, object]>([
    ["nothing", "", status("408 Empty Request")],
    ["nothing in JSON", "{}", status("408 Empty Request")],
    ["null", "null", status("408 Empty Request")],
    ["only a batch", { batch: 3 }, status("408 Empty Request")],
    ["no JSON", "seq", status("408 Malformed Request")],
    ["a wrong type", { seq: "1" }, status("408 Malformed Request")],
    ["a sequence below 0", { seq: -1 }, status("408 Malformed Request")],
    ["seq and last", { seq: 1, last_by_subj: "s" }, bad],
    ["seq and time", { seq: 1, start_time: AT }, bad],
    ["time and last", { start_time: AT, last_by_subj: "s" }, bad],
    ["last and next", { last_by_subj: "s", next_by_subj: "s" }, bad],
    ["last and batch", { last_by_subj: "s", batch: 1 }, bad],
    ["last and multi", { last_by_subj: "s", multi_last: ["s"] }, bad],
    ["next and multi", { next_by_subj: "s", multi_last: ["s"] }, bad],
    ["two ends", { seq: 1, up_to_seq: 2, up_to_time: AT }, bad],
  ])("that asks for %s is refused", (_, asked, answer) => {
    expect(open().get(asked)).toEqual([answer]);
  });

  test("by subject", () => {
    const { rig } = open();
    const get = (subject: string, body = ""): Received[] => {
      rig.publish(`${GET}.${subject}`, body);
      return rig.messages();
    };
    expect(get("s.1")).toEqual([message(5)]);
    expect(get("s.1", '{"max_bytes":1}')).toEqual([message(5)]);
    expect(get("s.1", '{"no_hdr":true}')).toEqual([{ subject: "inbox.1", header: "", body: "b5" }]);
    expect(get("nobody.x")).toEqual([notFound]);
    expect(get("s.1", "x")).toEqual([status("408 Malformed Request")]);
    for (const more of [{ seq: 1 }, { batch: 1 }, { last_by_subj: "s" }, { multi_last: ["s"] }, { up_to_seq: 1 }]) {
      expect(get("s.1", JSON.stringify(more))).toEqual([bad]);
    }
  });

  test("of a higher level than there is", () => {
    const { get } = open();
    const level = (value: string): Received[] => get({ seq: 1 }, [`Nats-Required-Api-Level: ${value}`]);
    expect([level("4"), level(""), level("5"), level("x")]).toEqual([
      [message(1)],
      [message(1)],
      [status("412 Required Api Level")],
      [status("412 Required Api Level")],
    ]);
  });

  test("without a reply, or of a stream that does not allow it, is not answered", () => {
    const rig = new Rig();
    const stream = rig.open({ allow_direct: false });
    rig.ask("s.a");
    expect(rig.ask(GET, '{"seq":1}')).toEqual([]);
    expect(rig.bus.hasInterest(GET as never)).toBe(false);
    stream.update(configOf());
    rig.publish(GET, '{"seq":1}', [], "");
    expect(rig.bodies()).toEqual([]);
    rig.publish(GET, '{"seq":1}');
    expect(rig.messages().length).toBe(1);
    stream.close();
    expect(rig.bus.hasInterest(GET as never)).toBe(false);
  });

  test("sees nothing that is not durable", () => {
    const rig = new Rig({ slow: true });
    rig.open();
    rig.ask("s.a");
    rig.publish(GET, '{"seq":1}');
    expect(rig.messages()).toEqual([notFound]);
    rig.land();
    rig.read();
    rig.publish(GET, '{"seq":1}');
    expect(rig.messages()[0]?.header).toContain("Nats-Sequence: 1\r\n");
  });
});

describe("a batch", () => {
  test("of all subjects steps over what is gone, and tells what is left", () => {
    const { get } = open();
    expect(get({ seq: 1, batch: 3 })).toEqual([inBatch(1, 5, 0), inBatch(2, 4, 1), inBatch(4, 3, 2), end(3, 4)]);
    expect(get({ seq: 6, batch: 10 })).toEqual([inBatch(6, 1, 0), inBatch(7, 0, 6), end(0, 7)]);
    expect(get({ seq: 7, batch: 1 })).toEqual([inBatch(7, 0, 0), end(0, 7)]);
    expect(get({ start_time: "2020-01-01T00:00:00Z", batch: 1 })).toEqual([inBatch(1, 5, 0), end(5, 1)]);
    expect(get({ seq: 1, batch: -1 })).toEqual([end(6, 0)]);
  });

  test("of some subjects counts only those", () => {
    const { get } = open();
    expect(get({ next_by_subj: "s.0", batch: 2 })).toEqual([inBatch(1, 2, 0), inBatch(4, 1, 1), end(1, 4)]);
    expect(get({ next_by_subj: "s.0", seq: 2, batch: 9 })).toEqual([inBatch(4, 1, 0), inBatch(7, 0, 4), end(0, 7)]);
    expect(get({ next_by_subj: "s.1", batch: 9 })).toEqual([inBatch(2, 1, 0), inBatch(5, 0, 2), end(0, 5)]);
  });

  test("ends with max_bytes, but not before one message", () => {
    const { get } = open();
    expect(get({ seq: 1, batch: 5, max_bytes: 1 })).toEqual([inBatch(1, 5, 0), end(5, 1)]);
    expect(get({ seq: 1, batch: 5, max_bytes: -1 })).toEqual([inBatch(1, 5, 0), end(5, 1)]);
    // Subject, headers and payload count: 5 + 23 bytes.
    expect(get({ seq: 1, batch: 5, max_bytes: 28 })).toEqual([inBatch(1, 5, 0), inBatch(2, 4, 1), end(4, 2)]);
    expect(get({ seq: 1, batch: 5, max_bytes: 29 }).length).toBe(4);
  });

  test("without headers does not count down", () => {
    const { get } = open();
    const bare = (body: string): object => ({ subject: "inbox.1", header: "", body });
    expect(get({ seq: 1, batch: 2, no_hdr: true })).toEqual([bare("b1"), bare("b2"), end(6, 2)]);
  });

  test("takes turns when it is long, and counts anew what came meanwhile", () => {
    const { rig } = open(3000);
    rig.publish(GET, JSON.stringify({ seq: 1, batch: 1000 }));
    rig.publish("s.new", "", [], "");
    rig.world.turn();
    expect(rig.messages().length).toBe(1001);
    rig.publish(GET, JSON.stringify({ seq: 1, batch: 2900 }), [], "inbox.a");
    rig.publish(GET, JSON.stringify({ seq: 1, batch: 2 }), [], "inbox.b");
    rig.publish("s.new", "", [], "");
    const received = rig.messages();
    const of = (inbox: string): Received[] => received.filter(({ subject }) => subject === inbox);
    expect([of("inbox.a").length, of("inbox.b").length]).toEqual([2901, 3]);
    // The short one did not wait for the long one.
    expect(received.findLastIndex(({ subject }) => subject === "inbox.b")).toBeLessThan(1000);
    expect(of("inbox.a").at(-2)?.header).toContain("Nats-Num-Pending: 100\r\n");
    expect(of("inbox.a").at(-1)?.header).toContain("Nats-Num-Pending: 101\r\n");
  });

  test("ends with the stream", () => {
    const rig = new Rig();
    const stream = rig.open();
    for (let i = 0; i < 3000; i++) rig.publish("s.a", "", [], "");
    rig.world.settle();
    rig.publish(GET, JSON.stringify({ seq: 1, batch: 3000 }));
    stream.close();
    expect(rig.messages().length).toBeLessThan(1000);
  });
});

describe("the last of many subjects", () => {
  test("come in the order of their sequences", () => {
    const { get } = open();
    const all = [inBatch(5, 2, 0), inBatch(6, 1, 5), inBatch(7, 0, 6)];
    expect(get({ multi_last: ["s.*"] })).toEqual([...all, end(0, 7, 7)]);
    expect(get({ multi_last: ["s.*"], no_hdr: true })).toEqual([...all, end(0, 7, 7)]);
    expect(get({ multi_last: ["s.0", "s.>", "nobody", "s..1"] })).toEqual([...all, end(0, 7, 7)]);
    expect(get({ multi_last: ["s.*"], seq: 6 })).toEqual([inBatch(6, 1, 0), inBatch(7, 0, 6), end(0, 7, 7)]);
    expect(get({ multi_last: ["s.*"], seq: 99 })).toEqual([end(0, 0, 7)]);
    expect(get({ multi_last: ["s.*"], batch: 1 })).toEqual([inBatch(5, 2, 0), end(2, 5, 7)]);
    expect(get({ multi_last: ["s.*"], max_bytes: 6 })).toEqual([inBatch(5, 2, 0), inBatch(6, 1, 5), end(1, 6, 7)]);
  });

  test("may be as of a sequence or a time", () => {
    const { get } = open();
    expect(get({ multi_last: ["s.*"], up_to_seq: 4 })).toEqual([inBatch(2, 1, 0), inBatch(4, 0, 2), end(0, 4, 4)]);
    expect(get({ multi_last: ["s.0"], up_to_seq: 99 })).toEqual([inBatch(7, 0, 0), end(0, 7, 99)]);
    expect(get({ multi_last: ["s.0"], up_to_time: "2040-01-01T00:00:00Z" })).toEqual([inBatch(7, 0, 0), end(0, 7, 7)]);
    expect(get({ multi_last: ["s.0"], up_to_time: "2020-01-01T00:00:00Z" })).toEqual([status("404 No Results")]);
    expect(get({ multi_last: ["nobody"] })).toEqual([status("404 No Results")]);
    expect(get({ multi_last: ["a..b"] })).toEqual([status("404 No Results")]);
  });

  test("are not known to a file stream as of a sequence that it has not reached", () => {
    const rig = new Rig();
    rig.open({ storage: "file" });
    rig.ask("s.a");
    rig.publish(GET, JSON.stringify({ multi_last: ["s.a"], up_to_seq: 2 }));
    expect(rig.messages()).toEqual([status("404 No Results")]);
  });

  test("are at most 1024", () => {
    const rig = new Rig();
    rig.open();
    for (let i = 0; i < 1025; i++) rig.publish(`s.${i}`, "", headerBlock([]).length === 0 ? [] : [], "");
    rig.world.settle();
    rig.publish(GET, JSON.stringify({ multi_last: ["s.*"] }));
    expect(rig.messages()).toEqual([status("413 Too Many Results")]);
    rig.publish(GET, JSON.stringify({ multi_last: ["s.*"], up_to_seq: 1024 }));
    expect(rig.messages().length).toBe(1025);
  });
});
