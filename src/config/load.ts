// From files and flags to the options a server runs with.

import { digestOf } from "./digest.ts";
import type { ServerOptions } from "./options.ts";
import { sharingComplaints } from "./options/account_sharing.ts";
import { duplicates } from "./options/users.ts";
import type { ReadOptions } from "./options/server.ts";
import { serverRows } from "./options/server.ts";
import { resolveAuthorization } from "./options/authorization.ts";
import { applyFlags } from "./overrides.ts";
import type { Overrides } from "./overrides.ts";
import { parseFile } from "./parser.ts";
import { ConfigError, Problems } from "./problems.ts";
import { defaultsOf, readBlock } from "./rows.ts";
import type { ConfigSource } from "./source.ts";
import type { MapNode } from "./tree.ts";
import { validate } from "./validate.ts";

export interface Loaded {
  readonly options: ServerOptions;
  /** "sha256:…" of the configuration file, undefined without one. */
  readonly digest: string | undefined;
  /** As nats-server has them, for stderr: a number where a duration should be. */
  readonly warnings: readonly string[];
  /** For the log: options that do nothing here yet, each naming its place. Those of flags: `flagNotices`. */
  readonly notices: readonly string[];
}

/**
 * Options of a start or a reload: the file if there is one, then the flags over it, then what must hold between them.
 * Throws ConfigError with everything that is wrong.
 */
export function loadOptions(file: string | undefined, flags: Overrides, source: ConfigSource): Loaded {
  const read = file === undefined ? nothingRead() : readFile(file, source);
  if (read.problems.errors.length > 0) throw failure(read.problems);
  const options = complete(applyFlags(read.options, flags, source));
  validate(options);
  const { warnings, notices } = read.problems;
  return { options, digest: read.digest, warnings, notices };
}

/** What `-t` prints for a file that is fine; throws ConfigError for another, warnings included. */
export function checkFile(file: string, source: ConfigSource): string {
  const root = parseFile(file, source);
  if (root.value.size === 0) throw new ConfigError(`${file}: config has no values or is empty`);
  const { problems, digest } = readRoot(root, source);
  if (problems.errors.length > 0 || problems.warnings.length > 0) throw failure(problems);
  return `configuration file ${file} is valid (${digest})`;
}

/** Options of a tree; throws ConfigError. `fromObject` comes this way. */
export function loadTree(root: MapNode, source: ConfigSource): Loaded {
  const { options: read, problems } = readTree(root, source);
  if (problems.errors.length > 0) throw failure(problems);
  const options = complete(read);
  validate(options);
  return { options, digest: undefined, warnings: problems.warnings, notices: problems.notices };
}

interface Read {
  readonly options: ReadOptions;
  readonly problems: Problems;
  readonly digest: string | undefined;
}

function nothingRead(): Read {
  return { options: defaultsOf(serverRows), problems: new Problems(), digest: undefined };
}

function readFile(file: string, source: ConfigSource): Read {
  return readRoot(parseFile(file, source), source);
}

function readRoot(root: MapNode, source: ConfigSource): Read {
  return { ...readTree(root, source), digest: digestOf(root) };
}

function readTree(root: MapNode, source: ConfigSource): Omit<Read, "digest"> {
  const problems = new Problems();
  const options: ReadOptions = readBlock(serverRows, root, { problems, source, path: "" });
  checkTwins(root, options, problems);
  return { options, problems };
}

/** What nats-server finds out about two options while it reads the second. */
function checkTwins(root: MapNode, options: ReadOptions, problems: Problems): void {
  const entries = [...root.value.values()];
  const entry = (...names: string[]): (typeof entries)[number] | undefined =>
    entries.find(({ key }) => names.includes(key.toLowerCase()));
  const seen = new Set<string>();
  for (const account of options.accounts) duplicates(account.users, seen);
  const authorization = entry("authorization");
  if (authorization !== undefined) {
    for (const text of duplicates(options.authorization?.users ?? [], seen)) problems.error(authorization.at, text);
  }
  const accounts = entry("accounts");
  if (accounts !== undefined && options.no_system_account && problems.errors.length === 0) {
    for (const text of sharingComplaints(options.accounts, false)) problems.error(accounts.at, text);
  }
  const inner = entry("jetstream")?.node;
  const names = ["store", "store_dir", "storedir"];
  const twice = inner?.kind === "map" && [...inner.value.keys()].some((key) => names.includes(key.toLowerCase()));
  const dir = entry("store_dir", "storedir");
  if (twice && dir !== undefined) problems.error(dir.at, "Duplicate 'store_dir' configuration");
}

function failure(problems: Problems): ConfigError {
  return new ConfigError([...problems.warnings, ...problems.errors].join("\n"));
}

/** Defaults that depend on other options. */
function complete(read: ReadOptions): ServerOptions {
  const { http_host, authorization, jetstream, ...rest } = read;
  const trace = read.trace || read.trace_verbose || read.trace_headers;
  return {
    ...rest,
    trace,
    jetstream: jetstream && { ...jetstream, store_dir: jetstream.store_dir ?? read.store_dir },
    http_host: http_host ?? read.host,
    authorization: resolveAuthorization(authorization, read.tls),
  };
}
