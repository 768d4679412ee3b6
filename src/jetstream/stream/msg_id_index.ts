// Finds entries of a queue by a hash: extendible hashing, open addressing.
//
//     top bits of the hash → directory → segment │ hash, entry │ hash, entry │ …
//
// What the queue has forgotten stays until its slot is needed or its segment is
// made anew: nobody has to take it out. A full segment is split by one more bit,
// so growing never touches more than one; where that does not help (somebody
// found ids that share a hash) it grows instead. One look touches one place of
// memory, and whoever asked goes to an entry only when the whole hash is the same.
// Entries are kept in 32 bits: the queue holds fewer. Knows nothing of ids.

/** Slots of a segment, before it is split. */
const MOST_SLOTS = 4096;
const LEAST_SLOTS = 16;
const DEEPEST = 16;
const TWO32 = 4_294_967_296;

class Segment {
  /** Hash and entry of each slot; a hash of 0: nothing was ever there. */
  slots: Int32Array;
  used = 0;
  /** By how many bits of the hash it was split from others. */
  depth: number;

  constructor(size: number, depth: number) {
    this.slots = new Int32Array(size * 2);
    this.depth = depth;
  }
}

export class MsgIdIndex {
  /** Its length is 2 to the power of `#depth`. */
  #directory: Segment[] = [new Segment(LEAST_SLOTS, 0)];
  #depth = 0;
  #slotsHeld = LEAST_SLOTS;
  // Where a look goes on.
  #slots: Int32Array = new Int32Array(0);
  #hash = 0;
  #at = 0;

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#slotsHeld * 8 + this.#directory.length * 8;
  }

  /** Starts to look for entries with a hash. */
  look(hash: number): void {
    this.#hash = hash === 0 ? 1 : hash;
    this.#slots = this.#segmentOf(this.#hash).slots;
    this.#at = startOf(this.#hash, this.#slots);
  }

  /** The next of them, in no order, of those the queue holds: `size` from `head` on; −1 when there are no more. */
  next(head: number, size: number): number {
    const slots = this.#slots;
    const hash = this.#hash;
    const low = head | 0;
    let at = this.#at;
    for (let held = slots[at]!; held !== 0; held = slots[at]!) {
      const distance = (slots[at + 1]! - low) >>> 0;
      at = at + 2 === slots.length ? 0 : at + 2;
      if (held !== hash || distance >= size) continue;
      this.#at = at;
      return head + distance;
    }
    this.#at = at;
    return -1;
  }

  /** Enters an entry; the queue holds `size` from `head` on. */
  add(hash: number, entry: number, head: number, size: number): void {
    const kept = hash === 0 ? 1 : hash;
    let segment = this.#segmentOf(kept);
    while (segment.used * 8 > segment.slots.length * 3) {
      this.#makeRoom(segment, head, size);
      segment = this.#segmentOf(kept);
    }
    const { slots } = segment;
    const low = head | 0;
    let at = startOf(kept, slots);
    while (slots[at] !== 0 && (slots[at + 1]! - low) >>> 0 < size) at = at + 2 === slots.length ? 0 : at + 2;
    if (slots[at] === 0) segment.used++;
    slots[at] = kept;
    slots[at + 1] = (entry % TWO32) | 0;
  }

  #segmentOf(hash: number): Segment {
    return this.#directory[this.#depth === 0 ? 0 : hash >>> (32 - this.#depth)]!;
  }

  /** Leaves out what is forgotten; gives the rest more room when there is much of it. */
  #makeRoom(segment: Segment, head: number, size: number): void {
    const { slots } = segment;
    const low = head | 0;
    let live = 0;
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at] !== 0 && (slots[at + 1]! - low) >>> 0 < size) live++;
    }
    const most = slots.length / 2;
    const isSplit = live * 2 > most && most >= MOST_SLOTS && segment.depth < DEEPEST;
    const twin = isSplit ? this.#splitDirectory(segment) : undefined;
    this.#empty(segment, live * 2 > most && !isSplit ? most * 2 : most);
    for (let at = 0; at < slots.length; at += 2) {
      const hash = slots[at]!;
      if (hash === 0 || (slots[at + 1]! - low) >>> 0 >= size) continue;
      const goes = twin !== undefined && ((hash >>> (32 - segment.depth)) & 1) === 1;
      place(goes ? twin : segment, hash, slots[at + 1]!);
    }
  }

  #empty(segment: Segment, size: number): void {
    this.#slotsHeld += size - segment.slots.length / 2;
    segment.slots = new Int32Array(size * 2);
    segment.used = 0;
  }

  /** A segment for those hashes of another that have a 1 behind the bits that both have in common. */
  #splitDirectory(segment: Segment): Segment {
    if (segment.depth === this.#depth) {
      this.#directory = this.#directory.flatMap((each) => [each, each]);
      this.#depth++;
    }
    segment.depth++;
    const twin = new Segment(segment.slots.length / 2, segment.depth);
    this.#slotsHeld += twin.slots.length / 2;
    const first = this.#directory.indexOf(segment);
    const half = 2 ** (this.#depth - segment.depth);
    for (let i = first + half; i < first + half * 2; i++) this.#directory[i] = twin;
    return twin;
  }
}

function startOf(hash: number, slots: Int32Array): number {
  return (hash * 2) & (slots.length - 1) & ~1;
}

function place(segment: Segment, hash: number, entry: number): void {
  const { slots } = segment;
  let at = startOf(hash, slots);
  while (slots[at] !== 0) at = at + 2 === slots.length ? 0 : at + 2;
  slots[at] = hash;
  slots[at + 1] = entry;
  segment.used++;
}
