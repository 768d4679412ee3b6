// Removes the committed messages of a stream that its limits leave no
// room for: at a commit, when they are too old, and after limits were lowered.
//
// Owns the limits in force and how far `enforce` got. Discard new is the
// matter of PublishPlan: at its limits nothing is removed here.

import type { ByteString } from "../base/bytes.ts";
import type { StoreLimits } from "./stream_store.ts";
import { ALL_SUBJECTS } from "./subject_filter.ts";
import type { SubjectTree } from "./subject_tree.ts";

/** Committed messages, as limits see them. */
export interface LimitedMessages {
  readonly tree: SubjectTree;
  readonly msgs: number;
  readonly bytes: number;
  readonly firstSeq: number;
  /** When the first message was stored; there is one. */
  readonly firstSec: number;
  readonly firstNanos: number;
  /** Messages of a subject that are there for sure: fewer than it counts when the disk does not tell. */
  sureCountOf(subject: number): number;
  /** The first message of a subject that has any; 0 when the disk does not tell. */
  firstOf(subject: number): number;
  /** Removes a message and tells so; false when it is not there or stays, which only a disk that failed can cause. */
  trim(seq: number): boolean;
}

export class LimitKeeper {
  readonly #messages: LimitedMessages;
  readonly #tree: SubjectTree;
  #limits: StoreLimits;
  #enforceFrom: ByteString | undefined = "" as ByteString;

  constructor(messages: LimitedMessages, limits: StoreLimits) {
    this.#messages = messages;
    this.#tree = messages.tree;
    this.#limits = limits;
  }

  get limits(): StoreLimits {
    return this.#limits;
  }

  /** Removes what is too much after a message on `subject`. */
  trim(subject: number): void {
    const { maxMsgsPerSubject } = this.#limits;
    if (maxMsgsPerSubject > 0) this.keepLast(subject, maxMsgsPerSubject);
    while (this.#isBeyondLimits() && this.#messages.trim(this.#messages.firstSeq));
  }

  /** Removes the oldest messages of a subject until at most `most` are left. */
  keepLast(subject: number, most: number): void {
    while (
      this.#tree.count(subject) > most &&
      this.#messages.sureCountOf(subject) > most &&
      this.#messages.trim(this.#messages.firstOf(subject))
    );
  }

  /** As StreamStore. */
  expire(sec: number, nanos: number, most: number): boolean {
    const { maxAgeSec, maxAgeNanos } = this.#limits;
    if (maxAgeSec <= 0 && maxAgeNanos <= 0) return false;
    let oldSec = sec - maxAgeSec;
    let oldNanos = nanos - maxAgeNanos;
    if (oldNanos < 0) {
      oldSec--;
      oldNanos += 1e9;
    }
    for (let left = most; this.#messages.msgs > 0; left--) {
      const age = this.#messages.firstSec - oldSec;
      if (age > 0 || (age === 0 && this.#messages.firstNanos > oldNanos)) return false;
      if (left <= 0) return true;
      if (!this.#messages.trim(this.#messages.firstSeq)) return false;
    }
    return false;
  }

  /** Sets the limits; `enforce` then begins anew. */
  set(limits: StoreLimits): void {
    this.#limits = limits;
    this.#enforceFrom = "" as ByteString;
  }

  /** As `enforce`, for what a scan found: the commits trimmed subjects first. */
  repeat(most: number): boolean {
    let left = most;
    while (this.#enforceFrom !== undefined && left > 0) left -= this.#enforceSubjects(left);
    return !this.#trimFirst(left) || this.#enforceFrom !== undefined;
  }

  /** As StreamStore. */
  enforce(most: number): boolean {
    // As in nats-server the stream as a whole comes first: what it loses does not count for its subject any more.
    if (!this.#trimFirst(most)) return true;
    let left = most;
    while (this.#enforceFrom !== undefined && left > 0) left -= this.#enforceSubjects(left);
    return this.#enforceFrom !== undefined;
  }

  /** Removes at most so many of the first messages; whether no more can go. */
  #trimFirst(most: number): boolean {
    for (let left = most; this.#isBeyondLimits(); left--) {
      if (left <= 0) return false;
      // What cannot be read now stays for another time.
      if (!this.#messages.trim(this.#messages.firstSeq)) return true;
    }
    return true;
  }

  #isBeyondLimits(): boolean {
    const { maxMsgs, maxBytes, discardNew } = this.#limits;
    if (discardNew || this.#messages.msgs === 0) return false;
    return (maxMsgs > 0 && this.#messages.msgs > maxMsgs) || (maxBytes > 0 && this.#messages.bytes > maxBytes);
  }

  /** Trims some subjects to their limit; about how many messages and subjects that touched. */
  #enforceSubjects(most: number): number {
    const { maxMsgsPerSubject } = this.#limits;
    const over: number[] = [];
    let seen = 0;
    const from = this.#enforceFrom!;
    if (maxMsgsPerSubject <= 0) {
      this.#enforceFrom = undefined;
      return 0;
    }
    this.#enforceFrom = this.#tree.walk(ALL_SUBJECTS, from, Number.POSITIVE_INFINITY, (subject) => {
      const excess = this.#tree.count(subject) - maxMsgsPerSubject;
      if (excess > 0) over.push(subject);
      seen += 1 + Math.max(0, excess);
      return seen < most;
    });
    for (const subject of over) this.keepLast(subject, maxMsgsPerSubject);
    return seen;
  }
}
