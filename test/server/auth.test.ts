// Who is let in, by every means there is. (Each rule by itself: test/auth/.)

import { createUser, fromSeed } from "@nats-io/nkeys";
import { hashSync } from "bcryptjs";
import { afterEach, describe, expect, test } from "vitest";
import { dialPipe, dialTcp, dialWebSocket } from "../support/peer.ts";
import { reference, stopAll, tcp, transports } from "../support/transports.ts";

afterEach(stopAll);

const REFUSED = ["-ERR 'Authorization Violation'"];
const IN = ["PONG"];
const hashed = (text: string): string => hashSync(text, 4);

describe.each(transports)("over $name", ({ name, start, startLogged }) => {
  test("a token", async () => {
    const server = await start({ authorization: { token: "s3cr3t" } });
    expect((await server.dial()).info["auth_required"]).toBe(true);
    expect(await server.tryConnect({ auth_token: "s3cr3t" })).toEqual(IN);
    for (const fields of [{}, { auth_token: "S3cr3t" }, { auth_token: "" }, { user: "s3cr3t" }, { pass: "s3cr3t" }]) {
      expect(await server.tryConnect(fields)).toEqual(REFUSED);
    }
  });

  test("a user and a password", async () => {
    const server = await start({ authorization: { user: "joe", password: "pass word" } });
    expect(await server.tryConnect({ user: "joe", pass: "pass word" })).toEqual(IN);
    for (const fields of [{}, { user: "joe" }, { user: "joe", pass: "password" }, { user: "Joe", pass: "pass word" }]) {
      expect(await server.tryConnect(fields)).toEqual(REFUSED);
    }
  });

  test("several users, some with hashed passwords", async () => {
    const server = await start({
      authorization: {
        users: [
          { user: "plain", password: "one" },
          { user: "hashed", password: hashed("two") },
          { user: "jürgen-日本-🚀", password: "pässwörd" },
        ],
      },
    });
    expect(await server.tryConnect({ user: "plain", pass: "one" })).toEqual(IN);
    expect(await server.tryConnect({ user: "hashed", pass: "two" })).toEqual(IN);
    expect(await server.tryConnect({ user: "jürgen-日本-🚀", pass: "pässwörd" })).toEqual(IN);
    expect(await server.tryConnect({ user: "plain", pass: "two" })).toEqual(REFUSED);
    expect(await server.tryConnect({ user: "hashed", pass: "one" })).toEqual(REFUSED);
    expect(await server.tryConnect({ user: "nobody", pass: "one" })).toEqual(REFUSED);
    expect(await server.tryConnect({})).toEqual(REFUSED);
  });

  test("while a hash is compared nothing behind CONNECT happens, then all of it", async () => {
    const server = await start({ authorization: { user: "u", password: hashed("p") } });
    const a = await server.dial();
    a.send('CONNECT {"verbose":false,"user":"u","pass":"p"}', "SUB foo 1", "PUB foo 2", "hi");
    expect(await a.ping()).toEqual(["MSG foo 1 2", "hi"]);
    const b = await server.dial();
    b.send('CONNECT {"verbose":false,"user":"u","pass":"x"}', "SUB foo 1", "PUB foo 4", "evil", "PING");
    expect(await b.closed()).toEqual(REFUSED);
    expect(await a.ping()).toEqual([]);
  });

  test("an nkey signs the nonce of its own connection", async () => {
    const user = createUser();
    const server = await start({ authorization: { users: [{ nkey: user.getPublicKey() }] } });
    const sign = (nonce: unknown, key = user): string =>
      Buffer.from(key.sign(Buffer.from(String(nonce)))).toString("base64url");
    const a = await server.dial();
    const nonce = a.info["nonce"];
    expect(nonce).toMatch(/^[\w-]{15}$/);
    const nkey = user.getPublicKey();
    expect(await server.answer(a, { nkey, sig: sign(nonce) })).toEqual(IN);
    // The same signature on another connection is worth nothing.
    expect(await server.tryConnect({ nkey, sig: sign(nonce) })).toEqual(REFUSED);
    const b = await server.dial();
    expect(await server.answer(b, { nkey, sig: sign(b.info["nonce"], fromSeed(createUser().getSeed())) })).toEqual(
      REFUSED,
    );
    expect(await server.tryConnect({ nkey })).toEqual(REFUSED);
    expect(await server.tryConnect({ nkey: "UNOTAKEY", sig: "AAAA" })).toEqual(REFUSED);
  });

  test("no_auth_user lets everybody in who says nothing, and nobody with a wrong password", async () => {
    const server = await start({
      authorization: {
        users: [
          { user: "guest", password: "g", permissions: { publish: "guest.>" } },
          { user: "u", password: "p" },
        ],
      },
      no_auth_user: "guest",
    });
    // A WebSocket listener has its own no_auth_user; INFO goes by that one.
    expect((await server.dial()).info["auth_required"]).toBe(name === "WebSocket" ? true : undefined);
    const guest = await server.connect();
    guest.send("PUB other 0", "");
    expect(await guest.ping()).toEqual([`-ERR 'Permissions Violation for Publish to "other"'`]);
    expect(await server.tryConnect({ user: "u", pass: "p" })).toEqual(IN);
    expect(await server.tryConnect({ user: "u", pass: "x" })).toEqual(REFUSED);
    const mute = await server.dial();
    mute.send("SUB guest.a 1", "PUB guest.a 1", "x");
    expect(await mute.ping()).toEqual(["+OK", "+OK", "MSG guest.a 1 1", "x"]);
  });

  test("nothing but CONNECT comes first where one has to say who one is", async () => {
    const server = await start({ authorization: { token: "t" } });
    for (const line of ["PING", "SUB foo 1", "PUB foo 0\r\n", "INFO {}", "+OK"]) {
      const a = await server.dial();
      a.send(line);
      expect(await a.closed(), line).toEqual(REFUSED);
    }
  });

  test("who says nothing at all is sent away", async () => {
    const server = await start({ authorization: { token: "t", timeout: "300ms" } });
    const a = await server.dial();
    const before = Date.now();
    expect(await a.closed()).toEqual(["-ERR 'Authentication Timeout'"]);
    expect(Date.now() - before).toBeGreaterThan(100);
  });

  test("half a CONNECT is not enough to stay", async () => {
    const a = await (await start({ authorization: { token: "t", timeout: "300ms" } })).dial();
    a.raw('CONNECT {"auth_token":"t"');
    expect(await a.closed()).toEqual(["-ERR 'Authentication Timeout'"]);
  });

  test("a second CONNECT may be somebody else, and must be somebody", async () => {
    const server = await start({
      accounts: { A: { users: [{ user: "a", password: "a" }] }, B: { users: [{ user: "b", password: "b" }] } },
    });
    const [a, b] = [await server.connect({ user: "a", pass: "a" }), await server.connect({ user: "b", pass: "b" })];
    a.send("SUB foo 1", 'CONNECT {"verbose":false,"user":"b","pass":"b"}', "SUB foo 2");
    await a.ping();
    b.send("PUB foo 1", "x");
    expect(await a.lines(2)).toEqual(["MSG foo 2 1", "x"]);
    a.send('CONNECT {"user":"b","pass":"wrong"}', "PUB foo 1", "y");
    expect(await a.closed()).toEqual(REFUSED);
    expect(await b.ping()).toEqual([]);
  });

  test("the log names who failed and no secret", async () => {
    const server = await startLogged({
      debug: true,
      trace: true,
      authorization: { users: [{ user: "joe", password: "right-secret" }] },
    });
    expect(await server.tryConnect({ user: "joe", pass: "wrong-secret", auth_token: "token-secret" })).toEqual(REFUSED);
    expect(await server.tryConnect({ user: "joe", pass: "right-secret" })).toEqual(IN);
    await expect
      .poll(() => server.log)
      .toContainEqual(expect.stringMatching(/^\[ERR\] .*authentication error - User "joe"$/));
    expect(server.log.join("\n")).toContain("CONNECT");
    expect(server.log.join("\n")).not.toMatch(/(right|wrong|token)-secret/);
  });
});

