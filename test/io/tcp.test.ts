import { createConnection, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import * as arena from "../../src/base/arena.ts";
import type { Accept, Listener } from "../../src/base/transport.ts";
import type { TcpReading } from "../../src/io/tcp.ts";
import { listenTcp } from "../support/listeners.ts";
import { Recorder, aMoment, transportContract, until, type Peer, type Rig } from "./transport_contract.ts";
import { socketPeer } from "./socket_peer.ts";

async function openTcp(accept: Accept, reading: TcpReading): Promise<Rig> {
  const listener = await listenTcp({ host: "127.0.0.1", port: 0, accept, reading });
  const sockets: Socket[] = [];
  return {
    connect: () =>
      new Promise<Peer>((resolve, reject) => {
        const socket = createConnection(listener.port, "127.0.0.1");
        sockets.push(socket);
        socket.once("error", reject);
        socket.once("connect", () => resolve(socketPeer(socket)));
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await listener.close();
    },
  };
}

transportContract("TCP by onread", (accept) => openTcp(accept, "onread"));
transportContract("TCP by data events", (accept) => openTcp(accept, "data"));

describe("a TCP listener", () => {
  const open: (Listener | Socket)[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) {
      if ("destroy" in one) one.destroy();
      else await one.close();
    }
  });
  async function listening(host: string, port = 0): Promise<[Listener, Recorder[]]> {
    const recorders: Recorder[] = [];
    const listener = await listenTcp({
      host,
      port,
      accept: (transport) => {
        const recorder = new Recorder(transport);
        recorders.push(recorder);
        return recorder;
      },
    });
    open.push(listener);
    return [listener, recorders];
  }
  function dial(port: number, host: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(port, host);
      open.push(socket);
      socket.once("error", reject);
      socket.once("connect", () => resolve(socket));
    });
  }

  test.each(["", "0.0.0.0", "::", "[::]"])("on %j takes IPv4 and IPv6, and shows IPv4 peers as IPv4", async (host) => {
    const [listener, recorders] = await listening(host);
    const four = await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
    expect(recorders[0]!.transport.remote).toEqual({ ip: "127.0.0.1", port: four.localPort });
    expect(listener.host).toBe(host);
    if (!hasIpv6()) return;
    const six = await dial(listener.port, "::1");
    await until(() => recorders.length === 2);
    expect(recorders[1]!.transport.remote).toEqual({ ip: "::1", port: six.localPort });
  });

  test.each(["127.0.0.1", "localhost"])("on %s takes 127.0.0.1", async (host) => {
    const [listener, recorders] = await listening(host, -1);
    await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
  });

  test.runIf(hasIpv6())("on [::1] takes ::1 only", async () => {
    const [listener, recorders] = await listening("[::1]");
    await dial(listener.port, "::1");
    await until(() => recorders.length === 1);
    await expect(dial(listener.port, "127.0.0.1")).rejects.toThrow("ECONNREFUSED");
  });

  test("says in Go's words why a port cannot be had", async () => {
    const [{ port }] = await listening("127.0.0.1");
    await expect(listening("127.0.0.1", port)).rejects.toMatchObject({
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
      code: "EADDRINUSE",
    });
    await expect(listening("192.0.2.1", 4222)).rejects.toThrow(
      "listen tcp 192.0.2.1:4222: bind: cannot assign requested address",
    );
    const everywhere = createServer().listen(0, "::");
    await new Promise((resolve) => everywhere.once("listening", resolve));
    const taken = (everywhere.address() as { port: number }).port;
    await expect(listening("0.0.0.0", taken)).rejects.toThrow(
      `listen tcp 0.0.0.0:${taken}: bind: address already in use`,
    );
    everywhere.close();
  });

  test("closed, it leaves its connections alone and its port to others", async () => {
    const [listener, recorders] = await listening("127.0.0.1");
    const peer = await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
    await listener.close();
    await expect(dial(listener.port, "127.0.0.1")).rejects.toThrow("ECONNREFUSED");
    const [again] = await listening("127.0.0.1", listener.port);
    expect(again.port).toBe(listener.port);
    peer.write("still here");
    await until(() => recorders[0]!.text === "still here");
    recorders[0]!.transport.destroy();
    await until(() => recorders[0]!.gone.length === 1);
  });

  test("a reset is a read error with the system's words", async () => {
    const [listener, recorders] = await listening("127.0.0.1");
    const peer = await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
    peer.resetAndDestroy();
    await until(() => recorders[0]!.gone.length === 1);
    expect(recorders[0]!.gone).toEqual([["readError", "read: connection reset by peer"]]);
  });

  test("a known peer may fill the read area, from the next read on", async () => {
    const [listener, recorders] = await listening("127.0.0.1");
    const peer = await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
    const [recorder] = recorders as [Recorder];
    recorder.onEachChunk = () => recorder.transport.trust();
    peer.write(Buffer.alloc(8 << 20, 1));
    await until(() => recorder.bytes.length === 8 << 20);
    const sizes = recorder.chunks.map((chunk) => chunk.length);
    expect(sizes[0]).toBeLessThanOrEqual(4096);
    expect(Math.max(...sizes)).toBeGreaterThan(65_536);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(arena.READ_BYTES);
  });

  test.each([
    ["many small messages", false, arena.CHUNK_BYTES],
    ["large messages", true, arena.READ_BYTES],
  ])("a peer with %s has so much read at once", async (_, takesLarge, most) => {
    const [listener, recorders] = await listening("127.0.0.1");
    const peer = await dial(listener.port, "127.0.0.1");
    await until(() => recorders.length === 1);
    const [recorder] = recorders as [Recorder];
    recorder.takesLarge = takesLarge;
    recorder.transport.trust();
    let sent = 0;
    const largest = () => Math.max(...recorder.chunks.map((chunk) => chunk.length));
    do {
      peer.write(Buffer.alloc(8 << 20, 1));
      sent += 8 << 20;
      await until(() => recorder.chunks.reduce((sum, chunk) => sum + chunk.length, 0) === sent);
    } while (largest() < most && sent < 128 << 20);
    expect(largest()).toBe(most);
  });

  test("a thousand connections come and go", async () => {
    const [listener, recorders] = await listening("127.0.0.1");
    for (let round = 0; round < 10; round++) {
      const peers = await Promise.all(Array.from({ length: 100 }, () => dial(listener.port, "127.0.0.1")));
      for (const peer of peers) peer.write("x");
      await until(() => recorders.filter(({ text }) => text === "x").length === (round + 1) * 100);
      for (const [i, peer] of peers.entries()) if (i % 2 === 0) peer.destroy();
      for (const recorder of recorders.slice(-100)) if (recorder.gone.length === 0) recorder.transport.end(100);
    }
    await until(() => recorders.every(({ gone }) => gone.length === 1));
    await aMoment();
    expect(recorders.every(({ gone }) => gone.length === 1)).toBe(true);
  });
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === "IPv6"));
}
