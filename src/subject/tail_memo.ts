// What the trie said of subjects that differ only where nobody looks.
//
//     $JS.ACK.S.C.│1.7.7.1700.3        below the bar the trie has wildcards only: what matches depends
//     $JS.ACK.S.C.│1.8.8.1700.2        on the bytes before it and the number of tokens behind it
//
// Acks, answers to inboxes and the like: each subject is used once, many begin alike. Owns the last beginnings and the
// values found for them; the trie forgets all when it changes. A load that is never found here costs a look in 64.

import { viewOf } from "../base/views.ts";

const DOT = 0x2e;
/** As many clients as often ask at once. */
const ENTRIES = 16;
const LONGEST = 96;
/** More values are not worth keeping. */
const MOST_VALUES = 8;
const MOST_CREDIT = 64;
const FIRST_CREDIT = 2 * ENTRIES;
/** Subjects that are not looked for when there was no credit left. */
const PAUSE = 63;

class Entry<T> {
  readonly bytes = new Uint8Array(LONGEST);
  readonly view = new DataView(this.bytes.buffer);
  length = 0;
  /** Tokens behind the beginning; 0: the entry is free. */
  tail = 0;
  readonly values: T[] = [];
}

export class TailMemo<T> {
  readonly #entries: Entry<T>[] = Array.from({ length: ENTRIES }, () => new Entry<T>());
  #used = 0;
  #next = 0;
  #credit = FIRST_CREDIT;
  #pause = 0;
  /** Of the subject found last: how many of its first bytes make, with one more token, the same answer; 0 for none. */
  bar = 0;

  /** What matches the literal subject bytes[from, to), when that is known. The array is the memo's. */
  find(bytes: Uint8Array, from: number, to: number): readonly T[] | undefined {
    if (this.#used === 0) return undefined;
    if (this.#pause > 0) {
      this.#pause--;
      return undefined;
    }
    for (let i = 0; i < this.#used; i++) {
      const entry = this.#entries[i]!;
      if (!begins(entry, bytes, from, to) || tokens(bytes, from + entry.length, to) !== entry.tail) continue;
      if (this.#credit < MOST_CREDIT) this.#credit++;
      this.bar = entry.tail === 1 ? entry.length : 0;
      return entry.values;
    }
    if (--this.#credit <= 0) {
      this.#pause = PAUSE;
      this.#credit = 1;
    }
    return undefined;
  }

  /**
   * A subject was looked up: bytes[from, bar) alone, and that there are `tail` more tokens, made `found[first…]` of it.
   */
  keep(bytes: Uint8Array, from: number, bar: number, tail: number, found: readonly T[], first: number): void {
    const length = bar - from;
    if (this.#pause > 0 || length > LONGEST || found.length - first > MOST_VALUES) return;
    const entry = this.#entries[this.#next]!;
    this.#next = (this.#next + 1) % ENTRIES;
    if (this.#used < ENTRIES) this.#used++;
    for (let i = 0; i < length; i++) entry.bytes[i] = bytes[from + i]!;
    entry.length = length;
    entry.tail = tail;
    entry.values.length = 0;
    for (let i = first; i < found.length; i++) entry.values.push(found[i]!);
  }

  /** The trie is another one. */
  clear(): void {
    if (this.#used === 0) return;
    for (const entry of this.#entries) entry.values.length = 0;
    this.#used = 0;
    this.#next = 0;
    this.#pause = 0;
    this.#credit = FIRST_CREDIT;
  }
}

/** Looks from the end: what comes first is mostly the same. Four bytes at a time. */
function begins({ length, view, bytes: own }: Entry<unknown>, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from <= length) return false;
  let left = length;
  if (left >= 4) {
    const there = viewOf(bytes);
    for (; left >= 4; left -= 4) {
      if (there.getInt32(from + left - 4) !== view.getInt32(left - 4)) return false;
    }
  }
  for (let i = 0; i < left; i++) if (bytes[from + i] !== own[i]) return false;
  return true;
}

/** The tokens of bytes[from, to); −1 when one is empty. */
function tokens(bytes: Uint8Array, from: number, to: number): number {
  let count = 1;
  let start = from;
  for (let at = from; at < to; at++) {
    if (bytes[at] !== DOT) continue;
    if (at === start) return -1;
    count++;
    start = at + 1;
  }
  return start === to ? -1 : count;
}
