// What the recorded answers in stream_config.test.ts can not show: where this
// server differs, and what depends on other things than configurations.

import { describe, expect, test } from "vitest";
import { ApiError } from "../../../src/errors/api.ts";
import { checkStreamConfig } from "../../../src/jetstream/config/stream_checks.ts";
import {
  emptyStreamConfig,
  type StreamConfig,
  streamConfigRequestKind,
} from "../../../src/jetstream/config/stream_config.ts";
import { acceptCreate, sameStreamConfig } from "../../../src/jetstream/config/stream_create.ts";
import { milliseconds, storeLimits } from "../../../src/jetstream/config/stream_limits.ts";
import { withRequiredLevel, withServerMetadata } from "../../../src/jetstream/config/stream_metadata.ts";
import { NO_RULES } from "../../../src/jetstream/config/stream_rules.ts";
import { checkUpdate, violatedLimits } from "../../../src/jetstream/config/stream_update.ts";
import { streamSourceKind } from "../../../src/jetstream/config/stream_source.ts";

const asked = (fields: Partial<StreamConfig>): StreamConfig => ({ ...emptyStreamConfig("S"), ...fields });
const checked = (fields: Partial<StreamConfig>): StreamConfig => checkStreamConfig(asked(fields), NO_RULES, false);
function refusal(make: () => unknown): string | undefined {
  try {
    make();
  } catch (error) {
    if (error instanceof ApiError) return `${error.errCode} ${error.description}`;
    throw error;
  }
  return undefined;
}
const SECOND = 1_000_000_000n;

describe("what is not supported yet", () => {
  const source = { ...streamSourceKind.zero, name: "O" };
  test.each<[string, Partial<StreamConfig>]>([
    ["mirror", { mirror: source }],
    ["sources", { sources: [source] }],
    ["allow_msg_ttl", { allow_msg_ttl: true }],
    ["allow_msg_ttl", { subject_delete_marker_ttl: SECOND }],
    ["allow_msg_counter", { allow_msg_counter: true }],
    ["allow_atomic", { allow_atomic: true }],
    ["allow_msg_schedules", { allow_msg_schedules: true }],
    ["allow_batched", { allow_batched: true }],
  ])("%s is refused", (field, config) => {
    expect(refusal(() => checked(config))).toBe(`10052 ${field} is not supported yet`);
  });
  test("a first sequence beyond what a number holds is refused, not rounded", () => {
    const most = BigInt(Number.MAX_SAFE_INTEGER);
    expect(checked({ first_seq: most }).first_seq).toBe(most);
    expect(refusal(() => checked({ first_seq: most + 1n }))).toBe(
      "10052 first_seq above 9007199254740991 is not supported",
    );
  });
});

describe("a configuration that is checked", () => {
  test("is not changed itself, and checking it again changes nothing", () => {
    const config = Object.freeze(asked({ republish: Object.freeze({ src: "", dest: "out.>", headers_only: false }) }));
    const first = checkStreamConfig(config, NO_RULES, false);
    expect(first.republish?.src).toBe(">");
    expect(config.republish?.src).toBe("");
    expect(checkStreamConfig(first, NO_RULES, false)).toEqual(first);
    expect(checkStreamConfig(first, NO_RULES, true)).toEqual(first);
  });
  test("may republish to nowhere, which nats-server turns into everywhere in an update", () => {
    const republish = { src: "foo", dest: "", headers_only: false };
    const config = checked({ republish });
    expect(checkUpdate(config, config).republish).toEqual(republish);
  });
});

