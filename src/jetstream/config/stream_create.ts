// STREAM.CREATE, as far as configurations go. The whole of it, in the order
// whose first failure is the answer:
//
//   acceptCreate            what was asked for, by itself
//   (the API)               10027 streams of the account, its and the server's space
//   checkStreamConfig       stream_checks.ts
//   checkStandalone
//   sameStreamConfig        with an existing stream of that name: the same is fine, else 10058
//   (the API)               space again, now with defaults; 10065 overlap with other streams

import { encode } from "../../base/json.ts";
import { apiError } from "../../errors/api.ts";
import { streamConfigKind, type StreamConfig, type StreamConfigRequest } from "./stream_config.ts";
import { invalidConfig } from "./stream_draft.ts";
import { withLevelOf, withRequiredLevel } from "./stream_metadata.ts";

/** What the request asks for, stamped with the level it needs. `name` is that of the request's subject. */
export function acceptCreate(request: StreamConfigRequest, name: string): StreamConfig {
  const { pedantic: _, ...config } = request;
  if (config.name !== name) throw apiError("streamMismatch");
  if (/[\\/]/.test(name)) throw apiError("streamNameContainsPathSeparators");
  if (config.sealed) throw invalidConfig("stream configuration for create can not be sealed");
  if (config.mirror_direct && config.mirror === undefined) {
    throw invalidConfig("stream has no mirror but does have mirror direct");
  }
  return withRequiredLevel(config);
}

/** Refuses what takes more than one server. */
export function checkStandalone(config: StreamConfig): void {
  if (config.num_replicas > 1) throw apiError("streamReplicasNotSupported");
}

/** Whether creating `config` again finds what there is; both are checked. The level they are stamped with does not count. */
export function sameStreamConfig(config: StreamConfig, existing: StreamConfig): boolean {
  // There may be very many of them: they are not written down to be compared.
  if (!areSame(config.subjects, existing.subjects)) return false;
  return isSameBesides({ ...config, subjects: [] }, { ...existing, subjects: [] });
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((subject, at) => subject === others[at]);
}

function isSameBesides(config: StreamConfig, existing: StreamConfig): boolean {
  return encode(streamConfigKind, withLevelOf(config, existing)) === encode(streamConfigKind, existing);
}
