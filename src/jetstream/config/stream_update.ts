// STREAM.UPDATE, as far as configurations go. The whole of it, in the order
// whose first failure is the answer:
//
//   acceptUpdate            all that can be said without the stream
//   (the API)               10059 no such stream, 10194 offline
//   checkUpdate             what may change
//   (the API)               space, for what max_bytes grew; violatedLimits with its
//                           consumers; 10065 overlap with other streams

import type { Work } from "../../base/work.ts";
import { apiError, type ApiError } from "../../errors/api.ts";
import { checkMetadata, checkingStreamConfig } from "./stream_checks.ts";
import { type StreamConfig, type StreamConfigRequest } from "./stream_config.ts";
import { invalidConfig } from "./stream_draft.ts";
import { withRequiredLevel } from "./stream_metadata.ts";
import { type StreamRules } from "./stream_rules.ts";

/** The configuration asked for, checked by itself, in slices, and stamped. `name` is that of the request's subject. */
export function* acceptUpdate(request: StreamConfigRequest, name: string, rules: StreamRules): Work<StreamConfig> {
  const { pedantic, ...asked } = request;
  const config = yield* checkingStreamConfig(asked, rules, pedantic);
  if (config.name !== name) throw apiError("streamMismatch");
  return withRequiredLevel(config);
}

/** What the stream with configuration `old` is to become. Throws the ApiError of the first thing that may not change. */
export function checkUpdate(old: StreamConfig, config: StreamConfig): StreamConfig {
  const refuse = (what: string): ApiError => invalidConfig(`stream configuration update can not ${what}`);
  // The stamp counts, too.
  checkMetadata(config.metadata);
  if (config.storage !== old.storage) throw refuse("change storage type");
  if (config.retention !== old.retention && (config.retention === "workqueue" || old.retention === "workqueue")) {
    throw refuse("change retention policy to/from workqueue");
  }
  if (old.sealed && !config.sealed) throw refuse("unseal a sealed stream");
  if (old.deny_delete && !config.deny_delete) throw refuse("cancel deny message deletes");
  if (old.deny_purge && !config.deny_purge) throw refuse("cancel deny purge");
  if (config.persist_mode !== old.persist_mode) throw refuse("change persist mode");
  if (!config.sealed) return config;
  // Sealing is for good: nothing comes in, nothing goes.
  return { ...config, max_age: 0n, discard: "new", deny_delete: true, deny_purge: true, allow_rollup_hdrs: false };
}

/** What of a consumer the limits of its stream bind; durations in nanoseconds. */
export interface LimitedConsumer {
  readonly name: string;
  readonly inactiveThreshold: bigint;
  readonly maxAckPending: bigint;
}

/** The refusal of new `consumer_limits` that existing consumers exceed; undefined when none does. */
export function violatedLimits(
  old: StreamConfig,
  config: StreamConfig,
  consumers: Iterable<LimitedConsumer>,
): ApiError | undefined {
  const { inactive_threshold: threshold, max_ack_pending: pending } = config.consumer_limits;
  const before = old.consumer_limits;
  const tightened =
    (threshold > 0n && threshold !== before.inactive_threshold) || (pending > 0n && pending !== before.max_ack_pending);
  if (!tightened) return undefined;
  const names = [...consumers]
    .filter(
      ({ inactiveThreshold, maxAckPending }) =>
        (threshold > 0n && inactiveThreshold > threshold) || (pending > 0n && maxAckPending > pending),
    )
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  return apiError("streamUpdate", { err: `change to limits violates consumers: ${names.join(", ")}` });
}
