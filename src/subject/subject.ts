// Subjects and patterns: tokens separated by dots, `*` for one token, `>` for
// the rest. Knows nothing of who uses them. Works on byte strings.

import type { ByteString } from "../base/bytes.ts";

const DOT = ".";

/** Whether a SUB may name it: no empty token, nothing after a `>` token. Source: protocol facts §7. */
export function isValidSubject(subject: ByteString): boolean {
  let start = 0;
  let sawRest = false;
  for (;;) {
    const dot = subject.indexOf(DOT, start);
    const end = dot < 0 ? subject.length : dot;
    if (end === start || sawRest) return false;
    sawRest = end - start === 1 && subject[start] === ">";
    if (dot < 0) return true;
    start = dot + 1;
  }
}

/** Whether it is valid and has no wildcard token. */
export function isLiteral(subject: ByteString): boolean {
  return isValidSubject(subject) && !hasWildcard(subject);
}

/** As `isLiteral`, of bytes [from, to). */
export function isLiteralRange(source: Uint8Array, from: number, to: number): boolean {
  let start = from;
  for (let i = from; i <= to; i++) {
    if (i < to && source[i] !== 0x2e) continue;
    if (i === start) return false;
    if (i === start + 1 && (source[start] === 0x2a || source[start] === 0x3e)) return false;
    start = i + 1;
  }
  return true;
}

/** Whether some whole token is `*`, or the last one `>`. */
export function hasWildcard(subject: ByteString): boolean {
  for (let i = 0; i < subject.length; i++) {
    const char = subject[i];
    if (char !== "*" && char !== ">") continue;
    const starts = i === 0 || subject[i - 1] === DOT;
    if (!starts) continue;
    if (i + 1 === subject.length || (char === "*" && subject[i + 1] === DOT)) return true;
  }
  return false;
}

export function tokensOf(subject: ByteString): string[] {
  return subject.split(DOT);
}

export function countTokens(subject: ByteString): number {
  let count = 1;
  for (let at = subject.indexOf(DOT); at >= 0; at = subject.indexOf(DOT, at + 1)) count++;
  return count;
}

/** Whether `pattern` matches the literal subject; wildcard characters of `literal` are plain letters. */
export function subjectMatches(pattern: ByteString, literal: ByteString): boolean {
  const want = tokensOf(pattern);
  const have = tokensOf(literal);
  for (let i = 0; i < want.length; i++) {
    if (want[i] === ">" && i === want.length - 1) return have.length > i;
    if (i >= have.length || (want[i] !== "*" && want[i] !== have[i])) return false;
  }
  return want.length === have.length;
}

/** Whether every literal that `narrow` matches is matched by `wide` too. */
export function isSubset(narrow: ByteString, wide: ByteString): boolean {
  return isWithin(tokensOf(narrow), tokensOf(wide));
}

/** The same of many subjects: a long `wide` is taken apart once. */
export function subsetsOf(wide: ByteString): (narrow: ByteString) => boolean {
  const outer = tokensOf(wide);
  return (narrow) => isWithin(tokensOf(narrow), outer);
}

function isWithin(inner: readonly string[], outer: readonly string[]): boolean {
  for (let i = 0; i < outer.length; i++) {
    if (i >= inner.length) return false;
    if (outer[i] === ">" && i === outer.length - 1) return true;
    if (inner[i] === ">" && i === inner.length - 1) return false;
    if (outer[i] !== "*" && (outer[i] !== inner[i] || inner[i] === "*")) return false;
  }
  return inner.length === outer.length;
}

/** Whether some literal is matched by both patterns. */
export function collides(a: ByteString, b: ByteString): boolean {
  const left = tokensOf(a);
  const right = tokensOf(b);
  for (let i = 0; ; i++) {
    const x = left[i];
    const y = right[i];
    if (x === undefined || y === undefined) return x === y;
    if ((x === ">" && i === left.length - 1) || (y === ">" && i === right.length - 1)) return true;
    if (x !== y && x !== "*" && y !== "*") return false;
  }
}
