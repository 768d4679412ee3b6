// The chunks of a compressed block, of which each can be unpacked alone: who wants
// one record need not unpack all of the block.
//
//     file      head │ chunk 0 │ chunk 1 │ … │ last 8 bytes
//     records   0 ───┴─────────┴─────────┴───┴──────────────  starts of what each unpacks to
//
// Knows the form of the file; is given its bytes by whoever has it open.

import { HASH_BYTES } from "../../base/highway_hash.ts";
import { uint32 } from "../../base/nanos.ts";
import { S2Decoder } from "../../base/s2.ts";
import { s2BlockLength } from "../../base/s2_block.ts";
import { ByteReader } from "../../base/varint.ts";
import { MAX_RECORD } from "./record.ts";

/** The bytes [from, to) of the file, good until the next call; undefined when they cannot be had. */
export type ReadFile = (from: number, to: number) => Uint8Array | undefined;

const BLOCK_HEAD = 4; // "cmp", algorithm
const S2 = 1;
const LONGEST_SIZE = 10;
const STREAM_HEAD = 10;
const CHUNK_HEAD = 4;
const CRC = 4;
const LONGEST_LENGTH = 5;
const COMPRESSED = 0;
const PLAIN = 1;
const SKIPPABLE = 0x80;

export class PackedChunks {
  /** Of the records: where each chunk's begin, and the end of the last one's. */
  readonly #starts: number[] = [];
  /** Of the file: where each chunk begins, and the end of the last one. */
  readonly #places: number[] = [];
  readonly #streamHead: Uint8Array;
  /** Of the records. */
  readonly size: number;

  private constructor(size: number, streamHead: Uint8Array) {
    this.size = size;
    this.#streamHead = streamHead;
  }

  /** Finds the chunks of a file of so many bytes; undefined when it is not a whole compressed block. */
  static open(fileBytes: number, read: ReadFile): PackedChunks | undefined {
    const end = fileBytes - HASH_BYTES;
    const head = read(0, Math.min(end, BLOCK_HEAD + LONGEST_SIZE + STREAM_HEAD));
    if (head === undefined || head[BLOCK_HEAD - 1] !== S2) return undefined;
    const reader = new ByteReader(head, BLOCK_HEAD);
    const size = reader.uvarint();
    const streamHead = reader.take(STREAM_HEAD).slice();
    if (reader.failed || size > 2 * MAX_RECORD) return undefined;
    const chunks = new PackedChunks(size, streamHead);
    return chunks.#find(reader.at, end, read) ? chunks : undefined;
  }

  /** Where what holds the records' byte `at` begins, when it is unpacked alone. */
  startOf(at: number): number {
    if (at >= this.size - HASH_BYTES) return this.size - HASH_BYTES;
    return this.#starts[this.#chunkOf(at)]!;
  }

  /** The records from `start`, which is the start of a chunk, to `to` at least; undefined when that is damaged. */
  unpack(start: number, to: number, fileBytes: number, read: ReadFile): Uint8Array | undefined {
    const end = this.size - HASH_BYTES;
    const pieces: Uint8Array[] = [];
    let at = start;
    for (let i = at < end ? this.#chunkOf(at) : this.#starts.length; at < to && at < end; i++) {
      const piece = this.#unpackChunk(i, read);
      if (piece === undefined || piece.length !== this.#starts[i + 1]! - this.#starts[i]!) return undefined;
      pieces.push(piece);
      at += piece.length;
    }
    // The last bytes cost nothing.
    if (at === end) {
      const last = read(fileBytes - HASH_BYTES, fileBytes);
      if (last === undefined) return undefined;
      pieces.push(last);
    }
    return pieces.length === 1 ? Uint8Array.from(pieces[0]!) : Buffer.concat(pieces);
  }

  #find(from: number, end: number, read: ReadFile): boolean {
    let at = from;
    let start = 0;
    while (at < end) {
      const head = read(at, Math.min(end, at + CHUNK_HEAD + CRC + LONGEST_LENGTH));
      if (head === undefined || head.length < CHUNK_HEAD) return false;
      const kind = head[0]!;
      const to = at + CHUNK_HEAD + (uint32(head, 0) >>> 8);
      if (kind === COMPRESSED || kind === PLAIN) {
        const length = kind === PLAIN ? to - at - CHUNK_HEAD - CRC : s2BlockLength(head, CHUNK_HEAD + CRC, head.length);
        if (length === undefined || length < 0) return false;
        this.#starts.push(start);
        this.#places.push(at);
        start += length;
      } else if (kind < SKIPPABLE) return false;
      at = to;
    }
    this.#starts.push(start);
    this.#places.push(end);
    return at === end && start + HASH_BYTES === this.size;
  }

  #chunkOf(at: number): number {
    let low = 0;
    let high = this.#starts.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #unpackChunk(chunk: number, read: ReadFile): Uint8Array | undefined {
    const decoder = new S2Decoder(this.#starts[chunk + 1]! - this.#starts[chunk]!);
    if (decoder.push(this.#streamHead) === undefined) return undefined;
    const bytes = read(this.#places[chunk]!, this.#places[chunk + 1]!);
    return bytes === undefined ? undefined : decoder.push(bytes);
  }
}
