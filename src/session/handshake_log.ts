// What the log says of a TLS handshake that failed.

import type { Log } from "../base/log.ts";

/** Probes of other protocols are not worth an error. As nats-server 2.14 does. */
export function logHandshake(log: Log, label: string, detail: string): void {
  const isProbe = detail.endsWith("i/o timeout") || detail.endsWith("first record does not look like a TLS handshake");
  log[isProbe ? "debug" : "error"](`${label} - TLS handshake error: ${detail}`);
}
