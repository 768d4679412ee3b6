// The ids of recent messages, to find duplicates: a queue by age, and an index
// into it that compares the bytes of ids.
//
//     pages   [0 … 511] [512 … 1023] …     entry n is in page n / 512
//     buckets hash → newest entry → older entry with the same bucket → …
//
// Forgetting moves the head of the queue and nothing else: a chain ends where
// it points behind the head. The index grows by splitting one bucket per new
// entry (linear hashing), so no call takes long at any size. Entries are
// counted from 0 for ever; links are distances. When the ids hold more bytes
// than they may, the oldest are forgotten. Knows nothing of windows' timers.

const PAGE = 512;
const BUCKETS_PER_CHUNK = 1024;
const LEAST_BUCKETS = 16;
// In numbers, of one entry:
const SEQ = 0;
const SEC = 1;
const NANOS = 2;
const NUMBERS = 3;
// In integers:
const HASH = 0;
const LINK = 1;
const END = 2;
const INTEGERS = 3;
/** Of one entry besides the bytes of its id. */
const ENTRY_BYTES = NUMBERS * 8 + INTEGERS * 4 + 8;
/** What the ids of one stream hold at most: 6 million UUIDs. nats-server has no such limit. */
const MOST_BYTES = 512 * 1024 * 1024;

class Page {
  readonly numbers = new Float64Array(PAGE * NUMBERS);
  readonly integers = new Int32Array(PAGE * INTEGERS);
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
  /** The newest entry of each bucket, plus one. */
  #buckets: Float64Array[] = [];
  #bucketCount = 0;
  /** The bucket count is at least this power of two, and below the next. */
  #level = LEAST_BUCKETS;

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
    let bytes = this.#buckets.length * BUCKETS_PER_CHUNK * 8;
    for (const page of this.#pages) bytes += page.numbers.byteLength + page.integers.byteLength + page.bytes.length;
    return bytes;
  }
  /** When the oldest was added; only while there is one. */
  get oldestSec(): number {
    return this.#page(this.#head).numbers[(this.#head % PAGE) * NUMBERS + SEC]!;
  }
  get oldestNanos(): number {
    return this.#page(this.#head).numbers[(this.#head % PAGE) * NUMBERS + NANOS]!;
  }