test.skipIf(reference !== undefined)("users are let in by the kinds of connections they may use", async () => {
  const server = await tcp.start({
    websocket: { port: -1, no_tls: true },
    authorization: {
      users: [
        { user: "s", password: "p", allowed_connection_types: ["STANDARD"] },
        { user: "w", password: "p", allowed_connection_types: ["websocket"] },
        { user: "i", password: "p", allowed_connection_types: ["IN_PROCESS"] },
        { user: "sw", password: "p", allowed_connection_types: ["STANDARD", "WEBSOCKET"] },
        { user: "m", password: "p", allowed_connection_types: ["MQTT"] },
      ],
    },
  });
  const who = async (dial: typeof dialTcp): Promise<string> => {
    const let_in = [];
    for (const user of ["s", "w", "i", "sw", "m"]) {
      if ((await server.tryConnect({ user, pass: "p" }, {}, dial))[0] === "PONG") let_in.push(user);
    }
    return let_in.join();
  };
  expect(await who(dialTcp)).toBe("s,sw");
  expect(await who(dialWebSocket)).toBe("w,sw");
  expect(await who(dialPipe)).toBe("i");
});

test("a no_auth_user of another kind of connection opens no door", async () => {
  const server = await tcp.start({
    websocket: { port: -1, no_tls: true },
    authorization: { users: [{ user: "w", password: "p", allowed_connection_types: ["WEBSOCKET"] }] },
    no_auth_user: "w",
  });
  expect(await server.tryConnect({}, {}, dialTcp)).toEqual(REFUSED);
  const mute = await server.dial({}, dialTcp);
  mute.send("PUB foo 0", "");
  expect(await mute.closed()).toEqual(REFUSED);
  expect(await server.tryConnect({}, {}, dialWebSocket)).toEqual(IN);
});

