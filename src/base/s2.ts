// S2 streams: blocks in chunks with a checksum each, as in files and archives of nats-server.
//
//   ff 06 00 00 "S2sTwO"                        starts a stream; "sNaPpY" is read too
//   00 length(3) crc(4) block                   compressed
//   01 length(3) crc(4) bytes                   as they are
//   80..fe length(3) …                          padding, an index, anything unknown: skipped
//
// Knows nothing of files. A decoder is told the most that may come out.

import { S2BlockEncoder, decodeS2Block, s2BlockBound, s2BlockLength } from "./s2_block.ts";
import { ByteWriter } from "./varint.ts";
import { maskedCrc } from "./s2_crc.ts";
import { uint32 } from "./nanos.ts";

const COMPRESSED = 0;
const PLAIN = 1;
const SKIPPABLE = 0x80;
const STREAM_START = 0xff;
const HEAD = 4;
const CRC = 4;
/** The largest block of a chunk that is read. */
const MAX_BLOCK = 4 << 20;
/** How many bytes are looked at in one step of a search. */
const SEEK_STEP = 1 << 18;
/** The block size this encoder uses. */
export const S2_BLOCK_BYTES = 1 << 20;
const SNAPPY_BLOCK_BYTES = 1 << 16;
const MAGIC = Uint8Array.of(0xff, 6, 0, 0, ...Buffer.from("S2sTwO"));
const SNAPPY_MAGIC = Uint8Array.of(0xff, 6, 0, 0, ...Buffer.from("sNaPpY"));

/** Compresses the bytes [from, to) into one stream. */
export function encodeS2(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
  const encoder = new S2Encoder();
  encoder.write(bytes, from, to);
  return encoder.taken();
}

/** The bytes of a whole stream; undefined when it is malformed or would be longer than `limit`. */
export function decodeS2(bytes: Uint8Array, limit: number, from = 0, to = bytes.length): Uint8Array | undefined {
  const decoder = new S2Decoder(limit);
  const out = decoder.push(bytes.subarray(from, to));
  return out !== undefined && decoder.atEnd ? out : undefined;
}

/**
 * What can be had of the chunks in [from, to), of which some may be damaged: checksums are not held against them, and what a
 * chunk claims to hold and does not give is zeros. For content that can tell good from bad itself.
 */
export function salvageS2(bytes: Uint8Array, from: number, to: number, limit: number): Uint8Array {
  const salvage = new S2Salvage(bytes, from, to, limit);
  while (salvage.step());
  return salvage.written;
}

/** The same in steps of about one chunk. */
export class S2Salvage {
  readonly #bytes: Uint8Array;
  readonly #to: number;
  readonly #limit: number;
  readonly #out: ByteWriter;
  #at: number;
  #seekAt: number; // where the end of the chunk at #at is looked for; below it when it is not

  constructor(bytes: Uint8Array, from: number, to: number, limit: number) {
    this.#bytes = bytes;
    this.#to = to;
    this.#limit = limit;
    this.#out = new ByteWriter(1024);
    this.#at = from;
    this.#seekAt = from;
  }

  /** What came out so far; a view that the next step may move. */
  get written(): Uint8Array {
    return this.#out.written;
  }

