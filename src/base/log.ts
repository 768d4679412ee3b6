// Where a server writes what an operator should read.
//
// The texts are part of the drop-in contract: tools parse them. The sink
// (stderr, file, syslog) adds time, pid and level, and never blocks.

/** A log with levels. `debugOn` and `traceOn` spare building a text nobody reads. */
export interface Log {
  readonly debugOn: boolean;
  readonly traceOn: boolean;
  notice(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  fatal(text: string): void;
  debug(text: string): void;
  trace(text: string): void;
}

const ignore = (): void => {};

/** The log of an embedded server that was not asked to speak. */
export const silentLog: Log = {
  debugOn: false,
  traceOn: false,
  notice: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  debug: ignore,
  trace: ignore,
};
