// One group of records on its way to disk, and what the store has to know of
// them when it is there.
//
//     bytes    records behind each other, as they will be in the blocks
//     pieces   which of the bytes go where: one for each block they touch, or more
//     entries  messages and holes in order: where each starts, and a number of the store's
//
// The bytes lie in a slot of the arena (group_slots.ts) for as long as they fit in there and one is free: then a message
// that lies in the arena too becomes a record in one call. Owns its bytes. Knows records, not what they mean together.

import { recordEncode } from "../../base/arena_hash.ts";
import { WIDE } from "../../base/counts.ts";
import type { Hasher } from "../../base/highway_hash.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { putBytes } from "../../base/put_bytes.ts";
import { momentNanos, momentSec, nanosHigh, nanosLow, putUint32, uint32, type Moment } from "../../base/nanos.ts";
import { EMPTY_RECORD, RECORD_HEAD, recordLength, writeRecord } from "../format/record.ts";
import type { StoredMsg } from "../stream_store.ts";
import { giveGroupSlot, SLOT_ROOM, slotAt, slotBytes, takeGroupSlot } from "./group_slots.ts";

const NO_BYTES = new Uint8Array(0);
const NO_SLOT = -1;
const LEAST_BUFFER = 4096;
/** Two chunks of what a connection sends in a turn, and what they become. */
const MOST_BUFFER_KEPT = 1 << 21;
const LEAST_ENTRIES = 64;
const MOST_ENTRIES_KEPT = 1 << 14;
const TWO32 = 4_294_967_296;
const HAS_HEADERS = 0x8000_0000;
const HEADERS_BIT = HAS_HEADERS | 0;
const LENGTH_MASK = 0x7fff_ffff;

/** The entry of a hole has this in place of the store's number. */
export const HOLE_ENTRY = -1;

/** Bytes [from, to) of the group go to offset `at` of a block. */
export interface Piece {
  readonly block: number;
  readonly at: number;
  readonly from: number;
  to: number;
  hasTombstones: boolean;
  /** The highest sequence that a tombstone in it names; 0 for none. */
  buried: number;
}

export class WriteGroup {
  bytes: Uint8Array = NO_BYTES;
  used = 0;
  /** Of `bytes`: what may be used. */
  #roomBytes = 0;
  /** Where in the arena they begin; 0 when they do not lie there. */
  #home = 0;
  #slot = NO_SLOT;
  readonly #self = new WeakRef(this);
  /** Its own memory, where no slot serves. */
  #own: Uint8Array = NO_BYTES;
  pieces: Piece[] = [];
  #starts = new Uint32Array(LEAST_ENTRIES);
  #tags = new Int32Array(LEAST_ENTRIES);
  #entries = 0;
  #hasAnyHeaders = false;
  readonly #moment = { sec: 0, nanos: 0 };
  // The moment of the last message, as it is and as it is written: those of a turn have one.
  #sec = 0;
  #nanos = 0;
  #low = WIDE;
  #high = WIDE;

