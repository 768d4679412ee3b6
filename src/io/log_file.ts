// The log in a file: appended to, turned over when it is large, opened again
// when somebody moved it.
//
// Owns the file descriptor. Lines are written at once, so that a crash loses
// none; what is no regular file (a pipe, /dev/stdout) is opened not to block.

import { closeSync, constants, fstatSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LineFormat, type Level, type LineStyle, type LogSink } from "./log_line.ts";
import { pathText } from "./system_path.ts";

const FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;
const MODE = 0o640;
const backupSuffix = /^\.\d{4}(?:\.\d{2}){5}\.\d{9}$/;

export interface LogFileOptions {
  readonly path: string;
  /** A line that makes the file larger than this turns it over; 0 never does. */
  readonly sizeLimit: number;
  /** Files kept, the current one included; 0 keeps all. */
  readonly maxNum: number;
}

export class FileSink implements LogSink {
  readonly #options: LogFileOptions;
  readonly #format: LineFormat;
  #fd: number;
  #size: number;
  /** Grows when turning over failed, so that it is not tried with every line. */
  #limit: number;
  #dropped = 0;

  /** Throws an Error with Go's text when the file cannot be opened. */
  constructor(options: LogFileOptions, style: LineStyle) {
    this.#options = options;
    this.#format = new LineFormat(style);
    this.#fd = openLog(options.path);
    this.#size = sizeOf(this.#fd);
    this.#limit = options.sizeLimit;
  }

  /** Lines that could not be written, since the last one that could. */
  get dropped(): number {
    return this.#dropped;
  }

  write(level: Level, text: string): void {
    this.#put(`${this.#format.line(level, text)}\n`);
    if (this.#limit > 0 && this.#size > this.#limit) this.#turnOver();
  }

  reopen(): boolean {
    const fd = openLog(this.#options.path);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#size = sizeOf(fd);
    return true;
  }

  close(): Promise<void> {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    return Promise.resolve();
  }

  #put(line: string): void {
    if (this.#fd < 0) return;
    try {
      this.#size += writeSync(this.#fd, line);
    } catch {
      // A full disk or a pipe that nobody reads.
      this.#dropped++;
      return;
    }
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#put(`${this.#format.line("WRN", `${dropped} log lines dropped, the log could not be written`)}\n`);
  }

  #turnOver(): void {
    const { path } = this.#options;
    const backup = `${path}.${this.#format.backupSuffix()}`;
    try {
      renameSync(path, backup);
      this.reopen();
    } catch (error) {
      this.#limit += this.#options.sizeLimit;
      this.#put(`${this.#format.line("ERR", `Unable to rotate log: ${pathText(error as Error, path)}`)}\n`);
      return;
    }
    this.#limit = this.#options.sizeLimit;
    this.#putNotice(`Rotated log, backup saved as "${backup}"`);
    if (this.#options.maxNum > 0) this.#purge();
  }

  /** Removes the oldest backups; their names sort by age. */
  #purge(): void {
    const folder = dirname(this.#options.path);
    const base = basename(this.#options.path);
    try {
      const backups = readdirSync(folder)
        .filter((name) => name.startsWith(base) && backupSuffix.test(name.slice(base.length)))
        .sort();
      for (const name of backups.slice(0, Math.max(0, backups.length - (this.#options.maxNum - 1)))) {
        rmSync(join(folder, name));
        this.#putNotice(`Purged log file "${name}"`);
      }
    } catch (error) {
      this.#put(`${this.#format.line("ERR", `Unable to purge log files: ${pathText(error as Error, folder)}`)}\n`);
    }
  }

  /** nats-server ends these two kinds of line as on Windows. */
  #putNotice(text: string): void {
    this.#put(`${this.#format.line("INF", text)}\r\n`);
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, FLAGS, MODE);
  } catch (error) {
    throw new Error(`error opening file: ${pathText(error as Error, path)}`, { cause: error });
  }
}

function sizeOf(fd: number): number {
  const stat = fstatSync(fd);
  return stat.isFile() ? stat.size : 0;
}
