// Responses as long as a client can make them.

import { expect, test } from "vitest";
import type { Bus } from "../../src/account/bus.ts";
import { byteString } from "../../src/base/bytes.ts";
import { ApiCall, type CallHost } from "../../src/jetstream/api/call.ts";
import { plainResponse, streamNamesResponse } from "../../src/jetstream/api/kinds.ts";
import type { ApiRequest } from "../../src/jetstream/api/request.ts";
import { Bench } from "./bench.ts";

const MB = 1024 * 1024;

test("a response that no client could take is refused; it is not put together", () => {
  const sent: string[] = [];
  const turns: (() => void)[] = [];
  const ends: string[] = [];
  const bus = {
    publishText: (_: string, text: string) => sent.push(text),
    publishParts: (_: string, __: string, ___: Uint8Array, body: Uint8Array) => sent.push(Buffer.from(body).toString()),
  } as unknown as Bus;
  const host: CallHost = {
    advisories: { audit: () => undefined } as unknown as CallHost["advisories"],
    isClosed: false,
    nextTurn: (fire) => turns.push(fire),
    holdBack: (_, __, fire) => turns.push(fire),
    onAnswered: (_, isError) => ends.push(isError ? "refused" : "answered"),
    onDone: () => ends.push("done"),
  };
  const request = { asker: { bus }, reply: byteString("r"), subject: byteString("s"), body: new Uint8Array(0) };
  const call = new ApiCall(request as unknown as ApiRequest, "x_response", plainResponse as never, host);
  const long = "x".repeat(MB);
  let asked = 0;
  const endless = {
    *[Symbol.iterator](): Generator<string> {
      for (; asked < 1000; asked++) yield long;
    },
  };
  call.answerSlowly(streamNamesResponse, { total: 0, offset: 0, limit: 0, streams: endless });
  for (let fire = turns.shift(); fire !== undefined; fire = turns.shift()) fire();
  expect(asked).toBeLessThan(140);
  expect(ends).toEqual(["done", "refused"]);
  expect(JSON.parse(sent[0]!)).toMatchObject({
    error: { code: 500, err_code: 10051, description: "the response is too long" },
  });
});

test("a page of long subjects ends early, and the next one goes on there", () => {
  const bench = new Bench();
  bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], storage: "memory" });
  const name = "x".repeat(60_000);
  const ALL = 300;
  for (let i = 0; i < ALL; i++) bench.account.bus.publishText(byteString(`s.${name}.${i}`), "");
  bench.settle();
  const seen = new Set<string>();
  for (let pages = 0; seen.size < ALL; pages++) {
    const { total, state } = bench.api("STREAM.INFO.S", { subjects_filter: ">", offset: seen.size });
    expect(total).toBe(ALL);
    const subjects = Object.keys((state as { subjects: Record<string, number> }).subjects);
    expect(subjects.length).toBeLessThan(ALL);
    for (const subject of subjects) seen.add(subject);
    expect(pages).toBeLessThan(3);
  }
}, 20_000);
