// A reload: the options just read take the place of those that run, on live
// connections, or nothing changes at all.
//
// Whatever may fail is made first (files of TLS, the new log, the table of
// users); then everything is applied in one go. Source: config facts 2.

import type { ReloadableAuthenticator } from "../auth/authenticator.ts";
import type { Loaded } from "../config/load.ts";
import type { ServerOptions } from "../config/options.ts";
import type { TlsSettings } from "../io/tls_settings.ts";
import type { Session } from "../session/session.ts";
import type { Core } from "./core.ts";
import { type Change, changesOf } from "./reload_changes.ts";
import type { Concern } from "./reload_changes_row.ts";
import { readTls } from "./tls_files.ts";

/** The TLS of the listeners, where they speak it. */
export interface TlsOfDoors {
  readonly client: TlsSettings | undefined;
  readonly websocket: TlsSettings | undefined;
}

/** Files that are the command's. */
export interface ReloadFiles {
  /** Opens the log of other options; it is used once this has been called back. Rejects when that cannot be. */
  readonly openLog: (options: ServerOptions) => Promise<() => void>;
  readonly writePidFile: (path: string) => void;
  readonly movePortsFile: () => void;
}

export interface Retrusted {
  readonly options: ServerOptions;
  /** Resolves with what is in the way, or with what takes it over. Rejects with the same. */
  readonly prepare: () => Promise<string | (() => void)>;
}

/** What a reload changes. */
export interface ReloadParts extends ReloadFiles {
  readonly core: Core;
  /** Where it listens for clients. */
  readonly port: number;
  /** Who may connect by other options. */
  readonly authenticatorOf: (options: ServerOptions) => Promise<ReloadableAuthenticator>;
  /** Whom others trust: the options with what the operators say in them, and what to call to take that over. */
  readonly trustOf: (options: ServerOptions) => Promise<Retrusted>;
  /** To be called before the listener for clients is given TLS: it may have had none. */
  readonly loadTls: () => Promise<void> | undefined;
  /** Gives the listeners other certificates. */
  replaceTls(tls: TlsOfDoors): void;
  /** Starts or ends JetStream, and gives accounts what they may use now. */
  changeJetStream(before: ServerOptions, after: ServerOptions): Promise<void>;
}

