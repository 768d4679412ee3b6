// The value of one header, as nats-server finds it: the key spelled exactly,
// at the start of a line, blanks around the value ignored.

import { byteStringOf } from "../base/bytes.ts";

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;

/** The first value of `key` in the header block bytes[from, to); undefined when it is not there. */
export function headerValue(bytes: Uint8Array, key: string, from = 0, to = bytes.length): string | undefined {
  for (let line = from; line < to;) {
    let end = line;
    while (end < to && bytes[end] !== LF) end++;
    if (isKey(bytes, line, end, key)) {
      let start = line + key.length + 1;
      let last = end;
      if (last > start && bytes[last - 1] === CR) last--;
      while (start < last && bytes[start] === SPACE) start++;
      while (last > start && bytes[last - 1] === SPACE) last--;
      return byteStringOf(bytes, start, last);
    }
    line = end + 1;
  }
  return undefined;
}

function isKey(bytes: Uint8Array, from: number, to: number, key: string): boolean {
  if (to - from <= key.length || bytes[from + key.length] !== COLON) return false;
  for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key.charCodeAt(i)) return false;
  return true;
}
