// Priority groups: who of several that pull from a consumer is served.

import { apiError } from "../../errors/api.ts";
import { type ConsumerConfig, isPull } from "./consumer_config.ts";

const groupName = /^[a-zA-Z0-9/_=-]{1,16}$/;

export function checkPriorities(config: ConsumerConfig): void {
  const { priority_policy: policy, priority_groups: groups } = config;
  if (policy === "none") {
    if (groups.length > 0) throw apiError("consumerPriorityGroupWithPolicyNone");
    if (config.priority_timeout > 0n) throw apiError("consumerPinnedTtlWithoutPriorityPolicy");
    return;
  }
  if (!isPull(config)) throw apiError("consumerPushWithPriorityGroup");
  if (groups.length === 0) throw apiError("consumerPriorityPolicyWithoutGroup");
  for (const group of groups) checkGroupName(group);
}

/** Throws the ApiError of a name no group may have. */
export function checkGroupName(group: string): void {
  if (group === "") throw apiError("consumerEmptyGroupName");
  if (!groupName.test(group)) throw apiError("consumerInvalidGroupName");
}
