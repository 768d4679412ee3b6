// Header blocks rewritten on their way into a stream. Everything here copies:
// what needs it is rare.

import { byteString, bytesOf } from "../../base/bytes.ts";

const CR = 0x0d;
const VERSION = bytesOf(byteString("NATS/1.0"));
const NOTHING = new Uint8Array(0);
/** "NATS/1.0", two line ends: nothing in it. */
const EMPTY_LENGTH = VERSION.length + 4;

/** Whether the first line has more than the version: a status. */
export function hasStatus(bytes: Uint8Array, from: number, to: number): boolean {
  const end = from + VERSION.length;
  if (end >= to || bytes[end] === CR) return false;
  for (let i = 0; i < VERSION.length; i++) if (bytes[from + i] !== VERSION[i]) return false;
  return bytes.subarray(from, to).includes(CR);
}

/** The block without its status; empty when nothing is left. */
export function withoutStatus(block: Uint8Array): Uint8Array {
  const end = block.indexOf(CR);
  return unlessEmpty(Buffer.concat([block.subarray(0, VERSION.length), block.subarray(end)]));
}

/** The block without all lines of `key`; empty when nothing is left. */
export function withoutHeader(block: Uint8Array, key: string): Uint8Array {
  const prefix = `\r\n${key}:`;
  let rest = Buffer.from(block);
  for (let at = rest.indexOf(prefix); at >= 0; at = rest.indexOf(prefix)) {
    const end = rest.indexOf("\r\n", at + 2);
    if (end < 0) break;
    rest = Buffer.concat([rest.subarray(0, at), rest.subarray(end)]);
  }
  return unlessEmpty(rest);
}

/** The block with another value where bytes[from, to) of it are one. */
export function withValue(block: Uint8Array, from: number, to: number, value: string): Uint8Array {
  return Buffer.concat([block.subarray(0, from), Buffer.from(value, "latin1"), block.subarray(to)]);
}

function unlessEmpty(block: Uint8Array): Uint8Array {
  return block.length <= EMPTY_LENGTH ? NOTHING : block;
}
