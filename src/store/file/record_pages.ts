// Pages of the blocks of one store: finds the one a message is in, by the block's
// index, or reads it.
//
//     index    sample │ sample │ sample │ …
//     pages    ├────────┤├──────────────┤        whole samples; longer ones for who reads in order
//
// What pages it may keep says the cache; those of who reads in order lie in slots as
// long as there are some, and go when they were read. Knows nothing of damage: where records do not follow each other
// there is no page.

import type { BlockIndex } from "./block_index.ts";
import type { FileBlock } from "./file_block.ts";
import type { PageCache } from "./page_cache.ts";
import { type PageSlot, SLOT_BYTES, takePageSlot } from "./page_slots.ts";
import { RecordPage } from "./record_page.ts";

/** For one message, for who reads in order, and the most that is kept at all. */
const LEAST_PAGE = 8192;
const LARGEST_READ = 1 << 17;
/** Of a compressed block: what is unpacked together should not be unpacked again. */
const UNPACKED_PAGE = 1 << 20;
const LARGEST_PAGE = 1 << 21;
/** Room for what comes behind the last record of the stream. */
const LEAST_ROOM = 1024;

/** Reads bytes of a block from an offset on into into[from, to); whether all could be read. */
export type ReadBlock = (block: FileBlock, at: number, into: Uint8Array, from: number, to: number) => boolean;

export class RecordPages {
  readonly #cache: PageCache;
  readonly #read: ReadBlock;
  readonly #isBeingRead: (page: RecordPage) => boolean;
  readonly #onDropped: (page: RecordPage) => void;
  /** No page is written over: someone borrows its bytes. */
  isBorrowed = false;

  /** `isBeingRead`: whether the message read last lies in a page; `onDropped` is told when one is taken away. */
  constructor(
    cache: PageCache,
    read: ReadBlock,
    isBeingRead: (page: RecordPage) => boolean,
    onDropped: (page: RecordPage) => void,
  ) {
    this.#isBeingRead = isBeingRead;
    this.#cache = cache;
    this.#read = read;
    this.#onDropped = (page) => {
      this.#unlist(page);
      onDropped(page);
    };
  }

  /** The page that a sequence is in, if it is in the block; undefined when there is none and none can be made. */
  find(block: FileBlock, index: BlockIndex, seq: number): RecordPage | undefined {
    const sample = index.sampleFor(seq);
    if (sample < 0) return undefined;
    const page = block.pages?.get(index.offsetOf(sample));
    if (page === undefined) return this.#make(block, index, sample, seq);
    page.isUsed = true;
    const end = endOf(block, index, sample);
    return page.to >= end || this.#add(page, end) ? page : undefined;
  }

  /** Its file is about to be changed or removed. */
  forget(block: FileBlock): void {
    if (block.pages === undefined) return;
    for (const page of block.pages.values()) {
      this.#cache.forget(page);
      free(page);
    }
    block.pages = undefined;
  }

  #make(block: FileBlock, index: BlockIndex, sample: number, seq: number): RecordPage | undefined {
    const from = index.offsetOf(sample);
    const before = sample === 0 ? undefined : block.pages?.get(index.offsetOf(sample - 1));
    const isInOrder = before !== undefined && before.to === from && before.isReadUpTo(block.liveUpTo(seq - 1));
    let slot = isInOrder && !this.isBorrowed && !block.isCompressed ? takePageSlot() : undefined;
    const most = slot !== undefined ? SLOT_BYTES : block.isCompressed ? UNPACKED_PAGE : LARGEST_READ;
    let wanted = block.isCompressed ? most : LEAST_PAGE;
    if (isInOrder) wanted = Math.min(most, Math.max(wanted, (before.to - before.from) * 2));
    let next = sample + 1;
    let end = endOf(block, index, sample);
    if (end - from > LARGEST_PAGE) return undefined;
    for (; next < index.samples && end - from < wanted; next++) {
      if (block.pages?.has(end)) break;
      const further = endOf(block, index, next);
      if (further - from > most) break;
      end = further;
    }
    const isGrowing = next === index.samples;
    if (isGrowing || end - from > SLOT_BYTES) slot = undefined;
    const page = new RecordPage(block, from, index.seqOf(sample), slot);
    if (slot === undefined) page.bytes = new Uint8Array(isGrowing ? Math.max(LEAST_ROOM, end - from) : end - from);
    else this.#settle(page, slot);
    if (!this.#fill(page, end)) {
      free(page);
      return undefined;
    }
    block.pages ??= new Map();
    for (let each = sample; each < next; each++) {
      const key = index.offsetOf(each);
      page.keys.push(key);
      block.pages.set(key, page);
    }
    this.#cache.add(page, this.#onDropped);
    return page;
  }

  #settle(page: RecordPage, slot: PageSlot): void {
    const isBeingRead = this.#isBeingRead;
    slot.page = {
      get isDone() {
        return page.isReadToEnd && !isBeingRead(page);
      },
      evict: () => {
        this.#cache.forget(page);
        this.#onDropped(page);
      },
    };
  }

  /** More was appended to the block. */
  #add(page: RecordPage, end: number): boolean {
    const size = end - page.from;
    if (size > LARGEST_PAGE || page.slot !== undefined) return false;
    if (size > page.bytes.length) {
      const bytes = new Uint8Array(Math.max(size, page.bytes.length * 2));
      bytes.set(page.bytes.subarray(0, page.to - page.from));
      page.bytes = bytes;
    }
    if (!this.#fill(page, end)) {
      this.#cache.forget(page);
      this.#unlist(page);
      return false;
    }
    this.#cache.resized(page);
    return true;
  }

  #fill(page: RecordPage, end: number): boolean {
    const { from, to } = page;
    return this.#read(page.block!, to, page.bytes, to - from, end - from) && page.take(end);
  }

  #unlist(page: RecordPage): void {
    free(page);
    const { pages } = page.block!;
    if (pages === undefined) return;
    for (const key of page.keys) if (pages.get(key) === page) pages.delete(key);
  }
}

function free({ slot }: RecordPage): void {
  if (slot !== undefined) slot.page = undefined;
}

/** Where the records of a sample end. */
function endOf(block: FileBlock, index: BlockIndex, sample: number): number {
  return sample + 1 < index.samples ? index.offsetOf(sample + 1) : block.size;
}