/** Takes the new options over; resolves with what is in the way, in nats-server's words, and then nothing has changed. */
export async function reload(parts: ReloadParts, loaded: Loaded): Promise<string | undefined> {
  const { core } = parts;
  const before = { ...core.options, port: parts.port };
  let after: ServerOptions;
  let changes: readonly Change[] | string;
  let prepared: Prepared;
  try {
    const trusted = await parts.trustOf(keepingPorts(before, loaded.options));
    after = trusted.options;
    changes = changesOf(before, after);
    if (typeof changes === "string") return changes;
    const useTrust = await trusted.prepare();
    if (typeof useTrust === "string") return useTrust;
    prepared = await prepare(parts, after, new Set(changes.map(({ concern }) => concern)), useTrust);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  apply(parts, before, after, loaded.digest, changes, prepared);
  await parts.changeJetStream(before, after);
  core.log.notice(`Reloaded server configuration ${loaded.digest === undefined ? "" : `(${loaded.digest})`}`);
  return undefined;
}

interface Prepared {
  readonly tls: TlsOfDoors;
  readonly authenticator: ReloadableAuthenticator;
  readonly useLog: (() => void) | undefined;
  readonly useTrust: () => void;
}

async function prepare(
  { authenticatorOf, openLog, loadTls }: ReloadParts,
  after: ServerOptions,
  concerns: ReadonlySet<Concern | undefined>,
  useTrust: () => void,
): Promise<Prepared> {
  const { tls, websocket, allow_non_tls } = after;
  if (tls !== undefined) await loadTls();
  return {
    tls: {
      client: tls === undefined ? undefined : readTls(tls, allow_non_tls),
      websocket: websocket?.tls === undefined || websocket.no_tls ? undefined : readTls(websocket.tls, false),
    },
    authenticator: await authenticatorOf(after),
    useLog: concerns.has("log") ? await openLog(after) : undefined,
    useTrust,
  };
}

function apply(
  parts: ReloadParts,
  before: ServerOptions,
  after: ServerOptions,
  digest: string | undefined,
  changes: readonly Change[],
  { tls, authenticator, useLog, useTrust }: Prepared,
): void {
  const { core } = parts;
  const { log } = core;
  const concerns = new Set(changes.map(({ concern }) => concern));
  core.adopt(after, digest ?? "", authenticator);
  for (const { concern, says } of changes) {
    if (concern === "connections") dropConnections(core);
    if (concern === "pidFile" && (after.pid_file ?? "") !== "") parts.writePidFile(after.pid_file!);
    if (concern === "portsFile") parts.movePortsFile();
    if (says !== undefined && !(concern === "pidFile" && (after.pid_file ?? "") === "")) log.notice(says);
  }
  useLog?.();
  useTrust();
  parts.replaceTls(tls);
  for (const session of core.sessions.values()) session.reconfigure(core.settingsFor(session.transport), log.traceOn);
  if (concerns.has("pins")) dropUnpinned(core);
  if (concerns.has("auth")) reauthorize(core, authenticator);
  core.dropAccounts(before, after);
  if (concerns.has("stats")) core.system?.tellStats();
}

/** A port that the system chose stays what it became. */
function keepingPorts(before: ServerOptions, after: ServerOptions): ServerOptions {
  return after.port > 0 ? after : { ...after, port: before.port };
}

/** Ends as many connections as are above the limit. */
function dropConnections(core: Core): void {
  const most = Math.max(0, core.options.max_connections);
  const tooMany = core.sessions.size - most;
  if (tooMany <= 0) return;
  const leaving = [...core.sessions.values()].slice(0, tooMany);
  for (const session of leaving) session.closeWithError("maximumConnections");
  core.log.notice(`Closed ${leaving.length} connections to fall within max_connections`);
}

/** Ends the connections whose certificate is not pinned any more. nats-server means to, and looks at the old pins. */
function dropUnpinned(core: Core): void {
  const pins = new Set(core.options.tls?.pinned_certs);
  if (pins.size === 0) return;
  const leaving = [...core.sessions.values()].filter(({ transport }) => {
    const leaf = transport.tls?.peerCertificates[0];
    return (
      transport.kind === "tls" && transport.tls !== undefined && (leaf === undefined || !pins.has(leaf.spkiSha256))
    );
  });
  if (leaving.length === 0) return;
  core.log.notice(`Disconnect ${leaving.length} clients due to pinned certs reload`);
  for (const session of leaving) session.close("tlsHandshakeFailure");
}

/** Everybody is asked anew who they are. Who has moved comes again; who is unknown now is told; rules of the others change. */
function reauthorize(core: Core, authenticator: ReloadableAuthenticator): void {
  // Whoever leaves goes out of the table meanwhile.
  for (const session of core.sessions.values()) {
    const { options, account } = session;
    const named = options && authenticator.accountOf(options);
    if (session.proxyKey !== "" && !core.trustedProxies.includes(session.proxyKey)) session.refuse("proxyNotTrusted");
    // Whoever waits for its turn to log in does so by what holds then.
    else if (session.isWaiting) continue;
    // Whom a service let in comes again, too: what it would say today only it knows.
    else if (session.identity?.answered !== undefined) session.close("clientClosed");
    else if (named !== undefined && named !== account?.name) session.close("clientClosed");
    else renew(session, authenticator);
  }
}

function renew(session: Session, authenticator: ReloadableAuthenticator): void {
  const { identity, transport } = session;
  const { kind } = transport;
  if (identity === undefined) {
    const verdict = authenticator.authenticateAnonymous(kind);
    if (verdict?.ok !== true) session.refuse();
    else if (verdict.identity.user !== undefined) session.become(verdict.identity);
    return;
  }
  const renewed = authenticator.renew(identity, kind, session.proxyKey !== "");
  if (renewed === undefined) session.refuse();
  else session.become(renewed);
}
