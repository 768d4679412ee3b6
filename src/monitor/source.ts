// What the monitoring views need to know of a server. The server room
// implements it; the system room asks through the same views.
//
// Everything is read when a page is made, a slice at a time, so a value may
// change between two slices: it may be newer than the one before, never torn.

import type { ByteString } from "../base/bytes.ts";
import type { PeerCertificate } from "../base/transport.ts";
import type { AccountDetail } from "./accountz.ts";
import type { JetStreamView } from "./jetstream_source.ts";
import type { VarzConfig, VarzNumbers } from "./varz.ts";

/** A wall clock moment. */
export interface Moment {
  readonly sec: number;
  readonly nanos: number;
}

export interface SubscriptionView {
  readonly subject: ByteString;
  /** Undefined without a queue group. */
  readonly queue: ByteString | undefined;
  readonly sid: ByteString;
  readonly delivered: number;
  /** Ends with this many deliveries; 0 for never. */
  readonly max: number;
}

/** A subscription with whom it belongs to. */
export interface ListedSubscription {
  readonly account: string;
  readonly cid: number;
  readonly sub: SubscriptionView;
}

/** One client connection, open or closed. */
export interface ConnectionView {
  readonly cid: number;
  readonly type: "nats" | "mqtt" | "websocket";
  /** Empty for a connection within the process. */
  readonly ip: string;
  readonly port: number;
  readonly start: Moment;
  readonly lastActivity: Moment;
  /** Undefined while it is open. */
  readonly stop: Moment | undefined;
  /** The closed reason's text; empty while it is open. */
  readonly reason: string;
  /** 0 while it is not known. */
  readonly rttNanos: number;
  readonly pendingBytes: number;
  readonly inMsgs: number;
  readonly outMsgs: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly stalls: number;
  readonly subscriptionCount: number;
  /** Can be asked again and again; empty where they were not kept. */
  readonly subscriptions: Iterable<SubscriptionView>;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly tls:
    | {
        /** "1.2" or "1.3". */
        readonly version: string;
        readonly cipherSuite: string;
        readonly peerCertificates: readonly PeerCertificate[];
        readonly first: boolean;
      }
    | undefined;
  /** User name or public nkey; "[REDACTED]" for a token; never a secret. Empty when nobody is known. */
  readonly authorizedUser: string;
  /** Undefined before it has one. */
  readonly account: string | undefined;
  readonly jwt: string;
  /** Whoever has the token is its user: pages do not show it. */
  readonly isBearer?: boolean;
  readonly issuerKey: string;
  readonly tags: readonly string[];
  /** What people call its account; empty without one. */
  readonly nameTag: string;
  readonly mqttClient: string;
  /** The public key of the trusted proxy it came through. */
  readonly proxyKey: string;
}

/** Messages and their bytes. */
export interface Flow {
  readonly msgs: number;
  readonly bytes: number;
}

export interface AccountNumbers {
  readonly name: string;
  /** What people call it, where that is something else. */
  readonly nameTag?: string;
  readonly connections: number;
  readonly totalConnections: number;
  readonly leafnodes: number;
  readonly subscriptions: number;
  readonly sent: Flow;
  readonly received: Flow;
  readonly slowConsumers: number;
}

export interface SublistNumbers {
  readonly subscriptions: number;
  readonly cache: number;
  readonly inserts: number;
  readonly removes: number;
  readonly matches: number;
  readonly cacheHitRate: number;
  readonly maxFanout: number;
  readonly avgFanout: number;
}

export interface MonitorSource {
  readonly serverId: string;
  readonly serverName: string;
  /** Of nats-server, as in INFO. */
  readonly version: string;
  readonly globalAccount: string;
  /** Undefined without one. */
  readonly systemAccount: string | undefined;
  /** The server came up. */
  readonly start: Moment;
  /** Wall clock now. */
  now(): Moment;
  config(): VarzConfig;
  numbers(): VarzNumbers;
  /** Bytes of this process. Nothing of its arguments or its environment. */
  memory(): { readonly resident: number; readonly heapUsed: number; readonly heapTotal: number };

  /** Open client connections by ascending cid. */
  connections(): Iterable<ConnectionView>;
  /** Closed ones that are still remembered, oldest first. */
  closedConnections(): Iterable<ConnectionView>;

  hasAccount(name: string): boolean;
  accountNames(): Iterable<string>;
  accountNumbers(): Iterable<AccountNumbers>;
  /** Only asked of accounts that exist. */
  accountDetail(name: string): AccountDetail;
  /** Of one account, or of all of them. */
  subscriptions(account: string | undefined): Iterable<ListedSubscription>;
  sublistNumbers(account: string | undefined): SublistNumbers;

  /** Kinds of connections that cannot be made now, as "server" or "websocket"; empty when all can. */
  readonly notReady: readonly string[];
  /** The configuration asks for JetStream. */
  readonly wantsJetStream: boolean;
  /** Undefined while it is not running. */
  readonly jetstream: JetStreamView | undefined;

  /** Logs a warning. */
  warn(text: string): void;
}
