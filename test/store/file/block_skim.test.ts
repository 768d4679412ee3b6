// The fast way to open a block tells what the careful one does, or leaves the block to that.

import { array, assert as check, boolean, constantFrom, nat, oneof, property, record, constant } from "fast-check";
import { expect, test } from "vitest";
import { byteStringOf } from "../../../src/base/bytes.ts";
import { DiskError } from "../../../src/base/disk.ts";
import { isSound, openBlock, type BlockReport } from "../../../src/store/file/block_open.ts";
import { skimBlock } from "../../../src/store/file/block_skim.ts";
import { Effort } from "../../../src/store/file/sliced_job.ts";
import { blockHasher } from "../../../src/store/format/keys.ts";
import { type RecordKind, type RecordReader, recordLength, writeRecord } from "../../../src/store/format/record.ts";
import { RecordScan, SCANNED_BYTES } from "../../../src/store/format/record_scan.ts";
import { packed, run, SEC, streamOnDisk } from "./stream_on_disk.ts";

interface Made {
  readonly kind: RecordKind;
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly payload: number;
}

function blockOf(records: readonly Made[]): Uint8Array {
  const lengths = records.map(({ subject, headers, payload }) =>
    recordLength(Buffer.byteLength(subject), headers.length, payload),
  );
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const { kind, seq, subject, headers, payload } of records) {
    const parts = { kind, seq, sec: SEC + (seq % 1000), nanos: seq % 999, payload: Buffer.alloc(payload, seq) };
    const texts = { subject: Buffer.from(subject), headers: Buffer.from(headers) };
    at = writeRecord(bytes, at, { ...parts, ...texts }, blockHasher("S", 1));
  }
  return bytes;
}

/** What is told of a block: messages, holes and tombstones in order, and messages by subject. */
interface Told {
  readonly report: BlockReport | undefined;
  readonly lines: string[];
  readonly subjects: Map<string, { count: number; first: number; last: number; bytes?: number }>;
}

function counted(subjects: Told["subjects"], name: string, count: number, first: number, last: number): void {
  const before = subjects.get(name);
  subjects.set(name, { count: (before?.count ?? 0) + count, first: before?.first ?? first, last });
}

const line = ({ kind, seq, sec, nanos, from, to }: RecordReader): string =>
  `${kind} ${seq} ${sec}.${nanos} ${to - from}`;

function carefully(file: Uint8Array, last: number): Told {
  const { disk, ...rest } = streamOnDisk({ "1.blk": file });
  const told: Told = { report: undefined, lines: [], subjects: new Map() };
  const report = run(
    disk,
    openBlock({ disk, ...rest }, 1, (record, bytes) => {
      if (record.kind === "tombstone") told.lines.push(line(record));
      if (record.kind === "tombstone" || record.seq <= last) return;
      told.lines.push(line(record));
      if (record.kind === "hole") return;
      counted(told.subjects, byteStringOf(bytes, record.subjectFrom, record.subjectTo), 1, record.seq, record.seq);
    }),
  );
  if (report === undefined || report instanceof DiskError) throw new Error(report?.text);
  return { ...told, report };
}

function fast(file: Uint8Array, last: number, tells: (told: Told) => boolean = () => false): Told {
  const { disk, ...rest } = streamOnDisk({ "1.blk": file });
  const told: Told = { report: undefined, lines: [], subjects: new Map() };
  const names: string[] = [];
  const scan = RecordScan.open((subject, count, first, end) =>
    counted(told.subjects, names[subject]!, count, first, end),
  )!;
  const numbers = {
    intern(bytes: Uint8Array, from: number, to: number): number {
      const name = byteStringOf(bytes, from, to);
      const known = names.indexOf(name);
      return known < 0 ? names.push(name) - 1 : known;
    },
  };
  let lastSeq = last;
  const visitor = {
    get lastSeq() {
      return tells(told) ? undefined : lastSeq;
    },
    onRun(count: number, bytes: number, { seq, sec, nanos }: RecordReader): void {
      told.lines.push(`run of ${count} up to ${seq} ${sec}.${nanos} ${bytes}`);
      lastSeq = seq;
    },
    onRecord(record: RecordReader): void {
      if (record.kind === "tombstone") told.lines.push(line(record));
      if (record.kind === "tombstone" || record.seq <= lastSeq) return;
      told.lines.push(line(record));
      lastSeq = record.seq;
      if (record.kind === "message") scan.add(record, numbers);
    },
  };
  const report = run(disk, skimBlock({ disk, ...rest }, 1, scan, visitor, new Effort()));
  if (report instanceof DiskError) throw new Error(report.text);
  scan.close();
  return { ...told, report };
}

/** The lines of a careful opening with messages in a row put together as the others have them. */
function inRuns(lines: readonly string[], like: readonly string[]): string[] {
  const left = lines.slice();
  return like.map((each) => {
    const run = /^run of (\d+)/.exec(each);
    if (run === null) return left.shift() ?? "none";
    const together = left.splice(0, Number(run[1])).map((one) => one.split(" "));
    const [, seq, moment] = together.at(-1) ?? [];
    const bytes = together.reduce((sum, one) => sum + Number(one[3]), 0);
    const isRow = together.every(([kind, number], i) => kind === "message" && Number(number) === Number(together[0]![1]) + i); // prettier-ignore
    return isRow ? `run of ${together.length} up to ${seq} ${moment} ${bytes}` : "no run";
  });
}

