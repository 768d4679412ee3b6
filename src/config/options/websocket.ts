// The `websocket` block.

import type { Resolved } from "../rows.ts";
import { block, bool, custom, duration, str, texts } from "../rows.ts";
import { host, listen, port } from "./address.ts";
import { tlsRows } from "./tls.ts";
import type { ListenerAuthorization } from "./users.ts";

export const websocketRows = {
  listen: listen("for WebSocket clients"),
  host: host("for WebSocket clients"),
  port: port("for WebSocket clients"),
  advertise: str({ doc: "Address told to clients instead of the listener's.", reload: "restart" }),
  no_tls: bool({ fallback: false, doc: "Allows WebSocket without TLS.", reload: "restart" }),
  tls: block(tlsRows, { doc: "Certificate and checks of this listener.", reload: "live" }),
  handshake_timeout: duration({ fallback: 2000, doc: "Time for the HTTP upgrade.", reload: "restart", shown: "2s" }),
  same_origin: bool({ fallback: false, doc: "Refuses upgrades whose Origin is not the Host.", reload: "restart" }),
  allowed_origins: texts({ doc: "Origins whose pages may connect; none means all.", reload: "restart" }),
  compression: bool({ fallback: false, doc: "Agrees to permessage-deflate.", reload: "restart" }),
  authorization: custom<ListenerAuthorization | undefined>(
    "block",
    undefined,
    { doc: "User or token of this listener instead of the server's.", reload: "restart" },
    () => undefined,
  ),
  jwt_cookie: str({ doc: "Cookie that carries the user's JWT.", reload: "restart" }),
  user_cookie: str({ doc: "Cookie that carries the user name.", reload: "restart" }),
  pass_cookie: str({ doc: "Cookie that carries the password.", reload: "restart" }),
  token_cookie: str({ doc: "Cookie that carries the token.", reload: "restart" }),
  no_auth_user: str({ doc: "User that clients without credentials become here.", reload: "restart" }),
  headers: custom<readonly (readonly [name: string, value: string])[]>(
    "map",
    [],
    { doc: "Headers added to the answer of an upgrade.", reload: "restart" },
    () => [],
  ),
  ping_interval: duration({ fallback: undefined, doc: "Time between two pings of a quiet client.", reload: "restart" }),
};

export type WebsocketOptions = Resolved<typeof websocketRows>;
