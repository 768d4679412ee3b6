// Walkthrough 12: token, user and password, bcrypt.

import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import { ErrorCode } from "nats";
import { walkthrough } from "./walk.mjs";

const hash = hashSync("a long enough password", 11).replace("$2b$", "$2a$");

const isViolation = (error) => assert.equal(error.code, ErrorCode.AuthorizationViolation);

await walkthrough("12 passwords", {
  "nats-server --auth mytoken": async (w) => {
    const server = await w.start({ flags: ["--auth", "mytoken"] });
    await (await w.connect(server, { token: "mytoken" })).flush();
    isViolation(await w.refused(server, { token: "mytokeN" }));
    isViolation(await w.refused(server));
    const raw = await w.raw(server);
    assert.equal((await raw.info()).auth_required, true);
    raw.send("PING");
    await raw.expect("-ERR 'Authorization Violation'\r\n");
    await raw.expectClosed();
  },

  "nats-server --user myname --pass password": async (w) => {
    const server = await w.start({ flags: ["--user", "myname", "--pass", "password"] });
    await (await w.connect(server, { user: "myname", pass: "password" })).flush();
    isViolation(await w.refused(server, { user: "myname", pass: "Password" }));
    isViolation(await w.refused(server, { user: "Myname", pass: "password" }));
    isViolation(await w.refused(server, { user: "myname" }));
  },

  "a bcrypt password of cost 11": async (w) => {
    const config = `authorization {\n  user: derek\n  password: ${hash}\n}\n`;
    const server = await w.start({ config });
    await (await w.connect(server, { user: "derek", pass: "a long enough password" })).flush();
    isViolation(await w.refused(server, { user: "derek", pass: "another password" }));
    isViolation(await w.refused(server, { user: "derek", pass: hash }));
  },

  "a bcrypt token": async (w) => {
    const server = await w.start({ config: `authorization {\n  token: "${hash}"\n}\n` });
    await (await w.connect(server, { token: "a long enough password" })).flush();
    isViolation(await w.refused(server, { token: hash }));
  },

  "several users, and nobody waits forever": async (w) => {
    const users = `users = [ {user: a, password: b}, {user: b, password: a} ]`;
    const server = await w.start({ config: `authorization: {\n    ${users}\n    timeout: 0.5\n}\n` });
    await (await w.connect(server, { user: "a", pass: "b" })).flush();
    await (await w.connect(server, { user: "b", pass: "a" })).flush();
    isViolation(await w.refused(server, { user: "a", pass: "a" }));
    const silent = await w.raw(server);
    await silent.expect("-ERR 'Authentication Timeout'\r\n");
    await silent.expectClosed();
  },

  "no secret reaches the log": async (w) => {
    const server = await w.start({ flags: ["--user", "myname", "--pass", "pa55word", "-DV"] });
    await w.connect(server, { user: "myname", pass: "pa55word" });
    await w.refused(server, { user: "myname", pass: "gue55" });
    await server.logged("authentication error");
    assert.equal(/pa55word|gue55/.test(server.log), false);
  },
});
