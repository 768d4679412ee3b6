// Walkthrough 52, WebSocket: listener, TLS, origins, per-user connection types, tokens and no_auth_user of its own.

import assert from "node:assert/strict";
import { wsconnect } from "@nats-io/nats-core";
import { WebSocket } from "ws";
import { certs } from "../clients/lib/certs.mjs";
import { soon } from "../clients/lib/wait.mjs";
import { walkthrough } from "./walk.mjs";

globalThis.WebSocket = WebSocket;

const listen = (more = "no_tls: true") => `websocket {\n  listen: "127.0.0.1:-1"\n  ${more}\n}\n`;

/** An official client over WebSocket. */
async function browser(w, server, options = {}) {
  const nc = await soon(wsconnect({ servers: server.wsUrl, reconnect: false, ...options }), "wsconnect()");
  w.finally(() => nc.close());
  return nc;
}

async function turnedAway(w, server, options = {}) {
  await assert.rejects(browser(w, server, { timeout: 3000, ...options }));
}

/** Opens a bare WebSocket; resolves with its first message, rejects with the HTTP status. */
function open(server, options = {}) {
  const ws = new WebSocket(server.wsUrl, { rejectUnauthorized: false, ...options });
  const result = new Promise((resolve, reject) => {
    ws.once("message", (data) => resolve({ ws, first: Buffer.from(data).toString() }));
    ws.once("unexpected-response", (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
    ws.once("error", reject);
  });
  return soon(result, "the first WebSocket message").finally(() => ws.terminate());
}

await walkthrough("52 WebSocket", {
  "messages cross between WebSocket and TCP": async (w) => {
    const server = await w.start({ config: listen() });
    const [page, program] = [await browser(w, server), await w.connect(server)];
    page.subscribe("to.page", { callback: (_error, msg) => msg.respond(`page saw ${msg.string()}`) });
    program.subscribe("to.program", { callback: (_error, msg) => msg.respond(msg.data) });
    await Promise.all([page.flush(), program.flush()]);
    assert.equal((await program.request("to.page", "hi", { timeout: 2000 })).string(), "page saw hi");
    const big = new Uint8Array(1 << 20).map((_, at) => at & 255);
    const back = await page.request("to.program", big, { timeout: 5000 });
    assert.equal(Buffer.compare(back.data, big), 0);
    const { first } = await open(server);
    assert.match(first, /^INFO \{/);
    assert.equal(JSON.parse(first.slice(5)).port, Number(new URL(server.wsUrl).port));
  },

  "TLS is required unless no_tls": async (w) => {
    const c = certs();
    const server = await w.start({ config: listen(`tls { cert_file: "${c.server}", key_file: "${c.serverKey}" }`) });
    assert.match(server.wsUrl, /^wss:/);
    assert.match((await open(server)).first, /^INFO /);
    const refused = await w.start({ config: listen(""), ready: false });
    assert.equal(await refused.exited, 1);
    assert.match(refused.log, /websocket requires TLS configuration/);
  },

  "allowed_origins and same_origin": async (w) => {
    const config = `no_tls: true\n  allowed_origins [\n    "http://www.example.com"\n    "https://other.example.com:8443"\n  ]`;
    const server = await w.start({ config: listen(config) });
    for (const origin of ["http://www.example.com", "http://www.example.com:80", "https://other.example.com:8443"]) {
      assert.match((await open(server, { origin })).first, /^INFO /);
    }
    for (const origin of [
      "http://www.example.com:8080",
      "https://www.example.com",
      "https://other.example.com",
      "http://evil.example",
    ]) {
      await assert.rejects(open(server, { origin }), /HTTP 403/, origin);
    }
    const same = await w.start({ config: listen("no_tls: true\n  same_origin: true") });
    assert.match((await open(same, { origin: same.wsUrl.replace("ws:", "http:") })).first, /^INFO /);
    await assert.rejects(open(same, { origin: "http://evil.example" }), /HTTP 403/);
  },

  "compression is agreed upon": async (w) => {
    const server = await w.start({ config: listen("no_tls: true\n  compression: true") });
    const ws = new WebSocket(server.wsUrl, {
      perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    });
    w.finally(() => ws.terminate());
    let text = "";
    ws.on("message", (data) => (text += Buffer.from(data).toString()));
    await soon(new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject)), "open");
    assert.match(ws.extensions, /permessage-deflate/);
    ws.send(`CONNECT {"verbose":false}\r\nSUB a 1\r\nPUB a 2000\r\n${"x".repeat(2000)}\r\nPING\r\n`);
    const until = Date.now() + 5000;
    while (!text.includes("PONG") && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(text, /MSG a 1 2000\r\nx{2000}\r\nPONG/);
  },

  "users of one kind of connection only": async (w) => {
    const config = `${listen()}authorization {
  users [
    {user: foo, password: foopwd, allowed_connection_types: ["WEBSOCKET"]}
    {user: bar, password: barpwd, allowed_connection_types: ["STANDARD"]}
    {user: both, password: bothpwd, allowed_connection_types: ["STANDARD", "WEBSOCKET"]}
    {user: any, password: anypwd}
  ]
}\n`;
    const server = await w.start({ config });
    const login = (user) => ({ user, pass: `${user}pwd` });
    for (const user of ["foo", "both", "any"]) await (await browser(w, server, login(user))).flush();
    for (const user of ["bar", "both", "any"]) await (await w.connect(server, login(user))).flush();
    await turnedAway(w, server, login("bar"));
    await w.refused(server, login("foo"));
    const typo = await w.start({ config: config.replace(`"STANDARD"]`, `"STANDART"]`), ready: false });
    assert.equal(await typo.exited, 1);
  },

  "a token, or a user without login, for WebSocket alone": async (w) => {
    const server = await w.start({ config: listen(`no_tls: true\n  authorization { token: "wstoken" }`) });
    await (await w.connect(server)).flush();
    await (await browser(w, server, { token: "wstoken" })).flush();
    await turnedAway(w, server, { token: "other" });
    const users = `authorization { users [ {user: page, password: p, permissions: {publish: "page.>"}}, {user: b, password: p} ] }\n`;
    const open = await w.start({ config: listen("no_tls: true\n  no_auth_user: page") + users });
    await (await browser(w, open)).flush();
    await w.refused(open);
  },
});
