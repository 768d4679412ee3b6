// What the recorded answers in consumer_config.test.ts can not show: where this
// server differs, and what depends on other things than configurations.

import { describe, expect, test } from "vitest";
import { decodeText, encode, JsonError } from "../../../src/base/json.ts";
import { ApiError } from "../../../src/errors/api.ts";
import {
  type ConsumerConfig,
  consumerConfigKind,
  NO_CONSUMER_CONFIG,
  replicasOf,
} from "../../../src/jetstream/config/consumer_config.ts";
import { decideConsumer } from "../../../src/jetstream/config/consumer_create.ts";
import {
  consumerCreateResponse,
  consumerInfoKind,
  consumerListResponse,
  consumerPauseResponse,
  consumerResetResponse,
} from "../../../src/jetstream/config/consumer_kinds.ts";
import { withConsumerLevel } from "../../../src/jetstream/config/consumer_metadata.ts";
import { compareMoments, inUtc, zonedMoment } from "../../../src/jetstream/config/consumer_moment.ts";
import { randomConsumerName } from "../../../src/jetstream/config/consumer_name.ts";
import { consumerRoute } from "../../../src/jetstream/config/consumer_route.ts";
import { samplePercent } from "../../../src/jetstream/config/consumer_sampling.ts";
import { type ConsumerRules, type StreamConsumers } from "../../../src/jetstream/config/consumer_rules.ts";
import { checkStreamConfig } from "../../../src/jetstream/config/stream_checks.ts";
import { emptyStreamConfig } from "../../../src/jetstream/config/stream_config.ts";
import { ZERO_MOMENT } from "../../../src/jetstream/config/moment.ts";
import { NO_RULES } from "../../../src/jetstream/config/stream_rules.ts";

const rules: ConsumerRules = {
  stream: checkStreamConfig(emptyStreamConfig("S"), NO_RULES, false),
  maxAckPending: 0,
  maxRequestBatch: 0,
  account: { maxAckPending: -1, maxConsumers: -1 },
};
const nobody: StreamConsumers = {
  configOf: () => undefined,
  limitable: 0,
  overlaps: () => false,
  hasInterest: () => false,
};
const asked = (fields: Partial<ConsumerConfig>): ConsumerConfig => ({ ...NO_CONSUMER_CONFIG, ...fields });
const there = (config: ConsumerConfig): StreamConsumers => ({ ...nobody, configOf: () => config, limitable: 1 });
const created = (fields: Partial<ConsumerConfig>): ConsumerConfig =>
  decideConsumer(asked(fields), "", false, rules, nobody).config;
function refusal(make: () => unknown): string | undefined {
  try {
    make();
  } catch (error) {
    if (error instanceof ApiError) return `${error.errCode} ${error.description}`;
    throw error;
  }
  return undefined;
}
const durable = { name: "C", durable_name: "C" };

describe("creating a consumer again", () => {
  const again = (old: ConsumerConfig, fields: Partial<ConsumerConfig>): string | undefined =>
    refusal(() => decideConsumer(asked(fields), "create", false, rules, there(old)));
  test("is fine when it is the same, whatever it was stamped with, and an empty list is no list", () => {
    const old = created(durable);
    expect(again(old, durable)).toBeUndefined();
    expect(again({ ...old, metadata: new Map() }, durable)).toBeUndefined();
    expect(again(old, { ...durable, filter_subjects: [], backoff: [], priority_groups: [] })).toBeUndefined();
    expect(again(old, { ...durable, description: "x" })).toBe("10148 consumer already exists");
  });
  test("does not pause it", () => {
    const until = { sec: 4_000_000_000, nanos: 0, offsetMinutes: 60 };
    const old = created(durable);
    const { config } = decideConsumer(asked({ ...durable, pause_until: until }), "", false, rules, there(old));
    expect(config.pause_until).toBeUndefined();
    expect(created({ ...durable, pause_until: until }).pause_until).toEqual(until);
  });
  test("finds no ephemeral that did not say how long it may be idle, since that was decided for it", () => {
    const old = created({ name: "C" });
    expect(old.inactive_threshold).toBe(5_000_000_000n);
    expect(again(old, { name: "C" })).toBe("10148 consumer already exists");
  });
});

test("a consumer's level is stamped anew with each change", () => {
  const levelOf = (fields: Partial<ConsumerConfig>): unknown => [...withConsumerLevel(asked(fields)).metadata];
  const metadata = new Map([
    ["_nats.ver", "x"],
    ["_nats.level", "9"],
    ["_nats.req.level", "9"],
  ]);
  const is = (level: string): unknown => [["_nats.req.level", level]];
  expect(levelOf({ metadata })).toEqual(is("0"));
  expect(levelOf({ metadata, pause_until: inUtc(ZERO_MOMENT) })).toEqual(is("0"));
  expect(levelOf({ metadata, pause_until: inUtc({ sec: 1, nanos: 0 }) })).toEqual(is("1"));
  expect(levelOf({ metadata, priority_policy: "overflow" })).toEqual(is("1"));
  expect(levelOf({ metadata, priority_groups: ["g"] })).toEqual(is("1"));
  expect(levelOf({ metadata, priority_timeout: 1n })).toEqual(is("1"));
  expect(levelOf({ metadata, ack_policy: "flow_control", priority_timeout: 1n })).toEqual(is("4"));
});

