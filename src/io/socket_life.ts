// The life of one socket: who closes it, when it is gone, and why.
//
// Says "gone" exactly once, whatever happened first. A socket is closed by
// sending FIN and reading on for a moment: closing with unread bytes makes the
// kernel send a reset, which would take the last -ERR from the peer.

import type { Socket } from "node:net";
import type { TransportEnd } from "../base/transport.ts";
import * as natives from "./natives.ts";
import { systemText, type SystemError } from "./system_text.ts";

/** How long a peer that closed its end may take to read what we still had to say. */
const EOF_GRACE_MS = 2000;
/** How long after our FIN we wait for the peer's. */
const LINGER_MS = 250;

export class SocketLife {
  readonly #socket: Socket;
  readonly #onGone: (why: TransportEnd, detail: string) => void;
  #closing = false;
  #error: SystemError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, onGone: (why: TransportEnd, detail: string) => void) {
    this.#socket = socket;
    this.#onGone = onGone;
    socket.on("error", this.#onError).on("finish", this.#onFinish).on("close", this.#onClose);
  }
  /** Lets go of the socket: somebody else looks after it from now on. */
  release(): void {
    natives.clearTimeout(this.#timer);
    this.#socket.off("finish", this.#onFinish).off("close", this.#onClose);
  }
  /** Our side has closed it: what still arrives is nobody's. */
  get closing(): boolean {
    return this.#closing;
  }
  /** Closes once everything written is out, or after `graceMs`. */
  end(graceMs: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.pause();
    this.#destroyAfter(graceMs);
    this.#socket.end();
  }
  /** The peer sent its last byte and it was delivered. The answer to it is written at the end of this turn. */
  peerEnded(): void {
    natives.setImmediate(() => this.end(EOF_GRACE_MS));
  }
  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  readonly #onError = (error: SystemError): void => {
    this.#error ??= error;
  };
  readonly #onFinish = (): void => {
    if (this.#socket.destroyed) return;
    this.#destroyAfter(LINGER_MS);
    this.#socket.resume();
  };
  #destroyAfter(delayMs: number): void {
    natives.clearTimeout(this.#timer);
    this.#timer = natives.setTimeout(() => this.#socket.destroy(), delayMs);
  }
  readonly #onClose = (): void => {
    this.#closing = true;
    natives.clearTimeout(this.#timer);
    const error = this.#error;
    if (error === undefined) this.#onGone("eof", "");
    else this.#onGone(error.syscall === "read" ? "readError" : "writeError", systemText(error));
  };
}
