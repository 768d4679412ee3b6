// Tokens made to share a hash: found by trying, as a stranger would who wants one long chain.

import { expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { Sublist } from "../../src/subject/sublist.ts";

/** FNV-1a from its usual start. */
function usualHash(token: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193);
  return hash;
}

/** Five bytes behind `start` that take its hash to 0: the multiplication can be undone, so the last ones are solved for. */
function tokensOfOneHash(count: number): string[] {
  const inverse = 0x359c449b;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const text = (number: number, length: number): string =>
    Array.from({ length }, (_, i) => letters[(number >> (6 * i)) & 63]!).join("");
  const starts = new Map<number, string>();
  for (let i = 0; i < 1 << 17; i++) starts.set(usualHash(text(i, 3)), text(i, 3));
  const found: string[] = [];
  for (let i = 0; found.length < count; i++) {
    const end = text(i, 5);
    let hash = 0;
    for (let k = end.length - 1; k >= 0; k--) hash = Math.imul(hash, inverse) ^ end.charCodeAt(k);
    const start = starts.get(hash);
    if (start !== undefined) found.push(start + end);
  }
  return found;
}

test("a seed keeps them apart, and changes nothing else", () => {
  const tokens = tokensOfOneHash(40);
  expect(new Set(tokens).size).toBe(40);
  expect(new Set(tokens.map(usualHash)).size).toBe(1);
  const costs = [undefined, 1, 0x7fffffff, 2 ** 32 - 1].map((seed) => {
    const list = new Sublist<string>(seed);
    for (const token of tokens) list.insert(byteString(`a.${token}`), token);
    let most = 0;
    for (const token of tokens) {
      const subject = Buffer.from(`a.${token}`);
      const into: string[] = [];
      list.match(subject, 0, subject.length, into);
      expect(into).toEqual([token]);
      most = Math.max(most, list.visited);
    }
    for (const token of tokens) expect(list.remove(byteString(`a.${token}`), token)).toBe(true);
    expect(list.count).toBe(0);
    return most;
  });
  // Without a seed they are one chain.
  expect(costs.map((most) => most > 10)).toEqual([true, false, false, false]);
});
