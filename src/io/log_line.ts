// How one line of the log looks, and the clock in it.
//
// Tools parse these lines: "[pid] 2026/11/21 02:48:22.758533 [INF] text".

import * as natives from "./natives.ts";
import { WallClock } from "./wall_clock.ts";

export type Level = "INF" | "WRN" | "ERR" | "FTL" | "DBG" | "TRC";

/** Where lines go. `write` never blocks for long and never throws. */
export interface LogSink {
  write(level: Level, text: string): void;
  /** Opens its file again, after somebody moved it; false when it is no file. Throws when it cannot. */
  reopen(): boolean;
  /** Resolves when what was written is out, or after a moment. */
  close(): Promise<void>;
}

/** A line as the sinks of text write it. */
export interface LineStyle {
  readonly pid: number;
  /** Date and time in front. */
  readonly time: boolean;
  readonly utc: boolean;
  readonly color: boolean;
}

const colors: Readonly<Record<Level, string>> = {
  INF: "32",
  DBG: "36",
  WRN: "0;93",
  ERR: "31",
  FTL: "31",
  TRC: "33",
};

export class LineFormat {
  readonly #style: LineStyle;
  readonly #clock = new LogClock();

  constructor(style: LineStyle) {
    this.#style = style;
  }

  /** The line without its end. */
  line(level: Level, text: string): string {
    const { pid, time, utc, color } = this.#style;
    const label = color ? `\x1b[${colors[level]}m${level}\x1b[0m` : level;
    return time ? `[${pid}] ${this.#clock.stamp(utc)} [${label}] ${text}` : `[${pid}] [${label}] ${text}`;
  }

  /** End of a backup's name, always in local time: "2026.11.21.04.43.56.375178177". */
  backupSuffix(): string {
    return this.#clock.suffix();
  }
}

/** The time in a log: local or UTC; the parts of a second come from the monotonic clock. */
export class LogClock {
  readonly #wall = new WallClock({ nowMs: natives.nowMs, dateMs: natives.dateMs, originMs: natives.originMs });
  #shownSec = -1;
  #shownUtc = false;
  #shown = "";

  /** "2026/11/21 02:48:22.758533". */
  stamp(utc: boolean): string {
    this.#wall.read();
    const micros = Math.floor(this.#wall.nanos / 1000);
    return `${this.#second(utc)}.${String(micros).padStart(6, "0")}`;
  }

  /** "2026/11/21 02:48:22". */
  second(utc: boolean): string {
    this.#wall.read();
    return this.#second(utc);
  }

  /** "2026.11.21.04.43.56.375178177", local. */
  suffix(): string {
    this.#wall.read();
    return `${this.#second(false).replace(/[/ :]/g, ".")}.${String(this.#wall.nanos).padStart(9, "0")}`;
  }

  /** What changes once a second is built once a second. */
  #second(utc: boolean): string {
    const sec = this.#wall.sec;
    if (sec !== this.#shownSec || utc !== this.#shownUtc) {
      this.#shown = secondText(new Date(sec * 1000), utc);
      this.#shownSec = sec;
      this.#shownUtc = utc;
    }
    return this.#shown;
  }
}

function secondText(at: Date, utc: boolean): string {
  const parts = utc
    ? [at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    : [at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];
  const [month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, "0"));
  return `${utc ? at.getUTCFullYear() : at.getFullYear()}/${month}/${day} ${hour}:${minute}:${second}`;
}
