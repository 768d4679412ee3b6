// Whether a consumer can be as its configuration says: nats-server's checks in
// nats-server's order, since the first that fails is the answer.
//
// Knows the stream's configuration, but nothing of its other consumers: see
// consumer_create.ts and consumer_update.ts.

import { byteString } from "../../base/bytes.ts";
import { goDuration } from "../../base/gotime.ts";
import { apiError } from "../../errors/api.ts";
import { isSubset } from "../../subject/subject.ts";
import { type ConsumerConfig, type ConsumerDraft, isPull } from "./consumer_config.ts";
import { FLOW_CONTROL_HEARTBEAT, setConsumerDefaults } from "./consumer_defaults.ts";
import { checkFilters } from "./consumer_filters.ts";
import { checkPriorities } from "./consumer_priorities.ts";
import { type ConsumerRules } from "./consumer_rules.ts";
import { checkStart } from "./consumer_start.ts";
import { checkSampling } from "./consumer_sampling.ts";
import { isAssetName } from "./stream_checks.ts";
import { invalidConfig } from "./stream_draft.ts";
import { isConfigSubject } from "./stream_subjects.ts";

const MAX_DESCRIPTION = 4096;
const MAX_METADATA_KB = 128;
const MS = 1_000_000n;
const SHORTEST_HEARTBEAT = 100n * MS;

/** How a configuration comes: asked for, or from a file, where some is forgiven. */
export interface Origin {
  readonly pedantic: boolean;
  readonly isRecovering: boolean;
}

/** The configuration with its defaults. Throws the ApiError of the first check that fails. */
export function checkConsumerConfig(config: ConsumerConfig, rules: ConsumerRules, origin: Origin): ConsumerConfig {
  const draft: ConsumerDraft = { ...config };
  setConsumerDefaults(draft, rules, origin.pedantic);
  checkNames(draft);
  checkReplicas(draft, rules, origin.isRecovering);
  checkWaits(draft);
  if (draft.ack_policy === "flow_control") checkFlowControlAcks(draft);
  if (isBackoffTooLong(draft)) throw apiError("consumerMaxDeliverBackoff");
  if (Buffer.byteLength(draft.description) > MAX_DESCRIPTION) {
    throw apiError("consumerDescriptionTooLong", { max: MAX_DESCRIPTION });
  }
  if (isPull(draft)) checkPull(draft, rules);
  else checkPush(draft, rules);
  checkLimits(draft, rules);
  if (draft.direct && isPull(draft)) throw apiError("consumerDirectRequiresPush");
  if (draft.direct && draft.durable_name !== "") throw apiError("consumerDirectRequiresEphemeral");
  checkFilters(draft);
  checkStart(draft);
  checkSampling(draft.sample_freq);
  if (draft.flow_control && draft.idle_heartbeat === 0n) throw apiError("consumerWithFlowControlNeedsHeartbeats");
  if (draft.durable_name !== "" && draft.name !== "" && draft.name !== draft.durable_name) {
    throw apiError("consumerCreateDurableAndNameMismatch");
  }
  checkMetadataSize(draft.metadata);
  checkPriorities(draft);
  return draft;
}

function checkNames({ name, durable_name: durable }: ConsumerDraft): void {
  const rule = "name can not contain '.', '*', '>', '\\', '/'";
  if (name !== "" && !isAssetName(name)) throw invalidConfig(`consumer ${rule}`);
  if (durable !== "" && !isAssetName(durable)) throw invalidConfig(`consumer durable ${rule}`);
}

function checkReplicas(draft: ConsumerDraft, { stream }: ConsumerRules, isRecovering: boolean): void {
  const replicas = draft.num_replicas;
  if (replicas > stream.num_replicas) throw apiError("consumerReplicasExceedsStream");
  if (replicas < 0) throw apiError("replicasCountCannotBeNegative");
  const mayDiffer = isRecovering || stream.retention === "limits";
  if (replicas !== 0 && replicas !== stream.num_replicas && !mayDiffer) {
    throw apiError("consumerReplicasShouldMatchStream");
  }
}

