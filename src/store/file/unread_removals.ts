// Messages that were removed while nobody could read them: what they counted as is not known yet.
//
//     removed, unreadable ─→ noted ─→ uncounted ─→ told ─→ forgotten
//
// A removal is on disk before it happens here, so it happens whatever the disk says of the message. Until its record is
// read, the stream counts its bytes and its subject's messages too high, which limits must not take for the truth; its
// block stays, so that it can be read.
//
// Owns which those are; reading them and counting is the matter of FileMessages.

import { SequenceSet } from "../sequence_set.ts";
import type { FileBlock } from "./file_block.ts";

interface Unread {
  /** Not taken from what is counted. */
  readonly uncounted: SequenceSet;
  /** Nobody was told that it is gone. */
  readonly untold: SequenceSet;
  /** The bytes of the block hold those of what is above. */
  emptiedAt: number;
}

export class UnreadRemovals {
  readonly #blocks = new Map<FileBlock, Unread>();
  #uncounted = 0;

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }
  /** Messages that are counted although they are gone. */
  get uncounted(): number {
    return this.#uncounted;
  }
  /** So many bytes may be counted too high, at most. */
  get doubtfulBytes(): number {
    let bytes = 0;
    for (const [block, { uncounted, emptiedAt }] of this.#blocks) if (uncounted.last > emptiedAt) bytes += block.bytes;
    return bytes;
  }

  /** Whether the block is needed, to be read. */
  needs(block: FileBlock): boolean {
    return this.#blocks.has(block);
  }

  add(block: FileBlock, seq: number, mustTell: boolean): void {
    let unread = this.#blocks.get(block);
    if (unread === undefined) {
      unread = { uncounted: new SequenceSet(), untold: new SequenceSet(), emptiedAt: 0 };
      this.#blocks.set(block, unread);
    }
    unread.uncounted.add(seq);
    if (mustTell) unread.untold.add(seq);
    this.#uncounted++;
  }

  /** Nothing is live in the block: its bytes were taken as a whole. */
  emptied(block: FileBlock): void {
    const unread = this.#blocks.get(block);
    if (unread !== undefined) unread.emptiedAt = block.lastSeq;
  }

  /** The blocks that are needed. */
  get blocks(): FileBlock[] {
    return [...this.#blocks.keys()];
  }
  /** The next message of a block that is to be read; 0 when there is none. */
  nextOf(block: FileBlock, mayTell: boolean): number {
    const unread = this.#blocks.get(block);
    if (unread === undefined) return 0;
    return unread.uncounted.size > 0 || !mayTell ? unread.uncounted.first : unread.untold.first;
  }
  /** Whether a message is counted although it is gone. */
  isCounted(block: FileBlock, seq: number): boolean {
    return this.#blocks.get(block)?.uncounted.has(seq) === true;
  }
  mustTell(block: FileBlock, seq: number): boolean {
    return this.#blocks.get(block)?.untold.has(seq) === true;
  }
  /** Whether the bytes of the block still have those of the message. */
  hasBytes(block: FileBlock, seq: number): boolean {
    return seq > this.#blocks.get(block)!.emptiedAt;
  }

  /** A message is counted by now; with `isTold` it is told of too. */
  settle(block: FileBlock, seq: number, isTold: boolean): void {
    const unread = this.#blocks.get(block);
    if (unread === undefined) return;
    if (unread.uncounted.delete(seq)) this.#uncounted--;
    if (isTold) unread.untold.delete(seq);
    if (unread.uncounted.size === 0 && unread.untold.size === 0) this.#blocks.delete(block);
  }

  clear(): void {
    this.#blocks.clear();
    this.#uncounted = 0;
  }
}
