import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterEach, describe, expect, test } from "vitest";
import { Server } from "../../src/index.ts";

const dirs: string[] = [];
const servers: Server[] = [];

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "subjectd-embed-"));
  dirs.push(dir);
  return dir;
}

async function start(options: Parameters<typeof Server.start>[0]): Promise<Server> {
  const server = await Server.start({ port: 0, ...options });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe("an embedded server with JetStream", () => {
  test("keeps streams in memory when no directory is given", async () => {
    const server = await start({ jetstream: true });
    const nc = await connect({ servers: server.url });
    const manager = await jetstreamManager(nc);
    await manager.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
    const js = jetstream(nc);
    expect(await js.publish("orders.new", "one", { msgID: "a" })).toMatchObject({ stream: "ORDERS", seq: 1 });
    expect(await js.publish("orders.new", "one", { msgID: "a" })).toMatchObject({ seq: 1, duplicate: true });
    const info = await manager.streams.info("ORDERS");
    expect(info.state.messages).toBe(1);
    const message = await manager.streams.getMessage("ORDERS", { seq: 1 });
    expect(message!.string()).toBe("one");
    await nc.close();
  });

  test("brings streams back from a directory", async () => {
    const store_dir = tempDir();
    const first = await start({ jetstream: { store_dir } });
    let nc = await connect({ servers: first.url });
    await (await jetstreamManager(nc)).streams.add({ name: "S", subjects: ["s"] });
    await jetstream(nc).publish("s", "kept");
    await nc.close();
    await first.stop();
    const second = await start({ jetstream: { store_dir } });
    nc = await connect({ servers: second.url });
    const message = await (await jetstreamManager(nc)).streams.getMessage("S", { last_by_subj: "s" });
    expect(message!.string()).toBe("kept");
    await nc.close();
  });

  test("has its directory for itself", async () => {
    const store_dir = tempDir();
    await start({ jetstream: { store_dir } });
    await expect(start({ jetstream: { store_dir } })).rejects.toThrow(/in use by another server of this process/);
    expect(readdirSync(join(store_dir, "jetstream"))).toContain(".lock");
  });

  test("gives its directory back when it stops", async () => {
    const store_dir = tempDir();
    const first = await start({ jetstream: { store_dir } });
    await first.stop();
    await start({ jetstream: { store_dir } });
  });

  test("refuses a directory that is none", async () => {
    const file = join(tempDir(), "file");
    writeFileSync(file, "x");
    await expect(start({ jetstream: { store_dir: file } })).rejects.toThrow(/Can't start JetStream/);
  });

  test("shows JetStream on /jsz and is healthy", async () => {
    const server = await start({ jetstream: true, http_port: -1 });
    const jsz = (await (await fetch(`${server.monitorUrl}/jsz`)).json()) as { config: { sync_always: boolean } };
    expect(jsz.config.sync_always).toBe(true);
    expect(await (await fetch(`${server.monitorUrl}/healthz`)).json()).toEqual({ status: "ok" });
  });
});
