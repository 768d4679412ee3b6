// What an ordinary user may ask the server, and what that may cost everybody else.

import { afterEach, expect, test } from "vitest";
import { stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

test("a long pattern for many subscriptions holds nobody up", async () => {
  const server = await tcp.start({ max_payload: "2MB" } as never);
  const [peer, other] = [await server.connect(), await server.connect()];
  peer.send(...Array.from({ length: 1000 }, (_, i) => `SUB s.${i} ${i}`), "SUB box b");
  await peer.ping();
  const body = JSON.stringify({ filter_subject: "a.".repeat(500_000) + "a" });
  peer.send(`PUB $SYS.REQ.ACCOUNT.PING.CONNZ box ${body.length}`, body);
  const before = performance.now();
  while (!(await peer.line()).startsWith("MSG box b ")) await other.ping();
  expect(performance.now() - before).toBeLessThan(1500);
});
