// The doors of a server: for clients, for WebSocket, for monitoring.
//
// Turns options into listeners and says in the log where they are. TLS,
// WebSocket and HTTP are loaded when they are asked for: a plain start needs
// none of them.

import type { Accept, Listener } from "../base/transport.ts";
import { listen } from "../io/listen.ts";
import { acceptTcp } from "../io/tcp.ts";
import type { TlsGate } from "../io/tls.ts";
import type { TlsSettings } from "../io/tls_settings.ts";
import { logHandshake } from "../session/handshake_log.ts";
import type { AdvertisedListener, Core } from "./core.ts";
import { certNotAfter, readTls } from "./tls_files.ts";
import type { Views } from "./views.ts";

/** A listener; one that speaks TLS takes other certificates while it runs. */
export interface Door extends Listener {
  readonly update?: (tls: TlsSettings) => void;
}
/** The door for clients may begin to speak TLS while it runs, or end it. */
export interface ClientDoor extends Listener {
  /** To be called before `use` is given TLS. */
  load(): Promise<void>;
  /** For connections from now on; undefined is clear text. */
  use(tls: TlsSettings | undefined): void;
}

/** The server cannot start; the message is what nats-server logs at [FTL]. */
export class StartError extends Error {
  override name = "StartError";
}

/** The same promise, which rejects with what `say` makes of the reason. */
async function orStartError<T>(opening: Promise<T>, say: (text: string) => string): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw new StartError(say((error as Error).message), { cause: error });
  }
}