test("WebSocket may have its own user, time and nobody", async () => {
  const server = await tcp.start({
    authorization: { user: "u", password: "p" },
    websocket: { port: -1, no_tls: true, authorization: { user: "ws", password: "ws", timeout: "200ms" } },
  });
  expect(await server.tryConnect({ user: "ws", pass: "ws" }, {}, dialWebSocket)).toEqual(IN);
  expect(await server.tryConnect({ user: "u", pass: "p" }, {}, dialWebSocket)).toEqual(REFUSED);
  expect(await server.tryConnect({ user: "u", pass: "p" }, {}, dialTcp)).toEqual(IN);
  expect(await server.tryConnect({ user: "ws", pass: "ws" }, {}, dialTcp)).toEqual(REFUSED);
  const mute = await server.dial({}, dialWebSocket);
  const before = Date.now();
  expect(await mute.closed()).toEqual(["-ERR 'Authentication Timeout'"]);
  expect(Date.now() - before).toBeLessThan(1500);
});

test("users of the system account alone let everybody else into the global one", async () => {
  const accounts = { SYS: { users: [{ user: "sys", password: "s" }] } };
  const open = await tcp.start({ accounts, system_account: "SYS" });
  const anybody = await open.connect();
  expect(anybody.info["remote_account"]).toBe("$G");
  const sys = await open.connect({ user: "sys", pass: "s" });
  expect(sys.info).toMatchObject({ remote_account: "SYS", acc_is_sys: true });
  expect(await open.tryConnect({ user: "sys", pass: "x" })).toEqual(REFUSED);
  // CVE-2023-47090: an authorization block, even an empty one, closes it.
  const closed = await tcp.start({ accounts, system_account: "SYS", authorization: {} });
  expect(await closed.tryConnect()).toEqual(REFUSED);
  expect(await closed.tryConnect({ user: "sys", pass: "s" })).toEqual(IN);
});
