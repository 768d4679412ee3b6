// `meta.inf` of a consumer: when it was created, its name and its
// configuration. What is read here may come from another version of nats-server.

import { decode, encode, JsonError } from "../../base/json.ts";
import { type Moment } from "../../base/nanos.ts";
import { ApiError } from "../../errors/api.ts";
import { checkConsumerConfig } from "./consumer_checks.ts";
import { type ConsumerConfig, consumerFileKind } from "./consumer_config.ts";
import { inactiveThreshold } from "./consumer_defaults.ts";
import { isZeroMoment } from "./consumer_moment.ts";
import { type ConsumerRules } from "./consumer_rules.ts";
import { API_LEVEL, levelAbove } from "./stream_metadata.ts";

export interface ConsumerFile {
  /** Undefined where nats-server forgot it: it does so when it starts with an ephemeral. */
  readonly created: Moment | undefined;
  readonly config: ConsumerConfig;
  /** Why the consumer can not be served, in nats-server's words; undefined when it can. */
  readonly unsupported: string | undefined;
}

/**
 * Reads the file's bytes, which are borrowed; an error when it can not be read
 * at all. `directory` is that of the file, and names the consumer. A
 * configuration that can be served has its defaults; another is as it was written.
 */
export function readConsumerFile(bytes: Uint8Array, directory: string, rules: ConsumerRules): ConsumerFile | JsonError {
  const strict = decode(consumerFileKind, bytes, 0, bytes.length, { strict: true, stream: true });
  const file = strict instanceof JsonError ? decode(consumerFileKind, bytes) : strict;
  if (file instanceof JsonError) return file;
  const { Created, Name: _, ...written } = file;
  const created = isZeroMoment(Created) ? undefined : Created;
  const unsupported = reason(written, strict instanceof JsonError ? strict.message : undefined);
  if (unsupported !== undefined) return { created, config: written, unsupported };
  try {
    const isDurable = written.durable_name !== "";
    // While it is checked, an ephemeral is as if it were durable: its name is the directory's.
    const durable = isDurable ? written.durable_name : directory;
    const checked = checkConsumerConfig({ ...written, durable_name: durable }, rules, {
      pedantic: false,
      isRecovering: true,
    });
    const config = {
      ...checked,
      durable_name: written.durable_name,
      inactive_threshold: inactiveThreshold(isDurable, checked.inactive_threshold),
    };
    return { created, config, unsupported };
  } catch (error) {
    if (error instanceof ApiError) return { created, config: written, unsupported: configError(error.description) };
    throw error;
  }
}

function reason(config: ConsumerConfig, strictError: string | undefined): string | undefined {
  const level = levelAbove(config);
  if (level === undefined) return strictError === undefined ? undefined : `decoding error: ${strictError}`;
  if (strictError !== undefined) return configError(strictError.replace(/^json: /, ""));
  return `unsupported - required API level: ${level}, current API level: ${API_LEVEL}`;
}

function configError(why: string): string {
  return `unsupported - config error: ${why}`;
}

/** Why a stream is offline that has a consumer which can not be served. */
export function stoppedBy(consumer: string): string {
  return `stopped - unsupported consumer ${JSON.stringify(consumer)}`;
}

/** The file's text. */
export function writeConsumerFile(name: string, config: ConsumerConfig, created: Moment): string {
  return encode(consumerFileKind, { Created: created, Name: name, ...config });
}
