// Walkthrough 50: accounts that are preloaded, accounts had from a web server, and the same keys in a configuration of
// accounts. Tokens are made here, and once more by nsc where it is to be had.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { credsAuthenticator, nkeyAuthenticator } from "nats";
import { seedFrom } from "../harness/nkey.mjs";
import { publicOf, signed } from "../harness/tokens.mjs";
import { nscOf } from "./nsc.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const token = (kind, name, by, claims) => signed(kind, { sub: publicOf(name), ...claims }, by);
const account = (name, nats = {}) => token("account", name, "operator1", { name, nats });

/** An operator, its system account, and two accounts: one offers a service, the other uses it. */
const SYS = publicOf("account9");
const operator = token("operator", "operator1", "operator1", { name: "memory", nats: { system_account: SYS } });
const accounts = {
  [SYS]: account("account9"),
  [publicOf("account1")]: account("account1", { exports: [{ name: "help", subject: "help", type: "service" }] }),
  [publicOf("account2")]: account("account2", {
    imports: [
      { name: "help", subject: "help", account: publicOf("account1"), local_subject: "ask.A", type: "service" },
    ],
  }),
};
const users = { ann: ["user1", "account1"], bob: ["user2", "account2"], sys: ["user9", "account9"], eve: ["user7", "account7"] }; // prettier-ignore

/** The text of a user's file of credentials. */
function credentials(user) {
  const [key, by] = users[user];
  return `-----BEGIN NATS USER JWT-----
${token("user", key, by, { name: user })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seedFrom(key)}
------END USER NKEY SEED------
`;
}
const creds = (user) => credsAuthenticator(new TextEncoder().encode(credentials(user)));
const nkey = (user) => nkeyAuthenticator(new TextEncoder().encode(seedFrom(users[user][0])));

const preload = (tokens) =>
  `resolver_preload: {\n${Object.entries(tokens)
    .map(([key, text]) => `  ${key}: ${text}\n`)
    .join("")}}\n`;

/** ann's service answers bob, who cannot hear what she hears. */
async function servedBetween(w, [annsServer, annsWay], [bobsServer, bobsWay]) {
  const ann = await w.connect(annsServer, annsWay);
  const bob = await w.connect(bobsServer, bobsWay);
  ann.subscribe("help", { callback: (_error, msg) => msg.respond("help is here") });
  const [heard, unheard] = [collect(ann, "hello"), collect(bob, "hello")];
  await Promise.all([ann.flush(), bob.flush()]);
  assert.equal((await bob.request("ask.A", "", { timeout: 3000 })).string(), "help is here");
  ann.publish("hello", "NATS");
  await filled(heard, 1);
  await bob.flush();
  assert.deepEqual([[...heard], [...unheard]], [["NATS"], []]);
}

