// The log never holds the server up, whoever reads it or does not.

import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectClient, executable, folder, useCommand } from "./support.ts";

useCommand();

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function connectSoon(port: number): ReturnType<typeof connectClient> {
  for (;;) {
    try {
      return await connectClient(port);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Publishes `count` messages with a trace line or more each, and waits for the PONG behind them. */
async function chatter(port: number, count: number): Promise<void> {
  const client = await connectSoon(port);
  const pong = new Promise<void>((resolve) =>
    client.on("data", (bytes: Buffer) => bytes.includes("PONG") && resolve()),
  );
  client.write(`PUB a 100\r\n${"x".repeat(100)}\r\n`.repeat(count));
  client.write("PING\r\n");
  await pong;
  client.destroy();
}

test("a full pipe on stderr blocks neither clients nor the end, and memory stays bounded", async () => {
  const port = await freePort();
  const args = [executable, "-a", "127.0.0.1", "-p", String(port), "-DV"];
  // Nobody reads this pipe: no listener was added to it.
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const end = new Promise((resolve) => child.on("exit", resolve));
    await chatter(port, 20_000);
    if (process.platform === "linux") {
      const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      expect(Number(kb)).toBeLessThan(250_000);
    }
    child.kill("SIGTERM");
    expect(await end).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a reader that went away costs the log, not the server", async () => {
  const port = await freePort();
  const args = [executable, "-a", "127.0.0.1", "-p", String(port), "-DV"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const end = new Promise((resolve) => child.on("exit", resolve));
    (await connectSoon(port)).destroy();
    child.stderr.destroy();
    await chatter(port, 100);
    child.kill("SIGTERM");
    expect(await end).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});

test("stderr sent to a file has every line", async () => {
  const port = await freePort();
  const path = join(folder, "stderr");
  const child = spawn(process.execPath, [executable, "-a", "127.0.0.1", "-p", String(port), "-V"], {
    stdio: ["ignore", "ignore", openSync(path, "w")],
  });
  try {
    const end = new Promise((resolve) => child.on("exit", resolve));
    await chatter(port, 1000);
    child.kill("SIGTERM");
    expect(await end).toBe(0);
    const log = readFileSync(path, "utf8");
    expect(log.match(/<<- \[PUB a 100\]/g)).toHaveLength(1000);
    expect(log).toMatch(/Server Exiting\.\.\n$/);
  } finally {
    child.kill("SIGKILL");
  }
});
