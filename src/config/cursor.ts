// A place in a configuration text.
//
// Owns: where the lexer is, which line that is, and where the current item
// began. Knows nothing of the language.

import { ConfigError } from "./problems.ts";

export type ItemKind =
  | "key"
  | "string"
  | "int"
  | "float"
  | "bool"
  | "datetime"
  | "variable"
  | "include"
  | "mapStart"
  | "mapEnd"
  | "arrayStart"
  | "arrayEnd"
  | "end";

export interface Item {
  readonly kind: ItemKind;
  /** Without quotes, escapes resolved. */
  readonly text: string;
  readonly line: number;
  readonly col: number;
}

/** What is read past the end. A NUL in the text reads the same, as it does for nats-server. */
export const END = "\0";

export function isBlank(c: string): boolean {
  return c === " " || c === "\t";
}
export function isNewline(c: string): boolean {
  return c === "\n" || c === "\r";
}
/** Any white space of Unicode, newlines included. */
export function isSpace(c: string): boolean {
  return c === " " || c === "\t" || isNewline(c) || (c !== "\ufeff" && /^[\s\u0085]$/.test(c));
}
/** A digit of any script. */
export function isDigit(c: string): boolean {
  return (c >= "0" && c <= "9") || (c > "\u007f" && /^\p{Nd}$/u.test(c));
}

export class Cursor {
  readonly #text: string;
  #pos = 0;
  /** Where the last character began. */
  #before = 0;
  #line = 1;
  #start = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes a character; END past the end. */
  next(): string {
    this.#before = this.#pos;
    const code = this.#text.codePointAt(this.#pos);
    if (code === undefined) return END;
    const c = String.fromCodePoint(code);
    this.#pos += c.length;
    if (c === "\n") this.#line++;
    return c;
  }
  /** Gives the last character back; not twice in a row. */
  back(): void {
    if (this.#pos !== this.#before && this.#text[this.#before] === "\n") this.#line--;
    this.#pos = this.#before;
  }
  /** Takes two characters; the last two of the text when there are no two left. Not to be followed by `back`. */
  nextTwo(): string {
    this.next();
    this.next();
    return this.#text.slice(Math.max(0, this.#pos - 2), this.#pos);
  }
  peek(): string {
    const c = this.next();
    this.back();
    return c;
  }
  /** True when nothing is left. */
  atEnd(): boolean {
    return this.#pos >= this.#text.length;
  }
  /** Begins an item here. */
  mark(): void {
    this.#start = this.#pos;
  }
  /** Text since the mark. */
  taken(): string {
    return this.#text.slice(this.#start, this.#pos);
  }
  /** Bytes since the mark. */
  takenBytes(): number {
    return Buffer.byteLength(this.taken());
  }
  item(kind: ItemKind, text: string): Item {
    const newline = this.#start === 0 ? -1 : this.#text.lastIndexOf("\n", this.#start - 1);
    const col = Buffer.byteLength(this.#text.slice(Math.max(0, newline), this.#start));
    return { kind, text, line: this.#line, col };
  }
  error(text: string): ConfigError {
    return new ConfigError(`Parse error on line ${this.#line}: '${text}'`);
  }
}

/** A character as errors show it. */
export function shown(c: string): string {
  return c === "\n" ? "\\n" : c;
}
