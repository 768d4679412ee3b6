// The server without its sockets: accounts, sessions and what they share.
//
// Owns the table of open connections, the ring of closed ones and the numbers
// of the whole server. Listeners hand it transports; it never opens one.

import { Account, type AccountLimits } from "../account/account.ts";
import type { Exchange } from "../account/exchange.ts";
import { InnerQueue } from "../account/inner_queue.ts";
import type { Trace } from "../account/trace.ts";
import type { ReloadableAuthenticator } from "../auth/authenticator.ts";
import type { Log } from "../base/log.ts";
import type { Transport, TransportHandler } from "../base/transport.ts";
import type { Moment } from "../base/nanos.ts";
import type { World } from "../base/world.ts";
import type { AccountOptions, ServerOptions } from "../config/options.ts";
import type { CloseReason } from "../errors/close_reason.ts";
import { Turn } from "../outbound/turn.ts";
import type { JetStreamView } from "../monitor/jetstream_source.ts";
import type { ServerInfo } from "../proto/info.ts";
import type { SessionHost, SessionSettings } from "../session/host.ts";
import { Session } from "../session/session.ts";
import { ClosedConnections } from "./closed_connections.ts";
import type { System } from "../system/system.ts";
import { closedViewOf, viewOf } from "./connection_view.ts";
import { noSharing } from "../subject/sharing.ts";
import {
  applyMappings,
  applyMappingsOf,
  type ClaimedAccounts,
  hashOf,
  openExchange,
  sharingRules,
  withSystemExports,
} from "./sharing.ts";
import { API_LEVEL, NATS_VERSION, RUNTIME } from "./version.ts";

/** Who this server is. */
export interface ServerIdentity {
  /** Public server nkey, "N…". */
  readonly id: string;
  readonly name: string;
  /** Public curve key, "X…". */
  readonly xkey: string;
}

/** Counts over the life of the server. */
export interface ServerTotals {
  connections: number;
  slowConsumers: number;
  slowConsumersByDeadline: number;
  staleConnections: number;
  stalledClients: number;
}

/** An address as INFO shows it, and whether TLS is spoken there. */
export interface AdvertisedListener {
  readonly host: string;
  readonly port: number;
  readonly tlsRequired: boolean;
  readonly tlsVerify: boolean;
  readonly tlsAvailable: boolean;
  /** When its certificate ends, RFC 3339; undefined without TLS. */
  readonly certNotAfter: string | undefined;
  /** Of a WebSocket listener: its URLs, told as connect_urls. */
  readonly connectUrls: readonly string[];
}

/** Reasons of a login that was refused. */
const refusals: ReadonlySet<CloseReason> = new Set(["authenticationFailure", "proxyNotTrusted", "proxyRequired"]);

export const GLOBAL_ACCOUNT = "$G";
/** nats-server's own internal clients take the first connection ids: four, and one for each configured account. */
const FIRST_CID = 5;

export class Core implements SessionHost {
  readonly world: World;
  readonly log: Log;
  readonly turn: Turn;
  authenticator: ReloadableAuthenticator;
  options: ServerOptions;
  readonly identity: ServerIdentity;
  /** "sha256:…" of the configuration file; empty without one. */
  configDigest: string;
  /** When the configuration was read, by the wall clock. */
  configLoaded: Moment;
  readonly accounts = new Map<string, Account>();
  /** Accounts as tokens say, in operator mode. */
  claimed: ClaimedAccounts | undefined = undefined;
  /** What the accounts share. */
  readonly exchange: Exchange;
  readonly sessions = new Map<number, Session>();
  readonly closed: ClosedConnections;
  readonly totals: ServerTotals = {
    connections: 0,
    slowConsumers: 0,
    slowConsumersByDeadline: 0,
    staleConnections: 0,
    stalledClients: 0,
  };
  /** Lame duck or stopping: no new connections. */
  isClosing = false;
  isLameDuck = false;
  client: AdvertisedListener | undefined = undefined;
  websocket: AdvertisedListener | undefined = undefined;
  /** JetStream as monitoring sees it, while it is running. */
  jetstreamView: JetStreamView | undefined = undefined;
  /** What the system account is told and asked, from when it is ready. */
  system: System | undefined = undefined;
  /** Reads the configuration anew; set by whoever has one. `done` with what is wrong with it. */
  reload: ((done: (failed: string | undefined) => void) => void) | undefined = undefined;
  /** Requests for each page of monitoring over HTTP. */
  readonly pageRequests = new Map<string, number>();
  readonly #inner = new InnerQueue();
  #settings: Record<"plain" | "webSocket", SessionSettings>;
  #nextCid: number;
  /** Sessions whose transport is not gone yet. */
  readonly #present = new Set<Session>();
  /** Those that have logged in. */
  readonly #served = new WeakSet<Session>();
  #whenGone: (() => void)[] = [];

