// Walkthrough 14: a TLS server, and one that asks for client certificates.

import assert from "node:assert/strict";
import { certs } from "../clients/lib/certs.mjs";
import { walkthrough } from "./walk.mjs";

const c = certs();
const serverFlags = ["--tls", `--tlscert=${c.server}`, `--tlskey=${c.serverKey}`];
const mine = { caFile: c.ca, certFile: c.client, keyFile: c.clientKey };

async function plaintextIsRefused(w, server) {
  const raw = await w.raw(server);
  assert.equal((await raw.info()).tls_required, true);
  raw.send(`CONNECT {"verbose":false}`, "PING");
  await raw.expectClosed();
  assert.equal(raw.text.includes("PONG"), false);
}

await walkthrough("14 TLS", {
  "--tls: TLS clients talk, plaintext is refused": async (w) => {
    const server = await w.start({ flags: serverFlags });
    await server.logged("TLS required for client connections");
    const nc = await w.connect(server, { tls: { caFile: c.ca } });
    await nc.flush();
    assert.equal(nc.info.tls_required, true);
    await plaintextIsRefused(w, server);
    await w.refused(server, { tls: {} });
  },

  "--tlsverify: a client certificate is required": async (w) => {
    const server = await w.start({ flags: [...serverFlags, "--tlscacert", c.ca, "--tlsverify"] });
    const nc = await w.connect(server, { tls: mine });
    await nc.flush();
    assert.equal(nc.info.tls_verify, true);
    await w.refused(server, { tls: { caFile: c.ca } });
    await w.refused(server, { tls: { caFile: c.ca, certFile: c.stranger, keyFile: c.strangerKey } });
    await plaintextIsRefused(w, server);
  },

  "by hand: INFO in clear, then TLS, then CONNECT": async (w) => {
    const server = await w.start({ flags: serverFlags });
    const raw = await w.raw(server);
    await raw.startTls({ ca: c.read("ca"), servername: "localhost" });
    raw.text = "";
    assert.match(raw.socket.getProtocol(), /^TLSv1\.[23]$/);
    raw.send(`CONNECT {"verbose":true,"tls_required":true}`, "SUB foo 1", "PUB foo 2", "hi");
    await raw.expect("MSG foo 1 2\r\nhi\r\n");
  },

  "the tls block, with old protocol versions refused": async (w) => {
    const config = `tls {\n  cert_file: "${c.server}"\n  key_file: "${c.serverKey}"\n  timeout: 2\n  min_version: "1.3"\n}\n`;
    const server = await w.start({ config });
    await (await w.connect(server, { tls: { caFile: c.ca } })).flush();
    const old = await w.raw(server);
    await assert.rejects(old.startTls({ ca: c.read("ca"), servername: "localhost", maxVersion: "TLSv1.2" }));
  },

  "allow_non_tls takes both": async (w) => {
    const config = `tls { cert_file: "${c.server}", key_file: "${c.serverKey}" }\nallow_non_tls: true\n`;
    const server = await w.start({ config });
    const plain = await w.connect(server, { tls: null });
    assert.equal(plain.info.tls_required ?? false, false);
    assert.equal(plain.info.tls_available, true);
    await plain.flush();
    await (await w.connect(server, { tls: { caFile: c.ca } })).flush();
  },
});
