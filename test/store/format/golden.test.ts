// Directories that nats-server wrote, read to the message, and written again to the byte.

import {
  type BlockSummary,
  IndexEncoder,
  type StreamSummary,
  decodeIndex,
} from "../../../src/store/format/index_db.ts";
import { type ByteString, byteStringOf, bytesOf, shown } from "../../../src/base/bytes.ts";
import { type RecordReader, writeRecord } from "../../../src/store/format/record.ts";
import { ZERO_TIME, rfc3339Nano } from "../../../src/base/gotime.ts";
import { blockFile, blockIndexOf } from "../../../src/store/format/layout.ts";
import { blockHasher, consumerHasher, streamHasher } from "../../../src/store/format/keys.ts";
import {
  blockRecords,
  compressBlock,
  isCompressed,
  salvageRecords,
} from "../../../src/store/format/compressed_block.ts";
import { decodeConsumerState, encodeConsumerState } from "../../../src/store/format/consumer_state.ts";
import {
  decodeScheduleIndex,
  decodeTtlIndex,
  encodeScheduleIndex,
  encodeTtlIndex,
} from "../../../src/store/format/timer_index.ts";
import { describe, expect, test } from "vitest";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { Fault } from "../../../src/store/format/fault.ts";
import { SequenceSet } from "../../../src/store/sequence_set.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { metaMatches } from "../../../src/store/format/meta_sum.ts";
import { scanBlock } from "../../../src/store/format/block_scan.ts";

interface Expected {
  readonly created: string;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly first_ts: string;
    readonly last_seq: number;
    readonly last_ts: string;
    readonly subjects?: Readonly<Record<string, number>>;
    readonly deleted?: readonly number[];
  };
  readonly messages: readonly unknown[];
  readonly consumers: readonly {
    readonly name: string;
    readonly delivered: { readonly consumer_seq: number; readonly stream_seq: number };
    readonly ack_floor: { readonly consumer_seq: number; readonly stream_seq: number };
    readonly num_ack_pending: number;
    readonly num_redelivered: number;
  }[];
}

const golden = join(import.meta.dirname, "golden");
const streams = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const withBlocks = streams.filter((stream) => existsSync(join(golden, stream, "meta.inf")));
const read = (...path: string[]): Buffer => readFileSync(join(golden, ...path));
const expectedOf = (stream: string): Expected => JSON.parse(read(stream, "expected.json").toString()) as Expected;
const blocksOf = (stream: string): number[] =>
  readdirSync(join(golden, stream, "msgs"))
    .flatMap((file) => blockIndexOf(file) ?? [])
    .sort((a, b) => a - b);
function recordsOf(stream: string, index: number): Uint8Array {
  const records = blockRecords(read(stream, "msgs", blockFile(index)));
  if (records instanceof Fault) throw new Error(`block ${index}: ${records.kind}`);
  return records;
}
interface Subject {
  readonly subject: ByteString;
  readonly numbers: readonly [msgs: number, firstBlock: number, lastBlock: number];
}
function indexOf(stream: string): { summary: StreamSummary; subjects: Subject[] } {
  const subjects: Subject[] = [];
  const summary = decodeIndex(read(stream, "msgs", "index.db"), streamHasher(stream), (bytes, from, to, ...numbers) => {
    subjects.push({ subject: byteStringOf(bytes, from, to), numbers });
  });
  if (summary instanceof Fault) throw new Error(`index of ${stream}: ${summary.kind}`);
  return { summary, subjects };
}
const timeText = (sec: number, nanos: number): string =>
  sec === 0 && nanos === 0 ? ZERO_TIME : rfc3339Nano(sec, nanos);

