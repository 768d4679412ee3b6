// The ids of recent messages, to find duplicates: a queue by age, and an index
// into it; the bytes of ids are compared.
//
//     pages   [0 … 511] [512 … 1023] …     entry n is in page n / 512
//
// Forgetting moves the head of the queue and nothing else: the index leaves out
// what is before it. Entries are counted from 0 for ever. When the ids hold more
// bytes than they may, the oldest are forgotten. Knows nothing of windows' timers.

import { MsgIdIndex } from "./msg_id_index.ts";

const PAGE = 512;
// In numbers, of one entry:
const SEQ = 0;
const SEC = 1;
const NANOS = 2;
const NUMBERS = 3;
/** Of one entry besides the bytes of its id, with its part of the index. */
const ENTRY_BYTES = NUMBERS * 8 + 4 + 16;
/** What the ids of one stream hold at most: 6 million UUIDs. nats-server has no such limit. */
const MOST_BYTES = 512 * 1024 * 1024;

class Page {
  readonly numbers = new Float64Array(PAGE * NUMBERS);
  /** Where the bytes of each id end. */
  readonly ends = new Int32Array(PAGE);
  bytes = new Uint8Array(1024);
}

export class MsgIds {
  readonly #seed: number;
  readonly #mostBytes: number;
  #usedBytes = 0;
  #pages: Page[] = [];
  #firstPage = 0;
  #head = 0;
  #tail = 0;
  #index: MsgIdIndex | undefined = undefined;

  /** `seed` should be unpredictable. */
  constructor(seed: number, mostBytes = MOST_BYTES) {
    this.#seed = seed | 0;
    this.#mostBytes = mostBytes;
  }

  /** Ids held. */
  get size(): number {
    return this.#tail - this.#head;
  }
  /** Memory held, in bytes. */
  get heldBytes(): number {
    let bytes = this.#index?.heldBytes ?? 0;
    for (const page of this.#pages) bytes += page.numbers.byteLength + page.ends.byteLength + page.bytes.length;
    return bytes;
  }
  /** When the oldest was added; only while there is one. */
  get oldestSec(): number {
    return this.#page(this.#head).numbers[(this.#head % PAGE) * NUMBERS + SEC]!;
  }
  get oldestNanos(): number {
    return this.#page(this.#head).numbers[(this.#head % PAGE) * NUMBERS + NANOS]!;
  }

  /** What an id is found by. */
  hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.#seed;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  /** The sequence of the message with the id bytes[from, to) that was added after this time; 0 when there is none. */
  find(
    bytes: Uint8Array,
    from: number,
    to: number,
    afterSec: number,
    afterNanos: number,
    hash = this.hash(bytes, from, to),
  ): number {
    const index = this.#index;
    if (index === undefined) return 0;
    let newest = -1;
    index.look(hash);
    for (let n = index.next(this.#head, this.size); n >= 0; n = index.next(this.#head, this.size)) {
      // One whose message was refused has no sequence any more.
      if (n > newest && this.#seqOf(n) > 0 && this.#isId(n, bytes, from, to)) newest = n;
    }
    if (newest < 0) return 0;
    const { numbers } = this.#page(newest);
    const at = (newest % PAGE) * NUMBERS;
    const sec = numbers[at + SEC]!;
    return sec < afterSec || (sec === afterSec && numbers[at + NANOS]! <= afterNanos) ? 0 : numbers[at + SEQ]!;
  }

  /** Remembers an id, no earlier than the one before. Whether the oldest had to be forgotten for it. */
  add(
    bytes: Uint8Array,
    from: number,
    to: number,
    seq: number,
    sec: number,
    nanos: number,
    hash = this.hash(bytes, from, to),
  ): boolean {
    const n = this.#tail;
    if (n % PAGE === 0 || this.#pages.length === 0) this.#addPage(n);
    const page = this.#page(n);
    const numberAt = (n % PAGE) * NUMBERS;
    page.numbers[numberAt + SEQ] = seq;
    page.numbers[numberAt + SEC] = sec;
    page.numbers[numberAt + NANOS] = nanos;
    const start = startOf(page, n);
    const end = start + to - from;
    if (end > page.bytes.length) page.bytes = grown(page.bytes, end);
    for (let i = from; i < to; i++) page.bytes[start + i - from] = bytes[i]!;
    page.ends[n % PAGE] = end;
    this.#tail = n + 1;
    this.#usedBytes += ENTRY_BYTES + to - from;
    const isFull = this.#usedBytes > this.#mostBytes;
    while (this.#usedBytes > this.#mostBytes && this.#head < n) this.#forgetOldest();
    this.#index ??= new MsgIdIndex();
    this.#index.add(hash, n, this.#head, this.size);
    return isFull;
  }

  /** Forgets up to `most` of those added at or before this time; whether there may be more. */
  expire(sec: number, nanos: number, most: number): boolean {
    for (let left = most; this.#head < this.#tail; left--) {
      const oldest = this.oldestSec;
      if (oldest > sec || (oldest === sec && this.oldestNanos > nanos)) return false;
      if (left === 0) return true;
      this.#forgetOldest();
    }
    this.clear();
    return false;
  }

  /** The messages from..upTo were refused: nothing is a duplicate of them. */
  refused(from: number, upTo: number): void {
    for (let n = this.#tail - 1; n >= this.#head; n--) {
      const { numbers } = this.#page(n);
      const at = (n % PAGE) * NUMBERS + SEQ;
      const seq = numbers[at]!;
      if (seq > 0 && seq < from) return;
      if (seq <= upTo) numbers[at] = 0;
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#pages = [];
    this.#index = undefined;
    this.#head = 0;
    this.#tail = 0;
    this.#firstPage = 0;
    this.#usedBytes = 0;
  }

  #forgetOldest(): void {
    const page = this.#page(this.#head);
    const length = page.ends[this.#head % PAGE]! - startOf(page, this.#head);
    this.#usedBytes -= ENTRY_BYTES + length;
    this.#head++;
    if (this.#head % PAGE === 0) this.#dropPage();
  }

  #page(n: number): Page {
    return this.#pages[Math.floor(n / PAGE) - this.#firstPage]!;
  }
  #addPage(n: number): void {
    if (this.#pages.length === 0) this.#firstPage = Math.floor(n / PAGE);
    this.#pages.push(new Page());
  }
  #dropPage(): void {
    this.#pages.shift();
    this.#firstPage++;
  }

  #seqOf(n: number): number {
    return this.#page(n).numbers[(n % PAGE) * NUMBERS + SEQ]!;
  }
  #isId(n: number, bytes: Uint8Array, from: number, to: number): boolean {
    const page = this.#page(n);
    const start = startOf(page, n);
    if (page.ends[n % PAGE]! - start !== to - from) return false;
    for (let i = from; i < to; i++) if (page.bytes[start + i - from] !== bytes[i]) return false;
    return true;
  }
}

function startOf(page: Page, n: number): number {
  return n % PAGE === 0 ? 0 : page.ends[(n % PAGE) - 1]!;
}

function grown(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  let size = bytes.length;
  while (size < least) size *= 2;
  const next = new Uint8Array(size);
  next.set(bytes);
  return next;
}
