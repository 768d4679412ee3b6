// Stored passwords and tokens, and how a given one is compared with them.
//
// Plain ones are compared by their hashes, in constant time. Bcrypt is slow on
// purpose and done elsewhere: see `PasswordHasher`.

import { createHash, timingSafeEqual } from "node:crypto";

/** `busy`: too many comparisons are waiting already; nothing is known of this one. */
export type Compared = "equal" | "different" | "busy";

/** Compares passwords with bcrypt hashes, off the loop. Implemented in `io/bcrypt.ts`. */
export interface PasswordHasher {
  /** At once where the answer is known from before. Never rejects. */
  compare(password: string, hash: string): Compared | Promise<Compared>;
}

const BCRYPT = /^\$2[abxy]\$\d{2}\$/;

/** Whether what the configuration says is a bcrypt hash rather than the password itself. */
export function isBcrypt(stored: string): boolean {
  return BCRYPT.test(stored);
}

export class Secret {
  readonly isHashed: boolean;
  readonly isEmpty: boolean;
  readonly #stored: string;
  readonly #digest: Buffer;

  constructor(stored: string) {
    this.isHashed = isBcrypt(stored);
    this.isEmpty = stored === "";
    this.#stored = stored;
    this.#digest = digest(stored);
  }

  /** Whether the configuration says the same again. */
  sameAs(other: Secret): boolean {
    return timingSafeEqual(this.#digest, other.#digest);
  }

  compare(given: string, hasher: PasswordHasher): Compared | Promise<Compared> {
    if (this.isHashed) return hasher.compare(given, this.#stored);
    return timingSafeEqual(digest(given), this.#digest) ? "equal" : "different";
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
