// A set of sequences, and its form on disk: the deleted ones of a block in `index.db`.
//
//   22, version, nodes u32, size u32; per node: base u64, bits of 2048 sequences (version 1: 4096), height u16
//
// Bit i of word w of a node stands for base + 64w + i. The order of nodes is free; heights are those of nats-server's
// tree, which it works out again when it reads.

import type { ByteReader, ByteWriter } from "../../base/varint.ts";
import { assert } from "../../base/assert.ts";

const MAGIC = 22;
const VERSION = 2;
const NODE_SEQS = 2048;
const WORDS = NODE_SEQS / 32;
const HEAD_BYTES = 10;

export class SequenceSet {
  // By base, ascending; both have one entry per node.
  #bases: number[];
  #bits: Uint32Array[];
  #size: number;
  #lastNode: number;

  constructor() {
    this.#bases = [];
    this.#bits = [];
    this.#size = 0;
    this.#lastNode = 0;
  }

  get size(): number {
    return this.#size;
  }

  has(seq: number): boolean {
    const node = this.#nodeOf(seq);
    if (node < 0) return false;
    const off = seq - this.#bases[node]!;
    return (this.#bits[node]![off >>> 5]! & (1 << (off & 31))) !== 0;
  }

  /** False when it was in already. */
  add(seq: number): boolean {
    let node = this.#nodeOf(seq);
    if (node < 0) {
      node = ~node;
      const base = seq - (seq % NODE_SEQS);
      this.#bases.splice(node, 0, base);
      this.#bits.splice(node, 0, new Uint32Array(WORDS));
      this.#lastNode = node;
    }
    const off = seq - this.#bases[node]!;
    const words = this.#bits[node]!;
    const bit = 1 << (off & 31);
    if ((words[off >>> 5]! & bit) !== 0) return false;
    words[off >>> 5]! |= bit;
    this.#size++;
    return true;
  }

  /** False when it was not in. */
  delete(seq: number): boolean {
    if (!this.has(seq)) return false;
    const node = this.#nodeOf(seq);
    const off = seq - this.#bases[node]!;
    const words = this.#bits[node]!;
    words[off >>> 5]! &= ~(1 << (off & 31));
    this.#size--;
    if (words.every((word) => word === 0)) {
      this.#bases.splice(node, 1);
      this.#bits.splice(node, 1);
    }
    return true;
  }

  /** All of them, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let node = 0; node < this.#bases.length; node++) {
      const words = this.#bits[node]!;
      for (let w = 0; w < WORDS; w++) {
        for (let rest = words[w]!; rest !== 0; rest &= rest - 1) {
          yield this.#bases[node]! + 32 * w + 31 - Math.clz32(rest & -rest);
        }
      }
    }
  }

  encode(writer: ByteWriter): void {
    writer.byte(MAGIC);
    writer.byte(VERSION);
    writer.uint32(this.#bases.length);
    writer.uint32(this.#size);
    this.#encodeTree(writer, 0, this.#bases.length);
  }

  /** The nodes [from, to) as a balanced tree: the middle one first, then what is below it. */
  #encodeTree(writer: ByteWriter, from: number, to: number): void {
    if (from === to) return;
    const middle = (from + to) >>> 1;
    writer.uint64(this.#bases[middle]!);
    for (const word of this.#bits[middle]!) writer.uint32(word);
    writer.uint16(32 - Math.clz32(to - from));
    this.#encodeTree(writer, from, middle);
    this.#encodeTree(writer, middle + 1, to);
  }

  checkInvariants(): void {
    assert(this.#bases.length === this.#bits.length, "every node has a base and bits");
    assert(this.#bases.every((base, i) => base % NODE_SEQS === 0 && (i === 0 || this.#bases[i - 1]! < base)), "bases are aligned and ascend"); // prettier-ignore
    const count = this.#bits.reduce((sum, words) => words.reduce((some, word) => some + ones(word), sum), 0);
    assert(count === this.#size, "the size is the number of bits");
  }

  /** Reads one; undefined, and the reader has failed, when it is none. */
  static decode(reader: ByteReader): SequenceSet | undefined {
    const set = new SequenceSet();
    const isMagic = reader.byte() === MAGIC;
    const version = reader.byte();
    const nodes = reader.uint32();
    const size = reader.uint32();
    const words = version === 1 ? 2 * WORDS : WORDS;
    if (!isMagic || version < 1 || version > VERSION || nodes > reader.left / (4 * words + HEAD_BYTES)) {
      reader.fail();
      return undefined;
    }
    for (let node = 0; node < nodes && !reader.failed; node++) {
      set.#decodeNode(reader, words);
      reader.uint16();
    }
    if (reader.failed || set.size !== size) {
      reader.fail();
      return undefined;
    }
    return set;
  }

  #decodeNode(reader: ByteReader, words: number): void {
    const base = reader.uint64();
    if (base > Number.MAX_SAFE_INTEGER - 32 * words + 1) reader.fail();
    for (let w = 0; w < words && !reader.failed; w++) {
      // A word at a time where its node is there, by its bits where it has to be made.
      const seq = base + 32 * w;
      let rest = reader.uint32();
      const node = seq % 32 === 0 ? this.#nodeOf(seq) : -1;
      if (node < 0) {
        for (; rest !== 0; rest &= rest - 1) this.add(seq + 31 - Math.clz32(rest & -rest));
        continue;
      }
      const at = (seq - this.#bases[node]!) >>> 5;
      const before = this.#bits[node]![at]!;
      this.#bits[node]![at] = before | rest;
      this.#size += ones(rest & ~before);
    }
  }

  /** Which node has `seq`; when none has, ~ of where it would be. */
  #nodeOf(seq: number): number {
    const base = seq - (seq % NODE_SEQS);
    if (this.#bases[this.#lastNode] === base) return this.#lastNode;
    let low = 0;
    let high = this.#bases.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bases[middle]! < base) low = middle + 1;
      else high = middle;
    }
    if (this.#bases[low] !== base) return ~low;
    this.#lastNode = low;
    return low;
  }
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
