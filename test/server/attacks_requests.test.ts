// What an ordinary user may ask the server, and what that may cost everybody else.

import { afterEach, expect, test } from "vitest";
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