describe.each(withBlocks)("%s", (stream) => {
  const expected = expectedOf(stream);

  test("meta.sum belongs to meta.inf", () => {
    const meta = read(stream, "meta.inf");
    expect(metaMatches(streamHasher(stream), meta, read(stream, "meta.sum"))).toBe(true);
    expect(JSON.parse(meta.toString())).toMatchObject({ Created: expected.created, name: stream });
    expect(metaMatches(streamHasher(`${stream}x`), meta, read(stream, "meta.sum"))).toBe(false);
    for (const { name } of expected.consumers) {
      const [meta, sum] = [read(stream, "obs", name, "meta.inf"), read(stream, "obs", name, "meta.sum")];
      expect(metaMatches(consumerHasher(stream, name), meta, sum)).toBe(true);
    }
  });

  test("every message is found, and nothing deleted", () => {
    const { firstSeq, blocks } = indexOf(stream).summary;
    const found = new Map<number, unknown>();
    for (const index of blocksOf(stream)) {
      const records = recordsOf(stream, index);
      scanBlock(records, blockHasher(stream, index), {
        onDamage: (from, to, fault) => expect([from, to, fault]).toBeUndefined(),
        onRecord: (record) => {
          if (record.kind !== "message") found.delete(record.seq);
          else found.set(record.seq, messageOf(record, records));
        },
      });
    }
    // Limits leave no trace in the block: the index knows.
    const isDeleted = (seq: number): boolean =>
      seq < firstSeq || blocks.some(({ deleted }) => deleted?.has(seq) ?? false);
    expect([...found].filter(([seq]) => !isDeleted(seq)).map(([, msg]) => msg)).toEqual(expected.messages);
  });

  test("every record is written again to the byte", () => {
    for (const index of blocksOf(stream)) {
      const records = recordsOf(stream, index);
      const out = new Uint8Array(records.length);
      let at = 0;
      scanBlock(records, blockHasher(stream, index), {
        onDamage: () => undefined,
        onRecord: (record) => {
          const { kind, seq, sec, nanos } = record;
          const subject = records.subarray(record.subjectFrom, record.subjectTo);
          const headers = records.subarray(record.headersFrom, record.headersTo);
          const payload = records.subarray(record.payloadFrom, record.payloadTo);
          at = writeRecord(out, at, { kind, seq, sec, nanos, subject, headers, payload }, blockHasher(stream, index));
        },
      });
      expect(Buffer.compare(out, records)).toBe(0);
    }
  });

  test("consumers are where they were, and written again to the byte", () => {
    for (const consumer of expected.consumers) {
      const file = read(stream, "obs", consumer.name, "o.dat");
      const state = decodeConsumerState(file);
      if (state instanceof Fault) throw new Error(state.kind);
      const { ackFloor, delivered, pending, redelivered } = state;
      expect([
        consumer.name,
        ackFloor.consumerSeq,
        ackFloor.streamSeq,
        delivered.consumerSeq,
        delivered.streamSeq,
      ]).toEqual([
        consumer.name,
        consumer.ack_floor.consumer_seq,
        consumer.ack_floor.stream_seq,
        consumer.delivered.consumer_seq,
        consumer.delivered.stream_seq,
      ]);
      expect([pending.length, redelivered.length]).toEqual([consumer.num_ack_pending, consumer.num_redelivered]);
      const base = Math.max(0, ...pending.map(({ sec }) => sec)) + 1;
      expect([...encodeConsumerState(state, base)]).toEqual([...file]);
    }
  });
});

function messageOf(record: RecordReader, records: Uint8Array): unknown {
  const payload = Buffer.from(records.subarray(record.payloadFrom, record.payloadTo));
  const headers = byteStringOf(records, record.headersFrom, record.headersTo);
  return {
    seq: record.seq,
    time: rfc3339Nano(record.sec, record.nanos),
    subject: shown(byteStringOf(records, record.subjectFrom, record.subjectTo)),
    ...(headers === "" ? {} : { headers }),
    ...(payload.length > 64
      ? { sha256: createHash("sha256").update(payload).digest("hex") }
      : { data: payload.toString("base64") }),
  };
}

describe.each(streams)("the index of %s", (stream) => {
  const { state } = expectedOf(stream);
  const { summary, subjects } = indexOf(stream);

  test("says what the server said", () => {
    expect(summary.msgs).toBe(state.messages);
    expect(summary.bytes).toBe(state.bytes);
    expect(summary.firstSeq).toBe(state.first_seq);
    expect(summary.lastSeq).toBe(state.last_seq);
    expect(timeText(summary.firstSec, summary.firstNanos)).toBe(state.first_ts);
    expect(timeText(summary.lastSec, summary.lastNanos)).toBe(state.last_ts);
    expect(Object.fromEntries(subjects.map(({ subject, numbers }) => [shown(subject), numbers[0]]))).toEqual(
      state.subjects ?? {},
    );
    const total = (of: (block: BlockSummary) => number): number =>
      summary.blocks.reduce((sum, each) => sum + of(each), 0);
    expect(total(({ bytes }) => bytes)).toBe(state.bytes);
    expect(total(({ firstSeq, lastSeq, deleted }) => lastSeq - firstSeq + 1 - (deleted?.size ?? 0))).toBe(
      state.messages,
    );
  });

  test("is written again to the byte", () => {
    const encoder = new IndexEncoder(summary, subjects.length, streamHasher(stream));
    for (const { subject, numbers } of subjects) encoder.subject(bytesOf(subject), ...numbers);
    expect(Buffer.compare(encoder.finish(), read(stream, "msgs", "index.db"))).toBe(0);
  });
});