test("a subject says how a consumer is made", () => {
  const route = (subject: string): unknown => consumerRoute(`$JS.API.CONSUMER.${subject}`.split("."));
  const named = { form: "named", stream: "S", name: "C", filter: "" };
  expect(route("CREATE.S")).toEqual({ ...named, form: "ephemeral", name: "" });
  expect(route("CREATE.S.C")).toEqual(named);
  expect(route("CREATE.S.C.a.*.>")).toEqual({ ...named, filter: "a.*.>" });
  expect(route("DURABLE.CREATE.S.C")).toEqual({ ...named, form: "durable" });
  expect(route("CREATE.CREATE.DURABLE")).toEqual({ ...named, stream: "CREATE", name: "DURABLE" });
});

test("a moment keeps the offset it was written with", () => {
  const read = (text: string): ReturnType<typeof inUtc> => {
    const value = decodeText(zonedMoment, text);
    if (value instanceof JsonError) throw value;
    return value;
  };
  const texts = ["2026-01-02T03:04:05.5+02:00", "2026-01-02T00:00:00-11:30", "2026-01-02T03:04:05Z"];
  for (const text of texts) expect(encode(zonedMoment, read(`"${text}"`))).toBe(`"${text}"`);
  expect(encode(zonedMoment, read('"2026-01-02T03:04:05+00:00"'))).toBe('"2026-01-02T03:04:05Z"');
  expect(compareMoments(read('"2026-01-02T03:00:00+02:00"'), read('"2026-01-02T01:00:00Z"'))).toBe(0);
  expect(compareMoments(read('"2026-01-02T03:00:00.1Z"'), read('"2026-01-02T03:00:00.2Z"'))).toBeLessThan(0);
});

test("a random name has eight letters and digits, and is not taken", () => {
  const draws = [0, 0, 0, 0, 0, 0, 0, 0, 61, 10, 9, 36, 1, 2, 3, 4];
  const name = randomConsumerName(
    () => draws.shift()!,
    (taken) => taken === "00000000",
  );
  expect(name).toBe("zA9a1234");
});

test("a sample is a percentage", () => {
  expect(["", "50", "50%", "+5", "-0", "101"].map(samplePercent)).toEqual([0, 50, 50, 5, 0, 101]);
});

test("copies are the stream's, but for ephemerals of a limits stream", () => {
  expect(replicasOf(asked({}), 3, true)).toBe(1);
  expect(replicasOf(asked({}), 3, false)).toBe(3);
  expect(replicasOf(asked(durable), 3, true)).toBe(3);
  expect(replicasOf(asked({ num_replicas: 2 }), 3, true)).toBe(2);
  expect(replicasOf(asked({ num_replicas: 5 }), 3, true)).toBe(3);
});

test("responses have nats-server's fields, all of a consumer or none", () => {
  const error = new ApiError(404, 10014, "consumer not found");
  const said = '{"code":404,"err_code":10014,"description":"consumer not found"}';
  expect(encode(consumerCreateResponse, { type: "t", error })).toBe(`{"type":"t","error":${said}}`);
  expect(encode(consumerResetResponse, { type: "t", error, reset_seq: 0 })).toBe(
    `{"type":"t","error":${said},"reset_seq":0}`,
  );
  expect(encode(consumerPauseResponse, { type: "t", paused: false, pause_until: ZERO_MOMENT })).toBe(
    '{"type":"t","paused":false,"pause_until":"0001-01-01T00:00:00Z"}',
  );
  const at = { sec: 1_767_323_045, nanos: 0 };
  const info = {
    stream_name: "S",
    name: "C",
    created: at,
    config: asked({ name: "C" }),
    delivered: { consumer_seq: 2, stream_seq: 3, last_active: at },
    ack_floor: { consumer_seq: 0, stream_seq: 0 },
    num_ack_pending: 0,
    num_redelivered: 0,
    num_waiting: 0,
    num_pending: 0,
    push_bound: true,
    paused: true,
    pause_remaining: 2n ** 60n,
    ts: at,
    priority_groups: [{ group: "g", pinned_ts: ZERO_MOMENT }],
  };
  const written =
    '{"stream_name":"S","name":"C","created":"2026-01-02T03:04:05Z",' +
    `"config":${encode(consumerConfigKind, asked({ name: "C" }))},` +
    '"delivered":{"consumer_seq":2,"stream_seq":3,"last_active":"2026-01-02T03:04:05Z"},' +
    '"ack_floor":{"consumer_seq":0,"stream_seq":0},"num_ack_pending":0,"num_redelivered":0,"num_waiting":0,' +
    '"num_pending":0,"push_bound":true,"paused":true,"pause_remaining":1152921504606846976,' +
    '"ts":"2026-01-02T03:04:05Z","priority_groups":[{"group":"g","pinned_ts":"0001-01-01T00:00:00Z"}]}';
  expect(encode(consumerInfoKind, info)).toBe(written);
  const page = { type: "t", total: 1, offset: 0, limit: 256 };
  expect(
    encode(consumerListResponse, { ...page, consumers: [info], missing: ["D"], offline: new Map([["D", "r"]]) }),
  ).toBe(`{"type":"t","total":1,"offset":0,"limit":256,"consumers":[${written}],"missing":["D"],"offline":{"D":"r"}}`);
});
