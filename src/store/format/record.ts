// One record of a block: a message, a hole where one was, or the note that one is gone.
//
//   0   length   u32, all of the record; bit 31: it has headers
//   4   seq      u64; bit 63: erased or skipped, bit 62: tombstone
//   12  time     i64, nanoseconds
//   20  slen     u16
//   22  subject, [headers length u32, headers], payload
//       checksum of bytes 4 to 20, subject, headers, payload: 8 bytes
//
// Kinds: a message; a hole (erased: random bytes in its place, or skipped: nothing), whose sequence counts as
// deleted; a tombstone: the message of that sequence, in this block or an earlier one, is deleted.

import { HASH_BYTES, type Hasher } from "../../base/highway_hash.ts";
import { momentNanos, momentSec, putMoment, putUint32, uint32 } from "../../base/nanos.ts";
import { assert } from "../../base/assert.ts";

export const RECORD_HEAD = 22;
/** A record with neither subject nor payload. */
export const EMPTY_RECORD = RECORD_HEAD + HASH_BYTES;
const HEADERS_LENGTH = 4;
/** nats-server reads no longer one. */
export const MAX_RECORD = 32 << 20;
const HAS_HEADERS = 0x8000_0000;
const HOLE = 0x8000_0000;
const TOMBSTONE = 0x4000_0000;
const TWO32 = 4_294_967_296;
const HIGHEST_HALF = 0x20_0000; // of a sequence below 2^53
const NO_BYTES = new Uint8Array();

export type RecordKind = "message" | "hole" | "tombstone";
/**
 * Why there is no record: `short`: the bytes end within it; `length`: it contradicts itself; `sum`: its checksum is
 * wrong; `sequence`: it is whole, its sequence is above 2^53 − 1, which this program does not hold.
 */
export type RecordFault = "short" | "length" | "sum" | "sequence";

/** The length of a message's record; pass `headersLength` 0 when it has none. */
export function recordLength(subjectLength: number, headersLength: number, payloadLength: number): number {
  return EMPTY_RECORD + subjectLength + (headersLength > 0 ? HEADERS_LENGTH + headersLength : 0) + payloadLength;
}

/** Reads one record after the other into its own fields, which are offsets into the bytes it was given. */
export class RecordReader {
  readonly #hasher: Hasher;
  kind: RecordKind;
  seq: number;
  sec: number;
  nanos: number;
  from: number;
  to: number;
  subjectFrom: number;
  subjectTo: number;
  /** `headersFrom === headersTo` when it has none. */
  headersFrom: number;
  headersTo: number;
  payloadFrom: number;
  payloadTo: number;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
    this.kind = "message";
    this.seq = 0;
    this.sec = 0;
    this.nanos = 0;
    this.from = 0;
    this.to = 0;
    this.subjectFrom = 0;
    this.subjectTo = 0;
    this.headersFrom = 0;
    this.headersTo = 0;
    this.payloadFrom = 0;
    this.payloadTo = 0;
  }

  /** Reads the record at `at`, which ends at `end` at the latest; the fields are good when no fault comes back. */
  read(bytes: Uint8Array, at: number, end: number): RecordFault | undefined {
    const fault = this.readUnchecked(bytes, at, end);
    if (fault !== undefined && fault !== "sequence") return fault;
    return this.#isIntact(bytes) ? fault : "sum";
  }

  /** The same without its checksum, for bytes that were checked before. */
  readUnchecked(bytes: Uint8Array, at: number, end: number): RecordFault | undefined {
    if (end - at < EMPTY_RECORD) return "short";
    const first = uint32(bytes, at);
    const hasHeaders = first >= HAS_HEADERS;
    const length = first % HAS_HEADERS;
    const subjectLength = bytes[at + 20]! | (bytes[at + 21]! << 8);
    const headAndSubject = RECORD_HEAD + subjectLength + (hasHeaders ? HEADERS_LENGTH : 0);
    if (length > MAX_RECORD || headAndSubject + HASH_BYTES > length) return "length";
    if (at + length > end) return "short";
    this.from = at;
    this.to = at + length;
    this.subjectFrom = at + RECORD_HEAD;
    this.subjectTo = this.subjectFrom + subjectLength;
    this.headersFrom = at + headAndSubject;
    this.headersTo = this.headersFrom;
    this.payloadTo = this.to - HASH_BYTES;
    if (hasHeaders) {
      const headersLength = uint32(bytes, this.subjectTo);
      if (headersLength > this.payloadTo - this.headersFrom) return "length";
      this.headersTo += headersLength;
    }
    this.payloadFrom = this.headersTo;
    const high = uint32(bytes, at + 8);
    this.kind = high >= HOLE ? "hole" : (high & TOMBSTONE) === 0 ? "message" : "tombstone";
    this.seq = (high % TOMBSTONE) * TWO32 + uint32(bytes, at + 4);
    this.sec = momentSec(bytes, at + 12);
    this.nanos = momentNanos(bytes, at + 12, this.sec);
    return high % TOMBSTONE < HIGHEST_HALF ? undefined : "sequence";
  }

  #isIntact(bytes: Uint8Array): boolean {
    return this.#hasher
      .start()
      .add(bytes, this.from + 4, this.from + 20)
      .add(bytes, this.subjectFrom, this.subjectTo)
      .add(bytes, this.headersFrom, this.payloadTo)
      .matches(bytes, this.payloadTo);
  }
}

