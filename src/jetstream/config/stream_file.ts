// `meta.inf` of a stream: when it was created, and its configuration. What is
// read here may come from another version of nats-server.

import { decode, encodeSlices, JsonError, SLICE_CHARS } from "../../base/json.ts";
import { type Moment } from "../../base/nanos.ts";
import { runAll, type Work } from "../../base/work.ts";
import { ApiError } from "../../errors/api.ts";
import { checkingStreamConfig } from "./stream_checks.ts";
import { type StreamConfig, streamFileKind } from "./stream_config.ts";
import { API_LEVEL, levelAbove } from "./stream_metadata.ts";
import { type StreamRules } from "./stream_rules.ts";

/** Characters that are enough for a slice. */
const LONG = SLICE_CHARS / 8;

export interface StreamFile {
  readonly created: Moment;
  readonly config: StreamConfig;
  /** Why the stream can not be served, in nats-server's words; undefined when it can. */
  readonly unsupported: string | undefined;
}

/**
 * Reads the file's bytes, which are borrowed; an error when it can not be read
 * at all. A configuration that can be served has its defaults: other versions
 * may have written less. One that can not is as it was written.
 */
export function readStreamFile(bytes: Uint8Array, rules: StreamRules): StreamFile | JsonError {
  return runAll(readingStreamFile(bytes, rules));
}

/** The same in slices. */
export function* readingStreamFile(bytes: Uint8Array, rules: StreamRules): Work<StreamFile | JsonError> {
  const strict = decode(streamFileKind, bytes, 0, bytes.length, { strict: true, stream: true });
  const file = strict instanceof JsonError ? decode(streamFileKind, bytes) : strict;
  if (file instanceof JsonError) return file;
  const { Created: created, ...written } = file;
  const unsupported = reason(written, strict instanceof JsonError ? strict.message : undefined);
  if (unsupported !== undefined) return { created, config: written, unsupported };
  try {
    return { created, config: yield* checkingStreamConfig(written, rules, false), unsupported };
  } catch (error) {
    if (error instanceof ApiError) return { created, config: written, unsupported: configError(error.description) };
    throw error;
  }
}

function reason(config: StreamConfig, strictError: string | undefined): string | undefined {
  const level = levelAbove(config);
  if (level === undefined) return strictError === undefined ? undefined : `decoding error: ${strictError}`;
  if (strictError !== undefined) return configError(strictError.replace(/^json: /, ""));
  return `unsupported - required API level: ${level}, current API level: ${API_LEVEL}`;
}

function configError(why: string): string {
  return `unsupported - config error: ${why}`;
}

/** Why a stream with this `meta.inf` can not be served; undefined when it can. */
export function unsupportedReason(bytes: Uint8Array, rules: StreamRules): string | undefined {
  const file = readStreamFile(bytes, rules);
  return file instanceof JsonError ? `decoding error: ${file.message}` : file.unsupported;
}

/** The file's bytes. */
export function writeStreamFile(config: StreamConfig, created: Moment): Buffer {
  return runAll(writingStreamFile(config, created));
}

/** The same in slices. */
export function* writingStreamFile(config: StreamConfig, created: Moment): Work<Buffer> {
  const parts: Buffer[] = [];
  for (const part of encodeSlices(streamFileKind, { Created: created, ...config })) {
    parts.push(Buffer.from(part));
    if (part.length >= LONG) yield;
  }
  return Buffer.concat(parts);
}
