// The sending half of a transport: whether written bytes are free again.
//
// Node keeps a reference to what the kernel did not take, so those bytes are
// held; one `onWritten` then frees all of them. 'drain' is no help: it does
// not come for writes below the high water mark.

import * as arena from "../base/arena.ts";

/** What bytes are put into: a socket or a WebSocket. */
export interface Sink {
  /** Sends bytes; `sent` is called later, once they are out or lost. */
  put(bytes: Buffer, sent: (error?: Error | null) => void): void;
  /** Bytes the kernel has not taken. */
  readonly pendingBytes: number;
}

export class Outgoing {
  readonly #sink: Sink;
  readonly #onWritten: () => void;
  #holding = false;

  constructor(sink: Sink, onWritten: () => void) {
    this.#sink = sink;
    this.#onWritten = onWritten;
  }
  /** Whether bytes are held that `onWritten` will free. */
  get holding(): boolean {
    return this.#holding;
  }
  /** As `Transport.write`. */
  write(from: number, to: number): boolean {
    return this.#put(arenaView(from, to));
  }
  /** As `Transport.writeOwned`. */
  writeOwned(bytes: Uint8Array): boolean {
    return this.#put(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  #put(bytes: Buffer): boolean {
    this.#sink.put(bytes, this.#sent);
    if (this.#sink.pendingBytes === 0) return true;
    this.#holding = true;
    return false;
  }
  readonly #sent = (error?: Error | null): void => {
    if (!this.#holding || (error !== undefined && error !== null) || this.#sink.pendingBytes > 0) return;
    this.#holding = false;
    this.#onWritten();
  };
}

/** A view of arena bytes [from, to) as a Buffer, which Node's streams take as it is. */
export function arenaView(from: number, to: number): Buffer {
  return Buffer.from(arena.bytes.buffer, from, to - from);
}
