// What a stream's configuration becomes where it says nothing, or something
// that stands for nothing: limits are −1, a stream has one replica and a window
// for duplicates. A pedantic request is refused where that changes what it said.

import { goDuration } from "../../base/gotime.ts";
import { apiError } from "../../errors/api.ts";
import { invalidConfig, refusePedantic, type StreamDraft } from "./stream_draft.ts";
import { type StreamRules } from "./stream_rules.ts";

const MAX_REPLICAS = 5;
const MS = 1_000_000n;
const DUPLICATE_WINDOW = 120_000n * MS;
const SHORTEST = 100n * MS;

/** Replicas, counts and sizes. */
export function defaultLimits(draft: StreamDraft, pedantic: boolean): void {
  if (draft.num_replicas === 0) draft.num_replicas = 1;
  if (draft.num_replicas > MAX_REPLICAS) throw invalidConfig(`maximum replicas is ${MAX_REPLICAS}`);
  if (draft.num_replicas < 0) throw apiError("replicasCountCannotBeNegative");
  for (const name of ["max_msgs", "max_msgs_per_subject", "max_bytes"] as const) {
    draft[name] = unlimited(name, draft[name], pedantic);
  }
  draft.max_msg_size = Number(unlimited("max_msg_size", BigInt(draft.max_msg_size), pedantic));
  draft.max_consumers = unlimited("max_consumers", draft.max_consumers, pedantic);
}

function unlimited(name: string, limit: bigint, pedantic: boolean): bigint {
  if (limit < -1n) refusePedantic(pedantic, `${name} must be set to -1`);
  return limit <= 0n ? -1n : limit;
}

/** `max_age` and `duplicate_window`, which depends on it and on the server. */
export function defaultWindows(draft: StreamDraft, rules: StreamRules, pedantic: boolean): void {
  if (draft.max_age < 0n) throw invalidConfig("max age can not be negative");
  if (draft.max_age !== 0n && draft.max_age < SHORTEST) throw invalidConfig("max age needs to be >= 100ms");
  const limit = rules.maxDuplicateWindow;
  if (draft.duplicate_window === 0n && draft.mirror === undefined && draft.sources.length === 0) {
    draft.duplicate_window = DUPLICATE_WINDOW;
    if (limit > 0n && DUPLICATE_WINDOW > limit) {
      refusePedantic(pedantic, "duplicate window limits are higher than current limits");
      draft.duplicate_window = limit;
    }
    if (draft.max_age !== 0n && draft.max_age < draft.duplicate_window) {
      refusePedantic(pedantic, "duplicate window cannot be bigger than max age");
      draft.duplicate_window = draft.max_age;
    }
  }
  const window = draft.duplicate_window;
  if (window < 0n) throw invalidConfig("duplicates window can not be negative");
  if (draft.max_age !== 0n && window > draft.max_age) {
    throw invalidConfig("duplicates window can not be larger then max age");
  }
  if (limit > 0n && window > limit) {
    const shown = goDuration(Number(limit));
    throw invalidConfig(`duplicates window can not be larger then server limit of ${shown}`);
  }
  if (window > 0n && window < SHORTEST) throw invalidConfig("duplicates window needs to be >= 100ms");
}
