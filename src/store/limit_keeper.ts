// Removes the committed messages of a stream that its limits leave no
// room for: at a commit, when they are too old, and after limits were lowered.
//
// Owns the limits in force; `SubjectSweep` what subjects lose when they are
// lowered. Discard new is the matter of PublishPlan: at its limits nothing is
// removed here.

import type { StoreLimits } from "./stream_store.ts";
import { SubjectSweep } from "./subject_sweep.ts";
import type { SubjectTree } from "./subject_tree.ts";

/** What a commit removes of the first messages while `enforce` has more to do: enough that they do not pile up. */
const TRIMS_BESIDE_ENFORCE = 64;

/** Committed messages, as limits see them. */
export interface LimitedMessages {
  readonly tree: SubjectTree;
  readonly msgs: number;
  readonly bytes: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** When the first message was stored; there is one. */
  readonly firstSec: number;
  readonly firstNanos: number;
  /** The first message at or after a sequence; 0 when there is none. */
  liveFrom(from: number): number;
  /** The subject of a message that is there; `NO_SUBJECT` when the disk does not tell. */
  subjectAt(seq: number): number;
  /** Messages of a subject that are there for sure: fewer than it counts when the disk does not tell. */
  sureCountOf(subject: number): number;
  /** The first message of a subject that has any; 0 when the disk does not tell. */
  firstOf(subject: number): number;
  /**
   * Removes a message and tells so; false when it is not there or stays, which only a disk that failed can cause.
   * `subject` is its subject, where that is known.
   */
  trim(seq: number, subject?: number): boolean;
}

export class LimitKeeper {
  readonly #messages: LimitedMessages;
  readonly #tree: SubjectTree;
  #limits: StoreLimits;
  /** Of limits that were set and are not applied to all that is there. */
  #sweep: SubjectSweep | undefined;
  #isEnforced = true;

  constructor(messages: LimitedMessages, limits: StoreLimits) {
    this.#messages = messages;
    this.#tree = messages.tree;
    this.#limits = limits;
    this.#sweep = new SubjectSweep(messages, limits.maxMsgsPerSubject);
  }

  get limits(): StoreLimits {
    return this.#limits;
  }

  /** Removes what is too much after a message on `subject`; while `enforce` has more to do, no more than what came in. */
  trim(subject: number): void {
    const { maxMsgsPerSubject } = this.#limits;
    if (maxMsgsPerSubject > 0) {
      const most = this.#isEnforced ? maxMsgsPerSubject : Math.max(maxMsgsPerSubject, this.#tree.count(subject) - 1);
      this.keepLast(subject, most);
    }
    this.#trimFirst(this.#isEnforced ? Number.POSITIVE_INFINITY : TRIMS_BESIDE_ENFORCE);
  }

  /** Whether messages, of any subjects, can be added without `trim` having anything to do after one of them. */
  hasRoomFor(msgs: number, bytes: number): boolean {
    const { maxMsgs, maxBytes, maxMsgsPerSubject, discardNew } = this.#limits;
    if (maxMsgsPerSubject > 0) return false;
    if (discardNew) return true;
    return (
      (maxMsgs <= 0 || this.#messages.msgs + msgs <= maxMsgs) &&
      (maxBytes <= 0 || this.#messages.bytes + bytes <= maxBytes)
    );
  }

  /** Removes the oldest messages of a subject until at most `most` are left. */
  keepLast(subject: number, most: number): void {
    while (
      this.#tree.count(subject) > most &&
      this.#messages.sureCountOf(subject) > most &&
      this.#messages.trim(this.#messages.firstOf(subject), subject)
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
    this.#sweep = new SubjectSweep(this.#messages, limits.maxMsgsPerSubject);
    this.#isEnforced = false;
  }

  /** As `enforce`, for what a scan found: the commits trimmed subjects first. */
  repeat(most: number): boolean {
    return this.#isSweeping(most) || !this.#trimFirst(most);
  }

  /** As StreamStore. */
  enforce(most: number): boolean {
    // As in nats-server the stream as a whole comes first: what it loses does not count for its subject any more.
    this.#isEnforced = this.#trimFirst(most) && !this.#isSweeping(most);
    return !this.#isEnforced;
  }

  #isSweeping(most: number): boolean {
    if (this.#sweep?.step(most) === false) this.#sweep = undefined;
    return this.#sweep !== undefined;
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
}
