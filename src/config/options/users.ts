// Users, and the `authorization` block they stand in.

import type { Permissions } from "./permissions.ts";

/** How a client came: what `allowed_connection_types` lists, upper case. */
export const connectionTypes = [
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
] as const;
export type ConnectionType = (typeof connectionTypes)[number];

/** A user with a name and a password, or with an nkey. */
export interface UserOptions {
  readonly user?: string | undefined;
  /** In clear, or a bcrypt hash. */
  readonly password?: string | undefined;
  /** Public user nkey, "U…"; then there is neither user nor password. */
  readonly nkey?: string | undefined;
  readonly permissions?: Permissions | undefined;
  /** Missing means every type. */
  readonly allowed_connection_types?: readonly ConnectionType[] | undefined;
  readonly proxy_required?: boolean | undefined;
}

/** The top-level `authorization`; always there, empty when nobody has to authenticate. */
export interface AuthorizationOptions {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly users: readonly UserOptions[];
  /** Time for CONNECT, in milliseconds; by default two seconds, with TLS its timeout and one second. */
  readonly timeout: number;
  /** For users without permissions of their own. */
  readonly default_permissions: Permissions | undefined;
  readonly proxy_required: boolean;
}

/** `authorization` inside `websocket` and `mqtt`: one user or a token of its own. */
export interface ListenerAuthorization {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** Milliseconds; undefined takes the server's. */
  readonly timeout: number | undefined;
}
