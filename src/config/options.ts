// The types of the resolved options: what other rooms know of the configuration.
//
// Names are those of the configuration file; durations are milliseconds, sizes
// bytes; a block or a text that is not there is undefined.

export type { ServerOptions } from "./options/server.ts";
export type { TlsOptions, CertPair } from "./options/tls.ts";
export type { WebsocketOptions } from "./options/websocket.ts";
export type { AuthorizationOptions, ConnectionType, ListenerAuthorization, UserOptions } from "./options/users.ts";
export type { AccountLimits, AccountOptions } from "./options/accounts.ts";
export type { Permissions, ResponsePermission, SubjectPermission } from "./options/permissions.ts";
