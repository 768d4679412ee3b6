// A set of sequences on disk: the deleted ones of a block in `index.db`.
//
//   22, version, nodes u32, size u32; per node: base u64, bits of 2048 sequences (version 1: 4096), height u16
//
// Bit i of word w of a node stands for base + 64w + i. The order of nodes is free; heights are those of nats-server's
// tree, which it works out again when it reads.

import type { ByteReader, ByteWriter } from "../../base/varint.ts";
import { PAGE_SEQS, SequenceSet } from "../sequence_set.ts";

const MAGIC = 22;
const VERSION = 2;
const WORDS = PAGE_SEQS / 32;
const HEAD_BYTES = 10;

/** Writes a set; its pages are the nodes. */
export function encodeSequences(set: SequenceSet, writer: ByteWriter): void {
  writer.byte(MAGIC);
  writer.byte(VERSION);
  writer.uint32(set.pages);
  writer.uint32(set.size);
  encodeTree(set, writer, 0, set.pages);
}

/** The pages [from, to) as a balanced tree: the middle one first, then what is below it. */
function encodeTree(set: SequenceSet, writer: ByteWriter, from: number, to: number): void {
  if (from === to) return;
  const middle = (from + to) >>> 1;
  writer.uint64(set.pageBase(middle));
  for (let word = 0; word < WORDS; word++) writer.uint32(set.pageWord(middle, word));
  writer.uint16(32 - Math.clz32(to - from));
  encodeTree(set, writer, from, middle);
  encodeTree(set, writer, middle + 1, to);
}

/** Reads a set; undefined, and the reader has failed, when it is none. Nor is one with 0, which is no sequence. */
export function decodeSequences(reader: ByteReader): SequenceSet | undefined {
  const isMagic = reader.byte() === MAGIC;
  const version = reader.byte();
  const nodes = reader.uint32();
  const size = reader.uint32();
  const words = version === 1 ? 2 * WORDS : WORDS;
  if (!isMagic || version < 1 || version > VERSION || nodes > reader.left / (4 * words + HEAD_BYTES)) {
    reader.fail();
    return undefined;
  }
  const set = new SequenceSet();
  for (let node = 0; node < nodes && !reader.failed; node++) {
    const base = reader.uint64();
    if (base > Number.MAX_SAFE_INTEGER - 32 * words + 1) reader.fail();
    for (let word = 0; word < words && !reader.failed; word++) addWord(set, base + 32 * word, reader);
    reader.uint16();
  }
  if (!reader.failed && set.size === size) return set;
  reader.fail();
  return undefined;
}

/** Adds the sequences of one word, run by run. */
function addWord(set: SequenceSet, base: number, reader: ByteReader): void {
  let left = reader.uint32();
  if (base === 0 && (left & 1) !== 0) reader.fail();
  for (let bit = 0; left !== 0 && !reader.failed;) {
    const gap = 31 - Math.clz32(left & -left);
    left >>>= gap;
    const run = left === 0xffff_ffff ? 32 : 31 - Math.clz32(~left & (left + 1));
    set.addRange(base + bit + gap, base + bit + gap + run - 1);
    bit += gap + run;
    left = run === 32 ? 0 : left >>> run;
  }
}
