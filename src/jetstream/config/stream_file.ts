// `meta.inf` of a stream: when it was created, and its configuration. What is
// read here may come from another version of nats-server.

import { type Moment } from "../../base/nanos.ts";
import { decode, encode, JsonError } from "../../base/json.ts";
import { type StreamConfig, streamFileKind } from "./stream_config.ts";
import { notSupportedYet } from "./stream_later.ts";
import { API_LEVEL, levelAbove } from "./stream_metadata.ts";

export interface StreamFile {
  readonly created: Moment;
  readonly config: StreamConfig;
  /** Why the stream can not be served, in nats-server's words; undefined when it can. */
  readonly unsupported: string | undefined;
}

/** Reads the file's bytes, which are borrowed; an error when it can not be read at all. */
export function readStreamFile(bytes: Uint8Array): StreamFile | JsonError {
  const strict = decode(streamFileKind, bytes, 0, bytes.length, { strict: true, stream: true });
  const file = strict instanceof JsonError ? decode(streamFileKind, bytes) : strict;
  if (file instanceof JsonError) return file;
  const { Created: created, ...config } = file;
  return { created, config, unsupported: reason(config, strict instanceof JsonError ? strict.message : undefined) };
}

function reason(config: StreamConfig, strictError: string | undefined): string | undefined {
  const level = levelAbove(config);
  if (level !== undefined && strictError !== undefined) {
    return `unsupported - config error: ${strictError.replace(/^json: /, "")}`;
  }
  if (level !== undefined) return `unsupported - required API level: ${level}, current API level: ${API_LEVEL}`;
  if (strictError !== undefined) return `decoding error: ${strictError}`;
  const later = notSupportedYet(config);
  return later === undefined ? undefined : `unsupported - config error: ${later}`;
}

/** Why a stream with this `meta.inf` can not be served; undefined when it can. */
export function unsupportedReason(bytes: Uint8Array): string | undefined {
  const file = readStreamFile(bytes);
  return file instanceof JsonError ? `decoding error: ${file.message}` : file.unsupported;
}

/** The file's text. */
export function writeStreamFile(config: StreamConfig, created: Moment): string {
  return encode(streamFileKind, { Created: created, ...config });
}
