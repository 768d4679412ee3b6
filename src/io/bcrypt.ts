// Compares passwords with bcrypt hashes in a worker thread, away from the loop.
//
// Owns the worker, which starts with the first comparison; the questions that
// wait for it, at most `MOST_WAITING`; and the answers known from before, so
// that a thousand clients of one user cost one comparison. Answers are kept
// under a keyed hash of password and hash: no password stays in memory.
//
// The worker's program is embedded as text: it is found the same way in a
// bundle, in somebody else's bundle, and among the sources.

import { createHmac, randomBytes } from "node:crypto";
import type { Worker } from "node:worker_threads";
import { source } from "./bcrypt_worker.source.ts";
import type { Answer, Question } from "./bcrypt_worker.ts";

/** Comparisons waiting at a time, after which they are refused. At the usual cost about ten are done in a second. */
export const MOST_WAITING = 64;
/** Answers kept of each sort, the oldest forgotten first. Wrong passwords do not push out right ones. */
export const MOST_KNOWN = 1024;

/** `busy`: too many comparisons are waiting, or the worker is gone; nothing is known of this one. */
export type Compared = "equal" | "different" | "busy";

export interface PasswordHasher {
  /** At once where the answer is known from before. Never rejects. */
  compare(password: string, hash: string): Compared | Promise<Compared>;
  /** Ends the worker. What waits is `busy`, and so is all that comes later. */
  close(): Promise<void>;
}

export function openPasswordHasher(): PasswordHasher {
  return new BcryptHasher();
}

interface Waiting {
  readonly key: string;
  readonly answer: Promise<Compared>;
  readonly settle: (compared: Compared) => void;
}

class BcryptHasher implements PasswordHasher {
  readonly #secret = randomBytes(32);
  readonly #equal = new Set<string>();
  readonly #different = new Set<string>();
  readonly #byId = new Map<number, Waiting>();
  readonly #byKey = new Map<string, Waiting>();
  #worker: Worker | undefined = undefined;
  #lastId = 0;
  #isClosed = false;

  compare(password: string, hash: string): Compared | Promise<Compared> {
    const key = this.#keyOf(password, hash);
    if (this.#equal.has(key)) return "equal";
    if (this.#different.has(key)) return "different";
    const same = this.#byKey.get(key);
    if (same !== undefined) return same.answer;
    if (this.#isClosed || this.#byId.size >= MOST_WAITING) return "busy";
    return this.#ask(key, password, hash);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#onGone(worker);
    await worker?.terminate();
  }

  #ask(key: string, password: string, hash: string): Promise<Compared> {
    const worker = (this.#worker ??= this.#start());
    const { promise, settle } = pending();
    const waiting: Waiting = { key, answer: promise, settle };
    const question: Question = { id: ++this.#lastId, password, hash };
    this.#byId.set(question.id, waiting);
    this.#byKey.set(key, waiting);
    worker.ref();
    worker.postMessage(question);
    return promise;
  }

  #start(): Worker {
    // Of this process's environment and options it needs nothing.
    // Loaded with the first hash: a start without one has no use for it.
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const worker = new Worker(source, { eval: true, name: "bcrypt", env: {}, execArgv: [] });
    worker.on("message", (answer: Answer) => this.#onAnswer(answer));
    worker.on("error", () => this.#onGone(worker));
    worker.on("exit", () => this.#onGone(worker));
    return worker;
  }

  #onAnswer({ id, isEqual }: Answer): void {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return;
    this.#byId.delete(id);
    this.#byKey.delete(waiting.key);
    remember(isEqual ? this.#equal : this.#different, waiting.key);
    if (this.#byId.size === 0) this.#worker?.unref();
    waiting.settle(isEqual ? "equal" : "different");
  }

  #onGone(worker: Worker | undefined): void {
    if (worker === undefined || this.#worker !== worker) return;
    this.#worker = undefined;
    const waiting = [...this.#byId.values()];
    this.#byId.clear();
    this.#byKey.clear();
    for (const { settle } of waiting) settle("busy");
  }

  #keyOf(password: string, hash: string): string {
    return createHmac("sha256", this.#secret).update(hash).update("\0").update(password).digest("base64");
  }
}

function remember(known: Set<string>, key: string): void {
  known.add(key);
  if (known.size <= MOST_KNOWN) return;
  const [oldest] = known;
  known.delete(oldest!);
}

function pending(): { promise: Promise<Compared>; settle: (compared: Compared) => void } {
  let settle!: (compared: Compared) => void;
  const promise = new Promise<Compared>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}
