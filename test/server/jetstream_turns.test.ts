// How many turns of the server a stored message takes until it is acknowledged.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stopAll, tcp } from "../support/transports.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "jetstream-"));
});
afterEach(async () => {
  await stopAll();
  rmSync(dir, { recursive: true });
});

test.each(["memory", "file"])(
  "a message that is stored (%s) is acknowledged in the turn that it came in",
  async (storage) => {
    const running = await tcp.start({ jetstream: { store_dir: dir, sync_interval: "2m" } });
    const peer = await running.connect();
    const config = JSON.stringify({ name: "S", subjects: ["s"], storage });
    peer.send("SUB inbox 9", `PUB $JS.API.STREAM.CREATE.S inbox ${config.length}`, config);
    await peer.lines(2);
    const { world } = running.server.listeners.core;
    const atTurnEnd = world.atTurnEnd.bind(world);
    let turns = 0;
    world.atTurnEnd = (fire) => {
      turns++;
      atTurnEnd(fire);
    };
    for (let seq = 1; seq <= 3; seq++) {
      turns = 0;
      peer.send("PUB s inbox 2", "{}");
      expect((await peer.lines(2))[1]).toBe(`{"stream":"S","seq":${seq}}`);
      expect(turns).toBe(1);
    }
  },
);
