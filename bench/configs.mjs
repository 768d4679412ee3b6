// Configuration files the rows need: the same text for both servers.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensureCerts } from "../conformance/harness/certs.mjs";

const four = (own) => `[ "orders.>", "${own}", "metrics.*.cpu", "audit.eu.*" ]`;

const jetStream = ({ storeDir, monitorPort }, sync) =>
  `http: "127.0.0.1:${monitorPort}"\njetstream { store_dir: "${storeDir}", sync_interval: ${sync} }\n`;

const texts = {
  none: () => "",
  users: () => `authorization { users: [
  { user: pub, password: secret, permissions: { publish: ${four("bench.*")}, subscribe: ${four("_INBOX.>")} } }
  { user: sub, password: secret, permissions: { publish: ${four("_INBOX.>")}, subscribe: ${four("bench.*")} } }
] }\n`,
  accounts: () => `accounts {
  PUB { users: [{ user: pub, password: secret }], exports: [{ stream: "bench.>" }],
    imports: [{ service: { account: SVC, subject: "bench.>" } }, { service: { account: SVC, subject: "service.>" } }] }
  SUB { users: [{ user: sub, password: secret }], imports: [{ stream: { account: PUB, subject: "bench.>" } }] }
  SVC { users: [{ user: svc, password: secret }], exports: [{ service: "bench.>" }, { service: "service.>" }] }
}\n`,
  tls: ({ cacheDir }) => {
    const certs = ensureCerts(cacheDir);
    return `tls { cert_file: "${certs}/server.pem", key_file: "${certs}/server-key.pem" }\n`;
  },
  "js-always": (wanted) => jetStream(wanted, "always"),
  "js-2m": (wanted) => jetStream(wanted, "2m"),
  websocket: ({ websocketPort }) => `websocket { host: "127.0.0.1", port: ${websocketPort}, no_tls: true }\n`,
};

/**
 * Writes the configuration a row asks for and returns its path.
 * @param {{ name: string | undefined, port: number, websocketPort: number, monitorPort: number, storeDir: string,
 *   cacheDir: string }} wanted
 */
export function writeConfig(wanted) {
  const dir = path.join(wanted.cacheDir, "bench");
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, `server-${wanted.port}.conf`);
  writeFileSync(file, `host: "127.0.0.1"\nport: ${wanted.port}\n${texts[wanted.name ?? "none"](wanted)}`);
  return file;
}
