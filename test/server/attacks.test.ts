// Attacks over sockets: what one client does to the server, and through it to others.

import { afterEach, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { type Running, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const CHUNK = Buffer.alloc(64 * 1024, " ");

/** Sends and waits a moment, so that the server reads it before what follows. */
async function slowly(peer: Peer, bytes: string | Uint8Array): Promise<void> {
  peer.raw(bytes);
  await new Promise((resolve) => setTimeout(resolve, 1));
}

async function stillServes(server: Running, password = ""): Promise<void> {
  const peer = await server.dial();
  const user = password === "" ? {} : { user: "u", pass: password };
  peer.send(`CONNECT ${JSON.stringify({ verbose: false, ...user })}`, "SUB a 1", "PUB a 1", "x");
  expect(await peer.ping()).toEqual(["MSG a 1 1", "x"]);
}

test.each(["CONNECT", "SUB", "PUB"])("a stranger who sends %s and a megabyte of blanks goes alone", async (verb) => {
  const server = await tcp.start({ authorization: { user: "u", password: "p" }, max_control_line: 32_768 });
  const peer = await server.dial();
  await slowly(peer, verb);
  for (let i = 0; i < 16 && !peer.isEnded; i++) await slowly(peer, CHUNK);
  await peer.closed();
  await stillServes(server, "p");
});

test("a max_control_line beyond what the arena holds is a line too long, not the end", async () => {
  const server = await tcp.start({ authorization: { user: "u", password: "p" }, max_control_line: 64 << 20 });
  const peer = await server.dial();
  await slowly(peer, 'CONNECT {"name":"');
  for (let i = 0; i < 24 && !peer.isEnded; i++) await slowly(peer, CHUNK);
  expect((await peer.closed()).join("")).toBe("-ERR 'maximum control line exceeded'");
  await stillServes(server, "p");
});

test("very many very long sids of one subject put nothing into what others are sent", async () => {
  const server = await tcp.start({
    accounts: { A: { users: [{ user: "a", password: "p" }] }, B: { users: [{ user: "b", password: "p" }] } },
  });
  const as = async (user: string, options: object = {}): Promise<Peer> => {
    const peer = await server.dial();
    peer.send(`CONNECT ${JSON.stringify({ verbose: false, user, pass: "p", ...options })}`);
    await peer.ping();
    return peer;
  };
  const [victim, producer, attacker, accomplice] = [
    await as("b"),
    await as("b"),
    await as("a", { echo: false }),
    await as("a"),
  ];
  victim.send("SUB v 1");
  await victim.ping();
  // What waits for the victim lies in slots of the arena.
  victim.wire!.pause();
  const count = 8000;
  for (let i = 0; i < count; i += 400) {
    producer.raw(`PUB v 1000\r\n${"v".repeat(1000)}\r\n`.repeat(400));
    await producer.ping();
  }
  for (let i = 0; i < 12_000; i += 60) {
    attacker.raw(Array.from({ length: 60 }, (_, k) => `SUB x ${`${i + k}`.padStart(4000, "S")}\r\n`).join(""));
    if (i % 1200 === 0) await attacker.ping();
  }
  await attacker.ping();
  attacker.wire!.pause();
  accomplice.send("PUB x 1", "a", "PUB x 1", "b");
  await accomplice.ping();
  victim.wire!.resume();
  const message = Buffer.from(`MSG v 1 1000\r\n${"v".repeat(1000)}\r\n`);
  for (let i = 0; i < count; i++) expect((await victim.bytes(message.length)).equals(message)).toBe(true);
});

test("who asks for a lot of work with few bytes does not keep the others from theirs", async () => {
  const server = await tcp.start();
  const [busy, other] = [await server.connect(), await server.connect()];
  busy.send('CONNECT {"verbose":false,"echo":false}');
  for (let i = 0; i < 50_000; i += 5000) {
    busy.raw(Array.from({ length: 5000 }, (_, k) => `SUB x ${i + k}\r\n`).join(""));
  }
  await busy.ping();
  // Alone this is more than five seconds.
  busy.raw(`${"PUB x 0\r\n\r\n".repeat(2000)}PING\r\n`);
  const startMs = Date.now();
  for (let i = 0; i < 20; i++) expect(await other.ping()).toEqual([]);
  expect(Date.now() - startMs).toBeLessThan(2500);
  busy.close();
  expect(await other.ping()).toEqual([]);
});

test("random bytes, and operations with random bytes in them, end connections at most", async () => {
  const server = await tcp.start({ websocket: { port: -1, no_tls: true }, max_payload: 1000 });
  let seed = 12_345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const words = ["CONNECT {", "PUB ", "HPUB ", "SUB ", "UNSUB ", "PING", "PONG", "INFO ", "+OK", "-ERR ", "\r\n", " "];
  words.push('"user":', '"jwt":"a.b.c",', "{}", "null", "[[[[", "1e999", "9".repeat(30), "_INBOX.>", "*", "..", "\t");
  const piece = (): Buffer =>
    random(3) === 0
      ? Buffer.from(Array.from({ length: random(20) }, () => random(256)))
      : Buffer.from(words[random(words.length)]!);
  for (let round = 0; round < 40; round++) {
    const peers = await Promise.all(Array.from({ length: 5 }, () => server.dial()));
    for (const peer of peers) {
      if (random(2) === 0) peer.send('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}');
      peer.raw(Buffer.concat(Array.from({ length: 30 }, piece)));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const peer of peers) peer.close();
  }
  await stillServes(server);
});