test("deleted sequences are those the server listed", () => {
  const { state } = expectedOf("LATEST");
  const { blocks, firstSeq } = indexOf("LATEST").summary;
  expect(blocks.flatMap(({ deleted }) => [...(deleted ?? [])]).filter((seq) => seq > firstSeq)).toEqual(state.deleted);
  const holes = indexOf("HOLES").summary;
  const kept = Array.from({ length: 14_001 }, (_, i) => i + 1).filter((seq) => seq % 400 === 8 || seq >= 14_000);
  const isKept = (seq: number): boolean => !holes.blocks.some(({ deleted }) => deleted!.has(seq));
  expect(kept.every((seq) => isKept(seq))).toBe(true);
  expect(holes.blocks[0]!.deleted!.size).toBe(14_001 - 7 - kept.length);
});

test("blocks are compressed but for the last", () => {
  const files = [1, 2, 3].map((index) => read("COMP", "msgs", blockFile(index)));
  expect(files.map((file) => isCompressed(file))).toEqual([true, true, false]);
  for (const index of [1, 2]) {
    const records = recordsOf("COMP", index);
    const again = compressBlock(records);
    expect([isCompressed(again), again.subarray(-8)]).toEqual([true, records.subarray(-8)]);
    expect(Buffer.compare(blockRecords(again) as Uint8Array, records)).toBe(0);
    expect(again.length).toBeLessThan(files[index - 1]!.length * 1.2);
  }
});

test("most records of a damaged compressed block can be had", () => {
  const file = read("COMP", "msgs", "1.blk");
  const records = recordsOf("COMP", 1);
  const hasher = blockHasher("COMP", 1);
  const recordsIn = (bytes: Uint8Array): Map<number, unknown> => {
    const found = new Map<number, unknown>();
    scanBlock(bytes, hasher, {
      onDamage: () => undefined,
      onRecord: (record) => void found.set(record.seq, messageOf(record, bytes)),
    });
    return found;
  };
  const all = recordsIn(records);
  let total = 0;
  let lost = 0;
  for (let at = 0; at < file.length; at += 13) {
    const bad = Uint8Array.from(file);
    bad[at]! ^= 1 << (at & 7);
    const found = recordsIn(salvageRecords(bad)!);
    for (const [seq, msg] of found) expect(msg).toEqual(all.get(seq));
    total += all.size;
    lost += all.size - found.size;
  }
  expect(lost / total).toBeLessThan(0.5);
});

test("messages with a TTL are known with their time", () => {
  const file = read("TTL", "msgs", "thw.db");
  const index = decodeTtlIndex(file);
  if (index instanceof Fault) throw new Error(index.kind);
  const times = expectedOf("TTL").messages as readonly { seq: number; time: string }[];
  const hour = (seq: number): string => times.find((msg) => msg.seq === seq)!.time;
  expect(index.stamp).toBe(6);
  expect(index.entries.map(({ seq, sec, nanos }) => [seq, rfc3339Nano(sec - (seq - 1) * 3600, nanos)]).sort()).toEqual(
    [2, 4].map((seq) => [seq, hour(seq)]),
  );
  expect(Buffer.compare(encodeTtlIndex(index), file)).toBe(0);
});

test("schedules are known with their next time", () => {
  const file = read("SCHED", "msgs", "sched.db");
  const index = decodeScheduleIndex(file);
  if (index instanceof Fault) throw new Error(index.kind);
  expect(index.stamp).toBe(3);
  const found = index.entries.map(({ seq, subject, sec, nanos }) => [
    seq,
    Buffer.from(subject).toString(),
    rfc3339Nano(sec, nanos),
  ]);
  expect(found.find(([seq]) => seq === 1)).toEqual([1, "sched.in.1", "2030-01-02T03:04:05.123456789Z"]);
  expect(found.find(([seq]) => seq === 2)?.[1]).toBe("sched.in.2");
  expect(Buffer.compare(encodeScheduleIndex(index), file)).toBe(0);
});

test("the work queue's pending entries are the two not acked", () => {
  const state = decodeConsumerState(read("WORK", "obs", "w", "o.dat"));
  if (state instanceof Fault) throw new Error(state.kind);
  expect(state.pending.map(({ streamSeq, consumerSeq }) => [streamSeq, consumerSeq]).sort()).toEqual([
    [3, 3],
    [5, 5],
  ]);
});

test("a set of several nodes is a set of its sequences", () => {
  const deleted = indexOf("HOLES").summary.blocks[0]!.deleted!;
  const again = new SequenceSet();
  for (const seq of deleted) expect(again.add(seq)).toBe(true);
  expect(again.size).toBe(deleted.size);
});
