// DIRECT.GET of the last message of each of many subjects, as of a sequence or
// a time (`multi_last`).

import { byteStringOf, type ByteString } from "../../base/bytes.ts";
import { hasWildcard, isValidSubject } from "../../subject/subject.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import type { DirectJob } from "./direct_jobs.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";

/** Subjects that may match. */
const MOST_RESULTS = 1024;
const BYTES_SLICE = 256 * 1024;
/** Subjects looked up in one slice, and shown by a pattern with wildcards, which may go through all of them. */
const LITERALS_SLICE = 256;
const SUBJECTS_SLICE = 1024;

export class MultiGet implements DirectJob {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #asked: DirectRequest;
  readonly #to: ByteString;
  readonly #storage: "memory" | "file";
  readonly #msg = new StoredMsg();
  /** What is still to be looked up; undefined before the beginning. */
  #patterns: ByteString[] | undefined = undefined;
  /** Where the pattern with wildcards at hand goes on. */
  #name = "" as ByteString;
  readonly #defaultMaxBytes: number;
  #found = new Set<number>();
  #seqs: number[] | undefined = undefined;
  #upToSeq: number;
  #at = 0;
  #lastSeq = 0;
  #sent = 0;
  #sentBytes = 0;

  constructor(
    store: StreamStore,
    reply: DirectReply,
    asked: DirectRequest,
    to: ByteString,
    storage: "memory" | "file",
    defaultMaxBytes: number,
  ) {
    this.#store = store;
    this.#storage = storage;
    this.#reply = reply;
    this.#asked = asked;
    this.#to = to;
    this.#upToSeq = asked.upToSeq;
    this.#defaultMaxBytes = defaultMaxBytes;
  }

  get heldBytes(): number {
    return this.#asked.bytes;
  }

  isWanted(): boolean {
    return this.#reply.isWanted(this.#to);
  }

  step(): boolean {
    if (this.#patterns === undefined && !this.#begin()) return false;
    if (this.#seqs === undefined) {
      if (!this.#find()) return false;
      if (this.#patterns!.length > 0) return true;
      this.#seqs = [...this.#found].sort((a, b) => a - b);
      if (this.#seqs.length === 0) return this.#none("404 No Results");
    }
    const seqs = this.#seqs;
    const { seq: from, batch, maxBytes } = this.#asked;
    const most = maxBytes === 0 ? this.#defaultMaxBytes : maxBytes;
    const bytesBefore = this.#sentBytes;
    while (this.#at < seqs.length) {
      if (this.#sentBytes - bytesBefore >= BYTES_SLICE) return true;
      const seq = seqs[this.#at++]!;
      if (seq < from) continue;
      if (!this.#store.load(seq, this.#msg)) {
        this.#reply.status(this.#to, "404 Message Not Found");
        return false;
      }
      this.#send(seqs.length - this.#at);
      if (this.#sentBytes >= most || (batch > 0 && this.#sent >= batch)) break;
    }
    this.#end(seqs.length - this.#at);
    return false;
  }

  /** Up to where it looks; false when that is nowhere, which was said. */
  #begin(): boolean {
    const { multiLast, upToTime } = this.#asked;
    const store = this.#store;
    const { firstSeq, lastSeq } = store.state();
    if (upToTime !== undefined) {
      this.#upToSeq = store.seqAt(upToTime.sec, upToTime.nanos);
      if (this.#upToSeq <= firstSeq) return this.#none("404 No Results");
      this.#upToSeq--;
    }
    if (this.#upToSeq === 0) this.#upToSeq = lastSeq;
    // nats-server's file store has no block there.
    if (this.#upToSeq > lastSeq && this.#storage === "file") return this.#none("404 No Results");
    this.#patterns = multiLast.filter(isValidSubject);
    return true;
  }

  /** Looks up some of the patterns; false when too much was found, which was said. */
  #find(): boolean {
    const patterns = this.#patterns!;
    const last = patterns.at(-1);
    if (last === undefined) return true;
    const isFew = hasWildcard(last) ? this.#findMatching(last) : this.#findLiterals();
    return (isFew && this.#found.size <= MOST_RESULTS) || this.#none("413 Too Many Results");
  }

  /** Looks up a page of the subjects that match the last pattern. */
  #findMatching(pattern: ByteString): true {
    const store = this.#store;
    const upTo = this.#upToSeq;
    const older: ByteString[] = [];
    const next = store.subjects(new SubjectFilter([pattern]), this.#name, SUBJECTS_SLICE, (subject) => {
      if (subject.last <= upTo) this.#found.add(subject.last);
      else if (subject.first <= upTo) older.push(byteStringOf(subject.bytes, subject.from, subject.to));
    });
    const seqs: number[] = [];
    for (const subject of older) store.lastPerSubject(new SubjectFilter([subject]), upTo, 1, seqs);
    for (const seq of seqs) this.#found.add(seq);
    this.#name = next ?? ("" as ByteString);
    if (next === undefined) this.#patterns!.pop();
    return true;
  }

  /** Looks up the last patterns, as long as they have no wildcards; false when too much was found. */
  #findLiterals(): boolean {
    const patterns = this.#patterns!;
    let count = 0;
    while (count < Math.min(patterns.length, LITERALS_SLICE) && !hasWildcard(patterns[patterns.length - 1 - count]!))
      count++;
    const now = patterns.splice(patterns.length - count);
    const seqs: number[] = [];
    const isFew = this.#store.lastPerSubject(new SubjectFilter(now), this.#upToSeq, MOST_RESULTS, seqs);
    for (const seq of seqs) this.#found.add(seq);
    return isFew;
  }

  #none(status: string): false {
    this.#reply.status(this.#to, status);
    return false;
  }

  #send(pending: number): void {
    const msg = this.#msg;
    const { subjectFrom, subjectTo, headerFrom, headerTo, bodyFrom, bodyTo, seq } = msg;
    this.#reply.message(this.#to, msg, { pending, lastSeq: this.#lastSeq }, false);
    this.#lastSeq = seq;
    this.#sent++;
    this.#sentBytes += subjectTo - subjectFrom + headerTo - headerFrom + bodyTo - bodyFrom;
  }

  #end(pending: number): void {
    const lines = `Nats-Num-Pending: ${pending}\r\nNats-Last-Sequence: ${this.#lastSeq}\r\nNats-UpTo-Sequence: ${this.#upToSeq}\r\n`;
    this.#reply.status(this.#to, "204 EOB", lines);
  }
}