function agree(file: Uint8Array, last = 0): Told {
  const careful = carefully(file, last);
  const quick = fast(file, last);
  if (!isSound(careful.report!)) expect(quick.report).toBeUndefined();
  if (quick.report === undefined) return quick;
  expect(quick.report).toEqual(careful.report);
  const lines = inRuns(careful.lines, quick.lines);
  expect(quick.lines).toEqual(lines);
  expect(quick.lines.reduce((sum, each) => sum + Number(/^run of (\d+)/.exec(each)?.[1] ?? 1), 0)).toBe(careful.lines.length); // prettier-ignore
  expect(quick.subjects).toEqual(careful.subjects);
  return quick;
}

const HEADERS = "NATS/1.0\r\nA: b\r\n\r\n";
const plain = (count: number, subjects: number, payload = 20): Made[] =>
  Array.from({ length: count }, (_, i) => {
    return { kind: "message", seq: i + 1, subject: `s.${i % subjects}`, headers: "", payload };
  });

test("messages in a row are told together, once their subject was seen", () => {
  const { lines, subjects } = agree(blockOf(plain(100, 3)));
  expect(lines.length).toBe(4);
  expect(lines.at(-1)).toMatch(/^run of 97 up to 100 /);
  expect(subjects.get("s.1")).toEqual({ count: 33, first: 2, last: 98 });
});

test("a block of any size is read in pieces", () => {
  const one = agree(blockOf(plain(30_000, 1000, 60)));
  expect(one.report!.messages).toBe(30_000);
  // A record that is longer than a piece, and one that is longer than what is scanned at a time.
  const long = plain(4, 1);
  expect(agree(blockOf([...long, { ...long[0]!, seq: 5, payload: 700_000 }])).report?.lastSeq).toBe(5);
  expect(agree(blockOf([...long, { ...long[0]!, seq: 5, payload: SCANNED_BYTES }])).report).toBeUndefined();
});

test("more subjects than the table has, and ones too long for it, are counted as well", () => {
  const many = agree(blockOf(plain(20_000, 9000, 1)));
  expect(many.subjects.size).toBe(9000);
  const texts = ["a", "abcdefg", "abcdefgh", "abcdefghi", "x".repeat(95), "x".repeat(96), "x".repeat(97), `${"x".repeat(95)}y`]; // prettier-ignore
  const seqs = plain(80, 1).map((made, i) => ({ ...made, subject: texts[i % texts.length]! }));
  expect(agree(blockOf(seqs)).subjects.size).toBe(texts.length);
});

test("what was told before the block is not told again, and nothing is put together where each is asked for", () => {
  const file = blockOf(plain(50, 2));
  expect(agree(file, 20).lines).toEqual(expect.arrayContaining([expect.stringMatching(/ up to 50 /)]));
  const { lines } = fast(file, 0, (told) => told.lines.length < 10);
  expect(lines.slice(0, 10).every((each) => each.startsWith("message"))).toBe(true);
  expect(lines.slice(10)).toEqual([expect.stringMatching(/^run of 40 up to 50 /)]);
});

test("an empty, a compressed, a damaged and a foreign block are left to the careful way", () => {
  const bytes = blockOf(plain(10, 2));
  expect(fast(new Uint8Array(0), 0).report).toBeUndefined();
  expect(fast(packed(bytes), 0).report).toBeUndefined();
  for (let at = 0; at < bytes.length; at += 7) {
    const damaged = Uint8Array.from(bytes);
    damaged[at]! ^= 1 << (at % 8);
    // The length of a subject is in no checksum.
    if (at % 53 < 20 || at % 53 > 21) expect(agree(damaged).report, `byte ${at}`).toBeUndefined();
  }
  for (let end = 1; end < bytes.length; end += 11) agree(bytes.subarray(0, end));
  const foreign = Uint8Array.from(bytes);
  foreign[11] = 1;
  blockHasher("S", 1)
    .start()
    .add(foreign, 4, 20)
    .add(foreign, 22, recordLength(3, 0, 20) - 8)
    .sum(foreign, recordLength(3, 0, 20) - 8);
  expect(agree(foreign).report).toBeUndefined();
});

test("any block is told as the careful way tells it", () => {
  const anyRecord = record({
    kind: oneof({ weight: 8, arbitrary: constant<RecordKind>("message") }, { weight: 1, arbitrary: constantFrom<RecordKind>("hole", "tombstone") }), // prettier-ignore
    step: oneof({ weight: 9, arbitrary: constant(1) }, { weight: 1, arbitrary: constantFrom(-3, 0, 2, 1000) }),
    subject: constantFrom("", "a", "a.b", "orders.new.1", "orders.new.2", "y".repeat(200)),
    hasHeaders: boolean(),
    payload: nat(70),
  });
  check(
    property(array(anyRecord, { maxLength: 60 }), nat(20), nat(4000), (made, last, flip) => {
      let seq = 0;
      const records = made.map(({ kind, step, subject, hasHeaders, payload }): Made => {
        seq = Math.max(0, seq + step);
        const isMessage = kind === "message";
        return { kind, seq, subject: isMessage ? subject : "", headers: isMessage && hasHeaders ? HEADERS : "", payload: isMessage ? payload : 0 }; // prettier-ignore
      });
      const bytes = blockOf(records);
      agree(bytes, last);
      if (flip < bytes.length) {
        bytes[flip]! ^= 4;
        agree(bytes, last);
      }
    }),
    { numRuns: 300 },
  );
});
