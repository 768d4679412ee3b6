// What a consumer's configuration becomes where it says nothing, or something
// that stands for nothing. A pedantic request is refused where that changes
// what it said.

import { type ConsumerDraft, isPull } from "./consumer_config.ts";
import { type ConsumerRules } from "./consumer_rules.ts";
import { refusePedantic } from "./stream_draft.ts";

const MS = 1_000_000n;
const SECOND = 1000n * MS;
const ACK_WAIT = 30n * SECOND;
const MAX_WAITING = 512n;
const MAX_ACK_PENDING = 1000;
const PINNED_TIMEOUT = 120n * SECOND;
/** Of ephemerals that do not say how long they may be idle. */
const INACTIVE_THRESHOLD = 5n * SECOND;
/** What mirrors and sources count on. */
export const FLOW_CONTROL_HEARTBEAT = SECOND;

/** Limits below what they can be. */
const floors = [
  ["max_deliver", -1n],
  ["max_waiting", 0n],
  ["max_ack_pending", -1n],
  ["max_batch", 0n],
  ["max_expires", 0n],
  ["max_bytes", 0n],
  ["idle_heartbeat", 0n],
  ["inactive_threshold", 0n],
  ["priority_timeout", 0n],
] as const;

export function setConsumerDefaults(draft: ConsumerDraft, rules: ConsumerRules, pedantic: boolean): void {
  for (const [field, least] of floors) {
    if (draft[field] >= least) continue;
    refusePedantic(pedantic, least < 0n ? `${field} must be set to -1` : `${field} must not be negative`);
    draft[field] = least;
  }
  if (draft.max_deliver === 0n) draft.max_deliver = -1n;
  if (isPull(draft) && draft.max_waiting === 0n) draft.max_waiting = MAX_WAITING;
  setAckWait(draft, pedantic);
  setFromStream(draft, rules, pedantic);
  if (draft.max_ack_pending === 0n && draft.ack_policy !== "none") {
    const limits = [rules.maxAckPending, rules.account.maxAckPending].filter((limit) => limit > 0);
    draft.max_ack_pending = BigInt(Math.min(MAX_ACK_PENDING, ...limits));
  }
  if (isPull(draft) && draft.max_batch === 0n && rules.maxRequestBatch > 0) {
    refusePedantic(pedantic, "max_request_batch must be set if it's JetStream limits are set");
    draft.max_batch = BigInt(rules.maxRequestBatch);
  }
  if (draft.priority_policy === "pinned_client" && draft.priority_timeout === 0n) {
    draft.priority_timeout = PINNED_TIMEOUT;
  }
  if (draft.ack_policy === "flow_control" && !pedantic) {
    draft.flow_control = true;
    draft.idle_heartbeat = FLOW_CONTROL_HEARTBEAT;
  }
}

function setAckWait(draft: ConsumerDraft, pedantic: boolean): void {
  const waits = draft.ack_policy === "explicit" || draft.ack_policy === "all";
  if (draft.ack_wait === 0n && waits) draft.ack_wait = ACK_WAIT;
  const first = draft.backoff[0];
  if (first === undefined) return;
  if (draft.ack_wait !== first) refusePedantic(pedantic, "first backoff value has to equal batch AckWait");
  draft.ack_wait = first;
}

/** What the stream says for those that say nothing. */
function setFromStream(draft: ConsumerDraft, { stream }: ConsumerRules, pedantic: boolean): void {
  for (const field of ["max_ack_pending", "inactive_threshold"] as const) {
    const limit = stream.consumer_limits[field];
    if (draft[field] !== 0n) continue;
    if (limit > 0n) refusePedantic(pedantic, `${field} must be set if it's configured in stream limits`);
    draft[field] = limit;
  }
}

/** How long a consumer may be idle: an ephemeral always has a bound. */
export function inactiveThreshold(isDurable: boolean, asked: bigint): bigint {
  return isDurable || asked > 0n ? asked : INACTIVE_THRESHOLD;
}
