// The API level that a consumer needs, kept in its metadata.

import { type ConsumerConfig } from "./consumer_config.ts";
import { isZeroMoment } from "./consumer_moment.ts";
import { withLevel } from "./stream_metadata.ts";

/** As a request's configuration is kept: with the level it needs, without what is only shown. Also after a pause. */
export function withConsumerLevel(config: ConsumerConfig): ConsumerConfig {
  return withLevel(config, requiredLevel(config));
}

function requiredLevel(config: ConsumerConfig): number {
  if (config.ack_policy === "flow_control") return 4;
  const isPaused = config.pause_until !== undefined && !isZeroMoment(config.pause_until);
  const hasPriorities = config.priority_policy !== "none" || config.priority_groups.length > 0;
  return isPaused || hasPriorities || config.priority_timeout !== 0n ? 1 : 0;
}
