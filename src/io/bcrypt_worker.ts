// What runs in the worker of bcrypt.ts. Not part of the bundle as such: it is
// embedded as text in bcrypt_worker.source.ts, which test/io/bcrypt_worker.test.ts makes.

import bcrypt from "bcryptjs";
import { parentPort } from "node:worker_threads";

export interface Question {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}
export interface Answer {
  readonly id: number;
  readonly isEqual: boolean;
}

parentPort?.on("message", ({ id, password, hash }: Question) => {
  const answer: Answer = { id, isEqual: isEqual(password, hash) };
  parentPort?.postMessage(answer);
});

function isEqual(password: string, hash: string): boolean {
  try {
    // bcryptjs does not know the minor version x; the numbers are the same.
    return bcrypt.compareSync(password, hash.replace(/^\$2x\$/, "$2b$"));
  } catch {
    return false;
  }
}
