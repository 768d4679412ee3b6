// The short names nats-server gives accounts and servers: 8 letters and digits.

import { createHash } from "node:crypto";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 8;

/** The short name of `name`. */
export function shortHash(name: string): string {
  const hash = createHash("sha256").update(name, "utf8").digest();
  return Array.from(hash.subarray(0, LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join("");
}