function checkWaits({ backoff, ack_wait: wait }: ConsumerDraft): void {
  if (backoff.some((delay) => delay < 0n)) throw apiError("consumerBackoffNegative");
  if (wait < 0n) throw apiError("consumerAckWaitNegative");
}

function checkFlowControlAcks(draft: ConsumerDraft): void {
  if (isPull(draft)) throw apiError("consumerAckFlowControlRequiresPush");
  if (!draft.flow_control) throw apiError("consumerAckFlowControlRequiresFlowControl");
  if (draft.idle_heartbeat !== FLOW_CONTROL_HEARTBEAT) {
    throw invalidConfig("flow control ack policy heartbeat needs to be 1s");
  }
  if (draft.max_ack_pending <= 0n) throw apiError("consumerAckFlowControlRequiresMaxAckPending");
  if (draft.ack_wait !== 0n || draft.backoff.length > 0) throw apiError("consumerAckFlowControlRequiresNoAckWait");
  if (draft.max_deliver > 0n) throw apiError("consumerAckFlowControlRequiresNoMaxDeliver");
}

/** There must be a delivery for each delay. */
export function isBackoffTooLong({ backoff, max_deliver: most }: ConsumerConfig): boolean {
  return backoff.length > 0 && most !== -1n && backoff.length > most;
}

function checkPush(draft: ConsumerDraft, { stream }: ConsumerRules): void {
  const subject = draft.deliver_subject;
  if (/(?:^|\.)[*>](?:\.|$)/.test(subject)) throw apiError("consumerDeliverToWildcards");
  if (!isConfigSubject(subject)) throw apiError("consumerInvalidDeliverSubject");
  const bytes = byteString(subject);
  if (stream.subjects.some((taken) => isSubset(bytes, byteString(taken)))) throw apiError("consumerDeliverCycle");
  if (draft.max_waiting !== 0n) throw apiError("consumerPushMaxWaiting");
  if (draft.max_ack_pending > 0n && draft.ack_policy === "none") throw apiError("consumerMaxPendingAckPolicyRequired");
  const heartbeat = draft.idle_heartbeat;
  if (heartbeat > 0n && heartbeat < SHORTEST_HEARTBEAT) throw apiError("consumerSmallHeartbeat");
}

function checkPull(draft: ConsumerDraft, rules: ConsumerRules): void {
  if (draft.ack_policy === "none" && rules.stream.retention === "workqueue") throw apiError("consumerPullRequiresAck");
  if (draft.rate_limit_bps > 0n) throw apiError("consumerPullWithRateLimit");
  if (draft.idle_heartbeat > 0n) throw apiError("consumerHeartbeatRequiresPush");
  if (draft.flow_control) throw apiError("consumerFlowControlRequiresPush");
  if (draft.max_expires !== 0n && draft.max_expires < MS) throw apiError("consumerMaxRequestExpiresTooSmall");
  const limit = rules.maxRequestBatch;
  if (limit > 0 && draft.max_batch > limit) throw apiError("consumerMaxRequestBatchExceeded", { limit });
}

function checkLimits(draft: ConsumerDraft, rules: ConsumerRules): void {
  const ofStream = rules.stream.consumer_limits;
  for (const limit of [rules.maxAckPending, rules.account.maxAckPending, Number(ofStream.max_ack_pending)]) {
    if (limit > 0 && draft.max_ack_pending > limit) throw apiError("consumerMaxPendingAckExcess", { limit });
  }
  const threshold = ofStream.inactive_threshold;
  if (threshold > 0n && draft.inactive_threshold > threshold) {
    throw apiError("consumerInactiveThresholdExcess", { limit: goDuration(Number(threshold)) });
  }
}

function checkMetadataSize(metadata: ReadonlyMap<string, string>): void {
  let size = 0;
  for (const [key, value] of metadata) size += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (size > MAX_METADATA_KB * 1024) throw apiError("consumerMetadataLength", { limit: `${MAX_METADATA_KB}KB` });
}
