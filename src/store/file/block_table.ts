// The blocks of a stream in order, the last of which is appended to.
//
//     lastSeq rises from block to block (not strictly: one may hold no sequence)
//
// Answers which messages are live without the disk. Owns the order of the
// blocks; knows nothing of their files.

import { assert } from "../../base/assert.ts";
import { FileBlock } from "./file_block.ts";

export class BlockTable {
  readonly #blocks: FileBlock[] = [];
  #hint = 0;

  get all(): readonly FileBlock[] {
    return this.#blocks;
  }
  get last(): FileBlock | undefined {
    return this.#blocks.at(-1);
  }

  /** A block behind all others, whose sequences follow `after`. */
  add(number: number, after: number): FileBlock {
    assert((this.last?.number ?? 0) < number, "blocks are numbered rising");
    const block = new FileBlock(number, after);
    this.#blocks.push(block);
    return block;
  }

  remove(block: FileBlock): void {
    const at = this.#blocks.indexOf(block);
    assert(at >= 0, "a block is removed once");
    if (at === 0) this.#blocks.shift();
    else this.#blocks.splice(at, 1);
    this.#hint = 0;
  }

  /** The block that holds a live message; undefined when it is not there. */
  blockOf(seq: number): FileBlock | undefined {
    const hinted = this.#blocks[this.#hint];
    if (hinted !== undefined && seq >= hinted.firstSeq && seq <= hinted.lastSeq)
      return hinted.has(seq) ? hinted : undefined;
    const at = this.#at(seq);
    const block = this.#blocks[at];
    if (block === undefined || !block.has(seq)) return undefined;
    this.#hint = at;
    return block;
  }

  /** The first live sequence at or after `from`; 0 when there is none. */
  liveFrom(from: number): number {
    const hinted = this.#blocks[this.#hint];
    let at = hinted !== undefined && from >= hinted.firstSeq && from <= hinted.lastSeq ? this.#hint : this.#at(from);
    for (; at < this.#blocks.length; at++) {
      const seq = this.#blocks[at]!.liveFrom(from);
      if (seq > 0) return seq;
    }
    return 0;
  }

  /** The last live sequence at or below `upTo`; 0 when there is none. */
  liveUpTo(upTo: number): number {
    for (let at = Math.min(this.#at(upTo), this.#blocks.length - 1); at >= 0; at--) {
      const seq = this.#blocks[at]!.liveUpTo(upTo);
      if (seq > 0) return seq;
    }
    return 0;
  }

  /** Live messages in the sequences from..upTo. */
  count(from: number, upTo: number): number {
    let count = 0;
    for (let at = this.#at(from); at < this.#blocks.length && this.#blocks[at]!.firstSeq <= upTo; at++) {
      count += this.#blocks[at]!.count(from, upTo);
    }
    return count;
  }

  /** Where the first block is that ends at or behind a sequence. */
  indexFrom(seq: number): number {
    return this.#at(seq);
  }

  /** Where the first block is whose number is not below this one. */
  indexOfNumber(number: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  checkInvariants(): void {
    for (const [i, block] of this.#blocks.entries()) {
      block.checkInvariants();
      const before = this.#blocks[i - 1];
      if (before === undefined) continue;
      assert(before.number < block.number, "blocks are numbered rising");
      assert(before.lastSeq <= block.lastSeq && before.lastSeq < block.firstSeq, "blocks follow each other");
    }
  }

  #at(seq: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.lastSeq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
