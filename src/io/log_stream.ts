// The log on stderr.
//
// Launchers give a pipe and some stop reading it. So lines go through the
// stream, which never blocks, as long as little waits in it; then they are
// dropped and counted, and the count is the first line once somebody reads.

import { LineFormat, type Level, type LineStyle, type LogSink } from "./log_line.ts";

/** Most bytes that wait for a reader. */
const MOST_QUEUED_BYTES = 256 * 1024;

/** What is used of a writable stream. */
export interface LogStream {
  readonly writableLength: number;
  write(text: string): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Writes what it holds back, if it does that. */
  flush?(): void;
}

export class StreamSink implements LogSink {
  readonly #stream: LogStream;
  readonly #format: LineFormat;
  #dropped = 0;

  constructor(stream: LogStream, style: LineStyle) {
    this.#stream = stream;
    this.#format = new LineFormat(style);
    // A reader that is gone costs its log, not the server.
    stream.on("error", () => {});
  }

  /** Lines that nobody will see, since the last one that said so. */
  get dropped(): number {
    return this.#dropped;
  }

  write(level: Level, text: string): void {
    if (this.#stream.writableLength > MOST_QUEUED_BYTES) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      this.#put("WRN", `${dropped} log lines dropped, nobody was reading them`);
    }
    this.#put(level, text);
  }

  reopen(): boolean {
    return false;
  }

  close(): Promise<void> {
    this.#stream.flush?.();
    return Promise.resolve();
  }

  #put(level: Level, text: string): void {
    try {
      this.#stream.write(`${this.#format.line(level, text)}\n`);
    } catch {
      // stderr sent to a full disk throws here.
      this.#dropped++;
    }
  }
}
