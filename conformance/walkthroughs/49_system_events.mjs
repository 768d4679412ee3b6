// Walkthrough 49: events and services of the system account.

import assert from "node:assert/strict";
import { filled, walkthrough } from "./walk.mjs";

const CONFIG = `server_name: one
accounts: {
  USERS: { users: [ {user: a, password: a} ] }
  SYS: { users: [ {user: admin, password: changeit} ] }
}
system_account: SYS\n`;

const admin = (w, server) => w.connect(server, { user: "admin", pass: "changeit" });
const asked = async (nc, subject, body = "") =>
  (await nc.request(subject, typeof body === "string" ? body : JSON.stringify(body), { timeout: 8000 })).json();

await walkthrough("49 system events and services", {
  "connects and disconnects": async (w) => {
    const server = await w.start({ config: CONFIG });
    const sys = await admin(w, server);
    const heard = [];
    sys.subscribe("$SYS.ACCOUNT.USERS.>", {
      callback: (_error, msg) => heard.push([msg.subject.split(".").at(-1), msg.json()]),
    });
    await sys.flush();
    const nc = await w.connect(server, { user: "a", pass: "a", name: "visitor" });
    nc.publish("foo", "hello");
    await nc.flush();
    await nc.close();
    await filled(heard, 4);
    const told = (kind) => heard.find(([each]) => each === kind)?.[1];
    assert.equal(told("CONNECT").client.name, "visitor");
    assert.equal(told("CONNECT").client.acc, "USERS");
    assert.deepEqual(told("DISCONNECT").sent, { msgs: 1, bytes: 5 });
    assert.equal(told("DISCONNECT").reason, "Client Closed");
    assert.deepEqual(
      heard.filter(([kind]) => kind === "CONNS").map(([, { conns }]) => conns),
      [1, 0],
    );
  },
  "who is there, and how it does": async (w) => {
    const server = await w.start({ config: CONFIG });
    const sys = await admin(w, server);
    const { id, name } = await asked(sys, "$SYS.REQ.SERVER.PING.IDZ");
    assert.equal(name, "one");
    assert.equal((await asked(sys, "$SYS.REQ.SERVER.PING")).statsz.connections, 1);
    assert.equal((await asked(sys, `$SYS.REQ.SERVER.${id}.STATSZ`)).server.id, id);
    for (const page of ["VARZ", "CONNZ", "SUBSZ", "ROUTEZ", "GATEWAYZ", "LEAFZ", "ACCOUNTZ", "JSZ", "HEALTHZ"]) {
      const { data, error } = await asked(sys, `$SYS.REQ.SERVER.${id}.${page}`);
      assert.ok(data && !error, page);
    }
    assert.equal((await asked(sys, "$SYS.REQ.ACCOUNT.USERS.CONNZ")).data.num_connections, 0);
    assert.equal((await asked(sys, "$SYS.REQ.SERVER.PING.HEALTHZ")).data.status, "ok");
  },
  "a profile, or why there is none": async (w) => {
    const server = await w.start({ config: CONFIG });
    const sys = await admin(w, server);
    const { data } = await asked(sys, "$SYS.REQ.SERVER.PING.PROFILEZ", { name: "heap", debug: 0 });
    assert.ok(Buffer.from(data.profile, "base64").length > 100);
    assert.match((await asked(sys, "$SYS.REQ.SERVER.PING.PROFILEZ", {})).data.error, /Profile name not specified/);
  },
  "a reload by request": async (w) => {
    const server = await w.start({ config: CONFIG });
    const sys = await admin(w, server);
    const { id } = await asked(sys, "$SYS.REQ.SERVER.PING.IDZ");
    const answer = await asked(sys, `$SYS.REQ.SERVER.${id}.RELOAD`);
    assert.equal(answer.error, undefined);
    assert.equal(answer.server.id, id);
  },
  "who am I": async (w) => {
    const server = await w.start({ config: CONFIG });
    const nc = await w.connect(server, { user: "a", pass: "a" });
    const { data } = await asked(nc, "$SYS.REQ.USER.INFO");
    assert.equal(data.user, "a");
    assert.equal(data.account, "USERS");
    assert.equal((await asked(nc, "$SYS.REQ.ACCOUNT.PING.CONNZ")).data.num_connections, 1);
    await assert.rejects(asked(nc, "$SYS.REQ.SERVER.PING.IDZ"));
  },
});
