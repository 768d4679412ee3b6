// The last message of each subject, for consumers that begin with those: found
// in slices, given out in rising order.
//
//     names, a slice at a time ─→ sorted runs ─→ the lowest head of the runs
//
// It is the list as of one sequence: what is stored while it is made, or
// later, comes behind it. Owns 8 bytes for each subject.

import type { ByteString } from "../../base/bytes.ts";
import { byteStringOf } from "../../base/bytes.ts";
import type { StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";

/** Subjects of one slice, and of one run. */
const SLICE = 4096;

interface Run {
  readonly seqs: Float64Array;
  at: number;
}

export class SkipList {
  readonly #store: StreamStore;
  readonly #filter: SubjectFilter;
  /** The sequence it is the list of: delivery goes on behind it. */
  readonly resume: number;
  #name: ByteString | undefined = "" as ByteString;
  #runs: Run[] = [];
  #count = 0;
  /** In the runs still, and not in the list any more. */
  readonly #gone = new Set<number>();

  constructor(store: StreamStore, filter: SubjectFilter, resume: number) {
    this.#store = store;
    this.#filter = filter;
    this.resume = resume;
  }

  /** Messages that are left. */
  get count(): number {
    return this.#count;
  }

  /** Looks at one slice; whether there is more. */
  step(): boolean {
    const seqs: number[] = [];
    const later: ByteString[] = [];
    this.#name = this.#store.subjects(this.#filter, this.#name!, SLICE, ({ bytes, from, to, first, last }) => {
      if (last <= this.resume) seqs.push(last);
      else if (first <= this.resume) later.push(byteStringOf(bytes, from, to));
    });
    for (const subject of later) this.#store.lastPerSubject(new SubjectFilter([subject]), this.resume, 1, seqs);
    if (seqs.length > 0) this.#add(Float64Array.from(seqs).sort());
    return this.#name !== undefined;
  }

  /** The lowest of them, left in the list; 0 when there is none. */
  get first(): number {
    return this.#runs[0]?.seqs[this.#runs[0].at] ?? 0;
  }

  /** Takes the lowest out. */
  shift(): void {
    this.#count--;
    this.#advance();
    this.#dropGone();
  }

  /** A message is gone; nothing when it is not in the list. */
  remove(seq: number): void {
    if (this.#gone.has(seq)) return;
    if (!this.#runs.some(({ seqs, at }) => holds(seqs, at, seq))) return;
    this.#gone.add(seq);
    this.#count--;
    this.#dropGone();
  }

  /** All below `first` is gone. */
  dropBelow(first: number): void {
    while (this.#count > 0 && this.first < first) this.shift();
  }

  #add(seqs: Float64Array): void {
    this.#count += seqs.length;
    const runs = this.#runs;
    let at = runs.length;
    const run: Run = { seqs, at: 0 };
    runs.push(run);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (head(runs[above]!) <= head(run)) break;
      runs[at] = runs[above]!;
      at = above;
    }
    runs[at] = run;
  }

  #advance(): void {
    const run = this.#runs[0]!;
    run.at++;
    if (run.at === run.seqs.length) this.#dropFirst();
    else this.#sink();
  }

  /** The lowest is one that is there. */
  #dropGone(): void {
    while (this.#gone.size > 0 && this.#gone.delete(this.first)) this.#advance();
  }

  #dropFirst(): void {
    const last = this.#runs.pop()!;
    if (this.#runs.length === 0) return;
    this.#runs[0] = last;
    this.#sink();
  }

  #sink(): void {
    const runs = this.#runs;
    const { length } = runs;
    const run = runs[0]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= length) break;
      if (below + 1 < length && head(runs[below + 1]!) < head(runs[below]!)) below++;
      if (head(run) <= head(runs[below]!)) break;
      runs[at] = runs[below]!;
      at = below;
    }
    runs[at] = run;
  }
}

function head({ seqs, at }: Run): number {
  return seqs[at]!;
}

function holds(seqs: Float64Array, from: number, seq: number): boolean {
  let low = from;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seqs[middle]! < seq) low = middle + 1;
    else high = middle;
  }
  return low < seqs.length && seqs[low] === seq;
}
