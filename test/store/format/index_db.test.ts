// index.db: both ways, and when its bytes lie.

import {
  type BlockSummary,
  type Costs,
  IndexDecoder,
  IndexEncoder,
  type StreamSummary,
  decodeIndex,
} from "../../../src/store/format/index_db.ts";
import { anyNanos, anySec, anySeq } from "./arbitraries.ts";
import { array, assert, integer, nat, option, property, record, tuple, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "../../../src/base/varint.ts";
import { Fault } from "../../../src/store/format/fault.ts";
import { SequenceSet } from "../../../src/store/sequence_set.ts";
import { streamHasher } from "../../../src/store/format/keys.ts";

const hasher = streamHasher("S");
// Differences of two of these still fit an int64.
const sec = anySec.map((sec) => Math.floor(sec / 2));
const deleted = option(array(integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }), { nil: undefined });
const anyBlock = record({
  blockIndex: nat(),
  bytes: anySeq,
  firstSeq: anySeq,
  firstSec: sec,
  firstNanos: anyNanos,
  lastSeq: anySeq,
  lastSec: sec,
  lastNanos: anyNanos,
  ttlMsgs: nat(),
  scheduledMsgs: nat(),
  deleted,
}).map(({ deleted, ...rest }): BlockSummary => {
  const set = deleted === undefined ? undefined : new SequenceSet();
  for (const seq of deleted ?? []) set!.add(seq);
  return { ...rest, deleted: set };
});
const anySummary = record<StreamSummary>({
  msgs: anySeq,
  bytes: anySeq,
  firstSeq: anySeq,
  firstSec: sec,
  firstNanos: anyNanos,
  lastSeq: anySeq,
  lastSec: sec,
  lastNanos: anyNanos,
  blocks: array(anyBlock, { maxLength: 5 }),
  lastBlock: nat(),
  lastChecksum: uint8Array({ minLength: 8, maxLength: 8 }),
});
const anySubjects = array(tuple(uint8Array({ maxLength: 20 }), anySeq, nat(), nat()), { maxLength: 6 });
type Subjects = readonly (readonly [subject: Uint8Array, msgs: number, firstBlock: number, lastBlock: number])[];

function encode(summary: StreamSummary, subjects: Subjects): Uint8Array {
  const encoder = new IndexEncoder(summary, subjects.length, hasher);
  for (const each of subjects) encoder.subject(...each);
  return encoder.finish();
}
function decode(file: Uint8Array): { summary: StreamSummary | Fault; subjects: Subjects } {
  const subjects: [Uint8Array, number, number, number][] = [];
  const summary = decodeIndex(file, hasher, (bytes, from, to, ...numbers) => {
    subjects.push([bytes.slice(from, to), ...numbers]);
  });
  return { summary, subjects };
}
/** For comparison: sets as lists. */
const plain = (summary: StreamSummary | Fault): unknown =>
  summary instanceof Fault
    ? summary
    : { ...summary, blocks: summary.blocks.map((block) => ({ ...block, deleted: [...(block.deleted ?? [])] })) };

test("it goes both ways", () => {
  assert(
    property(anySummary, anySubjects, (summary, subjects) => {
      const found = decode(encode(summary, subjects));
      expect(plain(found.summary)).toEqual(plain(summary));
      expect(found.subjects).toEqual(subjects);
    }),
    { numRuns: 500 },
  );
});

const summaryOfNone: StreamSummary = {
  msgs: 3,
  bytes: 300,
  firstSeq: 5,
  firstSec: 1_700_000_000,
  firstNanos: 5,
  lastSeq: 9,
  lastSec: 1_700_000_001,
  lastNanos: 4,
  blocks: [],
  lastBlock: 1,
  lastChecksum: new Uint8Array(8),
};
const file = encode(summaryOfNone, [[Buffer.from("a.b"), 3, 1, 1]]);
/** A body with its right checksum. */
function signed(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 8);
  out.set(body);
  hasher.start().add(body, 0, body.length).sum(out, body.length);
  return out;
}

