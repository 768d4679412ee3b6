// Walkthrough 51: a service decides who may connect, with and without a curve key.

import assert from "node:assert/strict";
import { claimsOf, opened, publicOf, sealed, signed } from "../harness/tokens.mjs";
import { walkthrough } from "./walk.mjs";

const configOf = (xkey) => `accounts {
  AUTH: { users: [ {user: auth, password: auth} ] }
  APP: {}
  SYS: {}
}
system_account: SYS
authorization {
  auth_callout {
    issuer: ${publicOf("account1")}
    auth_users: [ auth ]
    account: AUTH
    ${xkey ? `xkey: ${publicOf("curve1")}` : ""}
  }
}\n`;

const users = { alice: { pass: "alice", account: "APP" }, bob: { pass: "bob", account: "APP", allow: ["only.this"] } };

/** The service: lets in whom it knows. */
async function serve(w, server) {
  const nc = await w.connect(server, { user: "auth", pass: "auth" });
  nc.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_error, msg) => {
      const xkey = msg.headers?.get("Nats-Server-Xkey");
      const plain = xkey ? opened(Buffer.from(msg.data), xkey, "curve1") : Buffer.from(msg.data);
      const { nats } = claimsOf(plain.toString());
      const { user, pass } = nats.connect_opts;
      const known = users[user];
      const sub = nats.user_nkey;
      const permissions = known?.allow ? { pub: { allow: known.allow } } : {};
      const answer =
        known?.pass === pass
          ? { jwt: signed("user", { sub, name: user, aud: known.account, nats: permissions }, "account1") }
          : { error: "invalid credentials" };
      const token = signed("authorization_response", { sub, aud: nats.server_id.id, nats: answer }, "account1");
      msg.respond(xkey ? sealed(Buffer.from(token), xkey, "curve1") : token);
    },
  });
  await nc.flush();
}

async function delegated(w, isSealed) {
  const server = await w.start({ config: configOf(isSealed) });
  await serve(w, server);
  const alice = await w.connect(server, { user: "alice", pass: "alice" });
  const { data } = (await alice.request("$SYS.REQ.USER.INFO", "", { timeout: 3000 })).json();
  assert.deepEqual([data.user, data.account], ["alice", "APP"]);
  const bob = await w.connect(server, { user: "bob", pass: "bob" });
  const got = [];
  alice.subscribe(">", { callback: (_error, msg) => got.push(msg.subject) });
  await alice.flush();
  bob.publish("only.this");
  bob.publish("something.else");
  await bob.flush();
  await alice.flush();
  assert.deepEqual(got, ["only.this"]);
  assert.match((await w.refused(server, { user: "alice", pass: "wrong" })).message, /authorization violation/i);
  assert.match((await w.refused(server, { user: "eve", pass: "eve" })).message, /authorization violation/i);
}

await walkthrough("51 auth callout", {
  "logins are delegated": (w) => delegated(w, false),
  "questions and answers are sealed": (w) => delegated(w, true),
});
