// Looks among the committed messages of a stream: by subject, sequence and time.
// `StreamStore` says what each question means.
//
// A literal goes along the messages of its subject, a pattern along all
// messages, and after many in vain by what the subjects know of their first and
// last. Owns the last messages of patterns that were asked for; what it asks of
// the messages is `SearchedMessages`.

import type { ByteString } from "../base/bytes.ts";
import type { SubjectCount } from "./stream_store.ts";
import type { SubjectFilter } from "./subject_filter.ts";
import { NO_SUBJECT, type SubjectTree } from "./subject_tree.ts";

/** Committed messages, as a search sees them. */
export interface SearchedMessages {
  /**
   * The first and the last sequence it has of a subject may be bounds, which are negative: −n stands for "at or after
   * n", and "at or below n".
   */
  readonly tree: SubjectTree;
  readonly msgs: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The first message at or after a sequence, or the last at or below it; 0 when there is none. */
  liveFrom(from: number): number;
  liveUpTo(upTo: number): number;
  /** The last sequence of an unbroken run that begins with the message `seq`, at least; it may go on behind. */
  runFrom(seq: number): number;
  /** Whether the subject of the message `seq`, which is there, matches. */
  matchesAt(filter: SubjectFilter, seq: number): boolean;
  /** The subject of a message that is there; `NO_SUBJECT` when the disk does not tell. */
  subjectAt(seq: number): number;
  /** The first and the last message of a subject that has any, wherever they are: time in proportion to what lies before. */
  firstOf(subject: number): number;
  lastOf(subject: number): number;
  /** The first message of a subject at or after `from`, which lies between its first and its last, or the bounds of them; −n as `next`. */
  nextOfSubject(subject: number, from: number, most: number): number;
  /** The last message of a subject at or below `upTo`, likewise; −n as `previous`. */
  previousOfSubject(subject: number, upTo: number, most: number): number;
  /** How many messages the sequences from..upTo hold. */
  countBetween(from: number, upTo: number): number;
  /** As `StreamStore`. */
  withHeaders(from: number, into: number[]): number;
  /** The first sequence, of a removed message perhaps, stored at or after a time; 0 when all are older. */
  seqAt(sec: number, nanos: number): number;
}

const ROWS_BEFORE_TREE = 512;
/** How many subjects it is worth to look at for a place to go on from: so many, or a part of the messages that may be looked at. */
const SUBJECTS_TO_SKIP_BY = 256;
const MOST_SUBJECTS_TO_SKIP_BY = 16_384;
const MESSAGES_PER_SUBJECT = 4;
/** Subjects that a page of subjects looks at, for each that it may show. */
const LOOKS_PER_SUBJECT = 16;
/** Messages that are looked at one after another before the next one of a subject is searched for, if that may be among them. */
const NEAR = 16;
/** Messages at the end that the search for the last one looks at before it looks at all subjects. */
const ROWS_FROM_END = 1024;
/** Patterns whose last message is remembered, and how long they may be. */
const PATTERNS_KNOWN = 64;
const LONGEST_KNOWN = 1024;

/** The last message of a pattern among those up to a sequence; 0 when there was none. */
interface KnownLast {
  readonly upTo: number;
  readonly last: number;
}

export class MessageSearch {
  readonly #messages: SearchedMessages;
  readonly #tree: SubjectTree;
  /** Those asked for last are at the end. */
  readonly #known = new Map<string, KnownLast>();

  constructor(messages: SearchedMessages) {
    this.#messages = messages;
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
    if (filter.literal !== undefined) return this.#previousOfSubject(filter.literal, at, most);
    for (let left = most; at > 0; left--) {
      at = this.#messages.liveUpTo(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      if (this.#messages.matchesAt(filter, at)) return at;
      at--;
    }
    return 0;
  }

  last(filter: SubjectFilter): number {
    if (filter.all) return this.#messages.liveUpTo(this.#messages.lastSeq);
    const { literal } = filter;
    return literal === undefined ? this.#lastOfPattern(filter) : this.lastOf(literal, 0, literal.length);
  }

