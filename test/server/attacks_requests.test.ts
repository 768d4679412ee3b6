// What an ordinary user may ask the server, and what that may cost everybody else.

import { afterEach, expect, test } from "vitest";
import { account, key, operatorToken, user } from "../auth/operator/world.ts";
import { stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

test("a long pattern for many subscriptions holds nobody up", async () => {
  const server = await tcp.start({ max_payload: 2_000_000 } as never);
  const [peer, other] = [await server.connect(), await server.connect()];
  peer.send(...Array.from({ length: 1000 }, (_, i) => `SUB s.${i} ${i}`), "SUB box b");
  await peer.ping();
  const body = JSON.stringify({ filter_subject: "a.".repeat(500_000) + "a" });
  peer.send(`PUB $SYS.REQ.ACCOUNT.PING.CONNZ box ${body.length}`, body);
  const before = performance.now();
  while (!(await peer.line()).startsWith("MSG box b ")) await other.ping();
  expect(performance.now() - before).toBeLessThan(1500);
});

const accounts = {
  SYS: { users: [{ user: "s", password: "p" }], exports: [{ service: "$SYS.DEBUG.SUBSCRIBERS" }] },
  A: {
    users: [{ user: "a", password: "p" }],
    imports: [{ service: { account: "SYS", subject: "$SYS.DEBUG.SUBSCRIBERS" } }],
  },
};

test("who may ask how many listen is told of its own account, and holds nobody up with a long pattern", async () => {
  const server = await tcp.start({ max_payload: 2_000_000, accounts, system_account: "SYS" } as never);
  const [system, peer] = [
    await server.connect({ user: "s", pass: "p" }),
    await server.connect({ user: "a", pass: "p" }),
  ];
  system.send(...Array.from({ length: 1000 }, (_, i) => `SUB s.${i} ${i}`));
  await system.ping();
  peer.send(...Array.from({ length: 500 }, (_, i) => `SUB s.${i} ${i}`), "SUB box b");
  await peer.ping();
  const count = async (subject: string): Promise<string> => {
    peer.send(`PUB $SYS.DEBUG.SUBSCRIBERS box ${subject.length}`, subject);
    while (!(await peer.line()).startsWith("MSG box b "));
    return peer.line();
  };
  expect(await count("s.*")).toBe("500");
  const before = performance.now();
  expect(await count("a.".repeat(500_000) + "*")).toBe("0");
  expect(performance.now() - before).toBeLessThan(1500);
});

test("nobody is shown a token that is all it takes to be somebody else", async () => {
  const [system, own, alice, bob] = [key("account", 81), key("account", 82), key("user", 83), key("user", 84)];
  const server = await tcp.start({
    operator: operatorToken(false, system.publicKey),
    resolver: "MEMORY",
    resolver_preload: { [system.publicKey]: account(system), [own.publicKey]: account(own) },
    http_port: -1,
  } as never);
  const token = user(alice, own, { bearer_token: true });
  await server.connect({ jwt: token });
  const peer = await server.dial();
  const sig = Buffer.from(bob.sign(Buffer.from(String(peer.info["nonce"])))).toString("base64url");
  const shownToken = user(bob, own);
  expect(await server.answer(peer, { jwt: shownToken, sig })).toEqual(["PONG"]);
  const body = '{"auth":true,"state":2}';
  peer.send("SUB box b", `PUB $SYS.REQ.ACCOUNT.PING.CONNZ box ${body.length}`, body);
  while (!(await peer.line()).startsWith("MSG box b "));
  const told = await peer.line();
  expect(told).toContain(alice.publicKey);
  for (const page of [told, JSON.stringify(await server.page("/connz?auth=1&state=all"))]) {
    expect(page).toContain(shownToken);
    expect(page).not.toContain(token);
  }
});

test("who logs in anew is told nothing of the time that its first login had", async () => {
  const [system, own, alice] = [key("account", 81), key("account", 82), key("user", 83)];
  const server = await tcp.start({
    operator: operatorToken(false, system.publicKey),
    resolver: "MEMORY",
    resolver_preload: { [system.publicKey]: account(system), [own.publicKey]: account(own) },
  } as never);
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const peer = await server.connect({ jwt: user(alice, own, { bearer_token: true }, { exp }), protocol: 0 });
  const asked = async (): Promise<string> => {
    peer.send("SUB box b", "PUB $SYS.REQ.USER.INFO box 0", "", "UNSUB b 1");
    while (!(await peer.line()).startsWith("MSG box b "));
    return peer.line();
  };
  expect(await asked()).toContain('"expires":');
  peer.send(`CONNECT ${JSON.stringify({ verbose: false, jwt: user(alice, own, { bearer_token: true }) })}`);
  await peer.ping();
  expect(await asked()).not.toContain('"expires":');
});