/** "host:port", with brackets around IPv6. */
export function hostPort(host: string, port: number): string {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return bare.includes(":") ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/** Opens the client listener. Rejects with the system's text. */
export async function listenForClients(core: Core, accept: Accept): Promise<ClientDoor> {
  const { options, log } = core;
  const { host, port, tls } = options;
  const settings = tls === undefined ? undefined : readTls(tls, options.allow_non_tls);
  const listener = await orStartError(
    openClientDoor(core, accept, settings),
    (text) => `Error listening on port: ${hostPort(shownHost(host), port)}, ${JSON.stringify(text)}`,
  );
  advertiseClients(core, listener.port, settings);
  log.notice(`Listening for client connections on ${hostPort(shownHost(host), listener.port)}`);
  if (tls !== undefined) log.notice("TLS required for client connections");
  return listener;
}

/** Sets what INFO says of the client listener, now and after a reload. */
export function advertiseClients(core: Core, port: number, settings: TlsSettings | undefined): void {
  const { client_advertise, host, tls, allow_non_tls } = core.options;
  core.client = {
    ...addressOf(client_advertise, host, port),
    tlsRequired: tls !== undefined && !allow_non_tls,
    tlsVerify: tls !== undefined && (tls.verify || tls.verify_and_map),
    tlsAvailable: tls !== undefined && allow_non_tls,
    certNotAfter: settings === undefined ? undefined : certNotAfter(settings),
    connectUrls: [],
  };
}

/** Who comes is seen to one by one: who is there goes first. */
function inTurnOf({ turn }: Core): (work: () => void) => void {
  return (work) => turn.newcomers.come(work);
}

async function openClientDoor(core: Core, accept: Accept, tls: TlsSettings | undefined): Promise<ClientDoor> {
  const { host, port } = core.options;
  let makeGate: ((tls: TlsSettings) => TlsGate) | undefined;
  let gate: TlsGate | undefined;
  let isClear = true;
  const load = async (): Promise<void> => {
    const { TlsGate } = await import("../io/tls.ts");
    makeGate = (settings) =>
      new TlsGate(settings, {
        accept,
        acceptThrottled: (transport) => core.refuseThrottled(transport),
        onHandshakeFailed: (remote, text) => logHandshake(core.log, hostPort(remote.ip, remote.port), text),
      });
  };
  const use = (settings: TlsSettings | undefined): void => {
    isClear = settings === undefined;
    if (settings === undefined) return;
    if (gate === undefined) gate = makeGate!(settings);
    else gate.update(settings);
  };
  if (tls !== undefined) await load();
  use(tls);
  const onWarning = (text: string): void => core.log.error(text);
  const listener = await listen({ host, port, inTurn: inTurnOf(core), onWarning }, (raw) => {
    if (isClear || gate === undefined) acceptTcp(raw, accept);
    else gate.admit(raw);
  });
  const close = (): Promise<void> => {
    gate?.close();
    return listener.close();
  };
  return { ...listener, close, load, use };
}

/** Opens the WebSocket listener, if there is one. */
export async function listenForWebSockets(core: Core, accept: Accept): Promise<Door | undefined> {
  const { options, log } = core;
  const { websocket } = options;
  if (websocket === undefined || websocket.port === 0) return undefined;
  const { listenWebSocket } = await import("../io/websocket.ts");
  const tls = websocket.no_tls || websocket.tls === undefined ? undefined : readTls(websocket.tls, false);
  const opening = listenWebSocket({
    host: websocket.host ?? "0.0.0.0",
    port: websocket.port,
    inTurn: inTurnOf(core),
    tls,
    sameOrigin: websocket.same_origin,
    allowedOrigins: websocket.allowed_origins ?? [],
    headers: websocket.headers,
    handshakeTimeoutMs: websocket.handshake_timeout,
    accept,
    onWarning: (text) => log.error(text),
    onHandshakeFailed: (remote, text) => log.error(`${hostPort(remote.ip, remote.port)} - ${text}`),
  });
  const listener = await orStartError(opening, (text) => `Unable to listen for websocket connections: ${text}`);
  core.websocket = {
    host: shownHost(websocket.host ?? ""),
    port: listener.port,
    tlsRequired: tls !== undefined,
    tlsVerify: tls?.verify === true,
    tlsAvailable: tls !== undefined,
    certNotAfter: tls === undefined ? undefined : certNotAfter(tls),
    connectUrls: [],
  };
  const scheme = tls === undefined ? "ws" : "wss";
  log.notice(
    `Listening for websocket clients on ${scheme}://${hostPort(shownHost(websocket.host ?? ""), listener.port)}`,
  );
  if (tls === undefined) log.warn("Websocket not configured with TLS. DO NOT USE IN PRODUCTION!");
  return listener;
}

/** Opens the monitoring listeners. `onBug` is told of what a page throws. */
export async function openMonitor(core: Core, views: Views, onBug: (error: unknown) => void): Promise<readonly Door[]> {
  const { options, log } = core;
  if (options.http_port === 0 && options.https_port === 0) return [];
  const [{ serveHttp }, { Monitor }] = await Promise.all([import("../io/http.ts"), import("../monitor/monitor.ts")]);
  const basePath = basePathOf(options.http_base_path ?? "");
  const monitor = new Monitor(views, basePath, core.pageRequests);
  const listeners: Door[] = [];
  for (const [scheme, port] of [
    ["http", options.http_port],
    ["https", options.https_port],
  ] as const) {
    if (port === 0) continue;
    if (scheme === "https" && options.tls === undefined)
      throw new StartError("Can't start monitoring: TLS cert and key required for HTTPS");
    const tls = scheme === "https" && options.tls !== undefined ? readTls(options.tls, false) : undefined;
    const opening = serveHttp({
      host: options.http_host,
      port,
      tls,
      basePath,
      makePage: (path, query) => monitor.page(path, query),
      onBug,
      onWarning: (text) => log.error(text),
    });
    const listener = await orStartError(
      opening,
      (text) => `Can't start monitoring: can't listen to the monitor port: ${text}`,
    );
    log.notice(`Starting ${scheme} monitor on ${hostPort(shownHost(options.http_host), listener.port)}`);
    listeners.push(listener);
  }
  return listeners;
}

/** Empty, or with a slash in front and none behind. */
function basePathOf(given: string): string {
  const trimmed = given.replaceAll(/^\/+|\/+$/g, "");
  return trimmed === "" ? "" : `/${trimmed}`;
}

function shownHost(host: string): string {
  return host === "" ? "0.0.0.0" : host;
}

/** What INFO shows: the advertised address where one is given. */
function addressOf(
  advertise: string | undefined,
  host: string,
  port: number,
): Pick<AdvertisedListener, "host" | "port"> {
  if (advertise === undefined || advertise === "") return { host: shownHost(host), port };
  const colon = advertise.lastIndexOf(":");
  const hasPort = colon > 0 && /^\d+$/.test(advertise.slice(colon + 1));
  if (!hasPort) return { host: advertise.replace(/^\[(.*)\]$/, "$1"), port };
  const given = Number(advertise.slice(colon + 1));
  return { host: advertise.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: given > 0 ? given : port };
}
