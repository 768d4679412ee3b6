// INFO and CONNECT: what the two sides tell each other first.

import { afterEach, describe, expect, test } from "vitest";
import { reference, stopAll, tcp, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ name, start }) => {
  test("INFO says who the server is and what it takes", async () => {
    const server = await start({ server_name: "this-one", max_payload: 4096 });
    const { info } = await server.dial();
    expect(info).toMatchObject({
      server_id: expect.stringMatching(/^N[A-Z2-7]{55}$/) as string,
      server_name: "this-one",
      version: "2.14.5",
      proto: 1,
      headers: true,
      max_payload: 4096,
      client_id: expect.any(Number) as number,
      api_lvl: 4,
      xkey: expect.stringMatching(/^X[A-Z2-7]{55}$/) as string,
    });
    if (name !== "pipe") {
      expect(info).toMatchObject({ host: "127.0.0.1", client_ip: "127.0.0.1" });
      const port = name === "WebSocket" ? Number(new URL(server.server.websocketUrl!).port) : server.server.port;
      expect(info["port"]).toBe(port);
    }
    for (const absent of ["auth_required", "nonce", "ldm", "connect_urls", "cluster", "jetstream", "connect_info"]) {
      expect(info).not.toHaveProperty(absent);
    }
    expect(info["tls_required"]).toBe(name === "TLS" ? true : undefined);
  });

  test("connection ids are never used twice", async () => {
    const server = await start();
    const ids = [(await server.dial()).info["client_id"], (await server.dial()).info["client_id"]] as number[];
    expect(ids[1]).toBe(ids[0]! + 1);
    const a = await server.dial();
    a.close();
    expect((await server.dial()).info["client_id"]).toBe(ids[0]! + 3);
  });

  test("the first PONG is followed by an INFO with the account, for protocol 1", async () => {
    const a = await (await start()).dial();
    a.send('CONNECT {"verbose":false,"protocol":1}', "PING", "PING");
    expect(await a.line()).toBe("PONG");
    const first = a.info;
    await a.readInfo();
    expect(a.info).toEqual({ ...first, connect_info: true, remote_account: "$G" });
    expect(await a.line()).toBe("PONG");
    expect(await a.ping()).toEqual([]);
  });

  test("a PING before CONNECT is answered, and does not count as the first", async () => {
    const a = await (await start()).dial();
    expect(await a.ping()).toEqual([]);
    a.send('CONNECT {"verbose":false,"protocol":1}', "PING");
    expect(await a.line()).toBe("PONG");
    await a.readInfo();
    expect(a.info["connect_info"]).toBe(true);
    expect(await a.ping()).toEqual([]);
  });

  test("protocol 0 gets no second INFO", async () => {
    const a = await (await start()).dial();
    a.send('CONNECT {"verbose":false,"protocol":0}', "PING");
    expect(await a.line()).toBe("PONG");
    expect(await a.ping()).toEqual([]);
  });

  test.each([2, -1])("protocol %i is refused", async (protocol) => {
    const server = await start();
    const a = await server.dial();
    a.send(`CONNECT {"protocol":${protocol}}`);
    expect(await a.closed()).toEqual(["-ERR 'invalid client protocol'"]);
  });

  test.each(["{", "[]", '{"verbose":1}', '{"user":{}}', '{"protocol":"1"}', "{'a':1}", "nothing", '{"user":"\x01"}'])(
    "CONNECT %s ends the connection without a word",
    async (json) => {
      const a = await (await start()).dial();
      a.send(`CONNECT ${json}`);
      expect(await a.closed()).toEqual([]);
    },
  );

  test("CONNECT without a space, in any case, with unknown keys and nulls", async () => {
    const a = await (await start()).dial();
    a.send('connect{"VERBOSE":false,"Echo":false,"name":null,"shoe_size":{"eu":[43]},"__proto__":{"verbose":true}}');
    a.send("SUB foo 1", "PUB foo 1", "x");
    expect(await a.ping()).toEqual([]);
  });

  test("operations before CONNECT count when nobody has to say who he is", async () => {
    const a = await (await start()).dial();
    a.send("SUB foo 1", 'CONNECT {"verbose":false}', "PUB foo 1", "x");
    expect(await a.ping()).toEqual(["+OK", "MSG foo 1 1", "x"]);
  });

  test("a second CONNECT drops the subscriptions and takes the new manners", async () => {
    const a = await (await start()).connect();
    a.send("SUB foo 1", 'CONNECT {"verbose":true,"pedantic":false}', "PUB foo 1", "x", "SUB foo 1", "PUB foo 1", "y");
    expect(await a.ping()).toEqual(["+OK", "+OK", "+OK", "+OK", "MSG foo 1 1", "y"]);
  });

  test("what a second CONNECT leaves out stays as it was said", async () => {
    const a = await (await start()).connect({ echo: false });
    a.send("CONNECT {}", "SUB foo 1", "PUB foo 0", "", "HPUB bar 12 12", "NATS/1.0", "", "", "PUB a.* 0", "");
    expect(await a.ping()).toEqual([]);
    a.send('CONNECT {"headers":false}');
    expect(await a.closed()).toEqual(["-ERR 'no responders requires headers support'"]);
  });

  test("headers can be agreed on later", async () => {
    const a = await (await start()).connect({ headers: false, no_responders: false });
    a.send('CONNECT {"verbose":false,"headers":true}', "SUB t 1", "HPUB t 12 12", "NATS/1.0", "", "");
    expect(await a.ping()).toEqual(["HMSG t 1 12 12", "NATS/1.0", "", ""]);
  });

  test("no_responders without headers is refused", async () => {
    expect(await (await start()).tryConnect({ headers: false, no_responders: true })).toEqual([
      "-ERR 'no responders requires headers support'",
    ]);
  });

  test.each([{ account: "$SYS" }, { new_account: true }])(
    "a CONNECT that names an account is refused: %o",
    async (fields) => {
      const server = await start({ authorization: { user: "u", password: "p" } });
      expect(await server.tryConnect({ user: "u", pass: "p", ...fields })).toEqual(["-ERR 'Authorization Violation'"]);
    },
  );

  test("an INFO from a client is read and ignored, one that is none ends it", async () => {
    const a = await (await start()).connect();
    a.send('INFO {"server_id":"x"}', "+OK");
    expect(await a.ping()).toEqual([]);
    a.send("INFO nonsense");
    expect(await a.closed()).toEqual([]);
  });

  test("-ERR from a client ends the connection", async () => {
    const a = await (await start()).connect();
    a.send("-ERR 'no'");
    expect(await a.closed()).toEqual([]);
  });

  test("what is no operation is told so and ends the connection", async () => {
    const server = await start();
    for (const bytes of [
      "GET / HTTP/1.1\r\n",
      "\r\n",
      "RS+ $G foo\r\n",
      "\0\0\0\0",
      "PUBLISH a 1\r\n",
      "PUB a 1\r\nxyz",
    ]) {
      const a = await server.connect();
      a.raw(bytes);
      expect(await a.closed()).toEqual(["-ERR 'Unknown Protocol Operation'"]);
    }
  });

  test("arguments that cannot be end the connection without a word", async () => {
    const server = await start();
    for (const line of [
      "PUB a",
      "PUB a b c d",
      "PUB a -1",
      "PUB a 1e3",
      "SUB a",
      "SUB a b c d",
      "UNSUB ",
      "UNSUB a 1 2",
    ]) {
      const a = await server.connect();
      a.send(line);
      expect(await a.closed(), line).toEqual([]);
    }
  });

  test("verbs of any case, tabs, runs of blanks and bare LF", async () => {
    const a = await (await start()).connect();
    a.raw("sub foo\t \t1\nPuB\t foo  2 \t\r\nhi\r\nunSUB 1 \npub foo 2\nhi\r\nping what ever\r\n");
    expect(await a.lines(3)).toEqual(["MSG foo 1 2", "hi", "PONG"]);
    expect(await a.ping()).toEqual([]);
  });

  test("operations cut anywhere", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    b.send("SUB foo.> 1");
    await b.ping();
    const text = "PUB foo.a 5\r\nhello\r\nPUB foo.b reply 2\r\nhi\r\nHPUB foo.c 12 13\r\nNATS/1.0\r\n\r\nx\r\n";
    for (const size of [1, 2, 3, 7]) {
      for (let at = 0; at < text.length; at += size) a.raw(text.slice(at, at + size));
      await a.ping();
      expect(await b.ping()).toEqual([
        "MSG foo.a 1 5",
        "hello",
        "MSG foo.b 1 reply 2",
        "hi",
        "HMSG foo.c 1 12 13",
        "NATS/1.0",
        "",
        "x",
      ]);
    }
  });

  test("operations in pieces that really arrive apart", async () => {
    const server = await start();
    const a = await server.connect();
    a.raw("SUB fo");
    // Another connection's round trip is time enough for the piece to be read.
    await (await server.connect()).ping();
    a.raw("o 1\r\nPUB foo ");
    await (await server.connect()).ping();
    a.raw("4\r\nab");
    await (await server.connect()).ping();
    a.raw("cd\r");
    await (await server.connect()).ping();
    a.raw("\n");
    expect(await a.lines(2)).toEqual(["MSG foo 1 4", "abcd"]);
  });
});