  lastOf(name: Uint8Array, from: number, to: number): number {
    const subject = this.#tree.find(name, from, to);
    return subject === NO_SUBJECT || this.#tree.count(subject) === 0 ? 0 : this.#messages.lastOf(subject);
  }

  lastPerSubject(filter: SubjectFilter, upTo: number, most: number, into: number[]): boolean {
    const found: number[] = [];
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      const seq = this.#lastUpTo(subject, upTo);
      if (seq > 0) found.push(seq);
      return found.length <= most;
    });
    if (found.length > most) return false;
    for (const seq of found.sort((a, b) => a - b)) into.push(seq);
    return true;
  }

  withHeaders(from: number, into: number[]): number {
    return this.#messages.withHeaders(from, into);
  }

  seqAt(sec: number, nanos: number): number {
    const at = this.#messages.seqAt(sec, nanos);
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
    const shown = new ShownSubject(this.#messages);
    let left = most;
    if (left <= 0) return from;
    return tree.walk(filter, from, most * LOOKS_PER_SUBJECT, (subject) => {
      shown.subject = subject;
      show(shown);
      return --left > 0;
    });
  }

  count(filter: SubjectFilter, from: number, upTo: number): number {
    const end = Math.min(upTo, this.#messages.lastSeq);
    if (filter.all) return this.#messages.countBetween(from, end);
    let count = 0;
    let at = this.#messages.liveFrom(Math.max(from, 1));
    for (; at > 0 && at <= end; at = this.#messages.liveFrom(at + 1)) {
      if (this.#messages.matchesAt(filter, at)) count++;
    }
    return count;
  }

  deletedRanges(from: number, most: number, show: (first: number, last: number) => void): number {
    if (this.#messages.lastSeq === 0) return 0;
    let expected = Math.max(from, this.#messages.firstSeq);
    for (let left = most; expected <= this.#messages.lastSeq;) {
      const live = this.#messages.liveFrom(expected);
      if (live === expected) {
        expected = Math.min(this.#messages.runFrom(expected), this.#messages.lastSeq) + 1;
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
    if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#lastBound(subject) < from) return 0;
    const first = this.#tree.first(subject);
    // One that is gone, but was never read again since, stands for a bound.
    if (first >= from && this.#messages.liveFrom(first) === first) return first;
    const start = Math.max(from, Math.abs(first));
    const near = this.#nearNext(subject, start);
    return near > 0 ? near : this.#messages.nextOfSubject(subject, start, most);
  }

  /** The next message of a subject that has many, when it is one of the next few; else 0. */
  #nearNext(subject: number, from: number): number {
    const messages = this.#messages;
    if (this.#tree.count(subject) * NEAR < this.#lastBound(subject) - from) return 0;
    let at = messages.liveFrom(from);
    for (let left = NEAR; at > 0 && left > 0; left--) {
      if (messages.subjectAt(at) === subject) return at;
      at = messages.liveFrom(at + 1);
    }
    return 0;
  }

  #previousOfSubject(name: Uint8Array, upTo: number, most: number): number {
    const subject = this.#tree.find(name, 0, name.length);
    if (subject === NO_SUBJECT || this.#tree.count(subject) === 0 || this.#firstBound(subject) > upTo) return 0;
    const last = this.#tree.last(subject);
    if (last > 0 && last <= upTo && this.#messages.liveUpTo(last) === last) return last;
    return this.#messages.previousOfSubject(subject, Math.min(upTo, Math.abs(last)), most);
  }

  /**
   * What was found before still holds unless that message is gone: only what came since is looked at. Else it is one of
   * the last, or all subjects with the pattern's literal beginning have to be looked at.
   */
  #lastOfPattern(filter: SubjectFilter): number {
    const messages = this.#messages;
    const key = filter.patterns.join(" ");
    const known = this.#known.get(key);
    const holds = known !== undefined && (known.last === 0 || messages.liveUpTo(known.last) === known.last);
    const since = holds ? known.upTo : 0;
    let left = ROWS_FROM_END;
    let at = messages.liveUpTo(messages.lastSeq);
    for (; at > since && left > 0 && !messages.matchesAt(filter, at); left--) at = messages.liveUpTo(at - 1);
    let last = at;
    if (at <= since) last = holds ? known.last : 0;
    else if (left === 0) last = this.#lastByTree(filter);
    this.#known.delete(key);
    if (key.length <= LONGEST_KNOWN) this.#known.set(key, { upTo: messages.lastSeq, last });
    if (this.#known.size > PATTERNS_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return last;
  }

  #lastByTree(filter: SubjectFilter): number {
    let last = 0;
    this.#tree.walk(filter, "" as ByteString, Number.POSITIVE_INFINITY, (subject) => {
      if (this.#lastBound(subject) > last) last = Math.max(last, this.#messages.lastOf(subject));
      return undefined;
    });
    return last;
  }

  #lastUpTo(subject: number, upTo: number): number {
    if (this.#firstBound(subject) > upTo) return 0;
    const last = this.#tree.last(subject);
    if (last > 0 && last <= upTo && this.#messages.liveUpTo(last) === last) return last;
    let at = Math.min(upTo, Math.abs(last));
    for (;;) {
      const found = this.#messages.previousOfSubject(subject, at, Number.POSITIVE_INFINITY);
      if (found >= 0) return found;
      at = -found;
    }
  }

  #nextOfPattern(filter: SubjectFilter, from: number, most: number): number {
    let at = from;
    for (let left = most; ; left--) {
      at = this.#messages.liveFrom(at);
      if (at === 0) return 0;
      if (left <= 0) return -at;
      if (this.#messages.matchesAt(filter, at)) return at;
      at++;
      if (left === most - ROWS_BEFORE_TREE) {
        const skipped = this.#skipByTree(filter, at, most / MESSAGES_PER_SUBJECT);
        if (skipped === 0) return 0;
        at = skipped;
      }
    }
  }

  /** Where to go on looking from, by what the subjects know; 0 when nothing is left. */
  #skipByTree(filter: SubjectFilter, from: number, looks: number): number {
    let least = Number.POSITIVE_INFINITY;
    const most = Math.min(MOST_SUBJECTS_TO_SKIP_BY, Math.max(SUBJECTS_TO_SKIP_BY, looks));
    const rest = this.#tree.walk(filter, "" as ByteString, most, (subject) => {
      const first = this.#firstBound(subject);
      if (first >= from) least = Math.min(least, first);
      else if (this.#lastBound(subject) >= from) least = from;
      return least > from;
    });
    // Not all subjects were looked at: those that are left may have messages anywhere.
    if (rest !== undefined || least === from) return from;
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  /** A sequence that the first message of a subject is not before, and one that the last is not behind. */
  #firstBound(subject: number): number {
    return Math.abs(this.#tree.first(subject));
  }
  #lastBound(subject: number): number {
    return Math.abs(this.#tree.last(subject));
  }
}

/** A subject as it is shown. Its first and its last message are looked for when they are asked for. */
class ShownSubject implements SubjectCount {
  readonly #messages: SearchedMessages;
  subject = NO_SUBJECT;

  constructor(messages: SearchedMessages) {
    this.#messages = messages;
  }

  get bytes(): Uint8Array {
    return this.#messages.tree.bufferOf(this.subject);
  }
  get from(): number {
    return this.#messages.tree.startOf(this.subject);
  }
  get to(): number {
    return this.from + this.#messages.tree.lengthOf(this.subject);
  }
  get count(): number {
    return this.#messages.tree.count(this.subject);
  }
  get first(): number {
    return this.#messages.firstOf(this.subject);
  }
  get last(): number {
    return this.#messages.lastOf(this.subject);
  }
}
