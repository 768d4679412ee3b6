// The server as monitoring sees it: the core and the process behind the
// MonitorSource that the views read.

import { availableParallelism } from "node:os";
import type { Account } from "../account/account.ts";
import type { ServerOptions } from "../config/options.ts";
import type { JetStreamView } from "../monitor/jetstream_source.ts";
import type {
  AccountNumbers,
  ConnectionView,
  ListedSubscription,
  Moment,
  MonitorSource,
  SublistNumbers,
} from "../monitor/source.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { viewOf } from "./connection_view.ts";
import { GLOBAL_ACCOUNT, type Core } from "./core.ts";
import { sharedBy } from "./sharing_view.ts";
import { NATS_VERSION, RUNTIME } from "./version.ts";

const NANOS_PER_MS = 1_000_000;

type VarzConfig = ReturnType<MonitorSource["config"]>;
type VarzNumbers = ReturnType<MonitorSource["numbers"]>;
type AccountDetail = ReturnType<MonitorSource["accountDetail"]>;

export class Views implements MonitorSource {
  readonly globalAccount = GLOBAL_ACCOUNT;
  readonly version = NATS_VERSION;
  readonly start: Moment;
  readonly #core: Core;
  #cpu = process.cpuUsage();
  #cpuAtMs: number;

  constructor(core: Core) {
    this.#core = core;
    this.start = { sec: core.world.wallSec(), nanos: core.world.wallNanos() };
    this.#cpuAtMs = core.world.nowMs();
  }

