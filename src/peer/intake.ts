// The receiving half of a connection: chunks in, operations out.
//
// Owns what was not used yet (the carry) and the one way to stop in the middle
// of a chunk: suspension. The parser belongs to it.

import { READ } from "../base/arena.ts";
import type { Transport } from "../base/transport.ts";
import { Carry } from "./carry.ts";

/** The parser of a protocol, as far as chunks concern it; proto/parser.ts is the one for clients. */
export interface ChunkParser {
  /** Parses arena bytes [from, to); returns the offset of the first byte not used. */
  parse(from: number, to: number): number;
  /** Parses one large operation that was gathered in a buffer of its own. */
  parseOwned(owned: Uint8Array): void;
  /** Length of the incomplete operation that `parse` stopped before, 0 when not known. */
  readonly need: number;
  /** Returns from `parse` after the current operation. */
  halt(): void;
}

export class Intake {
  readonly #parser: ChunkParser;
  readonly #transport: Transport;
  readonly #carry = new Carry();
  #isSuspended = false;
  #suspensions = 0;
  #isClosed = false;

  constructor(parser: ChunkParser, transport: Transport) {
    this.#parser = parser;
    this.#transport = transport;
  }

  /** Arena bytes [chunkFrom, to) arrived; those not used are kept. */
  feed(chunkFrom: number, to: number): void {
    let from = chunkFrom;
    while (!this.#carry.isEmpty && from < to) {
      const used = this.#carry.absorb(from, to);
      from += used;
      const large = this.#carry.takeLarge();
      if (large !== undefined) {
        this.#parser.parseOwned(large);
        if (this.#isClosed) return;
      } else if (used === 0) from = this.#carry.putBack(from);
    }
    if (from === to) return;
    const used = this.#isSuspended ? from : this.#parser.parse(from, to);
    if (used < to && !this.#isClosed) this.#carry.keep(used, to, this.#isSuspended ? 0 : this.#parser.need);
  }

  /**
   * No more operations until the returned function is called: the rest of the
   * chunk waits, the peer is not read. It does nothing when called again, or
   * after a later suspension.
   */
  suspend(): () => void {
    const suspension = ++this.#suspensions;
    this.#isSuspended = true;
    this.#parser.halt();
    this.#transport.pause();
    return () => {
      if (suspension === this.#suspensions) this.#goOn();
    };
  }

  /** Nothing is parsed or kept any more. */
  close(): void {
    this.#isClosed = true;
    this.#parser.halt();
    this.#carry.clear();
  }

  #goOn(): void {
    if (!this.#isSuspended || this.#isClosed) return;
    this.#isSuspended = false;
    const from = this.#carry.putBack(READ);
    if (from < READ) this.feed(from, READ);
    if (!this.#isSuspended && !this.#isClosed) this.#transport.resume();
  }
}
