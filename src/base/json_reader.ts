// Reads JSON from bytes, token by token, with the rules and the error texts
// of Go's encoding/json: what nats-server says about bad JSON, peers have seen.
//
// Owns: the place in the input, the first mismatch of types. Knows nothing of
// tables: json.ts asks it for strings, numbers and whole values. Skipping is a
// loop with a counter, so depth costs no stack.

/** Why JSON was refused, in Go's words. Returned by decode, thrown only within the codec. */
export class JsonError extends Error {
  override name = "JsonError";
  /** Of an error of syntax: how many bytes had been read, the wrong one included. */
  readonly offset: number | undefined;

  constructor(text: string, offset?: number) {
    super(text);
    this.offset = offset;
  }
  get text(): string {
    return this.message;
  }
}

/** How strict a reading is. */
export interface JsonRules {
  /** An unknown key is an error that names it; otherwise it is passed over. */
  readonly strict?: boolean;
  /** As Go's Decoder: only the first value is read, and running out of input is an `EOF`. */
  readonly stream?: boolean;
}

const MAX_DEPTH = 10_000;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What a value starts as; decides how it may be decoded. */
export type JsonStart = "string" | "number" | "bool" | "null" | "array" | "object";

/** One reading of one input, which is borrowed and not changed meanwhile. */
export class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #to: number;
  readonly #rules: JsonRules;
  #at: number;
  #depth: number;
  #mismatch: string | undefined;
  #refusal: string | undefined;
  /** Where the value being read is: the names of the fields that lead to it. */
  readonly path: string[];
  /** Go's name of the innermost record, for the text of a mismatch. */
  record: string;

  constructor(bytes: Uint8Array, from: number, to: number, rules: JsonRules) {
    this.#bytes = bytes;
    this.#begin = from;
    this.#at = from;
    this.#to = to;
    this.#rules = rules;
    this.#depth = 0;
    this.#mismatch = undefined;
    this.#refusal = undefined;
    this.path = [];
    this.record = "";
  }

  /** Whether anything but blanks is left. */
  hasNext(): boolean {
    this.#skipBlanks();
    return this.#at < this.#to;
  }

  /** Moves to the first byte of the next value and says what it will be. */
  start(): JsonStart {
    const c = this.#token();
    switch (c) {
      case QUOTE:
        return "string";
      case OPEN_OBJECT:
        return "object";
      case OPEN_LIST:
        return "array";
      case 0x74:
      case 0x66:
        return "bool";
      case 0x6e:
        return "null";
      default:
        if (c === MINUS || isDigit(c)) return "number";
        throw this.#unexpected("looking for beginning of value");
    }
  }

  /** Ends the reading: nothing but blanks may follow. Throws what was wrong. */
  finish(): void {
    if (this.#rules.stream !== true) {
      this.#skipBlanks();
      if (this.#at < this.#to) throw this.#unexpected("after top-level value");
    }
    const fault = this.#refusal ?? this.#mismatch;
    if (fault !== undefined) throw new JsonError(fault);
  }

  /** Notes that the value which starts here does not fit Go's `type`, and passes it. The first one is reported. */
  misfit(type: string): void {
    const start = this.start();
    this.skip();
    this.note(start, type);
  }

  /** Notes that `what` does not fit Go's `type`; the reading goes on, for a syntax error would matter more. */
  note(what: string, type: string): void {
    const place = this.path.length === 0 ? "value" : `struct field ${this.record}.${this.path.join(".")}`;
    this.#mismatch ??= `json: cannot unmarshal ${what} into Go ${place} of type ${type}`;
  }

  /** Notes the refusal of a value with a JSON form of its own. Go stops at the first, and forgets mismatches before it. */
  noteText(text: string): void {
    this.#refusal ??= text;
  }

  /** Passes an unknown key's value. */
  unknown(key: string): void {
    if (this.#rules.strict === true) this.#mismatch ??= `json: unknown field ${JSON.stringify(key)}`;
    this.skip();
  }

  /** Enters an object or a list. */
  open(): void {
    this.#at++;
    if (++this.#depth > MAX_DEPTH) throw new JsonError("exceeded max depth", this.#at - this.#begin);
  }

  /** The next key of the object that was opened, its colon passed; undefined at the object's end. */
  key(first: boolean): string | undefined {
    let c = this.#token();
    if (c === CLOSE_OBJECT && first) return this.#close();
    if (!first) {
      if (c === CLOSE_OBJECT) return this.#close();
      if (c !== COMMA) throw this.#unexpected("after object key:value pair");
      this.#at++;
      c = this.#token();
    }
    if (c !== QUOTE) throw this.#unexpected("looking for beginning of object key string");
    const key = this.string();
    if (this.#token() !== COLON) throw this.#unexpected("after object key");
    this.#at++;
    return key;
  }

  /** Whether the list that was opened has another element; its end is passed. */
  more(first: boolean): boolean {
    const c = this.#token();
    if (c === CLOSE_LIST) {
      this.#close();
      return false;
    }
    if (first) return true;
    if (c !== COMMA) throw this.#unexpected("after array element");
    this.#at++;
    return true;
  }

  /** The string that starts here. */
  string(): string {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    let plain = true;
    for (let at = from; at < this.#to; at++) {
      const c = bytes[at]!;
      if (c === QUOTE) {
        this.#at = at + 1;
        return plain ? latin1(bytes, from, at) : goText(bytes, from, at);
      }
      if (c === BACKSLASH) return this.#escapedString(from);
      if (c < 0x20) {
        this.#at = at;
        throw this.#unexpected("in string literal");
      }
      if (c > 0x7f) plain = false;
    }
    throw this.#ended();
  }

  /** The text of the number that starts here. */
  number(): string {
    const from = this.#at;
    this.#passNumber();
    return latin1(this.#bytes, from, this.#at);
  }

  /** The integer that starts here when it is plain and safe; undefined, without moving, when it is not. */
  smallInteger(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const from = at;
    let value = 0;
    while (at < this.#to && isDigit(bytes[at]!)) value = value * 10 + bytes[at++]! - ZERO;
    const digits = at - from;
    if (digits === 0 || digits > 15 || (digits > 1 && bytes[from] === ZERO)) return undefined;
    const next = at < this.#to ? bytes[at]! : 0;
    if (next === DOT || next === 0x65 || next === 0x45) return undefined;
    this.#at = at;
    return negative && value !== 0 ? -value : value;
  }

  /** The `true` or `false` that starts here. */
  bool(): boolean {
    const value = this.#bytes[this.#at] === 0x74;
    this.#word(value ? "true" : "false");
    return value;
  }

  null(): void {
    this.#word("null");
  }

  /** Passes the value that starts here, whatever it is, and returns its range in the input. */
  skip(): { readonly from: number; readonly to: number } {
    this.#skipBlanks();
    const from = this.#at;
    const kinds: boolean[] = []; // true: inside an object
    for (;;) {
      const start = this.start();
      let entered = false;
      if (start === "object" || start === "array") {
        this.open();
        kinds.push(start === "object");
        entered = true;
      } else this.#passScalar(start);
      for (;;) {
        if (kinds.length === 0) return { from, to: this.#at };
        const goesOn = kinds.at(-1) === true ? this.key(entered) !== undefined : this.more(entered);
        if (goesOn) break;
        kinds.pop();
        entered = false;
      }
    }
  }

  /** Bytes [from, to) of the input, owned. */
  copy(from: number, to: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, from, to);
  }

  #passScalar(start: JsonStart): void {
    if (start === "string") this.#passString();
    else if (start === "number") this.#passNumber();
    else if (start === "bool") this.bool();
    else this.null();
  }

  #passString(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    while (at < this.#to && bytes[at]! >= 0x20 && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
    if (at < this.#to && bytes[at] === QUOTE) this.#at = at + 1;
    else this.string();
  }

  #passNumber(): void {
    if (this.#bytes[this.#at] === MINUS) this.#at++;
    if (this.#peek() === ZERO) this.#at++;
    else this.#digits("in numeric literal");
    if (this.#at < this.#to && this.#bytes[this.#at] === DOT) {
      this.#at++;
      this.#digits("after decimal point in numeric literal");
    }
    if (this.#at < this.#to && (this.#bytes[this.#at]! | 0x20) === 0x65) {
      this.#at++;
      const sign = this.#peek();
      if (sign === MINUS || sign === 0x2b) this.#at++;
      this.#digits("in exponent of numeric literal");
    }
  }

  #digits(where: string): void {
    if (!isDigit(this.#peek())) throw this.#unexpected(where);
    while (this.#at < this.#to && isDigit(this.#bytes[this.#at]!)) this.#at++;
  }

  #word(word: string): void {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#peek() !== word.charCodeAt(i)) throw this.#unexpected(`in literal ${word} (expecting '${word[i]}')`);
    }
    this.#at++;
  }

  #escapedString(from: number): string {
    let text = "";
    let piece = from;
    let at = from;
    for (;;) {
      if (at >= this.#to) throw this.#ended();
      const c = this.#bytes[at]!;
      if (c >= 0x20 && c !== QUOTE && c !== BACKSLASH) {
        at++;
        continue;
      }
      this.#at = at;
      if (c < 0x20) throw this.#unexpected("in string literal");
      text += goText(this.#bytes, piece, at);
      if (c === QUOTE) break;
      text += this.#escape();
      piece = at = this.#at;
    }
    this.#at++;
    // A surrogate without its other half is what Go replaces, too.
    return text.replace(/\p{Surrogate}/gu, "\ufffd");
  }

  #escape(): string {
    this.#at++;
    const c = String.fromCharCode(this.#peek());
    if (c === "u") {
      let code = 0;
      for (let i = 0; i < 4; i++) {
        this.#at++;
        const digit = hexDigit(this.#peek());
        if (digit < 0) throw this.#unexpected("in \\u hexadecimal character escape");
        code = code * 16 + digit;
      }
      this.#at++;
      return String.fromCharCode(code);
    }
    const meant = escapes[c];
    if (meant === undefined) throw this.#unexpected("in string escape code");
    this.#at++;
    return meant;
  }

  #close(): undefined {
    this.#at++;
    this.#depth--;
  }

  #skipBlanks(): void {
    while (this.#at < this.#to) {
      const c = this.#bytes[this.#at]!;
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #token(): number {
    this.#skipBlanks();
    return this.#peek();
  }

  #peek(): number {
    if (this.#at >= this.#to) throw this.#ended();
    return this.#bytes[this.#at]!;
  }

  #ended(): JsonError {
    if (this.#rules.stream !== true) return new JsonError("unexpected end of JSON input");
    this.#at = this.#begin;
    this.#skipBlanks();
    return new JsonError(this.#at >= this.#to ? "EOF" : "unexpected EOF");
  }

  #unexpected(where: string): JsonError {
    const offset = this.#at + 1 - this.#begin;
    return new JsonError(`invalid character ${quotedByte(this.#bytes[this.#at]!)} ${where}`, offset);
  }
}

const escapes: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});

interface Slices {
  readonly latin1Slice: (this: Uint8Array, from: number, to: number) => string;
  readonly utf8Slice: (this: Uint8Array, from: number, to: number) => string;
}
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slices;

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return latin1Slice.call(bytes, from, to);
}

/** UTF-8 [from, to) as Go decodes it: each byte that is not part of a character becomes one U+FFFD. */
export function goText(bytes: Uint8Array, from: number, to: number): string {
  const text = utf8Slice.call(bytes, from, to);
  if (!text.includes("\ufffd")) return text;
  let exact = "";
  for (let at = from; at < to;) {
    const length = runeLength(bytes, at, to);
    exact += length === 0 ? "\ufffd" : utf8Slice.call(bytes, at, at + length);
    at += Math.max(length, 1);
  }
  return exact;
}

/** Bytes of the UTF-8 character that starts at `at`; 0 when none does. */
export function runeLength(bytes: Uint8Array, at: number, to: number): number {
  const c = bytes[at]!;
  if (c < 0x80) return 1;
  const length = c < 0xc2 || c > 0xf4 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > to) return 0;
  const second = bytes[at + 1]!;
  const low = c === 0xe0 ? 0xa0 : c === 0xf0 ? 0x90 : 0x80;
  const high = c === 0xed ? 0x9f : c === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= 0x39;
}

function hexDigit(c: number): number {
  if (isDigit(c)) return c - ZERO;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** A byte as Go quotes a character in single quotes. */
function quotedByte(c: number): string {
  const named: Readonly<Record<number, string>> = {
    0x07: "\\a",
    0x08: "\\b",
    0x09: "\\t",
    0x0a: "\\n",
    0x0b: "\\v",
    0x0c: "\\f",
    0x0d: "\\r",
    0x27: "\\'",
    0x5c: "\\\\",
  };
  const hex = c.toString(16);
  if (named[c] !== undefined) return `'${named[c]}'`;
  if (c < 0x20 || c === 0x7f) return `'\\x${hex.padStart(2, "0")}'`;
  if ((c >= 0x80 && c <= 0xa0) || c === 0xad) return `'\\u${hex.padStart(4, "0")}'`;
  return `'${String.fromCharCode(c)}'`;
}
