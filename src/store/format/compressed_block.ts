// A block file that was compressed when it was full.
//
//   "cmp", algorithm u8, original size uvarint, S2 stream of all but the last 8 bytes, those 8 bytes
//
// So the last 8 bytes of any block file are the checksum of its last record.

import { decodeS2, encodeS2, s2StreamStart, salvageS2 } from "../../base/s2.ts";
import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { Fault } from "./fault.ts";
import { HASH_BYTES } from "../../base/highway_hash.ts";
import { MAX_RECORD } from "./record.ts";

const MAGIC = [0x63, 0x6d, 0x70] as const; // "cmp"
const S2 = 1;
const MAX_BLOCK = 2 * MAX_RECORD;
const STREAM_HEAD_BYTES = 10;
/** Ours and the stream's. */
const HEAD_BYTES = 24;

/** Whether a block file with these first bytes is compressed. */
export function isCompressed(file: Uint8Array): boolean {
  return file.length > MAGIC.length + 1 && MAGIC.every((byte, i) => file[i] === byte);
}

/** The records of a block file, compressed or not; the same bytes when not. */
export function blockRecords(file: Uint8Array): Uint8Array | Fault {
  if (!isCompressed(file)) return file;
  const reader = new ByteReader(file, MAGIC.length);
  if (reader.byte() !== S2) return new Fault("version");
  const size = reader.uvarint();
  const end = file.length - HASH_BYTES;
  if (reader.failed || reader.at > end || size < HASH_BYTES || size > MAX_BLOCK) return new Fault("form");
  const body = decodeS2(file, size - HASH_BYTES, reader.at, end);
  if (body?.length !== size - HASH_BYTES) return new Fault("form");
  const records = new Uint8Array(size);
  records.set(body);
  records.set(file.subarray(end), size - HASH_BYTES);
  return records;
}

/**
 * What can be had of the records in a damaged compressed file, for a scan that knows good ones by their checksums;
 * undefined when the file never was a compressed one.
 */
export function salvageRecords(file: Uint8Array): Uint8Array | undefined {
  const end = file.length - HASH_BYTES;
  const found = s2StreamStart(file, 0, Math.min(end, HEAD_BYTES));
  if (found === undefined && !isCompressed(file)) return undefined;
  let start = found;
  if (start === undefined) {
    const reader = new ByteReader(file, MAGIC.length + 1, Math.max(MAGIC.length + 1, end));
    reader.uvarint();
    start = reader.at + STREAM_HEAD_BYTES;
  }
  const body = salvageS2(file, start, end, MAX_BLOCK - HASH_BYTES);
  return Buffer.concat([body, file.subarray(Math.max(0, end))]);
}

/** The file of a block with these records, of which there is at least one. */
export function compressBlock(records: Uint8Array): Uint8Array {
  const end = records.length - HASH_BYTES;
  const body = encodeS2(records, 0, end);
  const writer = new ByteWriter(body.length + 32);
  for (const byte of MAGIC) writer.byte(byte);
  writer.byte(S2);
  writer.uvarint(records.length);
  writer.put(body);
  writer.put(records.subarray(end));
  return writer.written;
}
