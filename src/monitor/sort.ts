// Sorting that gives the loop back now and then: 100,000 connections by a key.

/** Element moves between two yields. */
const MOVES = 32_768;

/** The indexes of `keys` by ascending key, equal ones in their order. */
export function* sortedIndexes(keys: Float64Array): Generator<undefined, Uint32Array> {
  const count = keys.length;
  let from = new Uint32Array(count);
  let to = new Uint32Array(count);
  for (let i = 0; i < count; i++) from[i] = i;
  let moves = 0;
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(start + width, count);
      const end = Math.min(start + 2 * width, count);
      let a = start;
      let b = middle;
      for (let out = start; out < end; out++) {
        const left = a < middle && (b >= end || keys[from[a]!]! <= keys[from[b]!]!);
        to[out] = from[left ? a++ : b++]!;
        if (++moves >= MOVES) {
          moves = 0;
          yield;
        }
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
