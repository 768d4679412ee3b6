// A transport without a network: a test plays the peer.
//
// It records what the server's side writes and feeds chunks through the arena,
// as a real one does. Held writes are compared when they are released: bytes
// changed before `onWritten` are a bug of the code under test.

import * as arena from "../../src/base/arena.ts";
import { assert } from "../../src/base/assert.ts";
import type {
  Accept,
  PeerAddress,
  TlsInfo,
  Transport,
  TransportEnd,
  TransportHandler,
  TransportKind,
} from "../../src/base/transport.ts";
import type { FakeWorld } from "./fake_world.ts";

export const UNTRUSTED_CHUNK_BYTES = 4096;

export interface FakeTransportOptions {
  readonly kind?: TransportKind;
  readonly remote?: PeerAddress | undefined;
  readonly tls?: TlsInfo;
  readonly tlsPending?: boolean;
  readonly forwardedFor?: string;
}

export class FakeTransport implements Transport {
  readonly kind: TransportKind;
  readonly remote: PeerAddress | undefined;
  readonly forwardedFor: string | undefined;
  /** How it was closed from our side, if it was. */
  closed:
    { how: "end" | "destroy"; graceMs: number; wsStatus: number | undefined; wsReason: string | undefined } | undefined;
  /** Number of `write` and `writeOwned` calls. */
  writes = 0;
  paused = false;
  trusted = false;
  corked = 0;
  gone = false;
  #tls: TlsInfo | undefined;
  #tlsPending: boolean;
  #handler: TransportHandler | undefined;
  #world: FakeWorld;
  #holding = false;
  #held: Held[] = [];
  #sent: Uint8Array[] = [];
  #incoming: Uint8Array[] = [];

  constructor(world: FakeWorld, options: FakeTransportOptions = {}) {
    this.#world = world;
    this.kind = options.kind ?? "tcp";
    this.remote = "remote" in options ? options.remote : { ip: "127.0.0.1", port: 50_000 };
    this.forwardedFor = options.forwardedFor;
    this.#tls = options.tls;
    this.#tlsPending = options.tlsPending ?? false;
  }

  /** Hands this connection to the code under test, as a listener would. */
  open(accept: Accept): this {
    this.#handler = accept(this);
    return this;
  }

  // The peer's side, for tests.

  /** The peer sends; delivered now, in chunks, unless reading is paused. */
  feed(data: string | Uint8Array): void {
    this.#incoming.push(typeof data === "string" ? Buffer.from(data, "latin1") : data.slice());
    this.#pump();
  }
  /** As `feed`, byte by byte, each in a chunk of its own. */
  trickle(data: string): void {
    for (const byte of data) this.feed(byte);
  }
  /** What was written and not taken yet, one character per byte. Held bytes are not out. */
  take(): string {
    return Buffer.from(this.takeBytes()).toString("latin1");
  }
  takeBytes(): Uint8Array {
    const all = Buffer.concat(this.#sent);
    this.#sent = [];
    return all;
  }
  /** From now on writes return false: the peer reads nothing. */
  hold(): void {
    this.#holding = true;
  }
  /** The peer reads again: what was held goes out and `onWritten` is called. */
  release(): void {
    this.#holding = false;
    if (this.#held.length === 0) return;
    for (const { view, copy } of this.#held) {
      assert(Buffer.compare(view, copy) === 0, "held bytes stay as they are until onWritten");
      this.#sent.push(copy);
    }
    this.#held = [];
    this.#handler?.onWritten();
    if (this.closed !== undefined) this.#goneLater("eof", "");
  }
  get heldBytes(): number {
    return this.#held.reduce((sum, { copy }) => sum + copy.length, 0);
  }
  /** TLS is up (or the peer chose clear text: undefined). */
  secure(tls: TlsInfo | undefined): void {
    this.#tls = tls;
    this.#tlsPending = false;
    this.#handler?.onSecured(tls);
  }
  /** The peer closed its end, or the connection broke. */
  peerGone(why: TransportEnd = "eof", detail = ""): void {
    this.#gone(why, detail);
  }

  // The server's side.

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }
  get tlsPending(): boolean {
    return this.#tlsPending;
  }
  write(from: number, to: number): boolean {
    assert(0 <= from && from <= to && to <= arena.bytes.length, "written bytes lie in the arena");
    return this.#write(arena.bytes.subarray(from, to));
  }
  writeOwned(bytes: Uint8Array): boolean {
    return this.#write(bytes);
  }
  cork(): void {
    this.corked++;
  }
  uncork(): void {
    this.corked--;
    assert(this.corked >= 0, "uncork follows cork");
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
    if (this.#incoming.length > 0) this.#world.after(0, () => this.#pump());
  }
  trust(): void {
    this.trusted = true;
  }
  end(graceMs: number, wsStatus?: number, wsReason?: string): void {
    if (this.closed !== undefined) return;
    this.closed = { how: "end", graceMs, wsStatus, wsReason };
    if (this.#held.length === 0) this.#goneLater("eof", "");
    else this.#world.after(graceMs, () => this.#gone("eof", ""));
  }
  destroy(): void {
    if (this.closed?.how === "destroy") return;
    this.closed = { how: "destroy", graceMs: 0, wsStatus: undefined, wsReason: undefined };
    this.#held = [];
    this.#goneLater("eof", "");
  }

  #write(view: Uint8Array): boolean {
    if (this.gone || this.closed !== undefined) return true;
    this.writes++;
    if (!this.#holding) {
      this.#sent.push(view.slice());
      return true;
    }
    this.#held.push({ view, copy: view.slice() });
    return false;
  }
  #pump(): void {
    while (this.#incoming.length > 0 && !this.paused && !this.gone && this.closed === undefined) {
      const first = this.#incoming.shift()!;
      const usual = this.#handler?.takesLarge === true ? arena.READ_BYTES : arena.CHUNK_BYTES;
      const most = this.trusted ? usual : UNTRUSTED_CHUNK_BYTES;
      if (first.length > most) this.#incoming.unshift(first.subarray(most));
      const chunk = first.subarray(0, most);
      if (chunk.length === 0) continue;
      arena.bytes.set(chunk, arena.READ);
      this.#handler?.onChunk(arena.READ, arena.READ + chunk.length);
      // Borrowed bytes are gone after the call: whoever kept an offset reads this.
      arena.bytes.fill(0x23, arena.READ, arena.READ + chunk.length);
    }
  }
  #goneLater(why: TransportEnd, detail: string): void {
    this.#world.after(0, () => this.#gone(why, detail));
  }
  #gone(why: TransportEnd, detail: string): void {
    if (this.gone) return;
    this.gone = true;
    this.#held = [];
    this.#handler?.onGone(why, detail);
  }
}

interface Held {
  readonly view: Uint8Array;
  readonly copy: Uint8Array;
}
