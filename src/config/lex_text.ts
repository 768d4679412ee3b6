// Values that are texts: quoted in two ways, in parentheses, or bare; and what
// a bare text can also be, a boolean or a variable.

import type { Cursor, Item } from "./cursor.ts";
import { END, isBlank, isNewline, shown } from "./cursor.ts";

const words: ReadonlySet<string> = new Set(["true", "false", "on", "off", "yes", "no"]);
const escapes: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", '"': '"', "\\": "\\" };

/** 'raw', over as many lines as it likes; the opening quote is taken. */
export function lexSingleQuoted(at: Cursor): Item {
  at.mark();
  while (at.peek() !== "'") {
    if (at.next() === END) throw at.error("Unexpected EOF.");
  }
  const item = at.item("string", at.taken());
  at.next();
  return item;
}

/** "with escapes"; the opening quote is taken. */
export function lexDoubleQuoted(at: Cursor): Item {
  at.mark();
  const text = new Unescaped();
  for (;;) {
    const c = at.next();
    if (c === END) throw at.error("Unexpected EOF.");
    if (c === '"') return at.item("string", text.toString());
    if (c === "\\") escape(at, text);
    else text.add(c);
  }
}

/** From "(" to a line that is ")" and nothing else. Both line breaks belong to the text. */
export function lexParenthesised(at: Cursor): Item {
  at.mark();
  for (;;) {
    const c = at.next();
    if (c === END) throw at.error("Unexpected EOF processing block.");
    if (c !== "\n" || at.peek() !== ")") continue;
    const item = at.item("string", at.taken());
    at.next();
    // At the very end of a file nats-server counts the parenthesis to the text.
    if (at.atEnd()) return at.item("string", at.taken());
    if (at.peek() === "\n") return item;
  }
}

/** Rest of a value without quotes; what is taken since the mark belongs to it as it stands. */
export function lexBare(at: Cursor): Item {
  const text = new Unescaped();
  text.add(at.taken());
  // Whatever was escaped, quoted or begun like a number is a text and nothing else.
  let plain = at.taken() !== "";
  for (;;) {
    const c = at.next();
    if (c === "\\") {
      plain = true;
      escape(at, text);
      continue;
    }
    if (isNewline(c) || isBlank(c) || c === END || c === "," || c === ";" || c === "}" || c === "]") {
      at.back();
      break;
    }
    if (c === "'") {
      plain = true;
      break;
    }
    text.add(c);
  }
  const value = text.toString();
  if (plain) return at.item("string", value);
  if (words.has(value.toLowerCase())) return at.item("bool", value);
  if (!value.startsWith("$") || isBcrypt(value)) return at.item("string", value);
  return at.item("variable", value.slice(1));
}

/** A password hash, whose dollar sign asks for no variable. */
function isBcrypt(value: string): boolean {
  return value.startsWith("$2a$");
}

/** Takes what follows a backslash. */
function escape(at: Cursor, text: Unescaped): void {
  const c = at.next();
  if (c === "x") {
    const two = at.nextTwo();
    if (/[\r\n]/.test(two)) throw at.error("Expected two hexadecimal digits after '\\x', but hit end of line");
    if (!/^[0-9a-f]{2}$/i.test(two)) {
      throw at.error(`Expected two hexadecimal digits after '\\x', but got '${two}'`);
    }
    text.addByte(Number.parseInt(two, 16));
    return;
  }
  const plain = Object.hasOwn(escapes, c) ? escapes[c] : undefined;
  if (plain === undefined) {
    throw at.error(
      `Invalid escape character '${shown(c)}'. Only the following escape characters are allowed: \\xXX, \\t, \\n, \\r, \\", \\\\.`,
    );
  }
  text.add(plain);
}

/** A text put together from characters and from bytes given as \xXX. */
class Unescaped {
  #text = "";
  #bytes: Buffer[] = [];

  add(text: string): void {
    this.#text += text;
  }
  addByte(byte: number): void {
    this.#bytes.push(Buffer.from(this.#text), Buffer.of(byte));
    this.#text = "";
  }
  toString(): string {
    return this.#bytes.length === 0 ? this.#text : decode(Buffer.concat([...this.#bytes, Buffer.from(this.#text)]));
  }
}

/** Text of bytes; one that is no part of a character becomes a lone surrogate, which the digest needs to know. */
function decode(bytes: Buffer): string {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const length = [1, 2, 3, 4].find((n) => {
      try {
        return utf8.decode(bytes.subarray(i, i + n)) !== "";
      } catch {
        return false;
      }
    });
    text += length === undefined ? String.fromCharCode(0xdc00 + bytes[i]!) : utf8.decode(bytes.subarray(i, i + length));
    i += length ?? 1;
  }
  return text;
}
