// Scanning a block: all of it when it is good, all but the damage when it is not.

import { array, assert, integer, nat, property, tuple, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { recordLength, writeRecord } from "../../../src/store/format/record.ts";
import { anyBytes } from "./arbitraries.ts";
import { blockHasher } from "../../../src/store/format/keys.ts";
import { BlockScan, scanBlock } from "../../../src/store/format/block_scan.ts";

const hasher = blockHasher("S", 1);
const NONE = new Uint8Array();

interface Made {
  readonly bytes: Uint8Array;
  /** Where each record begins, and the end. */
  readonly at: readonly number[];
}
/** A block with sequences from 1. */
function block(payloads: readonly Uint8Array[], withHeaders = false): Made {
  const subject = Buffer.from("a.b");
  const headers = withHeaders ? Buffer.from("NATS/1.0\r\nA: b\r\n\r\n") : NONE;
  const at = [0];
  for (const payload of payloads) at.push(at.at(-1)! + recordLength(subject.length, headers.length, payload.length));
  const bytes = new Uint8Array(at.at(-1)!);
  payloads.forEach((payload, i) => {
    writeRecord(bytes, at[i]!, { kind: "message", seq: i + 1, sec: i, nanos: 0, subject, headers, payload }, hasher);
  });
  return { bytes, at };
}
interface Damage {
  readonly from: number;
  readonly to: number;
  readonly isWhole: boolean;
}
function scan(bytes: Uint8Array): { seqs: number[]; damage: Damage[] } {
  const seqs: number[] = [];
  const damage: Damage[] = [];
  scanBlock(bytes, hasher, {
    onRecord: ({ seq }) => seqs.push(seq),
    onDamage: (from, to, _, isWhole) => damage.push({ from, to, isWhole }),
  });
  return { seqs, damage };
}
const texts = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => Buffer.from(`payload ${i}`));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test("a good block, an empty one too, is read whole", () => {
  assert(
    property(array(anyBytes), (payloads) => {
      expect(scan(block(payloads).bytes)).toEqual({ seqs: upTo(payloads.length), damage: [] });
    }),
  );
});

test("slices of a scan are the scan", () => {
  const { bytes, at } = block(texts(10));
  bytes[at[4]! + 30]! ^= 1;
  for (const atMost of [1, 3, 10]) {
    const seqs: number[] = [];
    const damage: number[] = [];
    const visitor = { onRecord: (record: { seq: number }) => seqs.push(record.seq), onDamage: (from: number) => damage.push(from) }; // prettier-ignore
    let from = 0;
    while (from < bytes.length) from = scanBlock(bytes, hasher, visitor, from, atMost);
    expect([seqs, damage]).toEqual([upTo(10).filter((seq) => seq !== 5), [at[4]]]);
  }
});

test("any flipped bit costs at most its record", () => {
  const { bytes, at } = block(texts(4), true);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const bad = Uint8Array.from(bytes);
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    const hit = at.findLastIndex((from) => from <= bit >>> 3);
    const { seqs, damage } = scan(bad);
    if (damage.length === 0) {
      expect(seqs).toEqual(upTo(4));
      continue;
    }
    expect(seqs).toEqual(upTo(4).filter((seq) => seq !== hit + 1));
    expect(damage.map(({ from, to }) => [from, to])).toEqual([[at[hit], at[hit + 1]]]);
    // A length can only be trusted when it was not what changed.
    const isInLength = (bit >>> 3) - at[hit]! < 4;
    if (!isInLength) expect(damage[0]!.isWhole).toBe(true);
  }
});

test("a block cut anywhere loses its end", () => {
  const { bytes, at } = block(texts(4));
  for (let end = 0; end < bytes.length; end++) {
    const whole = at.filter((from) => from <= end).length - 1;
    const { seqs, damage } = scan(bytes.subarray(0, end));
    expect(seqs).toEqual(upTo(whole));
    expect(damage.map(({ from, to }) => [from, to])).toEqual(at.includes(end) ? [] : [[at[whole], end]]);
  }
});

