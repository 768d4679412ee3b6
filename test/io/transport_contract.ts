// The contract of base/transport.ts, for every transport there is.

import { afterEach, describe, expect, test } from "vitest";
import * as arena from "../../src/base/arena.ts";
import type { Accept, TlsInfo, Transport, TransportEnd, TransportHandler } from "../../src/base/transport.ts";

/** The other end of a transport, played by a real client of its kind. */
export interface Peer {
  send(bytes: Uint8Array): void;
  /** Everything received so far. */
  received(): Buffer;
  /** Stops and starts taking bytes from the wire. */
  stopReading(): void;
  startReading(): void;
  /** Says that it will send no more, and goes on reading. Undefined where that cannot be said. */
  readonly halfClose: (() => void) | undefined;
  /** Is gone without a word. */
  vanish(): void;
  /** Whether the connection is closed for the peer. */
  readonly closed: boolean;
}

/** A listener with its clients. */
export interface Rig {
  connect(): Promise<Peer>;
  close(): Promise<void>;
}

/** A handler that writes down what it is told. */
export class Recorder implements TransportHandler {
  transport: Transport;
  readonly chunks: Buffer[] = [];
  readonly gone: [why: TransportEnd, detail: string][] = [];
  readonly secured: (TlsInfo | undefined)[] = [];
  written = 0;
  takesLarge = false;
  onEachChunk: (chunk: Buffer) => void = () => {};
  onEachGone: () => void = () => {};

