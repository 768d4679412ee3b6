// Publish and subscribe as a client sees it, over every transport.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ start }) => {
  test("PUB reaches SUB with the subscriber's own sid", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB orders.* 7");
    await a.ping();
    b.send("PUB orders.new 2", "hi");
    expect(await a.lines(2)).toEqual(["MSG orders.new 7 2", "hi"]);
  });

  test("a message reaches each matching subscription of one client", async () => {
    const server = await start();
    const a = await server.connect();
    a.send("SUB foo 1", "SUB > 2", "PUB foo 0", "");
    expect((await a.ping()).filter((line) => line !== "").toSorted()).toEqual(["MSG foo 1 0", "MSG foo 2 0"]);
  });

  test("messages of one publisher arrive in order, all of them", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB n 1");
    await a.ping();
    const count = 20_000;
    let out = "";
    for (let i = 0; i < count; i++) out += `PUB n ${String(i).length}\r\n${i}\r\n`;
    b.raw(out);
    const lines = await a.lines(2 * count);
    for (let i = 0; i < count; i++) expect(lines[2 * i + 1]).toBe(String(i));
  });

  test("a large payload arrives whole", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    a.send("SUB big 1");
    await a.ping();
    const payload = Buffer.alloc(1024 * 1024, 0x61);
    b.raw(`PUB big ${payload.length}\r\n`).raw(payload).raw("\r\n");
    expect(await a.line()).toBe(`MSG big 1 ${payload.length}`);
    expect(Buffer.compare(await a.bytes(payload.length), payload)).toBe(0);
  });
});
