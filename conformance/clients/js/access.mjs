// Who may connect and what they may do: token, user and password, nkey, TLS, permissions, limits.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { hashSync } from "bcryptjs";
import { createUser } from "@nats-io/nkeys";
import { certs } from "../lib/certs.mjs";
import { Skip } from "../lib/report.mjs";
import { within } from "../lib/wait.mjs";

const RIGHTS = `authorization { users: [
  { user: app, password: s3cret, permissions: { publish: ["ok.>", "_INBOX.>"], subscribe: { allow: ["ok.>", "_INBOX.>", "jobs workers"], deny: "ok.secret" } } }
  { user: watcher, password: w }
] }\n`;

function tcpOnly(t) {
  if (t.flavour.websocket) throw new Skip("certificates are given to a browser by other means");
}

function violation(t, statuses, operation, subject) {
  const found = () =>
    statuses.map(t.flavour.permission).find((p) => p?.operation === operation && p.subject === subject);
  return within(3000, () => `a ${operation} violation on ${subject}; saw ${JSON.stringify(statuses)}`, found);
}

export const cases = {
  token: async (t) => {
    await t.start(`authorization { token: "mytoken" }\n`);
    await (await t.connect({ token: "mytoken" })).flush();
    for (const options of [{}, { token: "wrong" }, { user: "mytoken", pass: "mytoken" }]) {
      assert.ok(t.flavour.isAuthError(await t.refused(options)), JSON.stringify(options));
    }
  },

  "user and password, plain and bcrypt": async (t) => {
    const hash = hashSync("geheim", 4);
    await t.start(
      `authorization { users: [{ user: plain, password: "pw" }, { user: "Ünïcode", password: "${hash}" }] }\n`,
    );
    await (await t.connect({ user: "plain", pass: "pw" })).flush();
    await (await t.connect({ user: "Ünïcode", pass: "geheim" })).flush();
    assert.ok(t.flavour.isAuthError(await t.refused({ user: "plain", pass: "nope" })));
    assert.ok(
      t.flavour.isAuthError(await t.refused({ user: "Ünïcode", pass: hash })),
      "the hash itself must not be a password",
    );
    assert.ok(t.flavour.isAuthError(await t.refused()));
  },

  nkey: async (t) => {
    const [user, stranger] = [createUser(), createUser()];
    const seed = (pair) => ({ authenticator: t.lib.nkeyAuthenticator(pair.getSeed()) });
    await t.start(`authorization { users: [{ nkey: ${user.getPublicKey()} }] }\n`);
    await (await t.connect(seed(user))).flush();
    assert.ok(t.flavour.isAuthError(await t.refused(seed(stranger))));
    assert.ok(t.flavour.isAuthError(await t.refused()));
  },

  TLS: async (t) => {
    tcpOnly(t);
    const c = certs();
    assert.ok(existsSync(c.server));
    await t.start(`tls { cert_file: "${c.server}", key_file: "${c.serverKey}" }\n`);
    const nc = await t.connect({ tls: { caFile: c.ca } });
    assert.equal(nc.info.tls_required, true);
    const { got } = t.collect(nc, "secret");
    nc.publish("secret", "x".repeat(100_000));
    await nc.flush();
    assert.equal(got[0].length, 100_000);
    await t.refused({ tls: {} });
  },

  "TLS handshake first": async (t) => {
    tcpOnly(t);
    const c = certs();
    await t.start(`tls { cert_file: "${c.server}", key_file: "${c.serverKey}", handshake_first: true }\n`);
    await (await t.connect({ tls: { caFile: c.ca, handshakeFirst: true } })).flush();
    await t.refused({ tls: { caFile: c.ca }, timeout: 1000 });
  },

  "mutual TLS, and users mapped from certificates": async (t) => {
    tcpOnly(t);
    const c = certs();
    const tls = (verify) =>
      `tls { cert_file: "${c.server}", key_file: "${c.serverKey}", ca_file: "${c.ca}", ${verify}: true }\n`;
    const mine = { caFile: c.ca, certFile: c.client, keyFile: c.clientKey };
    await t.start(tls("verify"));
    const nc = await t.connect({ tls: mine });
    assert.equal(nc.info.tls_verify, true);
    await nc.flush();
    await t.refused({ tls: { caFile: c.ca } });
    await t.refused({ tls: { caFile: c.ca, certFile: c.stranger, keyFile: c.strangerKey } });
    await t.start(
      `${tls("verify_and_map")} authorization { users: [{ user: "derek@nats.test", permissions: { publish: "mine" } }] }\n`,
    );
    const mapped = await t.connect({ tls: mine });
    const statuses = t.statuses(mapped);
    mapped.publish("theirs");
    await violation(t, statuses, "publish", "theirs");
  },

  "permission violations are reported and the connection stays": async (t) => {
    await t.start(RIGHTS);
    const app = await t.connect({ user: "app", pass: "s3cret" });
    const watcher = await t.connect({ user: "watcher", pass: "w" });
    const seen = t.collect(watcher, ">");
    await watcher.flush();
    const statuses = t.statuses(app);
    app.publish("forbidden.a", "x");
    await violation(t, statuses, "publish", "forbidden.a");
    const errors = [];
    for (const subject of ["forbidden.b", "ok.secret"])
      app.subscribe(subject, { callback: (error) => error && errors.push(error) });
    await violation(t, statuses, "subscription", "forbidden.b");
    await violation(t, statuses, "subscription", "ok.secret");
    assert.equal(errors.length, 2);
    const allowed = t.collect(app, "ok.>");
    app.publish("ok.a", "1");
    watcher.publish("ok.secret", "hidden");
    await watcher.flush();
    app.publish("ok.b", "2");
    await app.flush();
    await t.filled(allowed.got, 2);
    assert.deepEqual(allowed.got, ["1", "2"], "the denied subject must not come through the wildcard");
    await watcher.flush();
    assert.equal(seen.got.includes("x"), false);
    assert.equal(app.isClosed(), false);
  },

  "queue permissions": async (t) => {
    await t.start(RIGHTS);
    const app = await t.connect({ user: "app", pass: "s3cret" });
    const statuses = t.statuses(app);
    app.subscribe("jobs", { callback: () => {} });
    await violation(t, statuses, "subscription", "jobs");
    app.subscribe("jobs", { queue: "others", callback: () => {} });
    const named = () => statuses.map(t.flavour.permission).find((p) => p?.queue === "others");
    await within(3000, "a violation that names the queue", named);
    const count = statuses.length;
    app.subscribe("jobs", { queue: "workers", callback: () => {} });
    await app.flush();
    assert.equal(statuses.length, count);
  },

  "a payload over max_payload is refused by the client, as INFO says": async (t) => {
    await t.start(`max_payload: 1KB\n`);
    const nc = await t.connect();
    assert.equal(nc.info.max_payload, 1024);
    let error;
    try {
      nc.publish("big", new Uint8Array(1025));
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(t.flavour.isTooLarge(error), `got ${String(error)}`);
    nc.publish("big", new Uint8Array(1024));
    await nc.flush();
  },

  "max_connections turns the next one away": async (t) => {
    await t.start(`max_connections: 2\n`);
    await t.connect();
    const second = await t.connect();
    await t.refused();
    await second.close();
    await within(3000, "room after one left", () =>
      t.connect().then(
        () => true,
        () => false,
      ),
    );
  },
};
