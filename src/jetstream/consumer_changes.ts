// Which changes of a stream's consumers go on at the same time: as many of a
// kind as wait for the disk together, never two of one consumer.
//
//     make make make | remove remove | make        one group after the other, in the order they were asked for
//
// So ten thousand durables cost the disk's time, not ten thousand waits for it, and a change still finds what those of another
// kind before it have left, durable.
//
// Owns who waits. Knows nothing of what is changed.

import { assert } from "../base/assert.ts";

/** "alone": with no other change at all. */
export type ChangeKind = "make" | "remove" | "alone";

/** Each holds a file or two open at a time; the disk bounds the syncs. */
const MOST_AT_ONCE = 64;

interface Change {
  readonly kind: ChangeKind;
  /** Of the consumer; empty when it has none yet. */
  readonly name: string;
  readonly begin: (release: () => void) => void;
}

export class ConsumerChanges {
  /** From `#first` on. */
  #waiting: Change[] = [];
  #first = 0;
  #going = 0;
  #kind: ChangeKind = "alone";
  readonly #names = new Set<string>();
  #isStarting = false;

  /** How many have begun and not ended. */
  get going(): number {
    return this.#going;
  }

  /** Runs `begin` when it may; it must call `release` once. */
  run(kind: ChangeKind, name: string, begin: (release: () => void) => void): void {
    this.#waiting.push({ kind, name, begin });
    this.#start();
  }

  /** The same before all that wait: for a change that found, having begun, that it depends on others. */
  runNext(kind: ChangeKind, name: string, begin: (release: () => void) => void): void {
    this.#waiting = [{ kind, name, begin }, ...this.#waiting.slice(this.#first)];
    this.#first = 0;
    this.#start();
  }

  #start(): void {
    // A change may end, and another may be asked for, while one begins.
    if (this.#isStarting) return;
    this.#isStarting = true;
    for (let next = this.#waiting[this.#first]; next !== undefined; next = this.#waiting[this.#first]) {
      if (!this.#mayBegin(next)) break;
      this.#first++;
      this.#begin(next);
    }
    if (this.#first > this.#waiting.length / 2) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    this.#isStarting = false;
  }

  #mayBegin({ kind, name }: Change): boolean {
    if (this.#going === 0) return true;
    return kind === this.#kind && kind !== "alone" && this.#going < MOST_AT_ONCE && !this.#names.has(name);
  }

  #begin({ kind, name, begin }: Change): void {
    this.#going++;
    this.#kind = kind;
    if (name !== "") this.#names.add(name);
    let isOver = false;
    begin(() => {
      assert(!isOver, "a change ends once");
      isOver = true;
      this.#going--;
      this.#names.delete(name);
      this.#start();
    });
  }
}