test("any range of other bytes costs the records it touches", () => {
  assert(
    property(
      array(anyBytes, { minLength: 2, maxLength: 12 }),
      nat(),
      uint8Array({ minLength: 1, maxLength: 200 }),
      (payloads, where, noise) => {
        const { bytes, at } = block(payloads);
        const from = where % bytes.length;
        const bad = Uint8Array.from(bytes);
        bad.set(noise.subarray(0, bytes.length - from), from);
        const firstBad = bad.findIndex((byte, i) => byte !== bytes[i]);
        const lastBad = bad.findLastIndex((byte, i) => byte !== bytes[i]);
        const isHit = (i: number): boolean => at[i]! <= lastBad && at[i + 1]! > firstBad;
        const intact = upTo(payloads.length).filter((seq) => !isHit(seq - 1));
        const { seqs, damage } = scan(bad);
        expect(seqs.filter((seq) => intact.includes(seq))).toEqual(intact);
        expect(damage.every(({ from, to }) => from < to)).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

describe("a payload that looks like records", () => {
  const fake = block(texts(3)).bytes;
  const payloads = [Buffer.from("before"), Buffer.concat([Buffer.from("x"), fake]), Buffer.from("after")];
  test("is a payload while its record is good", () => {
    expect(scan(block(payloads).bytes)).toEqual({ seqs: [1, 2, 3], damage: [] });
  });
  test("stays one when the record is damaged, even in its length", () => {
    const { bytes, at } = block(payloads);
    for (let i = at[1]!; i < at[1]! + 25; i++) {
      // The subject's length is not part of the checksum: only the border between subject and payload moves.
      if (i === at[1]! + 20 || i === at[1]! + 21) continue;
      const bad = Uint8Array.from(bytes);
      bad[i]! ^= 0x55;
      expect(scan(bad).seqs).toEqual([1, 3]);
    }
  });
});

test("any bytes are scanned to their end", () => {
  const piece = tuple(integer({ min: 0, max: 60 }), uint8Array({ minLength: 30, maxLength: 60 })).map(
    ([length, bytes]) => {
      const made = Uint8Array.from(bytes);
      made.set([length, 0, 0, 0], 0);
      made.set([0, 0, 0], 9);
      made.set([3, 0], 20);
      return made;
    },
  );
  assert(
    property(array(piece, { maxLength: 8 }), (pieces) => {
      const bytes = Uint8Array.from(Buffer.concat(pieces));
      const { damage } = scan(bytes);
      expect(damage.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(bytes.length);
    }),
  );
});

test("a scan in the smallest steps tells the same, also while it searches", () => {
  const { bytes, at } = block(texts(12));
  bytes[at[4]! + 30]! ^= 1;
  bytes[at[8]!]! ^= 1;
  const told: string[] = [];
  const visitor = {
    onRecord: ({ seq }: { seq: number }): void => void told.push(`${seq}`),
    onDamage: (from: number, to: number): void => void told.push(`${from}-${to}`),
  };
  scanBlock(bytes, hasher, visitor);
  const all = told.splice(0);
  const stepping = new BlockScan(bytes, hasher, visitor);
  let steps = 0;
  for (let hadTold = 0; stepping.at < bytes.length; steps++, hadTold = told.length) {
    expect(stepping.step(1)).toBeGreaterThan(0);
    expect(told.length - hadTold).toBeLessThanOrEqual(1);
  }
  expect(told).toEqual(all);
  expect(all).toContain(`${at[8]}-${at[9]}`);
  expect(steps).toBeGreaterThan(all.length + 20);
});

test("records between two whose lengths are damaged are found, but not those that a damaged payload holds", () => {
  const { bytes, at } = block(texts(12));
  for (const record of [2, 8]) bytes.fill(0, at[record]!, at[record]! + 4);
  expect(scan(bytes).seqs).toEqual(upTo(12).filter((seq) => seq !== 3 && seq !== 9));
  // A payload with records of any sequences, which do not reach the end of theirs.
  for (const inner of [2, 3, 4, 1000]) {
    const head = { kind: "message", sec: 0, nanos: 0, subject: Buffer.from("forged"), headers: NONE, payload: NONE } as const; // prettier-ignore
    const forged = new Uint8Array(2 * recordLength(6, 0, 0) + 5);
    writeRecord(forged, writeRecord(forged, 0, { ...head, seq: inner }, hasher), { ...head, seq: inner + 1 }, hasher);
    const made = block([Buffer.from("one"), forged, Buffer.from("three"), Buffer.from("four")]);
    made.bytes.fill(0, made.at[1], made.at[1]! + 4);
    expect(scan(made.bytes).seqs).toEqual([1, 3, 4]);
    made.bytes.fill(0, made.at[3]); // torn as well: nothing proves what follows
    expect(scan(made.bytes).seqs).toEqual([1, 3]);
  }
});
