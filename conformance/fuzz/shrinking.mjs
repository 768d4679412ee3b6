// The shrinking of a script that shows a difference to a shorter one that still does.

/**
 * Drops one operation after the other, from the end, until every one left is needed.
 * @template T
 * @param {T[]} script
 * @param {(script: T[]) => Promise<boolean>} shows
 * @returns {Promise<T[]>}
 */
export async function shrink(script, shows) {
  let shortest = script;
  for (let dropped = true; dropped;) {
    dropped = false;
    for (let at = shortest.length - 1; at >= 0; at--) {
      const shorter = shortest.toSpliced(at, 1);
      if (shorter.length === 0 || !(await shows(shorter))) continue;
      shortest = shorter;
      dropped = true;
    }
  }
  return shortest;
}
