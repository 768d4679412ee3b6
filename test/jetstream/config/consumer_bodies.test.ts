// Bodies of CONSUMER.MSG.NEXT and of acks. consumer_answers/bodies.jsonl has
// what nats-server 2.14.5 made of them, as far as it shows; consumer_answers/bodies.mjs
// asks again.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readAck } from "../../../src/jetstream/config/consumer_ack.ts";
import { NO_CONSUMER_CONFIG } from "../../../src/jetstream/config/consumer_config.ts";
import { goDurationNanos } from "../../../src/jetstream/config/consumer_duration.ts";
import { readNextRequest } from "../../../src/jetstream/config/consumer_next.ts";
import { pullRefusal } from "../../../src/jetstream/consumer/pull/pull_refusal.ts";

const answers = readFileSync(join(import.meta.dirname, "consumer_answers/bodies.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as readonly [what: "next" | "nak", body: string, said: string | null]);
const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

describe("the body of a pull request", () => {
  const config = { ...NO_CONSUMER_CONFIG, max_batch: 5n, max_expires: 10_000_000_000n, max_bytes: 1000n };
  const statusOf = (body: string): string | null => {
    const request = readNextRequest(bytes(body));
    return typeof request === "string" ? request : (pullRefusal(request, config, "") ?? null);
  };
  test("is refused where nats-server refuses it, with its status", () => {
    // Those two depend on the clock and on the stream.
    const here = answers.filter(([what, , said]) => what === "next" && !/^40[48] /.test(said ?? ""));
    expect(here.length).toBeGreaterThan(60);
    expect(here.map(([, body]) => [body, statusOf(body)])).toEqual(here.map(([, body, said]) => [body, said]));
  });
  test("is one message when it is nothing, a number of them, or an object", () => {
    const one = { batch: 1, maxBytes: 0, noWait: false, expires: 0, heartbeat: 0, asked: undefined };
    expect(readNextRequest(bytes(""))).toEqual(one);
    expect(readNextRequest(bytes("many"))).toEqual(one);
    expect(readNextRequest(bytes(" 20\r\n"))).toEqual({ ...one, batch: 20 });
    expect(readNextRequest(bytes("-2"))).toEqual({ ...one, batch: -2 });
    const nothing = { group: "", minPending: 0, minAckPending: 0, id: "", priority: 0 };
    expect(readNextRequest(bytes("{}"))).toEqual({ ...one, batch: 0, asked: nothing });
    const everything =
      '{"expires":10000000000,"batch":3,"max_bytes":4,"no_wait":true,"idle_heartbeat":5000000000,' +
      '"group":"g","min_pending":1,"min_ack_pending":9223372036854775807,"id":"i","priority":7}';
    expect(readNextRequest(bytes(everything))).toEqual({
      batch: 3,
      maxBytes: 4,
      noWait: true,
      expires: 10_000_000_000,
      heartbeat: 5_000_000_000,
      asked: { group: "g", minPending: 1, minAckPending: 2 ** 63, id: "i", priority: 7 },
    });
  });
});

describe("the payload of an ack", () => {
  test("is one of a few words, or unknown", () => {
    const kinds = { "": "ack", "+ACK": "ack", "+OK": "ack", "+WPI": "progress", "-NAK": "nak", "-NAKx": "nak" };
    const others = { "+NXT": "next", "+NXTx": "next", "+TERM": "term", "+TERMx": "term" };
    const unknown = ["+ACK ", "+ack", "+OK ", "+WPI ", "+NX", "+TER", "-NA", " +ACK", "x", "+", "-ACK"];
    for (const [text, kind] of Object.entries({ ...kinds, ...others })) expect(readAck(bytes(text)).kind).toBe(kind);
    for (const text of unknown) expect([text, readAck(bytes(text)).kind]).toEqual([text, "unknown"]);
  });
  test("may ask for more, and say why not", () => {
    expect(readAck(bytes("+NXT 5"))).toEqual({ kind: "next", request: Buffer.from(" 5") });
    expect(readAck(bytes("+TERM"))).toEqual({ kind: "term", reason: "" });
    expect(readAck(bytes("+TERM \u00a0bad input\u2003\n"))).toEqual({ kind: "term", reason: "bad input" });
    expect(readAck(bytes("+TERMINATED"))).toEqual({ kind: "term", reason: "INATED" });
  });
  test("may name a delay; what nats-server calls bad is for now", () => {
    const here = answers.filter(([what]) => what === "nak");
    expect(here.length).toBeGreaterThan(50);
    const said = here.map(([, body]) => {
      const ack = readAck(bytes(`-NAK${body}`));
      return [body, ack.kind === "nak" ? (ack.badDelay ?? null) : "no nak"];
    });
    expect(said).toEqual(here.map(([, body, bad]) => [body, bad]));
    const delayOf = (text: string): unknown => {
      const ack = readAck(bytes(text));
      return ack.kind === "nak" ? ack.delayMs : "no nak";
    };
    const texts = ["-NAK", "-NAK x", "-NAK 1.5s", '-NAK {"delay":2500000}', "-NAK {}", "-NAK -1s", "-NAK 0"];
    expect(texts.map(delayOf)).toEqual([undefined, undefined, 1500, 2.5, 0, -1000, 0]);
  });
});

test.each([
  ["1h2m3.5s", 3_723_500_000_000n],
  ["-1.5ms", -1_500_000n],
  [".5us", 500n],
  ["5.\u00b5s", 5000n],
  ["0.9999999999ns", 0n],
  ["9223372036854775807ns", 9_223_372_036_854_775_807n],
  ["-9223372036854775808ns", -9_223_372_036_854_775_808n],
  ["0", 0n],
  ["", undefined],
  ["-", undefined],
  ["1", undefined],
  ["constructor", undefined],
  ["1constructor", undefined],
  [`${"9".repeat(100_000)}s`, undefined],
  [`${"0".repeat(100_000)}1s`, 1_000_000_000n],
])("a duration is read as Go reads it: %#", (text, nanos) => {
  expect(goDurationNanos(text)).toBe(nanos);
});
