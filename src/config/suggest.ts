// "Did you mean …?" for a misspelt option.

/** A sentence naming the option that `given` was probably meant to be, undefined when none is near. */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  const word = given.toLowerCase();
  const limit = word.length <= 3 ? 1 : word.length <= 7 ? 2 : 3;
  let best: string | undefined;
  let least = limit + 1;
  for (const name of known) {
    const away = distance(word, name, least);
    if (away < least) [best, least] = [name, away];
  }
  return best === undefined ? undefined : `did you mean "${best}"?`;
}

/** Letters to insert, drop, replace or swap with their neighbour to get from `a` to `b`; `limit` or more counts as `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let above: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return Math.min(limit, above[b.length]!);
}