  /** Goes on; whether there is more. */
  step(): boolean {
    if (this.#at + HEAD + CRC >= this.#to) return false;
    if (this.#seekAt > this.#at) this.#seek();
    else if (!this.#isSound()) this.#seekAt = this.#at + HEAD + CRC;
    else this.#take(this.#endOf(this.#at), true);
    return true;
  }

  /** Whether the head of a chunk can be believed: it is whole, or chunks follow where it ends. */
  #isSound(): boolean {
    const end = this.#endOf(this.#at);
    return end <= this.#to && (this.#leadsToTheEnd(this.#at) || this.#isWhole(this.#at));
  }

  /** Looks for the next chunk that can be believed; what is before it belongs to the one with the damaged head. */
  #seek(): void {
    const until = Math.min(this.#to, this.#seekAt + SEEK_STEP);
    for (let at = this.#seekAt; at < until; at++) {
      if (this.#bytes[at]! > PLAIN || !this.#leadsToTheEnd(at) || !this.#isWhole(at)) continue;
      this.#take(at, false);
      return;
    }
    this.#seekAt = until;
    if (until === this.#to) this.#take(until, false);
  }

  /** The end of the chunk at `at`, beyond the bytes when there is none. */
  #endOf(at: number): number {
    if (at + HEAD + CRC > this.#to) return Number.POSITIVE_INFINITY;
    const head = uint32(this.#bytes, at);
    const kind = head & 0xff;
    const isKnown = kind === COMPRESSED || kind === PLAIN ? head >>> 8 >= CRC : kind >= SKIPPABLE;
    return isKnown ? at + HEAD + (head >>> 8) : Number.POSITIVE_INFINITY;
  }

  #leadsToTheEnd(from: number): boolean {
    let at = from;
    while (at < this.#to) at = this.#endOf(at);
    return at === this.#to;
  }

  #isWhole(at: number): boolean {
    const end = this.#endOf(at);
    return end <= this.#to && this.#kindBySum(at, end) !== undefined;
  }

  /** How the content of a chunk [at, end) gives its checksum; undefined when it does not. */
  #kindBySum(at: number, end: number): number | undefined {
    const start = at + HEAD + CRC;
    const crc = uint32(this.#bytes, at + HEAD);
    const length = s2BlockLength(this.#bytes, start, end);
    if (length !== undefined && length <= MAX_BLOCK) {
      const block = new Uint8Array(length);
      if (decodeS2Block(this.#bytes, start, end, block, 0) && maskedCrc(block, 0, length) === crc) return COMPRESSED;
    }
    return end - start <= MAX_BLOCK && maskedCrc(this.#bytes, start, end) === crc ? PLAIN : undefined;
  }

  /** Takes what the chunk holds up to `end`. */
  #take(end: number, isSound: boolean): void {
    const shown = this.#bytes[this.#at]!;
    const kind = this.#kindBySum(this.#at, end) ?? (shown >= SKIPPABLE && !isSound ? COMPRESSED : shown);
    const start = this.#at + HEAD + CRC;
    this.#at = end;
    this.#seekAt = end;
    if (kind >= SKIPPABLE) return;
    const isPlain = kind === PLAIN;
    const length = isPlain ? end - start : s2BlockLength(this.#bytes, start, end);
    if (length === undefined || length > Math.min(MAX_BLOCK, this.#limit - this.#out.length)) return;
    const into = this.#out.length;
    this.#out.skip(length);
    if (isPlain) this.#out.written.set(this.#bytes.subarray(start, end), into);
    else decodeS2Block(this.#bytes, start, end, this.#out.written.subarray(0, into + length), into);
  }
}

/** Where the chunks of a stream begin, when its head is within the first bytes of [from, to). */
export function s2StreamStart(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at + MAGIC.length <= to; at++) {
    if (MAGIC.every((byte, i) => bytes[at + i] === byte)) return at + MAGIC.length;
  }
  return undefined;
}

/** Makes a stream piece by piece: each `write` becomes chunks of at most `S2_BLOCK_BYTES`, or 64 KB for Snappy. */
export class S2Encoder {
  readonly #blocks: S2BlockEncoder;
  readonly #blockBytes: number;
  #block: Uint8Array;
  #out: ByteWriter;

  /** `isSnappy`: a stream that a Snappy decoder reads, too. */
  constructor(isSnappy = false) {
    this.#blocks = new S2BlockEncoder(isSnappy);
    this.#blockBytes = isSnappy ? SNAPPY_BLOCK_BYTES : S2_BLOCK_BYTES;
    this.#block = new Uint8Array();
    this.#out = new ByteWriter(1024);
    this.#out.put(isSnappy ? SNAPPY_MAGIC : MAGIC);
  }

  write(bytes: Uint8Array, from = 0, to = bytes.length): void {
    for (let at = from; at < to; at += this.#blockBytes) this.#chunk(bytes, at, Math.min(to, at + this.#blockBytes));
  }

  /** What was made since the last call, owned by the caller; the first begins with the head of the stream. */
  taken(): Uint8Array {
    const out = this.#out.written.slice();
    this.#out = new ByteWriter(1024);
    return out;
  }

  #chunk(bytes: Uint8Array, from: number, to: number): void {
    const bound = s2BlockBound(to - from);
    if (this.#block.length < bound) this.#block = new Uint8Array(bound);
    const length = this.#blocks.encode(bytes, from, to, this.#block, 0);
    const isWorthIt = length < to - from - ((to - from) >>> 5);
    const body = isWorthIt ? this.#block.subarray(0, length) : bytes.subarray(from, to);
    this.#out.uint32((((CRC + body.length) << 8) | (isWorthIt ? COMPRESSED : PLAIN)) >>> 0);
    this.#out.uint32(maskedCrc(bytes, from, to));
    this.#out.put(body);
  }
}

/** Reads a stream that comes in pieces, cut anywhere. */
export class S2Decoder {
  readonly #limit: number;
  #held: ByteWriter; // the start of a chunk whose end has not come
  #isStarted: boolean;
  #isBad: boolean;
  #produced: number;

  /** At most `limit` bytes come out. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#held = new ByteWriter(0);
    this.#isStarted = false;
    this.#isBad = false;
    this.#produced = 0;
  }

  /** Whether the stream could end here. */
  get atEnd(): boolean {
    return this.#isStarted && !this.#isBad && this.#held.length === 0;
  }

  /** The bytes that `piece` completes, owned by the caller; undefined when it, or one before, was malformed. */
  push(piece: Uint8Array): Uint8Array | undefined {
    if (this.#isBad) return undefined;
    const hadNone = this.#held.length === 0;
    if (!hadNone) this.#held.put(piece);
    const bytes = hadNone ? piece : this.#held.written;
    const out = new ByteWriter(0);
    let at = 0;
    while (at + HEAD <= bytes.length) {
      const head = uint32(bytes, at);
      const length = head >>> 8;
      const kind = head & 0xff;
      if (!this.#isAllowed(kind, length)) return this.#bad();
      if (at + HEAD + length > bytes.length) break;
      if (!this.#chunk(kind, bytes, at + HEAD, at + HEAD + length, out)) return this.#bad();
      at += HEAD + length;
    }
    if (at > 0 || hadNone) {
      this.#held = new ByteWriter(bytes.length - at);
      this.#held.put(bytes.subarray(at));
    }
    return out.written;
  }

  #bad(): undefined {
    this.#isBad = true;
    this.#held = new ByteWriter(0);
    return undefined;
  }

  #isAllowed(kind: number, length: number): boolean {
    if (kind === STREAM_START) return length === MAGIC.length - HEAD;
    if (!this.#isStarted) return false;
    if (kind === COMPRESSED) return length >= CRC && length <= CRC + s2BlockBound(MAX_BLOCK);
    if (kind === PLAIN) return length >= CRC && length <= CRC + MAX_BLOCK;
    return kind >= SKIPPABLE;
  }

  #chunk(kind: number, bytes: Uint8Array, from: number, to: number, out: ByteWriter): boolean {
    if (kind === STREAM_START) {
      const isOurs = [MAGIC, SNAPPY_MAGIC].some((magic) => magic.every((byte, i) => byte === bytes[from - HEAD + i]));
      this.#isStarted ||= isOurs;
      return isOurs;
    }
    if (kind !== COMPRESSED && kind !== PLAIN) return true;
    const start = from + CRC;
    const length = kind === PLAIN ? to - start : s2BlockLength(bytes, start, to);
    if (length === undefined || length > MAX_BLOCK || this.#produced + length > this.#limit) return false;
    this.#produced += length;
    const at = out.length;
    out.skip(length);
    const target = out.written;
    if (kind === PLAIN) target.set(bytes.subarray(start, to), at);
    else if (!decodeS2Block(bytes, start, to, target, at)) return false;
    return maskedCrc(target, at, at + length) === uint32(bytes, from);
  }
}