/** A web server of account tokens, as an account server is, and what it was asked for. */
async function accountServer(w, tokens) {
  const asked = [];
  const base = "/jwt/v1/accounts/";
  const server = createServer(({ url }, response) => {
    const key = url.slice(base.length);
    asked.push(key);
    const known = url === base ? "" : tokens[key];
    response.statusCode = url.startsWith(base) && known !== undefined ? 200 : 404;
    response.end(known ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  w.finally(() => new Promise((resolve) => server.close(resolve)));
  return { asked, url: `http://127.0.0.1:${server.address().port}${base}` };
}

await walkthrough("50 resolvers", {
  "accounts that are preloaded": async (w) => {
    const config = (dir) => {
      writeFileSync(path.join(dir, "memory.jwt"), operator);
      return `operator: "${dir}/memory.jwt"\nresolver: MEMORY\n${preload(accounts)}`;
    };
    const server = await w.start({ config });
    await servedBetween(w, [server, { authenticator: creds("ann") }], [server, { authenticator: creds("bob") }]);
    assert.match((await w.refused(server)).message, /authorization violation/i);
    assert.match((await w.refused(server, { authenticator: creds("eve") })).message, /authorization violation/i);
    const sys = await w.connect(server, { authenticator: creds("sys") });
    const { data } = (await sys.request("$SYS.REQ.SERVER.PING.ACCOUNTZ", "", { timeout: 3000 })).json();
    assert.equal(data.system_account, SYS);
  },

  "one more account, by reload; nobody may push one": async (w) => {
    const { [publicOf("account2")]: later, ...first } = accounts;
    const of = (tokens) => `operator: ${operator}\nresolver: MEMORY\n${preload(tokens)}`;
    const server = await w.start({ config: of(first) });
    assert.match((await w.refused(server, { authenticator: creds("bob") })).message, /authorization violation/i);
    const sys = await w.connect(server, { authenticator: creds("sys") });
    await assert.rejects(sys.request("$SYS.REQ.CLAIMS.UPDATE", later, { timeout: 1000 }), { code: "503" });
    server.configure(of(accounts));
    server.signal("SIGHUP");
    await server.logged(/Reloaded server configuration/);
    await servedBetween(w, [server, { authenticator: creds("ann") }], [server, { authenticator: creds("bob") }]);
  },

  "made by nsc": async (w) => {
    const { nsc, creds: made, home } = nscOf(w);
    nsc("add", "operator", "-n", "memory");
    nsc("add", "account", "--name", "A");
    nsc("add", "user", "--account", "A", "--name", "TA");
    const file = path.join(home, "server.conf");
    nsc("generate", "config", "--mem-resolver", "--config-file", file);
    const server = await w.start({ config: readFileSync(file, "utf8") });
    const nc = await w.connect(server, { authenticator: made("A", "TA") });
    const got = collect(nc, ">");
    nc.publish("hello", "NATS");
    await filled(got, 1);
    assert.deepEqual([...got], ["NATS"]);
    assert.match((await w.refused(server)).message, /authorization violation/i);
  },

  "accounts from a web server, each when somebody comes for it": async (w) => {
    const { url, asked } = await accountServer(w, accounts);
    const server = await w.start({ config: `operator: ${operator}\nresolver: URL(${url})\n` });
    assert.ok(!asked.includes(publicOf("account1")), "nobody came for it yet");
    await servedBetween(w, [server, { authenticator: creds("ann") }], [server, { authenticator: creds("bob") }]);
    assert.ok(asked.includes(publicOf("account1")) && asked.includes(publicOf("account2")));
    assert.match((await w.refused(server, { authenticator: creds("eve") })).message, /authorization violation/i);
  },

  "the operator's token says where": async (w) => {
    const { url } = await accountServer(w, accounts);
    const nats = { system_account: SYS, account_server_url: url.replace(/\/accounts\/$/, "") };
    const text = token("operator", "operator1", "operator1", { name: "memory", nats });
    const server = await w.start({ config: `operator: ${text}\n` });
    await servedBetween(w, [server, { authenticator: creds("ann") }], [server, { authenticator: creds("bob") }]);
  },

  "the same keys without tokens": async (w) => {
    const [A, B] = [publicOf("account1"), publicOf("account2")];
    const config = `accounts {
  ${A} { users: [{ nkey: ${publicOf("user1")} }], exports: [{ service: "help" }] }
  ${B} { users: [{ nkey: ${publicOf("user2")} }], imports: [{ service: { account: ${A}, subject: "help" }, to: "ask.A" }] }
  SYS { users: [{ nkey: ${publicOf("user9")} }] }
}
system_account: SYS\n`;
    const server = await w.start({ config });
    await servedBetween(w, [server, { authenticator: nkey("ann") }], [server, { authenticator: nkey("bob") }]);
    // Whoever has credentials gets in with them: the token is not looked at, the key is.
    await servedBetween(w, [server, { authenticator: creds("ann") }], [server, { authenticator: nkey("bob") }]);
    assert.match((await w.refused(server, { authenticator: nkey("eve") })).message, /authorization violation/i);
  },
});
