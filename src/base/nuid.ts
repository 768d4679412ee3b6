// Unique ids of 22 characters, as advisories carry them.

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 22;

/** A new id; `random` gives an integer in [0, below). */
export function nuid(random: (below: number) => number): string {
  let id = "";
  for (let i = 0; i < LENGTH; i++) id += LETTERS[random(LETTERS.length)]!;
  return id;
}