  /** The sequence of the message with the id bytes[from, to) that was added after this time; 0 when there is none. */
  find(bytes: Uint8Array, from: number, to: number, afterSec: number, afterNanos: number): number {
    if (this.#head === this.#tail) return 0;
    const hash = this.#hash(bytes, from, to);
    for (let n = this.#newest(this.#bucketOf(hash)); n >= this.#head; n = this.#older(n)) {
      const { numbers, integers } = this.#page(n);
      const at = (n % PAGE) * NUMBERS;
      if (integers[(n % PAGE) * INTEGERS + HASH] !== hash || !this.#isId(n, bytes, from, to)) continue;
      const sec = numbers[at + SEC]!;
      if (sec < afterSec || (sec === afterSec && numbers[at + NANOS]! <= afterNanos)) return 0;
      // One whose message was refused has no sequence any more.
      if (numbers[at + SEQ]! > 0) return numbers[at + SEQ]!;
    }
    return 0;
  }

  /** Remembers an id, no earlier than the one before. Whether the oldest had to be forgotten for it. */
  add(bytes: Uint8Array, from: number, to: number, seq: number, sec: number, nanos: number): boolean {
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
    const hash = this.#hash(bytes, from, to);
    const at = (n % PAGE) * INTEGERS;
    page.integers[at + HASH] = hash;
    page.integers[at + END] = end;
    this.#tail = n + 1;
    this.#usedBytes += ENTRY_BYTES + to - from;
    const isFull = this.#usedBytes > this.#mostBytes;
    while (this.#usedBytes > this.#mostBytes && this.#head < n) this.#forgetOldest();
    if (this.#bucketCount === 0) this.#startBuckets();
    this.#push(this.#bucketOf(hash), n);
    if (this.#tail - this.#head > this.#bucketCount) this.#split();
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
    this.#buckets = [];
    this.#bucketCount = 0;
    this.#level = LEAST_BUCKETS;
    this.#head = 0;
    this.#tail = 0;
    this.#firstPage = 0;
    this.#usedBytes = 0;
  }

  #forgetOldest(): void {
    const page = this.#page(this.#head);
    const length = page.integers[(this.#head % PAGE) * INTEGERS + END]! - startOf(page, this.#head);
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

  #isId(n: number, bytes: Uint8Array, from: number, to: number): boolean {
    const page = this.#page(n);
    const start = startOf(page, n);
    if (page.integers[(n % PAGE) * INTEGERS + END]! - start !== to - from) return false;
    for (let i = from; i < to; i++) if (page.bytes[start + i - from] !== bytes[i]) return false;
    return true;
  }

  #hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.#seed;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }

  // ---- buckets

  #bucketOf(hash: number): number {
    const bucket = (hash >>> 0) % (this.#level * 2);
    return bucket < this.#bucketCount ? bucket : bucket - this.#level;
  }
  /** The newest entry of a bucket; before the head when there is none. */
  #newest(bucket: number): number {
    return this.#buckets[Math.floor(bucket / BUCKETS_PER_CHUNK)]![bucket % BUCKETS_PER_CHUNK]! - 1;
  }
  #older(n: number): number {
    const link = this.#page(n).integers[(n % PAGE) * INTEGERS + LINK]!;
    return link === 0 ? -1 : n - link;
  }
  #setNewest(bucket: number, n: number): void {
    this.#buckets[Math.floor(bucket / BUCKETS_PER_CHUNK)]![bucket % BUCKETS_PER_CHUNK] = n + 1;
  }
  /** Makes `n` the newest of its bucket. */
  #push(bucket: number, n: number): void {
    const older = this.#newest(bucket);
    this.#page(n).integers[(n % PAGE) * INTEGERS + LINK] = older < this.#head ? 0 : n - older;
    this.#setNewest(bucket, n);
  }

  /** Puts `n` behind `last` of its bucket, or first when that is −1; nothing is behind it. */
  #append(bucket: number, last: number, n: number): void {
    if (last < 0) this.#setNewest(bucket, n);
    else this.#page(last).integers[(last % PAGE) * INTEGERS + LINK] = last - n;
    this.#page(n).integers[(n % PAGE) * INTEGERS + LINK] = 0;
  }

  #startBuckets(): void {
    this.#buckets = [new Float64Array(BUCKETS_PER_CHUNK)];
    this.#bucketCount = LEAST_BUCKETS;
    this.#level = LEAST_BUCKETS;
  }

  /** Divides the next bucket in line between itself and a new one, which are told apart by one more bit. */
  #split(): void {
    const from = this.#bucketCount - this.#level;
    const to = this.#bucketCount;
    if (to % BUCKETS_PER_CHUNK === 0) this.#buckets.push(new Float64Array(BUCKETS_PER_CHUNK));
    this.#bucketCount++;
    let lastStaying = -1;
    let lastGoing = -1;
    let n = this.#newest(from);
    this.#setNewest(from, -1);
    while (n >= this.#head) {
      const older = this.#older(n);
      if (this.#bucketOf(this.#page(n).integers[(n % PAGE) * INTEGERS + HASH]!) === from) {
        this.#append(from, lastStaying, n);
        lastStaying = n;
      } else {
        this.#append(to, lastGoing, n);
        lastGoing = n;
      }
      n = older;
    }
    if (this.#bucketCount === this.#level * 2) this.#level *= 2;
  }
}

function startOf(page: Page, n: number): number {
  return n % PAGE === 0 ? 0 : page.integers[((n % PAGE) - 1) * INTEGERS + END]!;
}

function grown(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  let size = bytes.length;
  while (size < least) size *= 2;
  const next = new Uint8Array(size);
  next.set(bytes);
  return next;
}
