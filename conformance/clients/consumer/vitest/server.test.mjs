// A user's vitest suite.

import net from "node:net";
import { connect } from "nats";
import { Server } from "subjectd";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

let server;
beforeAll(async () => {
  server = await Server.start({ port: 0 });
});
afterAll(() => server.stop());
afterEach(() => vi.useRealTimers());

test("a request is answered", async () => {
  const nc = await connect({ servers: server.url });
  nc.subscribe("echo", { callback: (_error, msg) => msg.respond(msg.data) });
  expect((await nc.request("echo", "hi", { timeout: 2000 })).string()).toBe("hi");
  await nc.close();
});

test("fake timers do not freeze the server", async () => {
  vi.useFakeTimers();
  const socket = net.connect(Number(new URL(server.url).port), "127.0.0.1");
  const text = await new Promise((resolve) => {
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk;
      if (seen.includes("PONG")) resolve(seen);
    });
    socket.write('CONNECT {"verbose":false}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n');
  });
  expect(text).toContain("MSG a 1 2\r\nhi\r\n");
  socket.destroy();
});

test("fake timers do not keep a server from starting and stopping", async () => {
  vi.useFakeTimers();
  const second = await Server.start({ port: 0 });
  await second.stop();
});
