// Why a pull request is refused by a consumer of this configuration. The
// statuses are nats-server's, in its order. Owns nothing.

import { goDuration } from "../../../base/gotime.ts";
import type { ConsumerConfig } from "../../config/consumer_config.ts";
import type { NextRequest } from "../../config/consumer_next.ts";

const MOST_PRIORITY = 9;

/** Why this consumer does not take the request; undefined when it does. `pinId`: who is pinned, empty for nobody. */
export function pullRefusal(request: NextRequest, config: ConsumerConfig, pinId: string): string | undefined {
  const { batch, expires, maxBytes, asked } = request;
  const { max_batch: mostBatch, max_expires: mostExpires, max_bytes: mostBytes, priority_policy: policy } = config;
  if (mostBatch > 0n && batch > mostBatch) return `409 Exceeded MaxRequestBatch of ${mostBatch}`;
  if (expires !== 0 && mostExpires > 0n && expires > mostExpires) {
    return `409 Exceeded MaxRequestExpires of ${goDuration(Number(mostExpires))}`;
  }
  if (maxBytes > 0 && mostBytes > 0n && maxBytes > mostBytes) return `409 Exceeded MaxRequestMaxBytes of ${mostBytes}`;
  if (asked === undefined) return undefined;
  const { group, minPending, minAckPending, id, priority } = asked;
  if ((minPending !== 0 || minAckPending !== 0) && policy !== "overflow") {
    return "400 Bad Request - Not a Overflow Priority consumer";
  }
  if (id !== "" && policy !== "pinned_client") return "400 Bad Request - Not a Pinned Client Priority consumer";
  if (priority < 0 || priority > MOST_PRIORITY) return "400 Bad Request - Priority must be between 0 and 9";
  if (policy === "none") return undefined;
  if (group === "") return "400 Bad Request - Priority Group missing";
  if (!config.priority_groups.includes(group)) return "400 Bad Request - Invalid Priority Group";
  if (pinId !== "" && id !== "" && id !== pinId) return "423 Nats-Pin-Id mismatch";
  return undefined;
}
