// What of a consumer may change, and what it becomes. The deliver subject may,
// while nobody listens to the old one.

import { type ApiError, apiError } from "../../errors/api.ts";
import { isBackoffTooLong } from "./consumer_checks.ts";
import { type ConsumerConfig, isPull } from "./consumer_config.ts";
import { inactiveThreshold } from "./consumer_defaults.ts";
import { compareMoments, inUtc, type ZonedMoment } from "./consumer_moment.ts";
import { type StreamConsumers } from "./consumer_rules.ts";

/** The configuration after an update to `config`, which is checked by itself. Throws the ApiError of what may not change. */
export function checkConsumerUpdate(
  old: ConsumerConfig,
  config: ConsumerConfig,
  consumers: Pick<StreamConsumers, "hasInterest">,
): ConsumerConfig {
  for (const [isSame, what] of fixed) if (!isSame(old, config)) throw refuse(`${what} can not be updated`);
  if (config.deliver_subject !== old.deliver_subject) {
    if (isPull(old)) throw refuse("can not update pull consumer to push based");
    if (isPull(config)) throw refuse("can not update push consumer to pull based");
    if (consumers.hasInterest(old.deliver_subject)) throw apiError("consumerNameExists");
  }
  if (config.max_waiting !== old.max_waiting) throw refuse("max waiting can not be updated");
  if (isBackoffTooLong(config)) throw apiError("consumerMaxDeliverBackoff");
  return updated(old, config);
}

type Same = (old: ConsumerConfig, config: ConsumerConfig) => boolean;
const same =
  (field: keyof ConsumerConfig): Same =>
  (old, config) =>
    old[field] === config[field];

const fixed: readonly (readonly [isSame: Same, what: string])[] = [
  [same("deliver_policy"), "deliver policy"],
  [same("mem_storage"), "storage type"],
  [same("opt_start_seq"), "start sequence"],
  [(old, config) => isSameInstant(old.opt_start_time, config.opt_start_time), "start time"],
  [same("ack_policy"), "ack policy"],
  [same("replay_policy"), "replay policy"],
  [same("idle_heartbeat"), "heart beats"],
  [same("flow_control"), "flow control"],
];

function isSameInstant(a: ZonedMoment | undefined, b: ZonedMoment | undefined): boolean {
  return a === undefined || b === undefined ? a === b : compareMoments(a, b) === 0;
}

function refuse(why: string): ApiError {
  return apiError("consumerCreate", { err: why });
}

function updated(old: ConsumerConfig, config: ConsumerConfig): ConsumerConfig {
  // Whether it is durable is looked at before that changes.
  const threshold =
    config.inactive_threshold === old.inactive_threshold
      ? old.inactive_threshold
      : inactiveThreshold(old.durable_name !== "", config.inactive_threshold);
  const until = config.pause_until;
  return { ...config, inactive_threshold: threshold, pause_until: until === undefined ? undefined : inUtc(until) };
}
