// Five hundred clients at once.

import { afterEach, describe, expect, test } from "vitest";
import { stopAll, transports } from "../support/transports.ts";

afterEach(stopAll);

describe.each(transports)("over $name", ({ name, start }) => {
  test("five hundred clients all hear each other, and leave nothing behind", async () => {
    const server = await start({ http_port: -1 });
    // Handshakes cost a millisecond or more each, for both sides, in this one process.
    const count = name === "TLS" ? 150 : 500;
    const peers = await Promise.all(Array.from({ length: count }, () => server.connect()));
    expect(new Set(peers.map(({ info }) => info["client_id"])).size).toBe(count);
    for (const peer of peers) peer.send("SUB all 1", "SUB work q 2");
    await Promise.all(peers.map((peer) => peer.ping()));
    for (const [i, peer] of peers.entries()) {
      if (i % 50 === 0) peer.send("PUB all 1", "x");
      peer.send("PUB work 1", "y");
    }
    // Once everybody has been answered, what is on its way to others comes before their next PONG.
    const first = await Promise.all(peers.map((peer) => peer.ping()));
    const second = await Promise.all(peers.map((peer) => peer.ping()));
    const lines = [...first.flat(), ...second.flat()];
    expect(lines.filter((line) => line === "MSG all 1 1")).toHaveLength(count * Math.ceil(count / 50));
    expect(lines.filter((line) => line === "MSG work 2 1")).toHaveLength(count);
    const varz = await server.page<{ connections: number; subscriptions: number }>("/varz");
    expect(varz.connections).toBe(count);
    for (const peer of peers) peer.close();
    await expect
      .poll(async () => (await server.page<{ connections: number }>("/varz")).connections, { timeout: 5000 })
      .toBe(0);
  });
});
