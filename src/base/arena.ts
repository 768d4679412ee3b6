// The arena: one fixed piece of memory per process, shared by its servers,
// through which every message byte goes.
//
//   0        scratch   one re-encoded frame head, internal messages
//   READ_LOW headroom  where the start of a split frame is put back in front of the next chunk
//   READ     read area what one read callback delivered, then slack for the kernels
//   PREFIX   prefixes  "MSG subject sid " of cached routes (owner: account)
//   SLOTS    slots     bytes waiting for one peer (owner: outbound)
//   INNER    inner     one message that the server itself publishes (owner: account)
//   RELAY    relayed   messages on their way from one account to another (owner: account)
//   HASH     hashing   where checksums of what is stored are worked out (owner: arena_hash.ts)
//   PAGES    pages     stored messages that are read in order (owner: store)
//   RUN      run       stored messages that are read together and lie nowhere else in the arena (owner: store)
//   HEADER   header    what is added to a message that somebody gets (owner: jetstream/stream/direct_header.ts)
//   GROUPS   groups    records on their way to disk (owner: store)
//   LINE     line      what stands before the payload in a MSG, as long as one follows the other (owner: account)
//   ACKS     acks      acknowledgements that were read and not heard yet (owner: account)
//
// Each region has one writer. It never grows, so `bytes` never changes. Untouched
// pages cost nothing. With the files that a start has read (3 MB) it stays below the 64 MB outside the heap at which V8
// collects garbage at once, which would take 6 ms of a start. Without WebAssembly the plain twin of the kernel runs.

import { wasm } from "./kernel/copy.wasm.ts";
import { openKernel, openMemory, type WasmMemory } from "./wasm.ts";

const KB = 1024;
const MB = 1024 * KB;

/** The regions are made for lines of at most this, whatever is configured: the arguments, and the blanks before them. */
export const LONGEST_LINE = MB;
export const SCRATCH = 64;
/** In each half two parts of a line: subject and sid, or the reply twice. */
export const SCRATCH_BYTES = 4 * LONGEST_LINE + 64 * KB;
export const READ_LOW = SCRATCH + SCRATCH_BYTES;
export const READ_BYTES = 512 * KB;
/** What a connection may have read at once, unless its messages are large: the others wait for as long as small ones take. */
export const CHUNK_BYTES = 256 * KB;
/** A line that was carried, the chunk behind it when that is carried too, and some room. */
export const HEADROOM_BYTES = 2 * LONGEST_LINE + READ_BYTES + 192 * KB;
export const READ = READ_LOW + HEADROOM_BYTES;
export const READ_SLACK = 4 * KB;
export const PREFIX = READ + READ_BYTES + READ_SLACK;
export const PREFIX_BYTES = 8 * MB;
export const SLOTS = PREFIX + PREFIX_BYTES;
export const SLOTS_BYTES = 40 * MB;
export const INNER = SLOTS + SLOTS_BYTES;
export const INNER_BYTES = 128 * KB;
/** What copies may scribble past the region before. */
const SLACK = 4 * KB;
export const RELAY = INNER + INNER_BYTES + SLACK;
export const RELAY_BYTES = 256 * KB;
export const HASH = RELAY + RELAY_BYTES + SLACK;
export const HASH_REGION_BYTES = 72 * KB;
/** What is hashed or copied there is read up to 63 bytes past its end. */
export const PAGES = HASH + HASH_REGION_BYTES;
export const PAGES_BYTES = 640 * KB;
export const RUN = PAGES + PAGES_BYTES;
export const RUN_BYTES = 64 * KB;
export const HEADER = RUN + RUN_BYTES + SLACK;
export const HEADER_BYTES = 4 * KB;
export const GROUPS = HEADER + HEADER_BYTES;
/** With what copies may scribble past each of them. */
export const GROUPS_BYTES = 3 * MB;
export const LINE = GROUPS + GROUPS_BYTES;
export const LINE_BYTES = 8 * KB;
export const ACKS = LINE + LINE_BYTES + SLACK;
export const ACKS_BYTES = 4 * KB;
export const TOTAL = Math.ceil((ACKS + ACKS_BYTES) / (64 * KB)) * 64 * KB;

/** Copies piece `a`, then piece `b`, to `to`. May scribble up to 63 bytes past the end: leave that much room. */
export type Copy2 = (to: number, a: number, aLength: number, b: number, bLength: number) => void;
export type Copy1 = (to: number, from: number, count: number) => void;
/** 1 when `count` bytes at `a` are those at `b`, else 0. May look at up to 15 bytes past them. */
export type Same = (a: number, b: number, count: number) => number;

interface Arena {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For further kernels; undefined on plain memory. */
  readonly memory: WasmMemory | undefined;
  readonly copy2: Copy2;
  readonly copy1: Copy1;
  readonly same: Same;
}

/** The arena on plain memory, for machines without WebAssembly; runs the same tests. */
export function plainArena(total = TOTAL): Arena {
  const bytes = new Uint8Array(total);
  const copy1: Copy1 = (to, from, count) => {
    if (count > 48) {
      bytes.copyWithin(to, from, from + count);
      return;
    }
    for (let i = 0; i < count; i++) bytes[to + i] = bytes[from + i]!;
  };
  const copy2: Copy2 = (to, a, aLength, b, bLength) => {
    copy1(to, a, aLength);
    copy1(to + aLength, b, bLength);
  };
  const same: Same = (a, b, count) => {
    for (let i = 0; i < count; i++) if (bytes[a + i] !== bytes[b + i]) return 0;
    return 1;
  };
  return { bytes, memory: undefined, copy1, copy2, same };
}

/** The arena on WebAssembly memory; throws where that cannot be had. */
export function wasmArena(total = TOTAL): Arena {
  const pages = total / (64 * KB);
  const memory = openMemory(pages);
  const { copy1, copy2, same } = openKernel(wasm, memory);
  const made = { copy1: copy1 as Copy1, copy2: copy2 as Copy2, same: same as Same };
  return { bytes: new Uint8Array(memory.buffer), memory, ...made };
}

function openArena(): Arena {
  try {
    return wasmArena();
  } catch {
    return plainArena();
  }
}

const arena = openArena();

/** All of the arena; offsets into it are what the message path passes around. */
export const bytes: Uint8Array<ArrayBuffer> = arena.bytes;
/** What `bytes` lies in, for further kernels; undefined where WebAssembly cannot be had. */
export const memory: WasmMemory | undefined = arena.memory;
export const copy1: Copy1 = arena.copy1;
export const copy2: Copy2 = arena.copy2;
export const same: Same = arena.same;
