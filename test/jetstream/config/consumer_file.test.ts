// consumer_answers/files.jsonl: meta.inf files of a consumer C, and what
// nats-server 2.14.5 said in CONSUMER.INFO after a start with them: an error, or
// the configuration. "consumer not found" is one it passed over.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encode, JsonError } from "../../../src/base/json.ts";
import { consumerConfigKind } from "../../../src/jetstream/config/consumer_config.ts";
import { type ConsumerFile, readConsumerFile, stoppedBy } from "../../../src/jetstream/config/consumer_file.ts";
import { type ConsumerRules } from "../../../src/jetstream/config/consumer_rules.ts";
import { checkStreamConfig } from "../../../src/jetstream/config/stream_checks.ts";
import { emptyStreamConfig } from "../../../src/jetstream/config/stream_config.ts";
import { withServerMetadata } from "../../../src/jetstream/config/stream_metadata.ts";
import { NO_RULES } from "../../../src/jetstream/config/stream_rules.ts";

type Answer = readonly [meta: string, error: string | null, config: string | null];
const answers = readFileSync(join(import.meta.dirname, "consumer_answers/files.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Answer);
const rules: ConsumerRules = {
  stream: checkStreamConfig(emptyStreamConfig("S"), NO_RULES, false),
  maxAckPending: 0,
  maxRequestBatch: 0,
  account: { maxAckPending: -1, maxConsumers: -1 },
};
const read = (meta: string, under = rules): ConsumerFile | JsonError => readConsumerFile(Buffer.from(meta), "C", under);
/** As CONSUMER.INFO would say it. */
function said(meta: string): readonly [string | null, string | null] {
  const file = read(meta);
  if (file instanceof JsonError) return [file.message, null];
  if (file.unsupported !== undefined) return [`consumer is offline: ${file.unsupported}`, null];
  return [null, encode(consumerConfigKind, withServerMetadata(file.config, "2.14.5"))];
}

test("a consumer's file is served, or offline for nats-server's reason", () => {
  const readable = answers.filter(([, error]) => error !== "consumer not found");
  expect(readable.length).toBeGreaterThan(10);
  expect(readable.map(([meta]) => [meta, ...said(meta)])).toEqual(readable);
});

test("one that nats-server passes over has a reason, too: nothing is left out", () => {
  const passed = answers.filter(([, error]) => error === "consumer not found").map(([meta]) => said(meta)[0]);
  expect(passed).toEqual([
    expect.stringMatching(/^json: cannot unmarshal string into .*ConsumerConfig\.ack_wait of type time\.Duration$/),
    "unexpected end of JSON input",
    'can not unmarshal "\\"soon\\""',
    "consumer is offline: unsupported - config error: consumer in pull mode can not have rate limit set",
    "consumer is offline: unsupported - config error: consumer subject filters cannot overlap",
    "consumer is offline: unsupported - config error: Consumer Durable and Name have to be equal if both are provided",
    'can not unmarshal "\\"later\\""',
    "consumer is offline: unsupported - config error: consumer config replica count exceeds parent stream",
    expect.stringMatching(/^json: cannot unmarshal string into .*ConsumerConfig\.max_batch of type int$/),
    "consumer is offline: unsupported - config error: consumer direct requires an ephemeral consumer",
  ]);
});

test("when a consumer was created is not known where its file does not say", () => {
  const created = (meta: string): unknown => {
    const file = read(meta);
    return file instanceof JsonError ? file : file.created;
  };
  expect(created('{"Created":"2026-01-02T03:04:05.6Z"}')).toEqual({ sec: 1_767_323_045, nanos: 600_000_000 });
  expect(created('{"Created":"0001-01-01T00:00:00Z"}')).toBeUndefined();
  expect(created("{}")).toBeUndefined();
});

test("fewer copies than an interest stream has are forgiven to what is there already", () => {
  const stream = { ...rules.stream, retention: "interest", num_replicas: 3 } as const;
  expect(read('{"num_replicas":1}', { ...rules, stream })).toMatchObject({ unsupported: undefined });
});

test("a stream says which consumer stopped it", () => {
  expect(stoppedBy("C")).toBe('stopped - unsupported consumer "C"');
});
