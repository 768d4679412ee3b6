// Where the records of one block are: the sequence and the offset of every 64th
// message or hole, of fewer when they are long; and, once subjects were asked for,
// the subject of each.
//
//     entry     0 … 63 │ 64 … 127 │ …      messages and holes, in order
//     samples   0        1          …      sequence, offset and number of the first of each
//     subjects  one number for each entry, and a filter over the numbers
//
// Subjects are numbers of the tree; one that was given up and used again may
// show at entries that are gone, so whoever finds an entry looks whether it is
// live. Owns its arrays; knows nothing of files.

import type { Cached } from "./store_cache.ts";

export const SAMPLE = 64;
/** A sample that has so many bytes is long enough. */
const SAMPLE_BYTES = 16_384;
/** The subject of an entry that is gone. */
export const NO_ENTRY_SUBJECT = -1;
const BITS_PER_SUBJECT = 8;

export class BlockIndex implements Cached {
  #onDrop: () => void;
  #seqs = new Float64Array(4);
  #offsets = new Uint32Array(4);
  #numbers = new Uint32Array(4);
  #samples = 0;
  #entries = 0;
  #lastSeq = 0;
  #subjects: Int32Array | undefined = undefined;
  #filter = new Uint32Array(2);
  isUsed = false;

  /** `onDrop` is told when the cache has no room for it. */
  constructor(onDrop: () => void) {
    this.#onDrop = onDrop;
  }

  get heldBytes(): number {
    return 256 + this.#seqs.length * 16 + (this.#subjects?.length ?? 0) * 4 + this.#filter.length * 4;
  }
  get entries(): number {
    return this.#entries;
  }
  get hasSubjects(): boolean {
    return this.#subjects !== undefined;
  }

  drop(): void {
    this.#onDrop();
  }
  /** It has another owner. */
  handOver(onDrop: () => void): void {
    this.#onDrop = onDrop;
  }

  /** Subjects are kept from here on; only while it is empty. */
  keepSubjects(): void {
    this.#subjects = new Int32Array(SAMPLE);
  }

  /** The next message or hole. */
  add(seq: number, offset: number, subject: number): void {
    const entry = this.#entries++;
    this.#lastSeq = seq;
    const latest = this.#samples - 1;
    if (latest < 0 || entry >= this.#numbers[latest]! + SAMPLE || offset - this.#offsets[latest]! >= SAMPLE_BYTES) {
      const sample = this.#samples++;
      if (sample === this.#seqs.length) this.#grow();
      this.#seqs[sample] = seq;
      this.#offsets[sample] = offset;
      this.#numbers[sample] = entry;
    }
    if (this.#subjects === undefined) return;
    if (entry === this.#subjects.length) this.#growSubjects();
    this.#subjects[entry] = subject;
    if (subject >= 0) this.#mark(subject);
  }

  /** The last sample at or below a sequence; −1 when all are above. */
  sampleFor(seq: number): number {
    const seqs = this.#seqs;
    let low = -1;
    let high = this.#samples - 1;
    // Where it is when nothing is missing.
    const guess = Math.floor((seq - seqs[0]!) / SAMPLE);
    if (guess >= 0 && guess <= high && seqs[guess]! <= seq) {
      if (guess === high || seqs[guess + 1]! > seq) return guess;
      low = guess;
    }
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (seqs[middle]! <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  get samples(): number {
    return this.#samples;
  }
  seqOf(sample: number): number {
    return this.#seqs[sample]!;
  }
  offsetOf(sample: number): number {
    return this.#offsets[sample]!;
  }
  /** Its first entry; of the one behind the last: the number of all. */
  entryOf(sample: number): number {
    return sample < this.#samples ? this.#numbers[sample]! : this.#entries;
  }
  /** The sample of an entry. */
  sampleOf(entry: number): number {
    let low = 0;
    let high = this.#samples - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#numbers[middle]! <= entry) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  /** The last sequence before that of the next sample; of the last one: of all. */
  endOf(sample: number): number {
    return sample + 1 < this.samples ? this.seqOf(sample + 1) - 1 : this.#lastSeq;
  }
  /** Whether no sequence is missing from a sample: its entries are in steps of one. */
  isUnbroken(sample: number): boolean {
    const entries = this.entryOf(sample + 1) - this.entryOf(sample);
    return this.endOf(sample) - this.seqOf(sample) === entries - 1;
  }

  /** Whether the block may have records of a subject. */
  mayHave(subject: number): boolean {
    const bit = hash(subject) & (this.#filter.length * 32 - 1);
    return (this.#filter[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
  /** The next entry of a subject at or behind an entry; −1 when there is none. */
  nextOf(subject: number, entry: number): number {
    const found = this.#subjects!.indexOf(subject, entry);
    return found < this.#entries ? found : -1;
  }
  /** The last entry of a subject at or before an entry; −1 when there is none. */
  previousOf(subject: number, entry: number): number {
    return entry < 0 ? -1 : this.#subjects!.lastIndexOf(subject, Math.min(entry, this.#entries - 1));
  }

  #mark(subject: number): void {
    const bit = hash(subject) & (this.#filter.length * 32 - 1);
    this.#filter[bit >>> 5]! |= 1 << (bit & 31);
  }

  #grow(): void {
    const seqs = new Float64Array(this.#seqs.length * 2);
    seqs.set(this.#seqs);
    this.#seqs = seqs;
    const offsets = new Uint32Array(this.#offsets.length * 2);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
    const numbers = new Uint32Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }

  #growSubjects(): void {
    const before = this.#subjects!;
    this.#subjects = new Int32Array(before.length * 2).fill(NO_ENTRY_SUBJECT);
    this.#subjects.set(before);
    this.#filter = new Uint32Array((this.#subjects.length * BITS_PER_SUBJECT) / 32);
    for (const subject of before) if (subject >= 0) this.#mark(subject);
  }
}

/** An index with subjects that is made bit by bit. */
export class GrowingIndex implements Cached {
  readonly index: BlockIndex;
  /** All records below this offset were looked at; the last sequence of them. */
  at = 0;
  lastSeq = 0;
  isUsed = false;

  constructor(onDrop: () => void) {
    this.index = new BlockIndex(onDrop);
    this.index.keepSubjects();
  }

  get heldBytes(): number {
    return this.index.heldBytes;
  }
  drop(): void {
    this.index.drop();
  }
  /** It is complete. */
  indexFor(onDrop: () => void): BlockIndex {
    this.index.handOver(onDrop);
    return this.index;
  }
}

function hash(subject: number): number {
  const mixed = Math.imul(subject, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
