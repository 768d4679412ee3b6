// Pull requests that wait for messages, in the order they are served: first
// come, first served, a message each, round and round; by priority when the
// consumer goes by that. Owns the list.

import type { Delivery } from "../../../account/bus.ts";
import type { ByteString } from "../../../base/bytes.ts";
import { assert } from "../../../base/assert.ts";
import type { NextPriority } from "../../config/consumer_next.ts";

/** So many are looked at for each run of messages. */
const MOST_TOGETHER = 16;
/** Behind every priority: a request that says nothing. */
const LEAST_PRIORITY = 10;

export class WaitingRequest {
  readonly reply: ByteString;
  readonly inbox: Delivery;
  /** Messages it still wants; below 1 when it has had its last. */
  batch: number;
  /** Bytes it may still have; 0 when it did not say. */
  maxBytes: number;
  readonly noWait: boolean;
  /** By the wall clock; Infinity without one. */
  readonly expiresAtMs: number;
  /** 0 for none. */
  readonly heartbeatMs: number;
  /** By the monotonic clock; Infinity without one. */
  heartbeatAtMs: number;
  readonly asked: NextPriority | undefined;
  /** The pin it has; empty for none. */
  pinId: string;
  delivered = 0;
  isWaiting = false;
  before: WaitingRequest | undefined = undefined;
  after: WaitingRequest | undefined = undefined;

  constructor(
    inbox: Delivery,
    wants: { readonly batch: number; readonly maxBytes: number; readonly noWait: boolean },
    times: { readonly expiresAtMs: number; readonly heartbeatMs: number; readonly heartbeatAtMs: number },
    asked: NextPriority | undefined,
  ) {
    this.reply = inbox.subject;
    this.inbox = inbox;
    this.batch = wants.batch;
    this.maxBytes = wants.maxBytes;
    this.noWait = wants.noWait;
    this.expiresAtMs = times.expiresAtMs;
    this.heartbeatMs = times.heartbeatMs;
    this.heartbeatAtMs = times.heartbeatAtMs;
    this.asked = asked;
    this.pinId = asked?.id ?? "";
  }

  get priority(): number {
    return this.asked?.priority ?? LEAST_PRIORITY;
  }
}

export class WaitingRequests {
  #first: WaitingRequest | undefined = undefined;
  #last: WaitingRequest | undefined = undefined;
  #count = 0;
  /** Those that want what there is, or to be told that there is nothing. */
  #noWaits = 0;
  /** Whether those that come from now on stand among their like. */
  byPriority: boolean;

  constructor(byPriority: boolean) {
    this.byPriority = byPriority;
  }

  get count(): number {
    return this.#count;
  }
  get noWaits(): number {
    return this.#noWaits;
  }
  /** Who is served next. */
  get first(): WaitingRequest | undefined {
    return this.#first;
  }

  /**
   * How many messages those that wait want together: when they all wait at one address, none has expired, and none asks
   * for more than a number of them; else 0.
   */
  wantedTogether(nowMs: number): number {
    const first = this.#first;
    if (first === undefined || this.#count > MOST_TOGETHER) return 0;
    let wanted = 0;
    for (let request: WaitingRequest | undefined = first; request !== undefined; request = request.after) {
      if (request.batch < 1 || request.maxBytes > 0 || nowMs >= request.expiresAtMs) return 0;
      if (request !== first && request.reply !== first.reply) return 0;
      wanted += request.batch;
    }
    return wanted;
  }

  /**
   * Up to `count` messages go to those that wait, one to each and round again: does all rounds but the last, in which each
   * still has one to get; how many messages that were. Only when none goes before others.
   */
  serveRounds(count: number): number {
    let rounds = Math.floor(count / this.#count);
    for (let request = this.#first; request !== undefined; request = request.after) {
      rounds = Math.min(rounds, request.batch);
    }
    if (rounds < 2) return 0;
    for (let request = this.#first; request !== undefined; request = request.after) {
      request.delivered += rounds - 1;
      request.batch -= rounds - 1;
    }
    return (rounds - 1) * this.#count;
  }

  add(request: WaitingRequest): void {
    assert(!request.isWaiting, "a request waits once");
    request.isWaiting = true;
    this.#count++;
    if (request.noWait) this.#noWaits++;
    let before = this.#last;
    if (this.byPriority) while (before !== undefined && before.priority > request.priority) before = before.before;
    const after = before === undefined ? this.#first : before.after;
    request.before = before;
    request.after = after;
    if (before === undefined) this.#first = request;
    else before.after = request;
    if (after === undefined) this.#last = request;
    else after.before = request;
  }

  remove(request: WaitingRequest): void {
    if (!request.isWaiting) return;
    request.isWaiting = false;
    this.#count--;
    if (request.noWait) this.#noWaits--;
    const { before, after } = request;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    request.before = undefined;
    request.after = undefined;
  }

  /** It goes behind the others; by priority, behind those of its own. */
  cycle(request: WaitingRequest): void {
    if (this.#count === 1) return;
    this.remove(request);
    this.add(request);
  }

  /** Shows each, in order; `see` may remove the one it is shown. */
  each(see: (request: WaitingRequest) => void): void {
    for (let request = this.#first; request !== undefined;) {
      const { after } = request;
      see(request);
      request = after;
    }
  }
}
