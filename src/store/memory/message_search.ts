// Looks among the committed messages of a memory stream: by subject, sequence
// and time. `StreamStore` says what each question means.
//
// A literal goes along the messages of its subject, a pattern along all
// messages, and after many in vain by what the subjects know of their first and
// last. Owns nothing, changes nothing but the cursor of the log.

import type { ByteString } from "../../base/bytes.ts";
import type { SubjectCount } from "../stream_store.ts";
import type { SubjectFilter } from "../subject_filter.ts";
import { NO_SUBJECT, type SubjectTree } from "../subject_tree.ts";
import type { CommittedMessages } from "./committed_messages.ts";
import type { MessageLog } from "./message_log.ts";

const ROWS_BEFORE_TREE = 512;
const SUBJECTS_TO_SKIP_BY = 256;
const NO_BYTES: Uint8Array = new Uint8Array(0);

export class MessageSearch {
  readonly #messages: CommittedMessages;
  readonly #log: MessageLog;
  readonly #tree: SubjectTree;

  constructor(messages: CommittedMessages) {
    this.#messages = messages;
    this.#log = messages.log;
    this.#tree = messages.tree;
  }

  next(filter: SubjectFilter, from: number, most: number): number {
    const start = Math.max(from, this.#messages.firstSeq);
    if (this.#messages.msgs === 0 || start > this.#messages.lastSeq) return 0;
    if (filter.all) return this.#messages.liveFrom(start);
    if (filter.literal !== undefined) return this.#nextOfSubject(filter.literal, start, most);
    return this.#nextOfPattern(filter, start, most);
  }

  previous(filter: SubjectFilter, upTo: number, most: number): number {
    let at = Math.min(upTo, this.#messages.lastSeq);
    if (filter.literal !== undefined) {
      const subject = this.#tree.find(filter.literal, 0, filter.literal.length);
      if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#tree.first(subject) > at) return 0;
      if (this.#tree.last(subject) <= at) return this.#tree.last(subject);
    }
    for (let left = most; at > 0; left--) {
      at = this.#log.liveUpTo(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      if (this.#messages.matches(filter, this.#log.subject)) return at;
      at--;
    }
    return 0;
  }

  last(filter: SubjectFilter): number {
    if (filter.all) return this.#log.liveUpTo(this.#messages.lastSeq);
    const { literal } = filter;
    if (literal !== undefined) {
      const subject = this.#tree.find(literal, 0, literal.length);
      return subject === NO_SUBJECT || this.#tree.count(subject) === 0 ? 0 : this.#tree.last(subject);
    }
    let last = 0;
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      last = Math.max(last, this.#tree.last(subject));
      return undefined;
    });
    return last;
  }

  lastPerSubject(filter: SubjectFilter, upTo: number, most: number, into: number[]): boolean {
    const found: number[] = [];
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      let seq = this.#tree.first(subject) > upTo ? 0 : this.#tree.last(subject);
      while (seq > upTo) seq = this.#log.neighbour(seq, -1);
      if (seq > 0) found.push(seq);
      return found.length <= most;
    });
    if (found.length > most) return false;
    into.push(...found.sort((a, b) => a - b));
    return true;
  }

  seqAt(sec: number, nanos: number): number {
    const at = this.#log.seqAt(sec, nanos);
    const seq = at === 0 ? 0 : this.#messages.liveFrom(at);
    return seq === 0 ? this.#messages.lastSeq + 1 : seq;
  }

  subjects(
    filter: SubjectFilter,
    from: ByteString,
    most: number,
    show: (subject: SubjectCount) => void,
  ): ByteString | undefined {
    const tree = this.#tree;
    const shown = { bytes: NO_BYTES, from: 0, to: 0, first: 0, last: 0, count: 0 };
    let left = most;
    if (left <= 0) return from;
    return tree.walk(filter, from, Number.POSITIVE_INFINITY, (subject) => {
      shown.bytes = tree.bufferOf(subject);
      shown.from = tree.startOf(subject);
      shown.to = shown.from + tree.lengthOf(subject);
      shown.first = tree.first(subject);
      shown.last = tree.last(subject);
      shown.count = tree.count(subject);
      show(shown);
      return --left > 0;
    });
  }

  count(filter: SubjectFilter, from: number, upTo: number): number {
    const end = Math.min(upTo, this.#messages.lastSeq);
    let count = 0;
    for (
      let at = this.#messages.liveFrom(Math.max(from, 1));
      at > 0 && at <= end;
      at = this.#messages.liveFrom(at + 1)
    ) {
      if (filter.all || this.#messages.matches(filter, this.#log.subject)) count++;
    }
    return count;
  }

  deletedRanges(from: number, most: number, show: (first: number, last: number) => void): number {
    if (this.#messages.lastSeq === 0) return 0;
    let expected = Math.max(from, this.#messages.firstSeq);
    for (let left = most; expected <= this.#messages.lastSeq;) {
      const live = this.#messages.liveFrom(expected);
      if (live === expected) {
        expected = Math.min(this.#log.runFrom(expected), this.#messages.lastSeq) + 1;
        continue;
      }
      if (left-- <= 0) return expected;
      const end = live === 0 ? this.#messages.lastSeq : live - 1;
      show(expected, end);
      expected = end + 1;
    }
    return 0;
  }

  #nextOfSubject(name: Uint8Array, from: number, most: number): number {
    const subject = this.#tree.find(name, 0, name.length);
    if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#tree.last(subject) < from) return 0;
    if (this.#tree.first(subject) >= from) return this.#tree.first(subject);
    if (this.#log.locate(from - 1) && this.#log.subject === subject) return this.#log.neighbour(from - 1, 1);
    // From both sides: along the messages of the subject from its first, and along all messages from here.
    let chain = this.#tree.first(subject);
    let at = from;
    for (let left = most; left > 0; left--) {
      chain = this.#log.neighbour(chain, 1);
      if (chain >= from) return chain;
      at = this.#messages.liveFrom(at);
      if (this.#log.subject === subject) return at;
      at++;
    }
    return -at;
  }

  #nextOfPattern(filter: SubjectFilter, from: number, most: number): number {
    let at = from;
    let known = NO_SUBJECT; // does not match
    for (let left = most; ; left--) {
      at = this.#messages.liveFrom(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      const subject = this.#log.subject;
      if (subject !== known && this.#messages.matches(filter, subject)) return at;
      known = subject;
      at++;
      if (left === most - ROWS_BEFORE_TREE) {
        const skipped = this.#skipByTree(filter, at);
        if (skipped === 0) return 0;
        at = skipped;
      }
    }
  }

  /** Where to go on looking from, by what the subjects know; 0 when nothing is left. */
  #skipByTree(filter: SubjectFilter, from: number): number {
    let seen = 0;
    let least = Number.POSITIVE_INFINITY;
    this.#tree.walk(filter, "" as ByteString, SUBJECTS_TO_SKIP_BY, (subject) => {
      seen++;
      if (this.#tree.first(subject) >= from) least = Math.min(least, this.#tree.first(subject));
      else if (this.#tree.last(subject) >= from) least = from;
      return seen < SUBJECTS_TO_SKIP_BY && least > from;
    });
    if (seen >= SUBJECTS_TO_SKIP_BY || least === from) return from;
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }
}
