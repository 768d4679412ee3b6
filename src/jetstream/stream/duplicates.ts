// Finds publishes that repeat a `Nats-Msg-Id` within the duplicate window.
//
// Owns the ids, the timer that forgets them, and reading them again from the
// messages of the window after a restart. Knows nothing of what is answered.

import type { Timer } from "../../base/world.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { MsgIds } from "./msg_ids.ts";
import { HEADER, PublishHeaders } from "./publish_headers.ts";
import { RareWarning } from "./rare_warning.ts";

/** Ids forgotten, and messages read, in one turn. */
const SLICE = 10_000;
const LEAST_DELAY_MS = 50;
const SECOND = 1_000_000_000n;

export class Duplicates {
  readonly #surroundings: Pick<JetStreamSurroundings, "world" | "log" | "nextTurn">;
  readonly #store: StreamStore;
  readonly #ids: MsgIds;
  readonly #warning: RareWarning;
  /** `'account' > 'stream'`, as the log names it. */
  readonly #where: string;
  #windowSec: number;
  #windowNanos: number;
  #timer: Timer | undefined = undefined;
  #isClosed = false;
  // Where the window begins, as of the last look at the clock.
  #sec = 0;
  #nanos = 0;
  // The hash of the id that was looked for last, and in which scan of which headers.
  #hash = 0;
  #hashedIn: PublishHeaders | undefined = undefined;
  #hashedScan = 0;

  /** A window of 0 nanoseconds finds nothing. */
  constructor(
    surroundings: Pick<JetStreamSurroundings, "world" | "log" | "nextTurn">,
    store: StreamStore,
    windowNanos: bigint,
    where: string,
  ) {
    this.#warning = new RareWarning(surroundings);
    this.#where = where;
    this.#surroundings = surroundings;
    this.#store = store;
    this.#ids = new MsgIds(surroundings.world.random(2 ** 32));
    this.#windowSec = Number(windowNanos / SECOND);
    this.#windowNanos = Number(windowNanos % SECOND);
  }

  /** Ids held. */
  get size(): number {
    return this.#ids.size;
  }

  /** The sequence of the message that had this id before; 0 when there is none. */
  find(headers: PublishHeaders): number {
    if (this.#ids.size === 0) return 0;
    this.#look();
    const from = headers.from(HEADER.msgId);
    return this.#ids.find(headers.bytes, from, headers.to(HEADER.msgId), this.#sec, this.#nanos, this.#hashOf(headers));
  }

  /** Remembers the id of a message that was staged at that time. */
  add(headers: PublishHeaders, seq: number, sec: number, nanos: number): void {
    if (this.#windowSec === 0 && this.#windowNanos === 0) return;
    const hasForgotten = this.#ids.add(
      headers.bytes,
      headers.from(HEADER.msgId),
      headers.to(HEADER.msgId),
      seq,
      sec,
      nanos,
      this.#hashOf(headers),
    );
    if (hasForgotten) this.#warning.warn(`Stream ${this.#where} has too many message ids: the oldest are forgotten`);
    if (this.#timer === undefined) this.#arm();
  }

  /** Messages were refused. */
  refused(from: number, upTo: number): void {
    this.#ids.refused(from, upTo);
  }

  /** Another window, for what is known already, too. */
  setWindow(windowNanos: bigint): void {
    this.#windowSec = Number(windowNanos / SECOND);
    this.#windowNanos = Number(windowNanos % SECOND);
    this.#disarm();
    if (windowNanos === 0n) this.#ids.clear();
    else if (this.#ids.size > 0) this.#arm();
  }

  /** Reads the ids of the messages within the window, over turns; `done` at once when there are few. */
  rebuild(done: () => void): void {
    this.#look();
    const first = this.#windowSec === 0 && this.#windowNanos === 0 ? 0 : this.#store.seqAt(this.#sec, this.#nanos);
    const headers = new PublishHeaders();
    const msg = new StoredMsg();
    const { lastSeq } = this.#store.state();
    let next = first;
    const found: number[] = [];
    const step = (): void => {
      if (found.length === 0 && next > 0 && next <= lastSeq) {
        next = this.#store.withHeaders(next, found);
        found.reverse();
      }
      for (let left = SLICE; left > 0 && found.length > 0 && !this.#isClosed; left--) {
        const seq = found.pop()!;
        if (seq > lastSeq || !this.#store.load(seq, msg) || msg.headerFrom === msg.headerTo) continue;
        headers.scan(msg.header, msg.headerFrom, msg.headerTo);
        if (headers.has(HEADER.msgId)) this.add(headers, msg.seq, msg.sec, msg.nanos);
      }
      const isMore = found.length > 0 || (next > 0 && next <= lastSeq);
      if (isMore && !this.#isClosed) this.#surroundings.nextTurn(step);
      else done();
    };
    step();
  }

  close(): void {
    this.#isClosed = true;
    this.#disarm();
  }

  /** Worked out once for a message, which is looked for and then added. */
  #hashOf(headers: PublishHeaders): number {
    if (this.#hashedIn !== headers || this.#hashedScan !== headers.scans) {
      this.#hash = this.#ids.hash(headers.bytes, headers.from(HEADER.msgId), headers.to(HEADER.msgId));
      this.#hashedIn = headers;
      this.#hashedScan = headers.scans;
    }
    return this.#hash;
  }

  /** Where the window begins. */
  #look(): void {
    const { world } = this.#surroundings;
    const nanos = world.wallNanos() - this.#windowNanos;
    this.#sec = world.wallSec() - this.#windowSec - (nanos < 0 ? 1 : 0);
    this.#nanos = nanos < 0 ? nanos + 1e9 : nanos;
  }

  #arm(): void {
    this.#look();
    const { oldestSec, oldestNanos } = this.#ids;
    const leftMs = (oldestSec - this.#sec) * 1000 + (oldestNanos - this.#nanos) / 1e6;
    this.#timer = this.#surroundings.world.wallAfter(Math.max(LEAST_DELAY_MS, leftMs), this.#expire);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #expire = (): void => {
    this.#disarm();
    if (this.#isClosed) return;
    this.#look();
    const more = this.#ids.expire(this.#sec, this.#nanos, SLICE);
    if (more) this.#surroundings.nextTurn(this.#expire);
    else if (this.#ids.size > 0) this.#arm();
  };
}
