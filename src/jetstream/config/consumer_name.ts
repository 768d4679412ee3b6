// The name of a consumer that nobody named: 8 letters and digits.

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 8;

/** A name that `isTaken` denies; `random` gives an integer in [0, below). */
export function randomConsumerName(random: (below: number) => number, isTaken: (name: string) => boolean): string {
  for (;;) {
    let name = "";
    for (let i = 0; i < LENGTH; i++) name += LETTERS[random(LETTERS.length)]!;
    if (!isTaken(name)) return name;
  }
}
