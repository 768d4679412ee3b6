// Writes JSON text as Go's encoding/json does: its escapes, its numbers, its
// indentation.
//
// Owns: the text written so far and how many items it took. Knows nothing of
// tables: json.ts walks the value.

import { assert } from "./assert.ts";
import { type ByteString, bytesOf } from "./bytes.ts";
import { goText, runeLength } from "./json_reader.ts";

/** Text being written; with an indent as MarshalIndent does, else compact. */
export class JsonWriter {
  readonly #indent: string;
  #text: string;
  #line: string;
  #items: number;

  constructor(indent: string) {
    this.#indent = indent;
    this.#text = "";
    this.#line = "\n";
    this.#items = 0;
  }

  /** Items written since the last `take`: the measure of work. */
  get items(): number {
    return this.#items;
  }
  /** Characters written since the last `take`. */
  get length(): number {
    return this.#text.length;
  }
  /** The text so far, given away. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    this.#items = 0;
    return text;
  }

  put(text: string): void {
    this.#text += text;
  }
  open(bracket: "{" | "["): void {
    this.#text += bracket;
    this.#line += this.#indent;
  }
  /** Before each element; `first` of its list or object. */
  element(first: boolean): void {
    this.#items++;
    if (!first) this.#text += ",";
    if (this.#indent !== "") this.#text += this.#line;
  }
  /** Before each member: element and key. `quotedKey` ends in a colon. */
  member(first: boolean, quotedKey: string): void {
    this.element(first);
    this.#text += this.#indent === "" ? quotedKey : `${quotedKey} `;
  }
  close(bracket: "}" | "]", empty: boolean): void {
    if (this.#indent !== "") {
      this.#line = this.#line.slice(0, this.#line.length - this.#indent.length);
      if (!empty) this.#text += this.#line;
    }
    this.#text += bracket;
  }
}

const special = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;
const specials = /["\\<>&\u0000-\u001f\u2028\u2029]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string with its quotes. Half a surrogate pair, which has no UTF-8, is written `\ufffd`. */
export function quoted(text: string): string {
  if (!special.test(text)) return `"${text}"`;
  return `"${text.replace(specials, escaped)}"`;
}

function escaped(found: string): string {
  if (found.length === 2) return found;
  const code = found.charCodeAt(0);
  if (code >= 0xd800 && code <= 0xdfff) return "\\ufffd";
  return shortEscapes[found] ?? `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Bytes as a JSON string: each byte that is not UTF-8 is written `\ufffd`. */
export function quotedBytes(text: ByteString): string {
  let ascii = true;
  for (let i = 0; i < text.length && ascii; i++) ascii = text.charCodeAt(i) < 0x80;
  if (ascii) return quoted(text);
  const bytes = bytesOf(text);
  let inner = "";
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = runeLength(bytes, at, bytes.length);
    if (length === 0) {
      inner += `${quoted(goText(bytes, from, at)).slice(1, -1)}\\ufffd`;
      from = at + 1;
    }
    at += Math.max(length, 1);
  }
  return `"${inner}${quoted(goText(bytes, from, bytes.length)).slice(1, -1)}"`;
}

/** An integer, exact also beyond 2^53. */
export function integerText(value: number): string {
  assert(Number.isInteger(value), "an integer field holds an integer");
  return Number.isSafeInteger(value) ? (value === 0 ? "0" : String(value)) : BigInt(value).toString();
}

/** A float in Go's shortest form, which is JavaScript's but for minus zero. */
export function floatText(value: number): string {
  assert(Number.isFinite(value), "a float field is finite");
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Compares texts by their UTF-8 bytes: the order of keys in a Go map. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // UTF-16 sorts surrogates below U+E000, UTF-8 above.
    const fixX = x >= 0xe000 ? x - 0x2000 : x >= 0xd800 ? x + 0x2000 : x;
    const fixY = y >= 0xe000 ? y - 0x2000 : y >= 0xd800 ? y + 0x2000 : y;
    return fixX - fixY;
  }
  return a.length - b.length;
}
