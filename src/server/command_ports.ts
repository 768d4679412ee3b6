// What the ports file says: the URLs of the listeners that are really open.

import type { ServerOptions } from "../config/options.ts";
import { listenerUrls, type PortsFile } from "../io/files.ts";
import type { Server } from "./server.ts";

/** The URLs of every open listener. */
export async function portsOf(server: Server, options: ServerOptions): Promise<PortsFile> {
  const { client, websocket, monitors, core } = server.listeners;
  const monitorScheme = options.https_port !== 0 ? "https" : "http";
  const monitoring = await Promise.all(monitors.map(({ host, port }) => listenerUrls(monitorScheme, host, port)));
  return {
    ...(client === undefined
      ? {}
      : { nats: await listenerUrls(core.client?.tlsRequired === true ? "tls" : "nats", client.host, client.port) }),
    ...(monitoring.length === 0 ? {} : { monitoring: monitoring.flat() }),
    ...(websocket === undefined
      ? {}
      : {
          websocket: await listenerUrls(
            core.websocket?.tlsRequired === true ? "wss" : "ws",
            websocket.host,
            websocket.port,
          ),
        }),
  };
}
