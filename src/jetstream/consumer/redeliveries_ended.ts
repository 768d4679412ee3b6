// How often messages were delivered that are pending no more and not acked: they
// reached the most deliveries there may be.
//
// A hash table of numbers by stream sequence. Owns its entries only.

import { assert } from "../../base/assert.ts";

const LEAST = 16;

export class EndedRedeliveries {
  /** 0 is free. At most half of it is used. */
  #seqs = new Float64Array(0);
  #counts = new Int32Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Deliveries after the first; −1 when nothing is known of the sequence. */
  count(streamSeq: number): number {
    const i = this.#find(streamSeq);
    return i < 0 ? -1 : this.#counts[i]!;
  }

  set(streamSeq: number, count: number): void {
    assert(streamSeq > 0, "sequences begin at 1");
    const known = this.#find(streamSeq);
    if (known >= 0) {
      this.#counts[known] = count;
      return;
    }
    if ((this.#size + 1) * 2 > this.#seqs.length) this.#resize(Math.max(LEAST, this.#seqs.length * 2));
    this.#enter(streamSeq, count);
    this.#size++;
  }

  /** Forgets a sequence; false when nothing was known of it. */
  delete(streamSeq: number): boolean {
    let gap = this.#find(streamSeq);
    if (gap < 0) return false;
    const mask = this.#seqs.length - 1;
    for (let i = (gap + 1) & mask; this.#seqs[i] !== 0; i = (i + 1) & mask) {
      const home = homeOf(this.#seqs[i]!, mask);
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      this.#seqs[gap] = this.#seqs[i]!;
      this.#counts[gap] = this.#counts[i]!;
      gap = i;
    }
    this.#seqs[gap] = 0;
    this.#size--;
    if (this.#size * 16 < this.#seqs.length && this.#seqs.length > LEAST)
      this.#resize(Math.max(LEAST, this.#seqs.length / 4));
    return true;
  }

  /** Those from `first` to `last`, rising. */
  between(first: number, last: number): Float64Array {
    if (this.#size === 0 || last < first) return new Float64Array(0);
    if (last - first < this.#seqs.length) {
      const found: number[] = [];
      for (let seq = first; seq <= last; seq++) if (this.#find(seq) >= 0) found.push(seq);
      return Float64Array.from(found);
    }
    return this.#seqs.filter((seq) => seq >= first && seq <= last && seq > 0).sort();
  }

  /** All of them, rising. */
  all(): Float64Array {
    return this.#seqs.filter((seq) => seq > 0).sort();
  }

  clear(): void {
    this.#seqs = new Float64Array(0);
    this.#counts = new Int32Array(0);
    this.#size = 0;
  }

  checkInvariants(): void {
    const seqs = this.all();
    assert(seqs.length === this.#size, "they are counted");
    assert(
      seqs.every((seq) => this.#find(seq) >= 0),
      "every one is found",
    );
    assert(this.#size * 2 <= this.#seqs.length, "half of the table is free");
  }

  #find(streamSeq: number): number {
    if (this.#size === 0 || streamSeq <= 0) return -1;
    const mask = this.#seqs.length - 1;
    for (let i = homeOf(streamSeq, mask); ; i = (i + 1) & mask) {
      if (this.#seqs[i] === streamSeq) return i;
      if (this.#seqs[i] === 0) return -1;
    }
  }

  #enter(streamSeq: number, count: number): void {
    const mask = this.#seqs.length - 1;
    let i = homeOf(streamSeq, mask);
    while (this.#seqs[i] !== 0) i = (i + 1) & mask;
    this.#seqs[i] = streamSeq;
    this.#counts[i] = count;
  }

  #resize(length: number): void {
    const [seqs, counts] = [this.#seqs, this.#counts];
    this.#seqs = new Float64Array(length);
    this.#counts = new Int32Array(length);
    for (let i = 0; i < seqs.length; i++) if (seqs[i] !== 0) this.#enter(seqs[i]!, counts[i]!);
  }
}

/** Where a stream sequence belongs in a table of `mask` + 1 places. */
export function homeOf(streamSeq: number, mask: number): number {
  // Mostly there is no upper half.
  const folded =
    streamSeq < 0x8000_0000
      ? streamSeq | 0
      : (streamSeq >>> 0) ^ Math.imul(Math.floor(streamSeq / 0x1_0000_0000), 0x85ebca6b);
  const mixed = Math.imul(folded, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}