test("what is taken away meanwhile is the same file, also when others hash", () => {
  const others = streamHasher("T");
  assert(
    property(anySummary, anySubjects, array(nat(2), { minLength: 12, maxLength: 12 }), (summary, subjects, takes) => {
      const encoder = new IndexEncoder(summary, subjects.length, hasher);
      const taken: Uint8Array[] = [];
      const maybeTake = (i: number): void => {
        if (takes[i % takes.length] !== 0) return;
        taken.push(encoder.take());
        others.of(Buffer.from("something else"));
      };
      subjects.forEach((each, i) => {
        maybeTake(i);
        encoder.subject(...each);
      });
      for (let i = 6; encoder.block(); i++) maybeTake(i);
      const whole = Buffer.concat([...taken, encoder.finish()]);
      expect(Buffer.compare(whole, encode(summary, subjects))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("a file of many subjects is read in steps of a bounded cost, also when others hash", () => {
  const many = Array.from({ length: 20_000 }, (_, i) => [Buffer.from(`a.subject.with.a.name.${i}`), 1, 1, 1] as const);
  const big = encode({ ...summaryOfNone, msgs: 20_000 }, many);
  const others = streamHasher("T");
  const decoder = new IndexDecoder(big);
  const run = <T>(costs: Costs<T>): { most: number; sum: number; result: T } => {
    for (let most = 0, sum = 0; ;) {
      const step = costs.next();
      if (step.done === true) return { most, sum, result: step.value };
      most = Math.max(most, step.value);
      sum += step.value;
      others.of(Buffer.from("something else"));
    }
  };
  const read = run(decoder.read(hasher));
  expect(read.result).toMatchObject({ msgs: 20_000, lastBlock: 1 });
  expect(decoder.subjectMsgs).toBe(20_000);
  const subjects: string[] = [];
  const told = run(
    decoder.subjects((bytes, from, to) => subjects.push(Buffer.from(bytes.subarray(from, to)).toString())),
  );
  expect(subjects).toEqual(many.map(([subject]) => subject.toString()));
  expect([read.most, told.most].every((most) => most > 0 && most <= 1 << 19)).toBe(true);
  expect(read.sum).toBeGreaterThan(big.length);
  expect(told.sum).toBeGreaterThan(20_000 * 4000);
});

test("a wrong bit, a wrong stream and a cut are noticed", () => {
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const bad = Uint8Array.from(file);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    expect(decode(bad).summary).toEqual(new Fault("sum"));
  }
  for (let end = 0; end < file.length; end++) {
    expect(decode(file.subarray(0, end)).summary).toEqual(new Fault(end < 32 ? "short" : "sum"));
  }
  expect(decodeIndex(file, streamHasher("T"), () => undefined)).toEqual(new Fault("sum"));
});

test("what it does not know, it says", () => {
  const other = (at: number, byte: number): unknown => {
    const body = file.slice(0, -8);
    body[at] = byte;
    return decode(signed(body)).summary;
  };
  expect([other(0, 10), other(1, 0), other(1, 5)]).toEqual([
    new Fault("version"),
    new Fault("version"),
    new Fault("version"),
  ]);
  expect(other(2, 4)).toMatchObject({ msgs: 4 });
});

test("versions 1 to 3 are read", () => {
  for (const version of [1, 2, 3]) {
    const writer = new ByteWriter();
    for (const byte of [11, version, 2, 90, 1, 0, 2, 0]) writer.byte(byte);
    for (const byte of [2, 1, 0x61, 1, 7, 1, 0x62, 2, 7, 8]) writer.byte(byte); // two subjects, one with a last block
    for (const byte of [1, 7, 90, 1, 0, 2, 0, 0]) writer.byte(byte);
    if (version >= 2) writer.byte(5);
    if (version >= 3) writer.byte(6);
    writer.byte(7);
    writer.put(new Uint8Array(8));
    const { summary, subjects } = decode(signed(writer.written));
    expect(subjects.map(([, ...numbers]) => numbers)).toEqual([
      [1, 7, 7],
      [2, 7, 8],
    ]);
    expect(summary).toMatchObject({ blocks: [{ ttlMsgs: version >= 2 ? 5 : 0, scheduledMsgs: version >= 3 ? 6 : 0 }] });
  }
});

test("any signed bytes give a summary or a fault, and no more subjects than fit", () => {
  assert(
    property(uint8Array({ minLength: 24, maxLength: 400 }), nat(3), (bytes, version) => {
      const body = Uint8Array.from(bytes);
      body.set([11, version + 1]);
      const { subjects } = decode(signed(body));
      expect(subjects.length).toBeLessThan(bytes.length / 3);
    }),
    { numRuns: 5000 },
  );
});
