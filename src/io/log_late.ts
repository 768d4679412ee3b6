// Standard error, opened when the first turn is over.
//
// Opening it takes milliseconds that a starting server has better use for; its
// first lines wait here until then, a handful of them.

import type { LogStream } from "./log_stream.ts";
import * as natives from "./natives.ts";

export class LateStream implements LogStream {
  readonly #open: () => LogStream;
  readonly #onError: ((error: Error) => void)[] = [];
  #stream: LogStream | undefined = undefined;
  #waiting = "";
  #isArmed = false;

  constructor(open: () => LogStream) {
    this.#open = open;
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? this.#waiting.length;
  }

  write(text: string): boolean {
    if (this.#stream !== undefined) return this.#stream.write(text);
    this.#waiting += text;
    if (!this.#isArmed) {
      this.#isArmed = true;
      natives.setImmediate(() => this.flush());
    }
    return true;
  }

  on(_event: "error", listener: (error: Error) => void): void {
    if (this.#stream === undefined) this.#onError.push(listener);
    else this.#stream.on("error", listener);
  }

  /** Writes what waits, opening the stream for it. */
  flush(): void {
    if (this.#stream !== undefined) return;
    const stream = this.#open();
    for (const listener of this.#onError) stream.on("error", listener);
    this.#stream = stream;
    if (this.#waiting !== "") stream.write(this.#waiting);
    this.#waiting = "";
  }
}
