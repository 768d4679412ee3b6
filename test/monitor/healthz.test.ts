import { expect, test } from "vitest";
import type { StoredAccountView } from "../../src/monitor/jetstream_source.ts";
import { Monitor } from "../../src/monitor/monitor.ts";
import { fakeJetStream, storedAccount, storedStream } from "./fake_jetstream.ts";
import { bodyOf, fakeSource } from "./fake_source.ts";

// The texts are what nats-server 2.14.5 answered to the same questions.

function ask(
  query: string,
  stored: readonly StoredAccountView[] | undefined,
  notReady: readonly string[] = [],
): { answer: string; log: string[] } {
  const log: string[] = [];
  const source = fakeSource({
    wantsJetStream: true,
    notReady,
    jetstream: stored && fakeJetStream({ stored }),
    warn: (text) => void log.push(text),
  });
  const got = new Monitor(source, "").page("/healthz", query);
  return { answer: `${got.status} ${bodyOf(got).text}`, log };
}

const good = [storedAccount("A", [storedStream("S", { hasConsumer: (name) => name === "C" }), storedStream("T")])];
const bad = [
  storedAccount("A", [storedStream("S", { isRecovered: false }), storedStream("T", { writeError: "disk full" })]),
  storedAccount("GONE", [], false),
];
const ok = '200 {"status":"ok"}';

test.each([
  "",
  "details=1",
  "account=A",
  "account=A&stream=S",
  "account=A&stream=S&consumer=C",
  "js-meta-only=1",
  "js-enabled-only=1",
  "js-server-only=1",
])("all is well: %s", (query) => {
  expect(ask(query, good)).toEqual({ answer: ok, log: [] });
});

test.each([
  ["account=B", '404 {"status":"unavailable","error":"JetStream account \\"B\\" not found"}'],
  ["account=B&details=1", '404 {"status":"error","errors":[{"type":"ACCOUNT","account":"B","error":"JetStream account \\"B\\" not found"}]}'],
  ["account=A&stream=X", '404 {"status":"unavailable","error":"JetStream stream \\"X\\" not found on account \\"A\\""}'],
  ["account=A&stream=X&details=1", '404 {"status":"error","errors":[{"type":"STREAM","account":"A","stream":"X","error":"JetStream stream \\"X\\" not found on account \\"A\\""}]}'],
  ["account=A&stream=S&consumer=X", '404 {"status":"unavailable","error":"JetStream consumer \\"X\\" not found for stream \\"S\\" on account \\"A\\""}'],
  ["account=A&stream=S&consumer=X&details=1", '404 {"status":"error","errors":[{"type":"CONSUMER","account":"A","stream":"S","consumer":"X","error":"JetStream consumer \\"X\\" not found for stream \\"S\\" on account \\"A\\""}]}'],
])("what does not exist: %s", (query, answer) => {
  expect(ask(query, good).answer).toBe(answer);
}); // prettier-ignore

test("without details the first problem is told, with them all are", () => {
  expect(ask("", bad)).toEqual({
    answer: '503 {"status":"unavailable","error":"JetStream stream \'A \\u003e S\' could not be recovered"}',
    log: ["Healthcheck failed: \"JetStream stream 'A > S' could not be recovered\""],
  });
  expect(ask("details=1", bad)).toEqual({
    answer:
      '503 {"status":"error","errors":[' +
      '{"type":"STREAM","account":"A","stream":"S","error":"JetStream stream \'A \\u003e S\' could not be recovered"},' +
      '{"type":"STREAM","account":"A","stream":"T","error":"JetStream stream \'A \\u003e T\' write error: disk full"},' +
      '{"type":"ACCOUNT","account":"GONE","error":"JetStream account \'GONE\' could not be resolved"}]}',
    log: ["Healthcheck failed: 3 errors"],
  });
});

test("only what was asked for is looked at", () => {
  expect(ask("account=A&stream=T", bad).answer).toBe(
    '503 {"status":"unavailable","error":"JetStream stream \'A \\u003e T\' write error: disk full"}',
  );
  expect(ask("js-enabled-only=1", bad).answer).toBe(ok);
  expect(ask("js-server-only=1", bad).answer).toBe(ok);
});

test("a JetStream that is wanted and does not run is a failure", () => {
  const answer = '503 {"status":"unavailable","error":"JetStream not enabled (10076)"}';
  expect(ask("", undefined)).toEqual({ answer, log: ['Healthcheck failed: "JetStream not enabled (10076)"'] });
  expect(ask("js-enabled-only=1", undefined).answer).toBe(answer);
  expect(ask("js-server-only=1", undefined).answer).toBe(ok);
});

test("before everything else, clients must be able to connect", () => {
  const closed = ["server", "websocket"];
  const text = "failed to be ready for connections after 1ms: server, websocket";
  const answer = `500 {"status":"error","error":"${text}"}`;
  for (const query of ["", "js-server-only=1", "js-enabled-only=1", "account=A"]) {
    expect(ask(query, bad, closed).answer).toBe(answer);
  }
  expect(ask("details=1", good, closed).answer).toBe(
    `500 {"status":"error","errors":[{"type":"CONNECTION","error":"${text}"}]}`,
  );
  expect(ask("stream=x", good, closed).answer).toMatch(/^400 /);
});

test("the old name of js-enabled-only is warned of", () => {
  expect(ask("js-enabled=1", bad)).toEqual({
    answer: ok,
    log: ["Healthcheck: js-enabled deprecated, use js-enabled-only instead"],
  });
});
