// An open port: what TCP, TLS and WebSocket listeners have in common.
//
// Knows hosts as Go knows them: an unspecified one takes IPv4 and IPv6, a name
// prefers IPv4. Hands out accepted sockets unread; owns nothing of them.

import { createServer, isIP, type AddressInfo, type Server, type Socket } from "node:net";
import type { Listener, PeerAddress } from "../base/transport.ts";
import * as natives from "./natives.ts";
import { systemText, systemWords, type SystemError } from "./system_text.ts";

const BACKLOG = 4096;
const NO_IPV6 = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL", "EPROTONOSUPPORT"]);

/** Where to listen. */
export interface ListenOptions {
  /** A name or an address, IPv6 with or without brackets; "", "0.0.0.0" and "::" mean every address of the machine. */
  readonly host: string;
  /** 0 and -1 pick a free one. */
  readonly port: number;
  /** Runs what is to be done for an accepted socket, now or soon; without it at once. */
  readonly inTurn?: (work: () => void) => void;
  /** Told when IPv6 cannot be had, and of each connection that could not be accepted. */
  readonly onWarning?: (text: string) => void;
}

/** The port could not be opened; the message is Go's. */
export class ListenError extends Error {
  override name = "ListenError";
  readonly code: string | undefined;

  constructor(text: string, cause: SystemError) {
    super(text, { cause });
    this.code = cause.code;
  }
}

/**
 * Opens a port; each accepted socket is handed to `onSocket`, paused.
 * Rejects with a `ListenError`.
 */
export async function listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
  const port = Math.max(0, options.port);
  const literal = options.host.replace(/^\[(.*)\]$/, "$1");
  const { inTurn = (work) => work() } = options;
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) =>
    inTurn(() => {
      if (server.listening) onSocket(socket);
      else socket.destroy();
    }),
  );
  try {
    if (isUnspecified(literal)) await listenEverywhere(server, port, options);
    else await listenOn(server, { host: await addressOf(literal), port });
  } catch (error) {
    throw new ListenError(goText(error as SystemError, literal, port), error as SystemError);
  }
  server.on("error", (error: SystemError) => options.onWarning?.(systemText(error)));
  const bound = (server.address() as AddressInfo).port;
  return { host: options.host, port: bound, close: () => closeServer(server) };
}

/** The address of the other end; undefined when it is gone already. IPv4 is shown as IPv4 also on an IPv6 socket. */
export function peerOf(socket: Socket): PeerAddress | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { ip: remoteAddress.startsWith("::ffff:") ? remoteAddress.slice(7) : remoteAddress, port: remotePort };
}

async function listenEverywhere(server: Server, port: number, options: ListenOptions): Promise<void> {
  try {
    await listenOn(server, { host: "::", port, ipv6Only: false });
  } catch (error) {
    if (!NO_IPV6.has((error as SystemError).code ?? "")) throw error;
    await listenOn(server, { host: "0.0.0.0", port });
    options.onWarning?.(`IPv6 is not available, listening on IPv4 only (${systemText(error as SystemError)})`);
  }
}

function listenOn(server: Server, where: { host: string; port: number; ipv6Only?: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The server lets go of its port at once; Node's own callback would wait for every connection to end. */
function closeServer(server: Server): Promise<void> {
  if (server.listening) server.close();
  return new Promise((resolve) => natives.setImmediate(resolve));
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true });
  return (found.find(({ family }) => family === 4) ?? found[0])!.address;
}

function isUnspecified(host: string): boolean {
  return host === "" || host === "0.0.0.0" || /^[0:]+$/.test(host);
}

function goText(error: SystemError, host: string, port: number): string {
  if (error.code === "ERR_SOCKET_BAD_PORT") return `listen tcp: address ${port}: invalid port`;
  if (error.syscall === "getaddrinfo") return `listen tcp: lookup ${host}: ${systemWords(error)}`;
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return `listen tcp ${where}: bind: ${systemWords(error)}`;
}