  constructor(transport: Transport) {
    this.transport = transport;
  }
  onChunk(from: number, to: number): void {
    const chunk = Buffer.from(arena.bytes.slice(from, to));
    this.chunks.push(chunk);
    this.onEachChunk(chunk);
  }
  onWritten(): void {
    this.written++;
  }
  onSecured(tls: TlsInfo | undefined): void {
    this.secured.push(tls);
  }
  onGone(why: TransportEnd, detail: string): void {
    this.gone.push([why, detail]);
    this.onEachGone();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get text(): string {
    return this.bytes.toString("latin1");
  }
}

/** Waits until it holds; fails with what it waited for. */
export async function until(holds: () => boolean, what = "", mostMs = 8000): Promise<void> {
  const end = performance.now() + mostMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain ${what || `until ${holds.toString()}`}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A few turns of the loop and some milliseconds, for what must not happen. */
export async function aMoment(ms = 20): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const SLOT = arena.SLOTS + 1024;
const MB = 1024 * 1024;

/** Bytes that tell where they belong. */
function numbered(count: number): Buffer {
  const bytes = Buffer.allocUnsafe(count);
  for (let i = 0; i + 4 <= count; i += 4) bytes.writeUInt32LE(i, i);
  return bytes;
}

export function transportContract(name: string, open: (accept: Accept) => Promise<Rig>): void {
  describe(`${name} keeps the transport contract`, () => {
    const rigs: Rig[] = [];
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.close();
    });

    async function connected(
      onAccept: (transport: Transport, recorder: Recorder) => void = () => {},
    ): Promise<[peer: Peer, recorder: Recorder]> {
      let recorder: Recorder | undefined;
      const rig = await open((transport) => {
        recorder = new Recorder(transport);
        onAccept(transport, recorder);
        return recorder;
      });
      rigs.push(rig);
      const peer = await rig.connect();
      await until(() => recorder !== undefined, "for accept");
      return [peer, recorder!];
    }
    function write(recorder: Recorder, text: string, at = SLOT): boolean {
      arena.bytes.set(Buffer.from(text, "latin1"), at);
      return recorder.transport.write(at, at + text.length);
    }
    /** Writes until the peer, which does not read, has us hold bytes for good. */
    async function writeUntilHeld(recorder: Recorder): Promise<number> {
      arena.bytes.fill(0x61, SLOT, SLOT + MB);
      for (let count = 1; count < 200; count++) {
        const { written } = recorder;
        if (recorder.transport.write(SLOT, SLOT + MB)) continue;
        await aMoment(60);
        if (recorder.written === written) return count;
      }
      throw new Error("200 MB are not held");
    }

    test("chunks arrive in the read area, in order", async () => {
      const [peer, recorder] = await connected();
      peer.send(Buffer.from("PING\r\n"));
      await until(() => recorder.text === "PING\r\n");
      recorder.transport.trust();
      const sent = numbered(3 * MB);
      for (let from = 0; from < sent.length; from += 100_000) peer.send(sent.subarray(from, from + 100_000));
      await until(() => recorder.bytes.length === sent.length + 6);
      expect(recorder.bytes.subarray(6).equals(sent)).toBe(true);
      expect(Math.max(...recorder.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(arena.READ_BYTES);
    });

    test("a peer that is not known comes in chunks of at most 4 KB", async () => {
      const [peer, recorder] = await connected();
      const sent = numbered(100_000);
      peer.send(sent);
      await until(() => recorder.bytes.length === sent.length);
      expect(recorder.bytes.equals(sent)).toBe(true);
      expect(Math.max(...recorder.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(4096);
    });

    test("what is written while accepting is the first thing the peer reads", async () => {
      const [peer] = await connected((transport) => transport.writeOwned(Buffer.from("INFO {}\r\n")));
      await until(() => peer.received().toString() === "INFO {}\r\n");
    });

    test("a paused handler is not called; resume goes on where it was, in a later turn", async () => {
      const [peer, recorder] = await connected((transport) => transport.pause());
      peer.send(Buffer.from("one "));
      await aMoment();
      expect(recorder.text).toBe("");
      recorder.transport.resume();
      expect(recorder.text).toBe("");
      await until(() => recorder.text === "one ");
      recorder.onEachChunk = () => recorder.transport.pause();
      const sent = numbered(64 * 1024);
      peer.send(sent);
      await until(() => recorder.chunks.length === 2);
      await aMoment();
      expect(recorder.chunks.length).toBe(2);
      recorder.onEachChunk = () => {
        recorder.transport.pause();
        recorder.transport.resume();
        recorder.transport.resume();
      };
      recorder.transport.pause();
      recorder.transport.resume();
      await until(() => recorder.bytes.length === sent.length + 4);
      expect(recorder.bytes.subarray(4).equals(sent)).toBe(true);
    });

    test("a flood does not come in one turn: at most one full area", async () => {
      const [peer, recorder] = await connected((transport) => transport.trust());
      let ofTurn = 0;
      let most = 0;
      recorder.onEachChunk = (chunk) => {
        if (ofTurn === 0) setImmediate(() => (ofTurn = 0));
        ofTurn += chunk.length;
        most = Math.max(most, ofTurn);
        const end = performance.now() + 1; // the peer is faster than we are
        while (performance.now() < end);
      };
      const sent = numbered(4 * MB);
      peer.send(sent);
      await until(() => recorder.bytes.length === sent.length);
      expect(recorder.bytes.equals(sent)).toBe(true);
      expect(most).toBeLessThanOrEqual(2 * arena.READ_BYTES);
    });

    test("writes arrive in order, from the arena and from owned buffers", async () => {
      const [peer, recorder] = await connected();
      let expected = "";
      for (let i = 0; i < 200; i++) {
        const text = `${i}${"x".repeat(i * 7)} `;
        expected += text;
        if (i % 3 === 0) recorder.transport.writeOwned(Buffer.from(text));
        else write(recorder, text, SLOT + i * 2048);
      }
      await until(() => peer.received().length === expected.length);
      expect(peer.received().toString("latin1")).toBe(expected);
    });

    test("corked writes arrive together, in order", async () => {
      const [peer, recorder] = await connected();
      recorder.transport.cork();
      for (let i = 0; i < 10; i++) write(recorder, `part ${i} `, SLOT + i * 100);
      await aMoment();
      expect(peer.received().length).toBe(0);
      recorder.transport.uncork();
      await until(() => peer.received().length === 70);
      expect(peer.received().toString()).toBe(Array.from({ length: 10 }, (_, i) => `part ${i} `).join(""));
    });

    test("writes that are free at once may be overwritten at once", async () => {
      const [peer, recorder] = await connected();
      let expected = "";
      for (let i = 0; i < 100; i++) {
        const text = String(i).padStart(100, ".");
        if (!write(recorder, text)) await until(() => recorder.written > 0);
        recorder.written = 0;
        expected += text;
        arena.bytes.fill(0x23, SLOT, SLOT + 100);
        await Promise.resolve();
      }
      await until(() => peer.received().length === expected.length);
      expect(peer.received().toString()).toBe(expected);
    });

    test("a peer that does not read has its bytes held; onWritten frees them all, once", async () => {
      const [peer, recorder] = await connected();
      peer.stopReading();
      const writes = await writeUntilHeld(recorder);
      const { written } = recorder;
      expect(recorder.transport.writeOwned(Buffer.from("and more"))).toBe(false);
      await aMoment(50);
      expect(recorder.written).toBe(written);
      peer.startReading();
      await until(() => recorder.written === written + 1);
      await until(() => peer.received().length === writes * MB + 8);
      expect(peer.received().subarray(-8).toString()).toBe("and more");
      expect(write(recorder, "later") || true).toBe(true);
      await until(() => peer.received().subarray(-5).toString() === "later");
    });

    test("16 MB in one write arrive whole", async () => {
      const [peer, recorder] = await connected();
      const sent = numbered(16 * MB);
      recorder.transport.writeOwned(sent);
      await until(() => peer.received().length === sent.length);
      expect(peer.received().equals(sent)).toBe(true);
    });

    test("end sends what was written, then closes; one onGone", async () => {
      const [peer, recorder] = await connected();
      recorder.transport.writeOwned(numbered(4 * MB));
      write(recorder, "-ERR 'the last word'\r\n");
      recorder.transport.end(5000);
      expect(recorder.gone).toEqual([]);
      await until(() => peer.closed && recorder.gone.length > 0);
      expect(peer.received().length).toBe(4 * MB + 22);
      expect(peer.received().subarray(-22).toString()).toBe("-ERR 'the last word'\r\n");
      recorder.transport.end(0);
      recorder.transport.destroy();
      await aMoment();
      expect(recorder.gone).toEqual([["eof", ""]]);
    });

    test("the last word arrives although the peer had sent what nobody read", async () => {
      const [peer, recorder] = await connected((transport) => transport.pause());
      peer.send(numbered(40_000));
      await aMoment();
      write(recorder, "-ERR 'Authorization Violation'\r\n");
      recorder.transport.end(1000);
      await until(() => peer.closed && recorder.gone.length > 0);
      expect(peer.received().toString()).toBe("-ERR 'Authorization Violation'\r\n");
      expect(recorder.chunks).toEqual([]);
    });

    test("end waits no longer than its grace for a peer that does not read", async () => {
      const [peer, recorder] = await connected();
      peer.stopReading();
      await writeUntilHeld(recorder);
      const { written } = recorder;
      const from = performance.now();
      recorder.transport.end(100);
      await until(() => recorder.gone.length > 0);
      expect(performance.now() - from).toBeGreaterThan(90);
      expect(performance.now() - from).toBeLessThan(2000);
      expect(recorder.written).toBe(written);
      peer.startReading();
      await aMoment();
      expect(recorder.gone.length).toBe(1);
    });

    test("destroy closes at once; nothing is called afterwards but onGone", async () => {
      const [peer, recorder] = await connected();
      peer.stopReading();
      await writeUntilHeld(recorder);
      const { written } = recorder;
      recorder.transport.destroy();
      recorder.transport.destroy();
      recorder.transport.end(1000);
      expect(recorder.gone).toEqual([]);
      expect(write(recorder, "too late")).toBe(true);
      await until(() => recorder.gone.length > 0);
      peer.startReading();
      await until(() => peer.closed);
      expect([recorder.gone.length, recorder.written]).toEqual([1, written]);
    });

    test("no chunk comes after end or destroy, also within a chunk", async () => {
      for (const close of ["end", "destroy"] as const) {
        const [peer, recorder] = await connected();
        recorder.onEachChunk = () => (close === "end" ? recorder.transport.end(500) : recorder.transport.destroy());
        for (let i = 0; i < 20; i++) peer.send(numbered(4096));
        await until(() => recorder.gone.length > 0);
        await aMoment();
        expect(recorder.chunks.length).toBe(1);
        expect(recorder.gone.length).toBe(1);
      }
    });

    test("destroyed while accepting: gone, and nothing else", async () => {
      let recorder: Recorder | undefined;
      const rig = await open((transport) => {
        recorder = new Recorder(transport);
        transport.destroy();
        return recorder;
      });
      rigs.push(rig);
      await rig.connect().catch(() => undefined);
      await until(() => recorder?.gone.length === 1);
      expect(recorder!.chunks).toEqual([]);
    });

    test("a peer that vanishes is gone, once", async () => {
      const [peer, recorder] = await connected();
      peer.send(Buffer.from("x"));
      await until(() => recorder.text === "x");
      peer.vanish();
      await until(() => recorder.gone.length > 0);
      write(recorder, "into the void");
      await aMoment();
      expect(recorder.gone.length).toBe(1);
    });

    test("a peer that vanishes while bytes are held is gone, once, without onWritten", async () => {
      const [peer, recorder] = await connected();
      peer.stopReading();
      await writeUntilHeld(recorder);
      const { written } = recorder;
      peer.vanish();
      await until(() => recorder.gone.length > 0);
      await aMoment();
      expect([recorder.gone.length, recorder.written]).toEqual([1, written]);
    });

    test("a peer that sends no more still gets its answer, where its kind can say so", async () => {
      const [peer, recorder] = await connected();
      if (peer.halfClose === undefined) return;
      let answered = false;
      recorder.onEachChunk = () => {
        if (answered) return;
        answered = true;
        setImmediate(() => recorder.transport.writeOwned(Buffer.from("PONG\r\n")));
      };
      peer.send(Buffer.from("PING\r\n"));
      peer.halfClose();
      await until(() => recorder.gone.length > 0);
      await until(() => peer.closed);
      expect(recorder.gone).toEqual([["eof", ""]]);
      expect(peer.received().toString()).toBe("PONG\r\n");
    });
  });
}
