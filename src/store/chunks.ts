// Arrays of numbers that grow without pauses: chunks of 65,536, so that growing
// never copies more than one chunk. A small array stays small.

import { assert } from "../base/assert.ts";

const SHIFT = 16;
export const CHUNK = 1 << SHIFT;
const MASK = CHUNK - 1;
const LEAST = 64;

/** What a grown chunk is: same kind, more room. */
type Grow<T> = (old: T | undefined, length: number) => T;

class Chunks<T extends Int32Array | Float64Array> {
  readonly chunks: T[] = [];
  #length = 0;
  readonly #grow: Grow<T>;
  /** The first of them: few need more, and for these it is one step less. */
  protected head: T;

  constructor(grow: Grow<T>) {
    this.#grow = grow;
    this.head = grow(undefined, 0);
  }
  /** How many numbers there is room for. */
  get length(): number {
    return this.#length;
  }
  /** Makes room for at least `length` numbers; new ones are 0. */
  ensure(length: number): void {
    while (this.#length < length) {
      const last = this.chunks.length - 1;
      if (this.#length < CHUNK) {
        const size = Math.min(CHUNK, Math.max(LEAST, this.#length * 2));
        this.head = this.#grow(this.chunks[0], size);
        this.chunks[0] = this.head;
        this.#length = size;
      } else {
        this.chunks[last + 1] = this.#grow(undefined, CHUNK);
        this.#length += CHUNK;
      }
    }
  }
  /** Forgets everything. */
  clear(): void {
    this.chunks.length = 0;
    this.head = this.#grow(undefined, 0);
    this.#length = 0;
  }
}

export class Int32Chunks extends Chunks<Int32Array> {
  constructor() {
    super((old, length) => {
      const grown = new Int32Array(length);
      if (old !== undefined) grown.set(old);
      return grown;
    });
  }
  get(i: number): number {
    return i < CHUNK ? this.head[i]! : this.chunks[i >>> SHIFT]![i & MASK]!;
  }
  set(i: number, value: number): void {
    if (i < CHUNK) this.head[i] = value;
    else this.chunks[i >>> SHIFT]![i & MASK] = value;
  }
  /** The array that holds number `i`, at `i % CHUNK`. Good until the next `ensure`. */
  of(i: number): Int32Array {
    return this.chunks[i >>> SHIFT]!;
  }
}

export class Float64Chunks extends Chunks<Float64Array> {
  constructor() {
    super((old, length) => {
      const grown = new Float64Array(length);
      if (old !== undefined) grown.set(old);
      return grown;
    });
  }
  get(i: number): number {
    return i < CHUNK ? this.head[i]! : this.chunks[i >>> SHIFT]![i & MASK]!;
  }
  set(i: number, value: number): void {
    if (i < CHUNK) this.head[i] = value;
    else this.chunks[i >>> SHIFT]![i & MASK] = value;
  }
}

/** A queue of numbers on a ring that doubles. */
export class NumberQueue {
  #ring = new Float64Array(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }
  push(value: number): void {
    if (this.#size === this.#ring.length) {
      const grown = new Float64Array(this.#size * 2);
      for (let i = 0; i < this.#size; i++) grown[i] = this.#ring[(this.#head + i) & (this.#size - 1)]!;
      this.#ring = grown;
      this.#head = 0;
    }
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = value;
    this.#size++;
  }
  /** Takes back what was pushed last, until `size` are left. */
  cutTo(size: number): void {
    assert(size <= this.#size, "a queue is cut to less");
    this.#size = size;
  }
  /** The number that comes out after `index` others. */
  peek(index = 0): number {
    assert(index < this.#size, "only what is queued can be looked at");
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)]!;
  }
  shift(): number {
    const value = this.peek();
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#size === 0 && this.#ring.length > 1024) this.#ring = new Float64Array(16);
    if (this.#size === 0) this.#head = 0;
    return value;
  }
}
