// A block file that was compressed when it was full.
//
//   "cmp", algorithm u8, original size uvarint, S2 stream of all but the last 8 bytes, those 8 bytes
//
// So the last 8 bytes of any block file are the checksum of its last record.

import { S2Decoder, S2Encoder, s2StreamStart, S2Salvage } from "../../base/s2.ts";
import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { Fault } from "./fault.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { MAX_RECORD } from "./record.ts";
import { assert } from "../../base/assert.ts";
import { uint32 } from "../../base/nanos.ts";

const MAGIC = [0x63, 0x6d, 0x70] as const; // "cmp"
const S2 = 1;
const MAX_BLOCK = 2 * MAX_RECORD;
const STREAM_HEAD_BYTES = 10;
const CHUNK_HEAD = 4;
/** Of records in one chunk: damage of a chunk's form costs what is behind in that chunk. */
const CHUNK_BYTES = 128 << 10;
/** Ours and the stream's. */
const HEAD_BYTES = 24;

/** Whether a block file with these first bytes is compressed. */
export function isCompressed(file: Uint8Array): boolean {
  return file.length > MAGIC.length + 1 && MAGIC.every((byte, i) => file[i] === byte);
}

/** The records of a block file, compressed or not; the same bytes when not. */
export function blockRecords(file: Uint8Array): Uint8Array | Fault {
  if (!isCompressed(file)) return file;
  const unpacker = new BlockUnpacker(file);
  while (unpacker.step());
  return unpacker.records;
}

/** Unpacks a compressed file in steps of one chunk. */
export class BlockUnpacker {
  readonly #file: Uint8Array;
  readonly #end: number;
  readonly #decoder: S2Decoder;
  #records: Uint8Array | Fault;
  #at: number;
  #used: number;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#end = file.length - HASH_BYTES;
    const reader = new ByteReader(file, MAGIC.length);
    const isS2 = reader.byte() === S2;
    const size = reader.uvarint();
    const isForm = !reader.failed && reader.at <= this.#end && size >= HASH_BYTES && size <= MAX_BLOCK;
    this.#decoder = new S2Decoder(isForm ? size - HASH_BYTES : 0);
    this.#records = isS2 && isForm ? new Uint8Array(size) : new Fault(isS2 ? "form" : "version");
    this.#at = reader.at;
    this.#used = 0;
  }

  /** Once `step` said that there is no more. */
  get records(): Uint8Array | Fault {
    return this.#records;
  }

  /** Bytes unpacked so far. */
  get done(): number {
    return this.#used;
  }

  /** Unpacks the next chunk; whether there is more. */
  step(): boolean {
    const records = this.#records;
    if (records instanceof Fault) return false;
    if (this.#at < this.#end) {
      const isHead = this.#end - this.#at >= CHUNK_HEAD;
      const to = isHead ? this.#at + CHUNK_HEAD + (uint32(this.#file, this.#at) >>> 8) : this.#end;
      const piece = this.#decoder.push(this.#file.subarray(this.#at, Math.min(to, this.#end)));
      if (piece === undefined) return this.#fail();
      records.set(piece, this.#used);
      this.#used += piece.length;
      this.#at = to;
      return true;
    }
    if (!this.#decoder.atEnd || this.#used + HASH_BYTES !== records.length) return this.#fail();
    records.set(this.#file.subarray(this.#end), this.#used);
    return false;
  }

  #fail(): false {
    this.#records = new Fault("form");
    return false;
  }
}

/**
 * What can be had of the records in a damaged compressed file, for a scan that knows good ones by their checksums;
 * undefined when the file never was a compressed one.
 */
export function salvageRecords(file: Uint8Array): Uint8Array | undefined {
  if (!wasCompressed(file)) return undefined;
  const salvager = new BlockSalvager(file);
  while (salvager.step());
  return salvager.records;
}

/** Whether a file that cannot be read is one that was compressed; its first bytes may be damaged. */
export function wasCompressed(file: Uint8Array): boolean {
  return isCompressed(file) || chunksAt(file) !== undefined;
}

/** Where its chunks begin, when the head of the stream can be seen. */
function chunksAt(file: Uint8Array): number | undefined {
  return s2StreamStart(file, 0, Math.min(file.length - HASH_BYTES, HEAD_BYTES));
}

/** `salvageRecords` in steps of about one chunk. */
export class BlockSalvager {
  readonly #file: Uint8Array;
  readonly #end: number;
  readonly #salvage: S2Salvage;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#end = Math.max(0, file.length - HASH_BYTES);
    const reader = new ByteReader(file, MAGIC.length + 1, Math.max(MAGIC.length + 1, this.#end));
    reader.uvarint();
    const start = chunksAt(file) ?? reader.at + STREAM_HEAD_BYTES;
    this.#salvage = new S2Salvage(file, start, this.#end, MAX_BLOCK - HASH_BYTES);
  }

  /** Bytes had so far. */
  get done(): number {
    return this.#salvage.written.length;
  }

  /** Goes on; whether there is more. */
  step(): boolean {
    return this.#salvage.step();
  }

  /** Once `step` said that there is no more. */
  get records(): Uint8Array {
    return Buffer.concat([this.#salvage.written, this.#file.subarray(this.#end)]);
  }
}

/** The file of a block with these records, of which there is at least one. */
export function compressBlock(records: Uint8Array): Uint8Array {
  const packer = new BlockPacker(records);
  while (packer.step());
  return packer.file;
}

/** Makes a compressed file in steps of one chunk; the records must not change meanwhile. */
export class BlockPacker {
  readonly #records: Uint8Array;
  readonly #end: number;
  readonly #encoder: S2Encoder;
  readonly #writer: ByteWriter;
  #at: number;

  constructor(records: Uint8Array) {
    assert(records.length >= HASH_BYTES, "a compressed block has a record");
    this.#records = records;
    this.#end = records.length - HASH_BYTES;
    this.#encoder = new S2Encoder();
    this.#writer = new ByteWriter((records.length >>> 1) + HEAD_BYTES);
    this.#at = 0;
    for (const byte of MAGIC) this.#writer.byte(byte);
    this.#writer.byte(S2);
    this.#writer.uvarint(records.length);
  }

  /** Bytes of records packed so far. */
  get done(): number {
    return this.#at;
  }

  /** Compresses the next chunk; whether there is more. */
  step(): boolean {
    const to = Math.min(this.#end, this.#at + CHUNK_BYTES);
    this.#encoder.write(this.#records, this.#at, to);
    this.#writer.put(this.#encoder.taken());
    this.#at = to;
    if (to < this.#end) return true;
    this.#writer.put(this.#records.subarray(this.#end));
    return false;
  }

  /** Once `step` said that there is no more. */
  get file(): Uint8Array {
    return this.#writer.written;
  }
}
