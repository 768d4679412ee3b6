// `thw.db` and `sched.db`: which messages expire, or are due, and when; so that opening a stream needs no scan.
//
//   1, entries u64, stamp u64; per entry of thw.db: time varint, seq uvarint
//                             per entry of sched.db: subject length u16, subject, time varint, seq uvarint
//
// The stamp is the stream's last sequence plus one when it was written: what came later is found by scanning.

import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { Fault } from "./fault.ts";

const VERSION = 1;
const MIN_ENTRY_BYTES = 2;

export interface TimerEntry {
  readonly seq: number;
  readonly sec: number;
  readonly nanos: number;
}
export interface ScheduleEntry extends TimerEntry {
  readonly subject: Uint8Array;
}
export interface TimerIndex<E extends TimerEntry> {
  readonly stamp: number;
  readonly entries: readonly E[];
}

/** Reads `thw.db`. */
export function decodeTtlIndex(file: Uint8Array): TimerIndex<TimerEntry> | Fault {
  return decode(file, MIN_ENTRY_BYTES, timerEntry);
}

/** Reads `sched.db`; the subjects are owned by the caller. */
export function decodeScheduleIndex(file: Uint8Array): TimerIndex<ScheduleEntry> | Fault {
  return decode(file, 2 + MIN_ENTRY_BYTES, (reader) => {
    const subject = reader.take(reader.uint16()).slice();
    return { ...timerEntry(reader), subject };
  });
}

export function encodeTtlIndex({ stamp, entries }: TimerIndex<TimerEntry>): Uint8Array {
  const writer = head(stamp, entries.length);
  for (const { seq, sec, nanos } of entries) {
    writer.varintMoment(sec, nanos);
    writer.uvarint(seq);
  }
  return writer.written;
}

export function encodeScheduleIndex({ stamp, entries }: TimerIndex<ScheduleEntry>): Uint8Array {
  const writer = head(stamp, entries.length);
  for (const { seq, sec, nanos, subject } of entries) {
    writer.uint16(subject.length);
    writer.put(subject);
    writer.varintMoment(sec, nanos);
    writer.uvarint(seq);
  }
  return writer.written;
}

function head(stamp: number, count: number): ByteWriter {
  const writer = new ByteWriter();
  writer.byte(VERSION);
  writer.uint64(count);
  writer.uint64(stamp);
  return writer;
}

function timerEntry(reader: ByteReader): TimerEntry {
  reader.varintMoment();
  const { sec, nanos } = reader;
  return { seq: reader.uvarint(), sec, nanos };
}

function decode<E extends TimerEntry>(
  file: Uint8Array,
  minEntryBytes: number,
  entry: (reader: ByteReader) => E,
): TimerIndex<E> | Fault {
  const reader = new ByteReader(file);
  if (reader.byte() !== VERSION) return new Fault(file.length === 0 ? "short" : "version");
  const count = reader.uint64();
  const stamp = reader.uint64();
  if (count > reader.left / minEntryBytes) reader.fail();
  const entries: E[] = [];
  for (let i = 0; i < count && !reader.failed; i++) entries.push(entry(reader));
  return reader.failed || reader.left > 0 ? new Fault("form") : { stamp, entries };
}