  get serverId(): string {
    return this.#core.identity.id;
  }
  get serverName(): string {
    return this.#core.identity.name;
  }
  get systemAccount(): string | undefined {
    return this.#core.systemAccount;
  }
  now(): Moment {
    return { sec: this.#core.world.wallSec(), nanos: this.#core.world.wallNanos() };
  }

  config(): VarzConfig {
    const { options, client, websocket, configDigest, configLoaded, authenticator, claimed: operators } = this.#core;
    const { tls } = options;
    const ws = options.websocket;
    return {
      go: RUNTIME,
      host: client?.host ?? options.host,
      port: client?.port ?? options.port,
      auth_required: authenticator.authRequired("tcp"),
      tls_required: client?.tlsRequired,
      tls_verify: client?.tlsVerify,
      max_connections: options.max_connections,
      max_subscriptions: options.max_subscriptions,
      ping_interval: options.ping_interval * NANOS_PER_MS,
      ping_max: options.ping_max,
      http_host: options.http_port === 0 && options.https_port === 0 ? options.host : options.http_host,
      http_port: options.http_port,
      http_base_path: options.http_base_path ?? "",
      https_port: options.https_port,
      auth_timeout: options.authorization.timeout / 1000,
      max_control_line: options.max_control_line,
      max_payload: options.max_payload,
      max_pending: options.max_pending,
      cluster: {},
      gateway: {},
      leaf: {},
      mqtt: {},
      websocket:
        ws === undefined || websocket === undefined
          ? {}
          : {
              host: websocket.host,
              port: websocket.port,
              advertise: ws.advertise,
              no_auth_user: ws.no_auth_user,
              handshake_timeout: ws.handshake_timeout * NANOS_PER_MS,
              auth_timeout: (ws.authorization?.timeout ?? 0) / 1000,
              no_tls: ws.no_tls,
              tls_cert_not_after: websocket.certNotAfter,
              tls_map: ws.tls?.verify_and_map,
              tls_pinned_certs: ws.tls?.pinned_certs,
            },
      tls_timeout: (tls?.timeout ?? 2000) / 1000,
      write_deadline: options.write_deadline * NANOS_PER_MS,
      config_load_time: rfc3339Nano(configLoaded.sec, configLoaded.nanos),
      config_digest: configDigest,
      tls_cert_not_after: client?.certNotAfter,
      tags: options.server_tags,
      metadata: new Map(Object.entries(options.server_metadata)),
      feature_flags: featureFlagsOf(options),
      trusted_operators_jwt: operators?.tokens ?? [],
      trusted_operators_claim: operators?.claims() ?? [],
    };
  }

  numbers(): VarzNumbers {
    const { totals, sessions, accounts } = this.#core;
    const sum = (value: (account: Account) => number): number => {
      let total = 0;
      for (const account of accounts.values()) total += value(account);
      return total;
    };
    const inMsgs = sum((account) => account.inMsgs);
    const inBytes = sum((account) => account.inBytes);
    const outMsgs = sum((account) => account.router.outMsgs);
    const outBytes = sum((account) => account.router.outBytes);
    const cores = availableParallelism();
    return {
      mem: process.memoryUsage.rss(),
      cores,
      gomaxprocs: cores,
      cpu: this.#cpuPercent(),
      connections: sessions.size,
      total_connections: totals.connections,
      routes: 0,
      remotes: 0,
      leafnodes: 0,
      in_msgs: inMsgs,
      in_bytes: inBytes,
      in_client_msgs: inMsgs,
      in_client_bytes: inBytes,
      out_msgs: outMsgs,
      out_bytes: outBytes,
      out_client_msgs: outMsgs,
      out_client_bytes: outBytes,
      slow_consumers: totals.slowConsumers,
      stale_connections: totals.staleConnections,
      stalled_clients: totals.stalledClients,
      subscriptions: sum((account) => account.router.subscriptionCount),
      slow_consumer_stats: { ...noneOfAnyKind, clients: totals.slowConsumers },
      stale_connection_stats: { ...noneOfAnyKind, clients: totals.staleConnections },
      disk_io_wait_stats: { waiters: 0, waits: 0, wait_time: 0, max_wait_time: 0 },
    };
  }

  memory(): { resident: number; heapUsed: number; heapTotal: number } {
    const { rss, heapUsed, heapTotal } = process.memoryUsage();
    return { resident: rss, heapUsed, heapTotal };
  }

  *connections(): Iterable<ConnectionView> {
    for (const session of this.#core.sessions.values()) yield viewOf(session);
  }
  closedConnections(): Iterable<ConnectionView> {
    return this.#core.closed;
  }

  hasAccount(name: string): boolean {
    return this.#core.accounts.has(name);
  }
  accountNames(): Iterable<string> {
    return this.#core.accounts.keys();
  }
  *accountNumbers(): Iterable<AccountNumbers> {
    for (const account of this.#core.accounts.values()) yield numbersOf(account);
  }
  /** Undefined when there is no such account. */
  numbersOf(name: string): AccountNumbers | undefined {
    const account = this.#core.accounts.get(name);
    return account === undefined ? undefined : numbersOf(account);
  }
  accountDetail(name: string): AccountDetail {
    const account = this.#core.accounts.get(name)!;
    const { router } = account;
    return {
      account_name: name,
      update_time: rfc3339Nano(this.start.sec, this.start.nanos),
      is_system: name === this.systemAccount,
      expired: false,
      complete: true,
      ...this.#core.claimed?.detailOf(name),
      jetstream_enabled: this.jetstream?.hasAccount(name) ?? false,
      leafnode_connections: 0,
      client_connections: account.connections,
      subscriptions: router.subscriptionCount,
      name_tag: account.nameTag,
      ...sharedBy(account, this.#core.exchange, {
        account: this.systemAccount,
        hasJetStream: this.jetstream !== undefined,
      }),
      sublist_stats: {
        num_subscriptions: router.subscriptionCount,
        num_cache: router.cachedRoutes,
        num_inserts: router.stats.inserts,
        num_removes: router.stats.removes,
        num_matches: router.stats.matches,
        ...ratesOf(account),
      },
    };
  }

  *subscriptions(accountName: string | undefined): Iterable<ListedSubscription> {
    for (const session of this.#core.sessions.values()) {
      const { account } = session;
      if (account === undefined || (accountName !== undefined && account.name !== accountName)) continue;
      for (const sub of session.subscriptions) yield { account: account.name, cid: session.cid, sub };
    }
  }

  sublistNumbers(accountName: string | undefined): SublistNumbers {
    const all = {
      subscriptions: 0,
      cache: 0,
      inserts: 0,
      removes: 0,
      matches: 0,
      cacheHits: 0,
      maxFanout: 0,
      fanout: 0,
    };
    for (const { name, router } of this.#core.accounts.values()) {
      if (accountName !== undefined && name !== accountName) continue;
      all.subscriptions += router.subscriptionCount;
      all.cache += router.cachedRoutes;
      all.inserts += router.stats.inserts;
      all.removes += router.stats.removes;
      all.matches += router.stats.matches;
      all.cacheHits += router.stats.cacheHits;
      all.maxFanout = Math.max(all.maxFanout, router.stats.maxFanout);
      all.fanout += router.stats.totalFanout;
    }
    return { ...all, cacheHitRate: part(all.cacheHits, all.matches), avgFanout: part(all.fanout, all.matches) };
  }

  get notReady(): readonly string[] {
    const { client, websocket, isClosing, options } = this.#core;
    const isWanted = options.websocket !== undefined && options.websocket.port !== 0;
    return [
      ...(client === undefined || isClosing ? ["server"] : []),
      ...(isWanted && (websocket === undefined || isClosing) ? ["websocket"] : []),
    ];
  }
  get wantsJetStream(): boolean {
    return this.#core.options.jetstream !== undefined;
  }
  get jetstream(): JetStreamView | undefined {
    return this.#core.jetstreamView;
  }
  warn(text: string): void {
    this.#core.log.warn(text);
  }

  /** Of one core, since it was asked last. */
  #cpuPercent(): number {
    const now = this.#core.world.nowMs();
    const used = process.cpuUsage(this.#cpu);
    const elapsedMs = now - this.#cpuAtMs;
    if (elapsedMs < 1) return 0;
    this.#cpu = process.cpuUsage();
    this.#cpuAtMs = now;
    return Math.round(((used.user + used.system) / 1000 / elapsedMs) * 1000) / 10;
  }
}

/** All that there are, with those that are not given off. */
export function featureFlagsOf({ feature_flags }: ServerOptions): ReadonlyMap<string, boolean> {
  return new Map(Object.entries({ js_ack_fc_v2: false, js_raft_delete_range: false, ...feature_flags }));
}

function numbersOf(account: Account): AccountNumbers {
  return {
    name: account.name,
    nameTag: account.nameTag,
    connections: account.connections,
    totalConnections: account.totalConnections,
    leafnodes: 0,
    subscriptions: account.router.subscriptionCount,
    sent: { msgs: account.router.outMsgs, bytes: account.router.outBytes },
    received: { msgs: account.inMsgs, bytes: account.inBytes },
    slowConsumers: account.slowConsumers,
  };
}

const noneOfAnyKind = { clients: 0, routes: 0, gateways: 0, leafs: 0 };

function part(of: number, whole: number): number {
  return whole === 0 ? 0 : of / whole;
}

function ratesOf({ router }: Account): { cache_hit_rate: number; max_fanout: number; avg_fanout: number } {
  const { stats } = router;
  return {
    cache_hit_rate: part(stats.cacheHits, stats.matches),
    max_fanout: stats.maxFanout,
    avg_fanout: part(stats.totalFanout, stats.matches),
  };
}