describe("creating a stream again", () => {
  const request = { ...streamConfigRequestKind.zero, name: "S" };
  const create = (fields: Partial<StreamConfig>): StreamConfig =>
    checkStreamConfig(acceptCreate({ ...request, ...fields }, "S"), NO_RULES, false);
  test("finds the same whatever it was stamped with and shown with", () => {
    const old = create({ metadata: new Map([["a", "b"]]) });
    const older = { ...old, metadata: new Map([["a", "b"]]) };
    const shown = { ...request, ...withServerMetadata(old, "2.14.5") };
    const again = checkStreamConfig(acceptCreate(shown, "S"), NO_RULES, false);
    expect(sameStreamConfig(again, old)).toBe(true);
    expect(sameStreamConfig(again, older)).toBe(true);
  });
  test("differs by any field, and by the order of subjects", () => {
    const old = create({ subjects: ["a", "b"] });
    expect(sameStreamConfig(create({ subjects: ["a", "b"], max_msgs: -7n }), old)).toBe(true);
    expect(sameStreamConfig(create({ subjects: ["b", "a"] }), old)).toBe(false);
    expect(sameStreamConfig(create({ subjects: ["a", "b"], allow_direct: true }), old)).toBe(false);
    expect(sameStreamConfig(create({ subjects: ["a", "b"], metadata: new Map([["a", "b"]]) }), old)).toBe(false);
  });
});

describe("the level a stream needs", () => {
  test.each<[string, Partial<StreamConfig>]>([
    ["0", {}],
    ["1", { allow_msg_ttl: true }],
    ["1", { subject_delete_marker_ttl: SECOND }],
    ["2", { allow_msg_counter: true, allow_msg_ttl: true }],
    ["2", { allow_atomic: true }],
    ["2", { allow_msg_schedules: true }],
    ["2", { persist_mode: "async" }],
    ["4", { allow_batched: true, allow_atomic: true }],
  ])("is %s", (level, fields) => {
    const metadata = new Map([
      ["_nats.ver", "x"],
      ["_nats.level", "9"],
      ["_nats.req.level", "9"],
    ]);
    expect([...withRequiredLevel(asked({ ...fields, metadata })).metadata]).toEqual([["_nats.req.level", level]]);
  });
});

describe("an update of consumer limits", () => {
  const limits = (inactive_threshold: bigint, max_ack_pending: bigint): StreamConfig =>
    asked({ consumer_limits: { inactive_threshold, max_ack_pending } });
  const consumers = [
    { name: "slow", inactiveThreshold: 10n * SECOND, maxAckPending: 5n },
    { name: "wide", inactiveThreshold: 0n, maxAckPending: 500n },
  ];
  const why = (old: StreamConfig, now: StreamConfig): string | undefined =>
    violatedLimits(old, now, consumers)?.description;
  test("is refused with the names of the consumers that exceed them", () => {
    expect(why(limits(0n, 0n), limits(SECOND, 0n))).toBe("change to limits violates consumers: slow");
    expect(why(limits(0n, 0n), limits(SECOND, 10n))).toBe("change to limits violates consumers: slow, wide");
  });
  test("is fine when they are met, are as they were, or are none", () => {
    expect(why(limits(0n, 0n), limits(10n * SECOND, 500n))).toBeUndefined();
    expect(why(limits(SECOND, 1n), limits(SECOND, 1n))).toBeUndefined();
    expect(why(limits(SECOND, 1n), limits(0n, 0n))).toBeUndefined();
    expect(why(limits(0n, 0n), limits(-1n, -1n))).toBeUndefined();
  });
});

describe("what a store is told", () => {
  test("is in numbers, ages exact", () => {
    const config = checked({
      max_msgs: 5n,
      max_bytes: 2n ** 62n,
      max_age: 31_536_000_000_000_001n,
      max_msgs_per_subject: 3n,
      discard: "new",
      discard_new_per_subject: true,
    });
    expect(storeLimits(config)).toEqual({
      maxMsgs: 5,
      maxBytes: 2 ** 62,
      maxMsgsPerSubject: 3,
      maxAgeSec: 31_536_000,
      maxAgeNanos: 1,
      discardNew: true,
      discardNewPerSubject: true,
    });
    expect([milliseconds(1n), milliseconds(1_000_000n), milliseconds(120n * SECOND)]).toEqual([1, 1, 120_000]);
  });
});
