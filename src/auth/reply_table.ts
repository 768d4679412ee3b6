// The replies a connection has seen and may still answer: the table behind
// `allow_responses`.
//
// Owns the counts and times. Bounded: past `MOST_REPLIES`, or `MOST_BYTES` of
// them, the oldest is forgotten, and answering it is a violation.

import { assert } from "../base/assert.ts";
import type { ByteString } from "../base/bytes.ts";
import type { Env } from "../base/world.ts";
import type { ResponseRule } from "./permission_rules.ts";

const PRUNE_ABOVE = 4096;
const PRUNE_EVERY_MS = 1000;
export const MOST_REPLIES = 1 << 18;
/** Of all replies together; ordinary inboxes are of 50 bytes. */
export const MOST_BYTES = 16 << 20;

interface Seen {
  answers: number;
  readonly atMs: number;
}

export class ReplyTable {
  readonly #env: Env;
  readonly #rule: ResponseRule;
  readonly #most: number;
  /** Oldest first. */
  readonly #seen = new Map<ByteString, Seen>();
  #bytes = 0;
  #prunedAtMs: number;

  constructor(env: Env, rule: ResponseRule, most = MOST_REPLIES) {
    this.#env = env;
    this.#rule = rule;
    this.#most = most;
    this.#prunedAtMs = wallMs(env);
  }

  get count(): number {
    return this.#seen.size;
  }

  /** A message with this reply is being delivered: its count and time begin anew. */
  add(reply: ByteString): void {
    const nowMs = wallMs(this.#env);
    this.#forget(reply);
    this.#seen.set(reply, { answers: 0, atMs: nowMs });
    this.#bytes += reply.length;
    if (
      this.#bytes > MOST_BYTES ||
      this.#seen.size > PRUNE_ABOVE ||
      Math.abs(nowMs - this.#prunedAtMs) >= PRUNE_EVERY_MS
    )
      this.#prune(nowMs);
    assert(this.#seen.size <= this.#most, "the table of replies is bounded");
  }

  /** Counts an answer; false when there may be none (any more). */
  use(reply: ByteString): boolean {
    const seen = this.#seen.get(reply);
    if (seen === undefined) return false;
    if (this.#isExpired(seen, wallMs(this.#env))) {
      this.#forget(reply);
      return false;
    }
    seen.answers++;
    if (this.#rule.max >= 0 && seen.answers >= this.#rule.max) this.#forget(reply);
    return true;
  }

  #prune(nowMs: number): void {
    this.#prunedAtMs = nowMs;
    for (const [reply, seen] of this.#seen) {
      const isTooMuch = this.#seen.size > this.#most || this.#bytes > MOST_BYTES;
      if (!isTooMuch && !this.#isExpired(seen, nowMs)) return;
      this.#forget(reply);
    }
  }

  #forget(reply: ByteString): void {
    if (this.#seen.delete(reply)) this.#bytes -= reply.length;
  }

  #isExpired(seen: Seen, nowMs: number): boolean {
    return this.#rule.expiresMs >= 0 && nowMs - seen.atMs > this.#rule.expiresMs;
  }
}

function wallMs(env: Env): number {
  return env.wallSec() * 1000 + env.wallNanos() / 1e6;
}
