// The first lines of the log. Tools parse them, so they are nats-server's, in
// its order; the line with our own name is the only one it does not have.

import { LONGEST_LINE } from "../base/arena.ts";
import type { Log } from "../base/log.ts";
import type { ServerOptions } from "../config/options.ts";
import type { Core } from "./core.ts";
import { nodeName } from "./jetstream_banner.ts";
import { NATS_VERSION, OWN_NAME, OWN_VERSION } from "./version.ts";

/** What the configuration adds to the banner. */
export interface BannerConfig {
  readonly file: string | undefined;
  /** "sha256:…" of the file. */
  readonly digest: string | undefined;
  /** Warnings about options that do nothing here yet. */
  readonly notices: readonly string[];
}

/** Logs what a start says before its listeners open. */
export function logBanner(log: Log, core: Core, config: BannerConfig): void {
  const { identity, options } = core;
  log.notice("Starting nats-server");
  log.notice(`  Version:  ${NATS_VERSION}`);
  log.notice("  Git:      [not set]");
  log.notice(`  Server:   ${OWN_NAME} ${OWN_VERSION} on Node ${process.versions.node}`);
  log.notice(`  Name:     ${identity.name}`);
  if (options.jetstream !== undefined) log.notice(`  Node:     ${nodeName(identity.name)}`);
  log.notice(`  ID:       ${identity.id}`);
  if (hasPlaintextPassword(options)) log.warn("Plaintext passwords detected, use nkeys or bcrypt");
  if (config.file !== undefined) log.notice(`Using configuration file: ${config.file} (${config.digest ?? ""})`);
  for (const notice of config.notices) log.warn(notice);
  for (const name of accountsWithoutJetStream(options)) {
    log.warn(`Account "${name}" asks for JetStream, but it is not enabled for this server`);
  }
  if (options.max_control_line > LONGEST_LINE) log.warn("max_control_line: lines of more than 1 MB are refused");
}

/** nats-server says nothing of these, and their clients wonder. */
function accountsWithoutJetStream({ jetstream, accounts }: ServerOptions): readonly string[] {
  if (jetstream !== undefined) return [];
  return accounts.filter((account) => account.jetstream !== undefined).map((account) => account.name);
}

const bcrypt = /^\$2[abxy]\$\d{2}\$.{53}$/;

/** As nats-server sees it: a listed user without a password has a plain one, tokens do not count. */
function hasPlaintextPassword({ authorization, accounts }: ServerOptions): boolean {
  const { user, password } = authorization;
  if (user !== undefined && password !== undefined && password !== "" && !bcrypt.test(password)) return true;
  const users = [...authorization.users, ...accounts.flatMap((account) => account.users)];
  return users.some((each) => each.user !== undefined && !bcrypt.test(each.password ?? ""));
}
