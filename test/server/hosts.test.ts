// Addresses a server listens on.

import { networkInterfaces } from "node:os";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
if (!hasIpv6) console.warn("IPv6 is off here: tests of ::1 and of both families on one port are skipped");

/** The first bytes the server says to `host`, or the error. */
function hello(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("data", (bytes) => {
      resolve(bytes.toString("utf8", 0, 4));
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
  });
}

test("127.0.0.1 is this machine alone", async () => {
  const server = await tcp.start();
  expect(await hello("127.0.0.1", server.server.port)).toBe("INFO");
  expect(await hello("127.0.0.2", server.server.port)).toBe("ECONNREFUSED");
});

test("localhost is a name like any other", async () => {
  const server = await tcp.start({ host: "localhost" });
  expect(await hello("localhost", server.server.port)).toBe("INFO");
  expect((await server.dial().catch(() => undefined))?.info["host"] ?? "localhost").toBe("localhost");
});

test.skipIf(!hasIpv6)("::1, with brackets where an address and a port stand together", async () => {
  const server = await tcp.startLogged({ host: "::1" });
  expect(await hello("::1", server.server.port)).toBe("INFO");
  expect(await hello("127.0.0.1", server.server.port)).toBe("ECONNREFUSED");
  expect(server.log).toContain(`[INF] Listening for client connections on [::1]:${server.server.port}`);
});

// The only test that listens beyond this machine's own addresses: that is what it is about.
test.skipIf(!hasIpv6)("0.0.0.0 takes both families", async () => {
  const server = await tcp.start({ host: "0.0.0.0" });
  expect(await hello("127.0.0.1", server.server.port)).toBe("INFO");
  expect(await hello("::1", server.server.port)).toBe("INFO");
});
