// The metadata that belongs to the server: which API level a stream or a
// consumer needs, kept with it, and which version answers, added to what is shown.

import { type StreamConfig } from "./stream_config.ts";

/** The API level of nats-server 2.14. */
export const API_LEVEL = 4;

const REQUIRED_LEVEL = "_nats.req.level";
const SERVER_VERSION = "_nats.ver";
const SERVER_LEVEL = "_nats.level";

/** Configurations of streams, and of consumers. */
interface WithMetadata {
  readonly metadata: ReadonlyMap<string, string>;
}

/** As a request's configuration is kept: with the level it needs, without what is only shown. */
export function withRequiredLevel(config: StreamConfig): StreamConfig {
  return withLevel(config, requiredLevel(config));
}

/** The same for any configuration that needs `level`. */
export function withLevel<C extends WithMetadata>(config: C, level: number): C {
  const metadata = keptMetadata(config);
  metadata.set(REQUIRED_LEVEL, String(level));
  return { ...config, metadata };
}

function requiredLevel(config: StreamConfig): number {
  if (config.allow_batched) return 4;
  const since212 = config.allow_msg_counter || config.allow_atomic || config.allow_msg_schedules;
  if (since212 || config.persist_mode === "async") return 2;
  return config.allow_msg_ttl || config.subject_delete_marker_ttl > 0n ? 1 : 0;
}

function keptMetadata({ metadata }: WithMetadata): Map<string, string> {
  const kept = new Map(metadata);
  kept.delete(SERVER_VERSION);
  kept.delete(SERVER_LEVEL);
  return kept;
}

/** As responses show it. `version` is the one clients are told. */
export function withServerMetadata<C extends WithMetadata>(config: C, version: string): C {
  const metadata = new Map(config.metadata).set(SERVER_VERSION, version).set(SERVER_LEVEL, String(API_LEVEL));
  return { ...config, metadata };
}

/** `config` with the level that `other` was kept with, so that the two can be compared. */
export function withLevelOf<C extends WithMetadata>(config: C, other: WithMetadata): C {
  const metadata = keptMetadata(config);
  const level = other.metadata.get(REQUIRED_LEVEL);
  if (level === undefined) metadata.delete(REQUIRED_LEVEL);
  else metadata.set(REQUIRED_LEVEL, level);
  return { ...config, metadata };
}

/** The level something on disk needs, when this server does not have it. */
export function levelAbove({ metadata }: WithMetadata): string | undefined {
  const level = metadata.get(REQUIRED_LEVEL);
  if (level === undefined || level === "") return undefined;
  return /^[+-]?\d{1,15}$/.test(level) && Number(level) <= API_LEVEL ? undefined : level;
}