  constructor(
    options: ServerOptions,
    identity: ServerIdentity,
    world: World,
    log: Log,
    authenticator: ReloadableAuthenticator,
    configDigest: string,
  ) {
    this.options = options;
    this.identity = identity;
    this.world = world;
    this.log = log;
    this.authenticator = authenticator;
    this.configDigest = configDigest;
    this.turn = new Turn((fire) => world.atTurnEnd(fire));
    this.closed = new ClosedConnections(options.max_closed_clients);
    this.#nextCid = FIRST_CID + options.accounts.length;
    this.#settings = settingsOf(options);
    this.configLoaded = { sec: world.wallSec(), nanos: world.wallNanos() };
    this.#addAccount(GLOBAL_ACCOUNT);
    if (!options.no_system_account) this.#addAccount(options.system_account ?? "$SYS");
    for (const account of options.accounts) {
      this.accounts.set(account.name, this.#newAccount(account.name, limitsOf(account)));
    }
    const { accounts, systemAccount } = this;
    this.exchange = openExchange({ world, accounts, systemAccount, serverName: identity.name });
    this.applySharing();
  }

  /** Makes what accounts share as the options, or tokens, say it now. */
  applySharing(): void {
    const { claimed, exchange } = this;
    const rules = new Map(claimed?.sharing() ?? sharingRules(this.options));
    const { systemAccount } = this;
    if (systemAccount !== undefined) rules.set(systemAccount, withSystemExports(rules.get(systemAccount) ?? noSharing));
    exchange.apply(rules, claimed?.activates);
    applyMappings(this.options, this, exchange, claimed);
  }

  /** The same for one account whose token has changed. */
  applySharingOf(name: string, claimed: ClaimedAccounts): void {
    const rules = claimed.sharingOf(name);
    this.exchange.update(name, name === this.systemAccount ? withSystemExports(rules) : rules, claimed.activates);
    applyMappingsOf(name, this.options, this, this.exchange, claimed);
  }

  /** The account of that name, made when there is none, with these limits. */
  adoptAccount(name: string, limits: AccountLimits): Account {
    const known = this.accounts.get(name);
    if (known !== undefined) {
      known.limits = limits;
      return known;
    }
    const added = this.#newAccount(name, limits);
    this.accounts.set(name, added);
    this.system?.serve(name, added.bus);
    return added;
  }

  /** Goes on with other options: a reload. Whoever does it looks after the connections. */
  adopt(options: ServerOptions, configDigest: string, authenticator: ReloadableAuthenticator): void {
    this.options = options;
    this.configDigest = configDigest;
    this.authenticator = authenticator;
    this.configLoaded = { sec: this.world.wallSec(), nanos: this.world.wallNanos() };
    this.#settings = settingsOf(options);
    for (const each of options.accounts) this.adoptAccount(each.name, limitsOf(each));
    this.applySharing();
  }

  /** Forgets the accounts that a reload has left out, once nobody is bound to them any more. */
  dropAccounts(before: ServerOptions, after: ServerOptions): void {
    const kept = new Set(after.accounts.map(({ name }) => name));
    for (const { name } of before.accounts) {
      if (!kept.has(name) && name !== this.systemAccount && name !== GLOBAL_ACCOUNT) this.accounts.delete(name);
    }
  }

  /** The settings of connections that come this way. */
  settingsFor({ kind }: Transport): SessionSettings {
    return kind === "ws" || kind === "wss" ? this.#settings.webSocket : this.#settings.plain;
  }

  get trustedProxies(): readonly string[] {
    return this.options.proxies;
  }
  get systemAccount(): string | undefined {
    return this.options.no_system_account ? undefined : (this.options.system_account ?? "$SYS");
  }

  /** Makes a session of a new connection. */
  accept(transport: Transport): Session {
    const session = new Session(this, transport, this.settingsFor(transport));
    this.#present.add(session);
    session.open();
    return session;
  }

  /** Takes a connection only to say that there are too many handshakes. */
  refuseThrottled(transport: Transport): TransportHandler {
    const session = this.accept(transport);
    session.closeWithError("connectionThrottling");
    return session;
  }

  // ---- for sessions

  nextCid(): number {
    return this.#nextCid++;
  }

  account(name: string): Account | undefined {
    return this.accounts.get(name);
  }

  infoFor(session: Session): ServerInfo {
    const { options, identity, authenticator } = this;
    const { kind, remote } = session.transport;
    const isWebSocket = kind === "ws" || kind === "wss";
    const listener = (isWebSocket ? this.websocket : this.client) ?? noListener;
    const isPipe = kind === "pipe";
    return {
      server_id: identity.id,
      server_name: identity.name,
      version: NATS_VERSION,
      proto: 1,
      go: RUNTIME,
      host: listener.host,
      port: listener.port,
      headers: !options.no_header_support,
      jetstream: options.jetstream !== undefined,
      domain: options.jetstream?.domain ?? "",
      auth_required: authenticator.infoAuthRequired(kind),
      tls_required: isPipe ? false : listener.tlsRequired,
      tls_verify: isPipe ? false : listener.tlsVerify,
      tls_available: isPipe ? false : listener.tlsAvailable,
      max_payload: session.maxPayload,
      client_id: session.cid,
      client_ip: remote?.ip ?? "",
      nonce: session.nonce,
      connect_urls: listener.connectUrls,
      ldm: this.isLameDuck,
      api_lvl: API_LEVEL,
      xkey: identity.xkey,
    };
  }

  onOpened(session: Session): boolean {
    this.totals.connections++;
    this.sessions.set(session.cid, session);
    const { max_connections } = this.options;
    return !this.isClosing && max_connections >= 0 && this.sessions.size <= max_connections;
  }

  onConnected(session: Session): void {
    this.#served.add(session);
    this.system?.onConnected(viewOf(session));
  }

  onClosed(session: Session): void {
    this.sessions.delete(session.cid);
    const view = closedViewOf(session);
    this.closed.add(view);
    const { closeReason } = session;
    const wasRefused = closeReason !== undefined && refusals.has(closeReason);
    const isTooMany = closeReason === "maximumAccountConnectionsExceeded" && !this.#served.has(session);
    this.system?.onDisconnected(view, wasRefused ? "refused" : isTooMany ? "tooMany" : "left", session.told);
  }

  onGone(session: Session): void {
    this.#present.delete(session);
    if (this.#present.size > 0) return;
    const waiting = this.#whenGone;
    this.#whenGone = [];
    for (const tell of waiting) tell();
  }

  onSlowConsumer(session: Session): void {
    this.totals.slowConsumers++;
    if (session.account !== undefined) session.account.slowConsumers++;
  }

  onStaleConnection(_session: Session): void {
    this.totals.staleConnections++;
  }

  onTraced({ bus }: Account, trace: Trace): void {
    this.turn.beforeFlush(() => this.system?.tell(bus, trace.destination, trace.text(), trace.accepted));
  }

  onStalled(_session: Session): void {
    this.totals.stalledClients++;
  }

  /** The server's own first connection, gone by now, leaves no trace; unless others have come meanwhile. */
  forgetFirstConnection(): void {
    if (this.totals.connections !== 1 || this.sessions.size > 0) return;
    this.totals.connections = 0;
    this.#nextCid--;
    this.closed.clear();
    for (const account of this.accounts.values()) account.totalConnections = 0;
  }

  // ---- the end

  /** Closes every connection; each is told why as far as its kind allows. */
  closeAll(): void {
    for (const session of this.sessions.values()) session.close("serverShutdown");
  }

  /** Ends every transport at once. */
  destroyAll(): void {
    for (const session of this.#present) session.transport.destroy();
  }

  /** Runs `tell` once every transport is gone. */
  whenGone(tell: () => void): void {
    if (this.#present.size === 0) tell();
    else this.#whenGone.push(tell);
  }

  #addAccount(name: string): void {
    if (!this.accounts.has(name)) this.accounts.set(name, this.#newAccount(name));
  }
  #newAccount(name: string, limits?: AccountLimits): Account {
    return new Account(name, this.world, limits, this.#inner, hashOf(this.identity.name));
  }
}

const noListener: AdvertisedListener = {
  host: "",
  port: 0,
  tlsRequired: false,
  tlsVerify: false,
  tlsAvailable: false,
  certNotAfter: undefined,
  connectUrls: [],
};

function limitsOf({ limits }: AccountOptions): AccountLimits {
  return {
    maxConnections: limits.max_connections,
    maxPayload: limits.max_payload,
    // In a configuration 0 is none.
    maxSubscriptions: limits.max_subscriptions === 0 ? undefined : limits.max_subscriptions,
  };
}

function settingsOf(options: ServerOptions): Record<"plain" | "webSocket", SessionSettings> {
  const plain = plainSettingsOf(options);
  const { websocket } = options;
  return {
    plain,
    webSocket: {
      ...plain,
      pingIntervalMs: websocket?.ping_interval ?? plain.pingIntervalMs,
      authTimeoutMs: websocket?.authorization?.timeout ?? plain.authTimeoutMs,
    },
  };
}

function plainSettingsOf(options: ServerOptions): SessionSettings {
  return {
    pingIntervalMs: options.ping_interval,
    pingMax: options.ping_max,
    maxControlLine: options.max_control_line,
    maxPayload: options.max_payload,
    maxPendingBytes: options.max_pending,
    writeDeadlineMs: options.write_deadline,
    maxSubscriptions: options.max_subscriptions,
    maxSubscriptionTokens: options.max_subscription_tokens,
    authTimeoutMs: options.authorization.timeout,
    headers: !options.no_header_support,
    noStall: options.no_fast_producer_stall,
    maxTracedBytes: options.max_traced_msg_len,
    traceHeaders: options.trace_headers,
  };
}
