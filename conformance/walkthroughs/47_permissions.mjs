// Walkthrough 47: permissions with variables and defaults, allow_responses, queue permissions.

import assert from "node:assert/strict";
import { ErrorCode } from "nats";
import { within } from "../clients/lib/wait.mjs";
import { collect, filled, walkthrough } from "./walk.mjs";

const ROLES = `authorization {
  default_permissions = {
    publish = "SANDBOX.*"
    subscribe = ["PUBLIC.>", "_INBOX.>"]
  }
  ADMIN = {
    publish = ">"
    subscribe = ">"
  }
  REQUESTOR = {
    publish = ["req.a", "req.b"]
    subscribe = "_INBOX.>"
  }
  RESPONDER = {
    subscribe = ["req.a", "req.b"]
    publish = "_INBOX.>"
  }
  users = [
    {user: admin,   password: $WALK_PASS, permissions: $ADMIN}
    {user: client,  password: $WALK_PASS, permissions: $REQUESTOR}
    {user: service,  password: $WALK_PASS, permissions: $RESPONDER}
    {user: other, password: $WALK_PASS}
  ]
}\n`;
const env = { WALK_PASS: "pa55" };

const as = (w, server, user) => w.connect(server, { user, pass: "pa55", inboxPrefix: "_INBOX" });

/** Does `action` and waits for the violation it causes. */
async function violates(nc, operation, subject, action) {
  const status = nc.status();
  let found;
  void (async () => {
    for await (const s of status) {
      if (s.permissionContext?.operation === operation && s.permissionContext.subject === subject) found = s;
    }
  })();
  action();
  await within(3000, `a ${operation} violation for ${subject}`, () => found);
  status.stop?.();
  assert.equal(found.data, ErrorCode.PermissionsViolation);
  assert.equal(nc.isClosed(), false);
}

const subscribe = (nc, subject, queue) => () => nc.subscribe(subject, { queue, callback: () => {} });

await walkthrough("47 permissions", {
  "variables, roles and defaults": async (w) => {
    const server = await w.start({ config: ROLES, env });
    const [admin, client] = [await as(w, server, "admin"), await as(w, server, "client")];
    const [service, other] = [await as(w, server, "service"), await as(w, server, "other")];
    const everything = collect(admin, ">");
    await admin.flush();
    service.subscribe("req.a", { callback: (_error, msg) => msg.respond("done") });
    await service.flush();
    assert.equal((await client.request("req.a", "", { timeout: 2000 })).string(), "done");
    await violates(client, "publish", "req.c", () => client.publish("req.c"));
    await violates(client, "subscription", "req.a", subscribe(client, "req.a"));
    await violates(service, "publish", "req.a", () => service.publish("req.a"));
    await violates(service, "subscription", "req.>", subscribe(service, "req.>"));
    other.publish("SANDBOX.x", "sand");
    await violates(other, "publish", "SANDBOX.x.y", () => other.publish("SANDBOX.x.y", "no"));
    await violates(other, "publish", "foo", () => other.publish("foo", "no"));
    const open = collect(other, "PUBLIC.>");
    await other.flush();
    admin.publish("PUBLIC.news", "news");
    await filled(open, 1);
    await admin.flush();
    assert.equal(everything.includes("no"), false);
    assert.equal(everything.includes("sand"), true);
    await server.logged(/Publish Violation/);
    await server.logged(/Subscription Violation/);
  },

  "allow and deny": async (w) => {
    const user = `{ user: u, password: pa55, permissions: {
      publish = { allow: ["app.>"], deny: "app.admin.>" }
      subscribe = { deny: ["secret", "*.hidden.>"] }
    } }`;
    const server = await w.start({
      config: `authorization { users = [ ${user}, { user: admin, password: pa55 } ] }\n`,
    });
    const [nc, admin] = [await as(w, server, "u"), await as(w, server, "admin")];
    const all = collect(nc, ">");
    await nc.flush();
    for (const subject of ["secret", "a.hidden.b", "fine"]) admin.publish(subject, subject);
    await filled(all, 1);
    await admin.flush();
    await nc.flush();
    assert.equal(all.join(), "fine", "what is denied must not come through a wildcard");
    await violates(nc, "subscription", "secret", subscribe(nc, "secret"));
    await violates(nc, "publish", "app.admin.x", () => nc.publish("app.admin.x"));
  },

  allow_responses: async (w) => {
    const rights = (responses) => `{ subscribe: "q", allow_responses: ${responses} }`;
    const config = `authorization: { users: [
      { user: admin, password: pa55 }
      { user: once, password: pa55, permissions: ${rights("true")} }
      { user: five, password: pa55, permissions: ${rights(`{ max: 5, expires: "1m" }`)} }
      { user: late, password: pa55, permissions: ${rights(`{ max: -1, expires: "100ms" }`)} }
    ] }\n`;
    const server = await w.start({ config });
    const admin = await as(w, server, "admin");
    for (const [user, allowed] of [
      ["once", 1],
      ["five", 5],
    ]) {
      const nc = await as(w, server, user);
      let reply;
      nc.subscribe("q", {
        max: 1,
        callback: (_error, msg) => {
          reply = msg.reply;
          for (let n = 0; n < 10; n++) msg.respond(String(n));
        },
      });
      await nc.flush();
      const got = collect(admin, `answers.${user}`);
      admin.publish("q", "", { reply: `answers.${user}` });
      await filled(got, allowed);
      await nc.flush();
      await admin.flush();
      assert.equal(got.length, allowed, user);
      await violates(nc, "publish", reply, () => nc.publish(reply));
      await violates(nc, "publish", "elsewhere", () => nc.publish("elsewhere"));
      await nc.close();
    }
    const late = await as(w, server, "late");
    let held;
    late.subscribe("q", { callback: (_error, msg) => (held = msg) });
    await late.flush();
    admin.publish("q", "", { reply: "answers.late" });
    await within(3000, "the request", () => held);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await violates(late, "publish", "answers.late", () => held.respond("too late"));
  },

  "queue permissions": async (w) => {
    const config = `authorization { users = [
      { user: a, password: pa55, permissions: { sub: { allow: ["foo queue"] } } }
      { user: b, password: pa55, permissions: { sub: {
          allow: ["foo", "foo v1", "foo v1.>", "foo *.dev"]
          deny: ["> *.prod"]
      } } }
    ] }\n`;
    const server = await w.start({ config });
    const [a, b] = [await as(w, server, "a"), await as(w, server, "b")];
    subscribe(a, "foo", "queue")();
    await a.flush();
    await violates(a, "subscription", "foo", subscribe(a, "foo"));
    await violates(a, "subscription", "foo", subscribe(a, "foo", "bar"));
    const events = [];
    void (async () => {
      for await (const s of b.status()) events.push(s);
    })();
    for (const queue of [undefined, "v1", "v1.abc", "x.dev"]) subscribe(b, "foo", queue)();
    await b.flush();
    assert.deepEqual(events, []);
    await violates(b, "subscription", "foo", subscribe(b, "foo", "v2"));
    await violates(b, "subscription", "foo", subscribe(b, "foo", "v1.prod"));
  },
});
