// `listen`, and what else in a configuration names a host and a port.

import { OptionError } from "../problems.ts";
import type { Row, SpreadRow } from "../rows.ts";
import { int, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType } from "../tree.ts";

export interface Address {
  readonly host: string | undefined;
  readonly port: number;
}

/** Reads 4222, "4222", "host:4222", ":4222" or "[::1]:4222". Source: nats-server -t. */
export function readAddress(node: Node): Address {
  if (node.kind === "int") return { host: undefined, port: Number(node.value) };
  if (node.kind !== "string") throw new OptionError(`expected port or host:port, got ${goType(node)}`);
  const split = splitHostPort(node.value);
  if (split === undefined) throw new OptionError(`could not parse address string ${JSON.stringify(node.value)}`);
  if (!/^[+-]?\d+$/.test(split.port) || !Number.isSafeInteger(Number(split.port))) {
    throw new OptionError(`could not parse port ${JSON.stringify(split.port)}`);
  }
  return { host: split.host === "" ? undefined : split.host, port: Number(split.port) };
}

/** Splits "host:port" and "[v6]:port"; undefined when it is neither. */
export function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const found = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  if (found === null) return undefined;
  return { host: found[1] ?? found[2] ?? "", port: found[3] ?? "" };
}

/** `listen` for a block with `host` and `port`. */
export function listen(what: string): SpreadRow<{ readonly host?: string; readonly port: number }> {
  return {
    kind: "address",
    spread: true,
    info: { doc: `Host and port ${what}, as "host:port" or a port alone.`, reload: "restart" },
    read(node) {
      const { host, port } = readAddress(node);
      return host === undefined ? { port } : { host, port };
    },
  };
}

/** The `host` row of a listener. */
export function host(what: string): Row<string | undefined> {
  return str({ doc: `Address ${what}.`, aliases: ["net"], reload: "restart", shown: "0.0.0.0" });
}

/** The `port` row of a listener that is off without one. */
export function port(what: string): Row<number> {
  return int({ fallback: 0, doc: `Port ${what}; -1 picks a free one.`, reload: "restart", shown: "off" });
}

/** `http` and `https`: a port, and the address that both share. */
export function httpListen<K extends "http_port" | "https_port">(
  what: string,
  key: K,
): SpreadRow<{ readonly http_host?: string } & Readonly<Record<K, number>>> {
  return {
    kind: "address",
    spread: true,
    info: { doc: `Host and port for ${what}, as "host:port" or a port alone.`, reload: "restart" },
    read(node) {
      const { host, port } = readAddress(node);
      const set = { [key]: port } as Readonly<Record<K, number>>;
      return host === undefined ? set : { ...set, http_host: host };
    },
  };
}
