import { describe, expect, test } from "vitest";
import { HEADER, PublishHeaders } from "../../../src/jetstream/stream/publish_headers.ts";
import { hasStatus, withoutHeader, withoutStatus, withValue } from "../../../src/jetstream/stream/header_edit.ts";

const scan = (block: string): PublishHeaders => {
  const headers = new PublishHeaders();
  const bytes = Buffer.from(`##${block}##`, "latin1");
  headers.scan(bytes, 2, bytes.length - 2);
  return headers;
};

describe("headers of a publish", () => {
  test.each([
    ["NATS/1.0\r\nNats-Msg-Id: a b \r\n\r\n", "a b "],
    ["NATS/1.0\r\nNats-Msg-Id:a\r\n\r\n", "a"],
    ["NATS/1.0\r\nNats-Msg-Id:    a\r\nNats-Msg-Id: second\r\n\r\n", "a"],
    ["NATS/1.0 503\r\nX: y\r\nNats-Msg-Id: \ta\r\n\r\n", "\ta"],
    ["NATS/1.0\r\nNats-Msg-Id: a:b\r\n\r\n", "a:b"],
    ["NATS/1.0\r\nNats-Msg-Id: a\nb\r\n\r\n", "a\nb"],
    ["NATS/1.0\r\nNats-Msg-Id: cut", "cut"],
  ])("have their value in %j", (block, id) => {
    const headers = scan(block);
    expect(headers.value(HEADER.msgId)).toBe(id);
    expect(headers.has(HEADER.msgId)).toBe(true);
    expect(headers.is(HEADER.msgId, id as never)).toBe(true);
  });

  test.each([
    "NATS/1.0\r\n\r\n",
    "NATS/1.0\r\nnats-msg-id: a\r\n\r\n",
    "NATS/1.0\r\n Nats-Msg-Id: a\r\n\r\n",
    "NATS/1.0\r\nNats-Msg-Id : a\r\n\r\n",
    "NATS/1.0\r\nNats-Msg-Id2: a\r\n\r\n",
    "NATS/1.0\r\nX-Nats-Msg-Id: a\r\n\r\n",
    "NATS/1.0\nNats-Msg-Id: a\r\n\r\n",
    "Nats-Msg-Id: a\r\n\r\n",
    "NATS/1.0\r\nNats-Msg-Id\r\n\r\n",
    "",
  ])("are not there in %j", (block) => {
    const headers = scan(block);
    expect(headers.isThere(HEADER.msgId)).toBe(false);
    expect(headers.value(HEADER.msgId)).toBe("");
  });

  test("may be there without a value", () => {
    const headers = scan("NATS/1.0\r\nNats-Msg-Id:  \r\n\r\n");
    expect([headers.isThere(HEADER.msgId), headers.has(HEADER.msgId), headers.any]).toEqual([true, false, true]);
  });

  test("are all known by name", () => {
    const names = ["Msg-Id", "Expected-Stream", "Expected-Last-Sequence", "Expected-Last-Subject-Sequence", "Expected-Last-Subject-Sequence-Subject", "Expected-Last-Msg-Id", "Rollup", "TTL", "Incr", "Batch-Id", "Schedule", "Schedule-Time-Zone", "Schedule-Next", "Scheduler", "Request-Info", "Trace-Dest", "Trace-Only"]; // prettier-ignore
    const headers = scan(`NATS/1.0\r\n${names.map((name, i) => `Nats-${name}: ${i}\r\n`).join("")}\r\n`);
    expect(Object.values(HEADER).map((header) => headers.value(header))).toEqual(names.map((_, i) => `${i}`));
    expect(Object.values(HEADER).map((header) => headers.seq(header))).toEqual(names.map((_, i) => i));
    headers.clear();
    expect(headers.any).toBe(false);
  });

  test("that are no plain number equal no sequence", () => {
    const seq = (value: string): number =>
      scan(`NATS/1.0\r\nNats-Expected-Last-Sequence: ${value}\r\n\r\n`).seq(HEADER.expectedLastSeq);
    expect(["12", "0012", "-1", "+1", "1.0", "1 ", "x"].map(seq)).toEqual([12, 12, -1, -1, -1, -1, -1]);
  });
});

describe("a header block", () => {
  const block = (text: string): Uint8Array => Buffer.from(text, "latin1");
  const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

  test.each([
    ["NATS/1.0 503 No\r\nA: b\r\n\r\n", true, "NATS/1.0\r\nA: b\r\n\r\n"],
    ["NATS/1.0 503\r\n\r\n", true, ""],
    ["NATS/1.0x\r\nA: b\r\n\r\n", true, "NATS/1.0\r\nA: b\r\n\r\n"],
    ["NATS/1.0\r\n\r\n", false, ""],
    ["NATS/2.0 1\r\n\r\n", false, ""],
    ["NATS/1.0 no line end", false, ""],
  ])("%j has a status: %s", (text, has, without) => {
    expect(hasStatus(block(`#${text}`), 1, text.length + 1)).toBe(has);
    if (has) expect(shown(withoutStatus(block(text)))).toBe(without);
  });

  test("loses all lines of a header, and everything with the last one", () => {
    const text = "NATS/1.0\r\nK: 1\r\nA: b\r\nK: 2\r\nKK: 3\r\n\r\n";
    expect(shown(withoutHeader(block(text), "K"))).toBe("NATS/1.0\r\nA: b\r\nKK: 3\r\n\r\n");
    expect(shown(withoutHeader(block("NATS/1.0\r\nK: 1\r\n\r\n"), "K"))).toBe("");
    expect(shown(withoutHeader(block("NATS/1.0\r\nA: 1\r\n\r\n"), "K"))).toBe("NATS/1.0\r\nA: 1\r\n\r\n");
  });

  test("2a07cc885: a value, or a longer key, that begins like the header stays", () => {
    const text = "NATS/1.0\r\nA: K: 1\r\nKey: K\r\nX-K: 2\r\nK: 3\r\n\r\n";
    expect(shown(withoutHeader(block(text), "K"))).toBe("NATS/1.0\r\nA: K: 1\r\nKey: K\r\nX-K: 2\r\n\r\n");
  });

  test("gets another value", () => {
    expect(shown(withValue(block("NATS/1.0\r\nK: 1\r\n\r\n"), 13, 14, "long"))).toBe("NATS/1.0\r\nK: long\r\n\r\n");
  });
});