  /** Memory it holds, in bytes. */
  get heldBytes(): number {
    return this.#own.length + this.#starts.byteLength + this.#tags.byteLength;
  }
  /** Messages and holes. */
  get entries(): number {
    return this.#entries;
  }
  startOf(entry: number): number {
    return this.#starts[entry]!;
  }
  /** The store's number of a message, or `HOLE_ENTRY`. */
  tagOf(entry: number): number {
    return this.#tags[entry]!;
  }
  seqOf(entry: number): number {
    const at = this.#starts[entry]!;
    return (uint32(this.bytes, at + 8) & 0x3fff_ffff) * TWO32 + uint32(this.bytes, at + 4);
  }
  lengthOf(entry: number): number {
    return uint32(this.bytes, this.#starts[entry]!) & LENGTH_MASK;
  }
  /** When an entry was stored. Good until the next call. */
  momentOf(entry: number): Moment {
    const at = this.#starts[entry]! + 12;
    const moment = this.#moment;
    if (uint32(this.bytes, at) === this.#low && uint32(this.bytes, at + 4) === this.#high) {
      moment.sec = this.#sec;
      moment.nanos = this.#nanos;
    } else {
      moment.sec = momentSec(this.bytes, at);
      moment.nanos = momentNanos(this.bytes, at, moment.sec);
    }
    return moment;
  }
  hasHeaders(entry: number): boolean {
    return (this.bytes[this.#starts[entry]! + 3]! & 0x80) !== 0;
  }

  /** Whether any message has. */
  get hasAnyHeaders(): boolean {
    return this.#hasAnyHeaders;
  }
  /** Behind the last of the entries from `entry` on that have its number and begin before `to`. */
  runEnd(entry: number, to: number): number {
    const starts = this.#starts;
    const tags = this.#tags;
    const tag = tags[entry]!;
    let end = entry + 1;
    while (end < this.#entries && tags[end] === tag && starts[end]! < to) end++;
    return end;
  }

  /** The entry of a sequence, or −1. */
  find(seq: number): number {
    const entry = this.firstBehind(seq - 1);
    return entry < this.#entries && this.seqOf(entry) === seq ? entry : -1;
  }
  /** The first entry of a sequence above `seq`; their number when there is none. */
  firstBehind(seq: number): number {
    let low = 0;
    let high = this.#entries;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.seqOf(middle) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Fills `into` with a message; false when it is not here. */
  load(seq: number, into: StoredMsg): boolean {
    const entry = this.find(seq);
    if (entry < 0 || this.#tags[entry] === HOLE_ENTRY) return false;
    const { bytes } = this;
    const at = this.#starts[entry]!;
    const { sec, nanos } = this.momentOf(entry);
    into.seq = seq;
    into.sec = sec;
    into.nanos = nanos;
    into.subject = bytes;
    into.subjectFrom = at + RECORD_HEAD;
    into.subjectTo = into.subjectFrom + (bytes[at + 20]! | (bytes[at + 21]! << 8));
    const hasHeaders = this.hasHeaders(entry);
    into.header = bytes;
    into.headerFrom = into.subjectTo + (hasHeaders ? 4 : 0);
    into.headerTo = into.headerFrom + (hasHeaders ? uint32(bytes, into.subjectTo) : 0);
    into.body = bytes;
    into.bodyFrom = into.headerTo;
    into.bodyTo = at + this.lengthOf(entry) - HASH_BYTES;
    return true;
  }

  /** Adds the record of a message, copying its bytes; its length. */
  addMessage(seq: number, msg: StoredMsg, tag: number, hasher: Hasher): number {
    const subjectLength = msg.subjectTo - msg.subjectFrom;
    const headerLength = msg.headerTo - msg.headerFrom;
    const length = recordLength(subjectLength, headerLength, msg.bodyTo - msg.bodyFrom);
    this.#room(length);
    const at = this.used;
    if (msg.sec !== this.#sec || msg.nanos !== this.#nanos) this.#take(msg.sec, msg.nanos);
    const encode = this.#home > 0 && isAtHome(msg, hasher) ? recordEncode() : undefined;
    if (encode === undefined) this.#write(at, length, seq, msg, hasher);
    else {
      encode(
        hasher.lendKey(),
        this.#home + at,
        headerLength > 0 ? length | HEADERS_BIT : length,
        seq | 0,
        (seq / TWO32) | 0,
        this.#low | 0,
        this.#high | 0,
        msg.subjectFrom,
        subjectLength,
        msg.headerFrom,
        headerLength,
        msg.bodyFrom,
        msg.bodyTo - msg.bodyFrom,
      );
    }
    if (headerLength > 0) this.#hasAnyHeaders = true;
    this.#enter(at, tag);
    this.used = at + length;
    return length;
  }

  /** Adds a hole, which is an entry, or a tombstone, which is none and may have a subject; its length. */
  addMark(
    kind: "hole" | "tombstone",
    seq: number,
    sec: number,
    nanos: number,
    subject: Uint8Array,
    hasher: Hasher,
  ): number {
    // prettier-ignore
    const length = EMPTY_RECORD + subject.length;
    this.#room(length);
    if (kind === "hole") this.#enter(this.used, HOLE_ENTRY);
    const parts = { kind, seq, sec, nanos, subject, headers: NO_BYTES, payload: NO_BYTES };
    this.used = writeRecord(this.bytes, this.used, parts, hasher);
    return length;
  }

  /** Makes it an empty one again; false when it grew too large to be kept. */
  reset(): boolean {
    this.used = 0;
    this.pieces = [];
    this.#entries = 0;
    this.#hasAnyHeaders = false;
    this.#leaveSlot();
    this.bytes = NO_BYTES;
    this.#roomBytes = 0;
    return this.#own.length <= MOST_BUFFER_KEPT && this.#starts.length <= MOST_ENTRIES_KEPT;
  }

  /** The record, from anywhere to anywhere. */
  #write(at: number, length: number, seq: number, msg: StoredMsg, hasher: Hasher): void {
    const { bytes } = this;
    const subjectLength = msg.subjectTo - msg.subjectFrom;
    const headerLength = msg.headerTo - msg.headerFrom;
    putUint32(bytes, at, headerLength > 0 ? length + HAS_HEADERS : length);
    putUint32(bytes, at + 4, seq % TWO32);
    putUint32(bytes, at + 8, Math.floor(seq / TWO32));
    putUint32(bytes, at + 12, this.#low);
    putUint32(bytes, at + 16, this.#high);
    bytes[at + 20] = subjectLength;
    bytes[at + 21] = subjectLength >>> 8;
    let to = at + RECORD_HEAD;
    to = putBytes(bytes, to, msg.subject, msg.subjectFrom, msg.subjectTo);
    if (headerLength > 0) {
      putUint32(bytes, to, headerLength);
      to = putBytes(bytes, to + 4, msg.header, msg.headerFrom, msg.headerTo);
    }
    putBytes(bytes, to, msg.body, msg.bodyFrom, msg.bodyTo);
    const sumAt = at + length - HASH_BYTES;
    if (isAtHome(msg, hasher)) {
      const { subjectFrom, headerFrom, bodyFrom } = msg;
      const bodyLength = msg.bodyTo - bodyFrom;
      hasher.sumBehind(
        bytes,
        at + 4,
        at + 20,
        subjectFrom,
        subjectLength,
        headerFrom,
        headerLength,
        bodyFrom,
        bodyLength,
        sumAt,
      );
    } else {
      hasher
        .start()
        .add(bytes, at + 4, at + 20)
        .add(msg.subject, msg.subjectFrom, msg.subjectTo)
        .add(msg.header, msg.headerFrom, msg.headerTo)
        .add(msg.body, msg.bodyFrom, msg.bodyTo)
        .sum(bytes, sumAt);
    }
  }

  #take(sec: number, nanos: number): void {
    this.#sec = sec;
    this.#nanos = nanos;
    this.#low = nanosLow(sec, nanos);
    this.#high = nanosHigh(sec, nanos, this.#low) >>> 0;
  }

  #room(more: number): void {
    if (this.used + more > this.#roomBytes) this.#makeRoom(this.used + more);
  }

  #makeRoom(least: number): void {
    if (this.used === 0 && least <= SLOT_ROOM && this.#slot === NO_SLOT) this.#slot = takeGroupSlot(this.#self);
    if (this.#slot !== NO_SLOT && least <= SLOT_ROOM) {
      this.bytes = slotBytes(this.#slot);
      this.#home = slotAt(this.#slot);
      this.#roomBytes = SLOT_ROOM;
      return;
    }
    if (least > this.#own.length) {
      const grown = new Uint8Array(Math.max(LEAST_BUFFER, this.bytes.length * 2, least));
      grown.set(this.bytes.subarray(0, this.used));
      this.#own = grown;
    } else if (this.bytes !== this.#own) this.#own.set(this.bytes.subarray(0, this.used));
    this.bytes = this.#own;
    this.#roomBytes = this.#own.length;
    this.#leaveSlot();
  }

  #leaveSlot(): void {
    if (this.#slot !== NO_SLOT) giveGroupSlot(this.#slot);
    this.#slot = NO_SLOT;
    this.#home = 0;
  }

  #enter(start: number, tag: number): void {
    const entry = this.#entries;
    if (entry === this.#starts.length) {
      const starts = new Uint32Array(entry * 2);
      starts.set(this.#starts);
      this.#starts = starts;
      const tags = new Int32Array(entry * 2);
      tags.set(this.#tags);
      this.#tags = tags;
    }
    this.#starts[entry] = start;
    this.#tags[entry] = tag;
    this.#entries++;
  }
}

/** Whether all parts of a message lie in the arena. */
function isAtHome(msg: StoredMsg, hasher: Hasher): boolean {
  return (
    hasher.isAtHome(msg.body) &&
    hasher.isAtHome(msg.subject) &&
    (msg.headerTo === msg.headerFrom || hasher.isAtHome(msg.header))
  );
}
