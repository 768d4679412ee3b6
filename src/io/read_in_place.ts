// Makes an open socket read into the read area of the arena, instead of into
// a fresh buffer per read.
//
// Node has this for sockets that dial (`onread` with a buffer of one's own), TLS
// included; what it keeps of that option is set here on a socket that was
// accepted. Undocumented, hence looked at first: where it is not as expected
// nothing is touched. A TLS connection saves a third of its work by it: a record
// needs no buffer, no garbage and no copy.

import type { Socket } from "node:net";
import * as arena from "../base/arena.ts";

const readArea = arena.bytes.subarray(arena.READ, arena.READ + arena.READ_BYTES);

/** Where a socket that reads in place is told how much it may read at once. */
export interface PlacedReading {
  /** At most so many bytes, from the next read on. */
  limit(bytes: number): void;
}

/** What Node keeps of `onread`, by the descriptions of its symbols. */
const KEPT = ["kBuffer", "kBufferCb", "kBufferGen"] as const;

interface Handle {
  useUserBuffer?: (view: Uint8Array) => void;
}

/**
 * From now on `onRead` is called with how many bytes a read has put at `arena.READ`; they are there until it returns.
 * There are no 'data' events any more; pause, resume and 'end' are as before. The socket has nothing buffered. Undefined,
 * and nothing changed, when this Node is not as expected.
 */
export function readInPlace(socket: Socket, limit: number, onRead: (count: number) => void): PlacedReading | undefined {
  const own = socket as unknown as Record<symbol, unknown> & { _handle?: Handle | null };
  const handle = own._handle;
  if (typeof handle?.useUserBuffer !== "function" || socket.readableLength > 0) return undefined;
  const symbols = new Map(Object.getOwnPropertySymbols(own).map((symbol) => [symbol.description, symbol]));
  const [view, callback, next] = KEPT.map((name) => symbols.get(name));
  if (view === undefined || callback === undefined || next === undefined) return undefined;
  if (own[view] !== null || own[callback] !== null || own[next] !== null) return undefined;
  let area = readArea.subarray(0, limit);
  let isChanged = false;
  own[view] = area;
  own[callback] = (count: number): boolean => {
    onRead(count);
    return true;
  };
  /** Asked after each read: undefined keeps the view. */
  own[next] = (): Uint8Array | undefined => {
    if (!isChanged) return undefined;
    isChanged = false;
    return area;
  };
  handle.useUserBuffer(area);
  return {
    limit: (bytes) => {
      area = readArea.subarray(0, bytes);
      isChanged = true;
    },
  };
}
