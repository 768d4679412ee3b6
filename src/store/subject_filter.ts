// Which subjects are asked for: any of some patterns, ready to be compared with bytes.

import { bytesOf, type ByteString } from "../base/bytes.ts";
import { hasWildcard } from "../subject/subject.ts";

const DOT = 0x2e;
const STAR = 0x2a;
const REST = 0x3e;

export class SubjectFilter {
  readonly patterns: readonly ByteString[];
  /** Whether it matches every subject. */
  readonly all: boolean;
  /** The only subject it matches, when there is just one. */
  readonly literal: Uint8Array | undefined;
  readonly #bytes: readonly Uint8Array[];

  /** Of valid patterns; none means all subjects. */
  constructor(patterns: readonly ByteString[]) {
    this.patterns = patterns;
    this.all = patterns.length === 0 || patterns.includes(">" as ByteString);
    this.#bytes = patterns.map((pattern) => Uint8Array.from(bytesOf(pattern)));
    this.literal = patterns.length === 1 && !hasWildcard(patterns[0]!) ? this.#bytes[0] : undefined;
  }

  /** Whether the literal subject bytes[from, to) matches. */
  matches(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.all) return true;
    for (let i = 0; i < this.#bytes.length; i++) if (patternMatches(this.#bytes[i]!, bytes, from, to)) return true;
    return false;
  }

  /** For each pattern, the bytes every match of it starts with. */
  prefixes(): Uint8Array[] {
    if (this.all) return [new Uint8Array(0)];
    return this.#bytes.map((pattern) => pattern.subarray(0, literalPrefix(pattern)));
  }
}

/** Every subject. */
export const ALL_SUBJECTS = new SubjectFilter([]);

/** Whether `pattern` matches the literal subject bytes[from, to). */
export function patternMatches(pattern: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const end = pattern.length;
  let at = from;
  for (let p = 0; p < end;) {
    const byte = pattern[p]!;
    const atToken = p === 0 || pattern[p - 1] === DOT;
    if (atToken && byte === REST && p + 1 === end) return at < to;
    if (atToken && byte === STAR && (p + 1 === end || pattern[p + 1] === DOT)) {
      const start = at;
      while (at < to && bytes[at] !== DOT) at++;
      if (at === start) return false;
      p++;
      continue;
    }
    if (at === to || bytes[at] !== byte) return false;
    at++;
    p++;
  }
  return at === to;
}

function literalPrefix(pattern: Uint8Array): number {
  for (let i = 0; i < pattern.length; i++) {
    const byte = pattern[i]!;
    if (byte !== STAR && byte !== REST) continue;
    if (i > 0 && pattern[i - 1] !== DOT) continue;
    if (i + 1 === pattern.length || (byte === STAR && pattern[i + 1] === DOT)) return i;
  }
  return pattern.length;
}
