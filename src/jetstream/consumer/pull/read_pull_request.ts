// The body of a pull request, as nats-server reads it: nothing, a number, or JSON.

import { bool, decode, int, int64, JsonError, record, text } from "../../../base/json.ts";
import { embedded } from "../../config/stream_config.ts";
import type { PullRequest } from "./pull_request.ts";

const SPACE = /^[\t\n\v\f\r \u0085\u00a0]+|[\t\n\v\f\r \u0085\u00a0]+$/g;
const OPEN_OBJECT = "{";
const NUMBER = /^[+-]?\d{1,18}$/;

const priorityGroup = { group: text, min_pending: int64, min_ack_pending: int64, id: text, priority: int };
const kind = record(
  {
    expires: int64,
    batch: int,
    max_bytes: int,
    no_wait: bool,
    idle_heartbeat: int64,
    ...embedded("PriorityGroup", priorityGroup),
  },
  "server.JSApiConsumerGetNextRequest",
);

const ONE: PullRequest = { batch: 1, maxBytes: 0, noWait: false, expires: 0, heartbeat: 0, asked: undefined };

/** What is asked for, or what is wrong with it. */
export function readPullRequest(body: Uint8Array): PullRequest | string {
  if (body.length === 0) return ONE;
  const written = Buffer.from(body).toString("latin1").replace(SPACE, "");
  if (!written.startsWith(OPEN_OBJECT)) return NUMBER.test(written) ? { ...ONE, batch: Number(written) } : ONE;
  const read = decode(kind, Buffer.from(written, "latin1"));
  if (read instanceof JsonError) return read.message;
  const { batch, max_bytes: maxBytes, no_wait: noWait, expires, idle_heartbeat: heartbeat } = read;
  if (heartbeat > 0 && heartbeat * 2 > expires) return "heartbeat value too large";
  const { group, min_pending: minPending, min_ack_pending: minAckPending, id, priority } = read;
  const asked = { group, minPending, minAckPending, id, priority };
  return { batch, maxBytes, noWait, expires, heartbeat, asked };
}
