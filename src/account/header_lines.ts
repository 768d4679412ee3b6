// Lines of a message's headers, found by name in the bytes.

/** The service is told in it who asks. */
export const REQUEST_INFO = Buffer.from("Nats-Request-Info:");

const LF = 0x0a;
const COLON = 0x3a;

/**
 * Bytes of all lines of this name in source[from, to), line ends included. The name ends in a colon. Its case is passed
 * over, and blanks behind it: there are readers that do so, and they would believe what a sender wrote.
 */
export function headerLineLengths(source: Uint8Array, from: number, to: number, name: Uint8Array): number {
  let length = 0;
  for (let at = nextLine(source, from, to, name); at >= 0; at = nextLine(source, at, to, name)) {
    const end = lineEnd(source, at, to);
    length += end - at;
    at = end - 1;
  }
  return length;
}

/** Copies source[from, to) without the lines of this name; where the copy ends. */
export function withoutHeaderLines(
  source: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array,
  into: Uint8Array,
  at: number,
): number {
  let start = from;
  let next = at;
  for (let found = nextLine(source, from, to, name); found >= 0; found = nextLine(source, start - 1, to, name)) {
    into.set(source.subarray(start, found), next);
    next += found - start;
    start = lineEnd(source, found, to);
  }
  into.set(source.subarray(start, to), next);
  return next + to - start;
}

/** Where a line of this name begins, behind a line end at or after `from`; −1 without one. */
function nextLine(source: Uint8Array, from: number, to: number, name: Uint8Array): number {
  const last = to - name.length;
  for (let at = source.indexOf(LF, from); at >= 0 && at < last; at = source.indexOf(LF, at + 1)) {
    if (isNamed(source, at + 1, to, name)) return at + 1;
  }
  return -1;
}

function isNamed(source: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  let at = from;
  for (let i = 0; i < name.length - 1; i++, at++) if (lower(source[at]!) !== lower(name[i]!)) return false;
  while (at < to && (source[at] === 0x20 || source[at] === 0x09)) at++;
  return at < to && source[at] === COLON;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function lineEnd(source: Uint8Array, from: number, to: number): number {
  const end = source.indexOf(LF, from);
  return end < 0 || end >= to ? to : end + 1;
}