/** What a record is made of; the bytes are borrowed. No headers is an empty array. */
export interface RecordParts {
  readonly kind: RecordKind;
  readonly seq: number;
  readonly sec: number;
  readonly nanos: number;
  readonly subject: Uint8Array;
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

/** Writes a record at `at`, where there is room for its `recordLength`; returns its end. */
export function writeRecord(bytes: Uint8Array, at: number, parts: RecordParts, hasher: Hasher): number {
  const { subject, headers, payload } = parts;
  const length = recordLength(subject.length, headers.length, payload.length);
  const subjectAt = putRecordHead(bytes, at, length, parts, subject.length, headers.length > 0);
  bytes.set(subject, subjectAt);
  let bodyAt = subjectAt + subject.length;
  if (headers.length > 0) {
    putUint32(bytes, bodyAt, headers.length);
    bodyAt += HEADERS_LENGTH;
  }
  bytes.set(headers, bodyAt);
  bytes.set(payload, bodyAt + headers.length);
  const end = at + length;
  hasher
    .start()
    .add(bytes, at + 4, at + 20)
    .add(bytes, subjectAt, subjectAt + subject.length)
    .add(bytes, bodyAt, end - HASH_BYTES)
    .sum(bytes, end - HASH_BYTES);
  return end;
}

/** Writes the first 22 bytes of a record; returns where its subject goes. */
export function putRecordHead(
  bytes: Uint8Array,
  at: number,
  length: number,
  { kind, seq, sec, nanos }: { kind: RecordKind; seq: number; sec: number; nanos: number },
  subjectLength: number,
  hasHeaders: boolean,
): number {
  assert(length <= MAX_RECORD && subjectLength <= 0xffff, "a record fits its length fields");
  assert(Number.isSafeInteger(seq) && seq >= 0, "a sequence is a whole number below 2^53");
  putUint32(bytes, at, hasHeaders ? length + HAS_HEADERS : length);
  putUint32(bytes, at + 4, seq % TWO32);
  const flag = kind === "hole" ? HOLE : kind === "tombstone" ? TOMBSTONE : 0;
  putUint32(bytes, at + 8, Math.floor(seq / TWO32) + flag);
  putMoment(bytes, at + 12, sec, nanos);
  bytes[at + 20] = subjectLength;
  bytes[at + 21] = subjectLength >>> 8;
  return at + RECORD_HEAD;
}

/** A tombstone for `seq`, or a skipped sequence; the time is the deleted message's, or the moment of the skip. */
export function writeMark(
  bytes: Uint8Array,
  at: number,
  kind: "hole" | "tombstone",
  seq: number,
  sec: number,
  nanos: number,
  hasher: Hasher,
): number {
  return writeRecord(
    bytes,
    at,
    { kind, seq, sec, nanos, subject: NO_BYTES, headers: NO_BYTES, payload: NO_BYTES },
    hasher,
  );
}

/**
 * Erases the record [from, to) in place: of the message only its sequence, time and length stay, as they do in its tombstone.
 * `chance` are random bytes, at least as many as the record has.
 */
export function eraseRecord(
  bytes: Uint8Array,
  from: number,
  to: number,
  { seq, sec, nanos }: { readonly seq: number; readonly sec: number; readonly nanos: number },
  chance: Uint8Array,
  hasher: Hasher,
): void {
  const payload = chance.subarray(0, to - from - EMPTY_RECORD);
  assert(payload.length === to - from - EMPTY_RECORD, "there are enough random bytes to erase with");
  writeRecord(bytes, from, { kind: "hole", seq, sec, nanos, subject: NO_BYTES, headers: NO_BYTES, payload }, hasher);
}
