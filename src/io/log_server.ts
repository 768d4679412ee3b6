// The log of the command: levels in front of one sink.
//
// Picks the sink as nats-server does: a file, else a remote syslog, else the
// local one, else stderr. Levels that are off cost a look at a flag.

import { isatty } from "node:tty";
import type { Log } from "../base/log.ts";
import { FileSink } from "./log_file.ts";
import type { LineStyle, LogSink } from "./log_line.ts";
import { LateStream } from "./log_late.ts";
import { StreamSink } from "./log_stream.ts";

/** Standard error's file descriptor. */
const STDERR = 2;

/** What the configuration says of the log. */
export interface LogSettings {
  readonly debug: boolean;
  readonly trace: boolean;
  readonly logtime: boolean;
  readonly logtimeUtc: boolean;
  readonly file: string | undefined;
  readonly fileSizeLimit: number;
  readonly fileMaxNum: number;
  readonly syslog: boolean;
  readonly remoteSyslog: string | undefined;
}

export class ServerLog implements Log {
  #sink: LogSink;
  #debugOn: boolean;
  #traceOn: boolean;

  constructor(sink: LogSink, levels: { readonly debug: boolean; readonly trace: boolean }) {
    this.#sink = sink;
    this.#debugOn = levels.debug;
    this.#traceOn = levels.trace;
  }

  get debugOn(): boolean {
    return this.#debugOn;
  }
  get traceOn(): boolean {
    return this.#traceOn;
  }
  notice(text: string): void {
    this.#sink.write("INF", text);
  }
  warn(text: string): void {
    this.#sink.write("WRN", text);
  }
  error(text: string): void {
    this.#sink.write("ERR", text);
  }
  fatal(text: string): void {
    this.#sink.write("FTL", text);
  }
  debug(text: string): void {
    if (this.#debugOn) this.#sink.write("DBG", text);
  }
  trace(text: string): void {
    if (this.#traceOn) this.#sink.write("TRC", text);
  }

  /** Opens the log file again, for SIGUSR1. Says what came of it. */
  reopen(): void {
    try {
      this.notice(this.#sink.reopen() ? "File log re-opened" : "File log re-open ignored, not a file logger");
    } catch (error) {
      this.error(`File log not re-opened: ${(error as Error).message}`);
    }
  }

  /** Changes levels and sink while running; the old sink is closed. */
  async replace(sink: LogSink, levels: { readonly debug: boolean; readonly trace: boolean }): Promise<void> {
    const old = this.#sink;
    this.#sink = sink;
    this.#debugOn = levels.debug;
    this.#traceOn = levels.trace;
    await old.close();
  }

  /** Resolves when what was logged is out, or after a moment. */
  close(): Promise<void> {
    return this.#sink.close();
  }
}

/** Opens the log. Rejects with the text nats-server prints before it exits. */
export async function openServerLog(settings: LogSettings): Promise<ServerLog> {
  return new ServerLog(await openSink(settings), settings);
}

/** Opens the sink that `settings` name. */
export async function openSink(settings: LogSettings): Promise<LogSink> {
  const style: LineStyle = { pid: process.pid, time: settings.logtime, utc: settings.logtimeUtc, color: false };
  const { file, remoteSyslog } = settings;
  if (file !== undefined && file !== "") {
    return new FileSink({ path: file, sizeLimit: settings.fileSizeLimit, maxNum: settings.fileMaxNum }, style);
  }
  if (remoteSyslog !== undefined && remoteSyslog !== "") {
    const { openRemoteSyslog } = await import("./log_syslog.ts");
    return openRemoteSyslog(remoteSyslog, process.pid);
  }
  if (settings.syslog) {
    const { openLocalSyslog } = await import("./log_syslog.ts");
    return openLocalSyslog(process.pid);
  }
  return new StreamSink(new LateStream(() => process.stderr), { ...style, color: isatty(STDERR) });
}