test("client_advertise is what INFO says", async () => {
  const named = await tcp.start({ client_advertise: "nats.example.com:7000" });
  expect((await named.dial()).info).toMatchObject({ host: "nats.example.com", port: 7000 });
  const host = await tcp.start({ client_advertise: "nats.example.com" });
  expect((await host.dial()).info).toMatchObject({ host: "nats.example.com", port: host.server.port });
});

test("the log tells who connected and why it ended", async () => {
  const server = await tcp.startLogged({ debug: true });
  const a = await server.connect({ name: "orders", lang: "go", version: "1.2" });
  const { client_id } = a.info;
  a.close();
  const closed = new RegExp(
    String.raw`^\[DBG\] 127\.0\.0\.1:\d+ - cid:${String(client_id)} - "v1\.2:go:orders" - Client connection closed: Client Closed$`,
  );
  await expect.poll(() => server.log).toContainEqual(expect.stringMatching(closed));
  expect(server.log).toContainEqual(
    expect.stringMatching(
      new RegExp(String.raw`^\[DBG\] 127\.0\.0\.1:\d+ - cid:${String(client_id)} - Client connection created$`),
    ),
  );
});

test("whom CONNECT names is shown, also where nobody asks or nobody was let in", async () => {
  const open = await tcp.startLogged({ http_port: -1, debug: true });
  await open.connect({ user: "bob", pass: "x", lang: "", version: "", name: "" });
  await open.connect({ auth_token: "secret" });
  await open.connect();
  interface Connz {
    connections: { authorized_user?: string }[];
  }
  const page = await open.page<Connz>("/connz?auth=1");
  expect(page.connections.map(({ authorized_user }) => authorized_user)).toEqual(["bob", "[REDACTED]", undefined]);
  const closed = await tcp.startLogged({ http_port: -1, authorization: { token: "t" } });
  await closed.tryConnect({ user: "eve", pass: "x" });
  await closed.tryConnect({ auth_token: "x" });
  const gone = await closed.page<Connz>("/connz?auth=1&state=closed");
  const names = gone.connections.map(({ authorized_user }) => authorized_user);
  expect(names.slice(-2)).toEqual(["eve", "[REDACTED]"]);
  (await open.connect({ user: "bob", lang: "", version: "" })).send("nonsense");
  await expect
    .poll(() => open.log)
    .toContainEqual(
      expect.stringMatching(/^\[DBG\] 127\.0\.0\.1:\d+ - cid:\d+ - "\$G\/user:bob" - Client connection closed/),
    );
});

test.skipIf(reference !== undefined)("100 KB of CONNECT or INFO are refused before they are read whole", async () => {
  const server = await tcp.start();
  for (const verb of ["CONNECT", "INFO", "-ERR"]) {
    const a = await server.dial();
    a.raw(`${verb} {"x":"${"y".repeat(100_000)}`);
    expect(await a.closed(), verb).toEqual(["-ERR 'maximum control line exceeded'"]);
  }
});
