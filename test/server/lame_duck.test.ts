// Leaving: lame duck mode and stop. (The spread in time: test/session/.)

import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { dialPipe } from "../support/peer.ts";
import { reference, stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => resolve(true));
  });
}

describe.skipIf(reference !== undefined).each(transports)("over $name", ({ name, start }) => {
  test("lame duck mode: those who are there are told and go on, nobody new comes in", async () => {
    const server = await start();
    const [a, old] = [await server.connect(), await server.connect({ protocol: 0 })];
    server.server.lameDuck();
    expect(server.server.isLameDuck).toBe(true);
    await a.readInfo();
    expect(a.info["ldm"]).toBe(true);
    expect(await refuses(server.server.port)).toBe(true);
    // A pipe has no door that could be closed.
    const late = await server.dial({}, dialPipe);
    expect(await late.closed()).toHaveLength(1);
    a.send("SUB foo 1", "PUB foo 1", "x");
    expect(await a.ping()).toEqual(["MSG foo 1 1", "x"]);
    expect(await old.ping()).toEqual([]);
    await server.server.stop();
    expect(await a.closed()).toEqual([]);
  });

  test("lame duck mode without clients is over at once", async () => {
    const server = await start();
    server.server.lameDuck();
    await server.server.closed;
    expect(await refuses(server.server.port)).toBe(true);
  });

  test("stop: what was published before it arrives, then everybody is closed", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB foo 1");
    await a.ping();
    for (let i = 0; i < 100; i++) b.send("PUB foo 3", String(100 + i));
    await b.ping();
    await server.server.stop();
    const lines = await a.closed();
    expect(lines.filter((line) => /^\d{3}$/.test(line))).toHaveLength(100);
    expect(await b.closed()).toEqual([]);
    await expect(server.dial()).rejects.toThrow(name === "pipe" ? "the server has stopped" : "the connection ended");
  });

  test("stop may be called twice, and while somebody does not read", async () => {
    const server = await start();
    const [slow, b] = [await server.connect(), await server.connect()];
    slow.send("SUB foo 1");
    await slow.ping();
    slow.wire!.pause();
    for (let i = 0; i < 64; i++) b.raw(`PUB foo 100000\r\n${"x".repeat(100_000)}\r\n`);
    await b.ping();
    const before = Date.now();
    await Promise.all([server.server.stop(), server.server.stop()]);
    expect(Date.now() - before).toBeLessThan(4000);
  });
});
