// How a connection appears in the log:
//
//     127.0.0.1:4711 - cid:7 - "v2.29:nats.js:orders" - "APP/user:joe"

import type { Account } from "../account/account.ts";
import type { Identity } from "../auth/authenticator.ts";
import { byteString } from "../base/bytes.ts";
import type { Transport } from "../base/transport.ts";
import { quoted } from "../errors/protocol.ts";
import type { ConnectOptions } from "../proto/connect.ts";

/** The part that is known at accept. */
export function addressLabel(transport: Transport, cid: number): string {
  const { remote, kind, forwardedFor } = transport;
  const id = kind === "ws" || kind === "wss" ? "wid" : "cid";
  if (remote === undefined) return `pipe - ${id}:${cid}`;
  const at = `${bracketed(remote.ip)}:${remote.port}`;
  return `${forwardedFor === undefined ? at : `${bracketed(forwardedFor)}/${at}`} - ${id}:${cid}`;
}

function bracketed(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}

/** The part that CONNECT adds; what is empty is left out. */
export function clientLabel(
  options: ConnectOptions,
  account: Account | undefined,
  identity: Identity | undefined,
): string {
  const { version, lang, name } = options;
  const client = [version === "" ? "" : `v${version}`, lang, name].filter((part) => part !== "").join(":");
  const user = identity?.label ?? claimedName(options).label;
  const owner = user === "" || account === undefined ? "" : ` - ${quoted(byteString(`${account.name}/${user}`))}`;
  return `${client === "" ? "" : ` - ${quoted(byteString(client))}`}${owner}`;
}

/** Whom CONNECT names, where it was not checked: as /connz shows it and as the log does. No secret. */
export function claimedName({ nkey, user, auth_token }: ConnectOptions): { shown: string; label: string } {
  if (nkey !== "") return { shown: nkey, label: `nkey:${nkey}` };
  if (user !== "") return { shown: user, label: `user:${user}` };
  return auth_token === "" ? { shown: "", label: "" } : { shown: "[REDACTED]", label: "token" };
}
