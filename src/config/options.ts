// The resolved options: what other rooms know of the configuration.
//
// One plain object. Names are those of the configuration file; durations are
// milliseconds, sizes bytes; a block or a text that is not there is undefined.

import type { AuthorizationOptions } from "./options/authorization.ts";
import type { ReadOptions } from "./options/server.ts";

/** Everything a server can be told. */
export interface ServerOptions extends Omit<ReadOptions, "authorization" | "http_host"> {
  /** Address of both monitoring ports. */
  readonly http_host: string;
  /** Always there, empty when nobody has to authenticate. */
  readonly authorization: AuthorizationOptions;
}

export type { AccountJetStreamOptions } from "./options/account_jetstream.ts";
export type { AccountLimits, AccountOptions } from "./options/accounts.ts";
export type { AuthorizationOptions, ListenerAuthorization } from "./options/authorization.ts";
export type { ClusterOptions } from "./options/cluster.ts";
export type { GatewayOptions } from "./options/gateway.ts";
export type { JetStreamOptions } from "./options/jetstream.ts";
export type { LeafnodesOptions } from "./options/leafnodes.ts";
export type { MqttOptions } from "./options/mqtt.ts";
export type { Permissions, ResponsePermission, SubjectPermission } from "./options/permissions.ts";
export type { CertPair, TlsOptions } from "./options/tls.ts";
export type { ConnectionType, UserOptions } from "./options/users.ts";
export type { WebsocketOptions } from "./options/websocket.ts";
