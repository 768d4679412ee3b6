// What nats-server 2.14 can do for a stream and this server can not yet. A
// request that asks for it is refused; a stream on disk that has it is offline.

import { type StreamConfig } from "./stream_config.ts";

const later = {
  mirror: (config) => config.mirror !== undefined,
  sources: (config) => config.sources.length > 0,
  allow_msg_ttl: (config) => config.allow_msg_ttl,
  subject_delete_marker_ttl: (config) => config.subject_delete_marker_ttl !== 0n,
  allow_msg_counter: (config) => config.allow_msg_counter,
  allow_atomic: (config) => config.allow_atomic,
  allow_msg_schedules: (config) => config.allow_msg_schedules,
  allow_batched: (config) => config.allow_batched,
} satisfies { [Field in keyof StreamConfig]?: (config: StreamConfig) => boolean } as Readonly<
  Record<string, (config: StreamConfig) => boolean>
>;

/** Says which field asks for something that is not there yet; undefined when none does. */
export function notSupportedYet(config: StreamConfig): string | undefined {
  const field = Object.keys(later).find((name) => later[name]!(config));
  if (field !== undefined) return `${field} is not supported yet`;
  if (config.first_seq > BigInt(Number.MAX_SAFE_INTEGER)) {
    return `first_seq above ${Number.MAX_SAFE_INTEGER} is not supported`;
  }
  return undefined;
}
