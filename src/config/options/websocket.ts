// The `websocket` block.

import { goDuration } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Resolved, Row } from "../rows.ts";
import { bool, block, custom, duration, str, texts } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";
import { host, listen, port } from "./address.ts";
import { listenerAuthorization } from "./authorization.ts";
import { tlsBlock } from "./tls.ts";

type Header = readonly [name: string, value: string];
const cookie = (what: string): Row<string | undefined> =>
  str({ doc: `Cookie that carries ${what}.`, reload: "restart", status: "later" });

export const websocketRows = {
  listen: listen("for WebSocket clients"),
  host: host("for WebSocket clients"),
  port: port("for WebSocket clients"),
  advertise: str({ doc: "Address told to clients instead of the listener's.", reload: "restart" }),
  no_tls: bool({ fallback: false, doc: "Allows WebSocket without TLS.", reload: "restart" }),
  tls: tlsBlock("Certificate and checks of this listener."),
  handshake_timeout: custom<number>(
    "duration",
    0,
    { doc: "Time for the HTTP upgrade; 0 is any.", reload: "restart", shown: "0" },
    readHandshakeTimeout,
  ),
  same_origin: bool({
    fallback: false,
    doc: "Refuses upgrades whose Origin is not the Host.",
    reload: "restart",
  }),
  allowed_origins: texts({
    doc: "Origins whose pages may connect; none means all.",
    reload: "restart",
    aliases: ["allowed_origin", "allow_origins", "allow_origin", "origins", "origin"],
    noun: "allowed origins",
  }),
  compression: bool({
    fallback: false,
    doc: "Agrees to permessage-deflate.",
    reload: "restart",
    aliases: ["compress"],
    status: "later",
    enables: (on: boolean) => on,
  }),
  authorization: listenerAuthorization("User or token of this listener instead of the server's."),
  jwt_cookie: cookie("the user's JWT"),
  user_cookie: cookie("the user name"),
  pass_cookie: cookie("the password"),
  token_cookie: cookie("the token"),
  no_auth_user: str({ doc: "User that clients without credentials become here.", reload: "restart" }),
  headers: custom<readonly Header[]>(
    "map",
    [],
    { doc: "Headers added to the answer of an upgrade.", reload: "restart" },
    readHeaders,
  ),
  ping_interval: duration({
    fallback: undefined,
    doc: "Time between two pings of a quiet client.",
    reload: "restart",
    shown: "the server's",
  }),
};

export type WebsocketOptions = Resolved<typeof websocketRows>;

export const websocket: Row<WebsocketOptions | undefined> = block(websocketRows, {
  doc: "Clients over WebSocket.",
  aliases: ["ws"],
  reload: "restart",
  mismatch: (_name, node) => `Expected websocket to be a map, got ${goType(node)}`,
});

function readHandshakeTimeout(node: Node): number {
  if (node.kind === "int") return Number(node.value) * 1000;
  if (node.kind !== "string")
    throw new OptionError(`error parsing handshake timeout: unsupported type ${goType(node)}`);
  const parsed = goDuration(node.value);
  if (typeof parsed !== "number") throw new OptionError(parsed.complaint);
  return parsed;
}

function readHeaders(node: Node): readonly Header[] {
  if (node.kind !== "map") throw new OptionError(`error parsing headers: unsupported type ${goType(node)}`);
  return [...node.value.values()].map(({ key, node, at }) => {
    if (node.kind === "string") return [key, node.value] as const;
    throw new OptionError(`error parsing header key ${key}: unsupported type ${goType(node)}`, { at });
  });
}

const reserved = ["host", "content-length", "connection", "upgrade", "nats-no-masking"];

/** nats-server's complaint about the `websocket` block as a whole, undefined when it is fine. */
export function websocketComplaint(ws: WebsocketOptions): string | undefined {
  if (ws.port === 0) return undefined;
  if (ws.tls === undefined && !ws.no_tls) return "websocket requires TLS configuration";
  for (const origin of ws.allowed_origins) {
    if (!/^([a-z][a-z0-9+.-]*:|\/)/i.test(origin)) {
      return `unable to parse allowed origin: parse ${quote(origin)}: invalid URI for request`;
    }
    if (!/^https?:\/\/[^/]/i.test(origin)) {
      return `unable to parse allowed origin ${quote(origin)}: allowed origins must be absolute URLs with http or https scheme`;
    }
  }
  if (ws.jwt_cookie !== undefined) {
    return `trusted operators or trusted keys configuration is required for JWT authentication via cookie ${quote(ws.jwt_cookie)}`;
  }
  for (const [name] of ws.headers) {
    const lower = name.toLowerCase();
    if (reserved.includes(lower)) return `websocket: invalid header ${quote(name)} not allowed`;
    if (lower.startsWith("sec-websocket-")) {
      return `websocket: invalid header ${quote(name)}, "Sec-WebSocket-" prefix not allowed`;
    }
  }
  return undefined;
}
