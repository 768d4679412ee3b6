// Profiles of the running server, by request of the system account.

import { afterEach, expect, test } from "vitest";
import { reference, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const SECRET = "Pa55-in-memory";

async function profiled(body: string): Promise<string> {
  const server = await tcp.start({
    accounts: { SYS: { users: [{ user: "sys", password: SECRET }] } },
    system_account: "SYS",
  } as never);
  const sys = await server.connect({ user: "sys", pass: SECRET });
  sys.send("SUB box 1", `PUB $SYS.REQ.SERVER.PING.PROFILEZ box ${body.length}`, body);
  const [, answer] = await sys.lines(2);
  const { data } = JSON.parse(answer!) as { data: { profile: string | null; error: string } };
  expect(data.error).toBe("");
  return Buffer.from(data.profile!, "base64").toString();
}

test.skipIf(reference !== undefined)("a profile of the heap is of functions, not of what they keep", async () => {
  const text = await profiled(`{"name":"heap","duration":200000000}`);
  const profile = JSON.parse(text) as { head: object; samples: unknown[] };
  expect(profile.head).toHaveProperty("callFrame.functionName", "(root)");
  expect(text).not.toContain(SECRET);
  // It is no larger than what anybody may send.
  expect(text.length).toBeLessThan(1 << 20);
});

test.skipIf(reference !== undefined)("a profile of the CPU has what was done meanwhile", async () => {
  const text = await profiled(`{"name":"cpu","duration":50000000}`);
  const profile = JSON.parse(text) as { nodes: unknown[]; startTime: number; endTime: number };
  expect(profile.nodes.length).toBeGreaterThan(1);
  expect(profile.endTime - profile.startTime).toBeGreaterThan(40_000);
  expect(text).not.toContain(SECRET);
});
