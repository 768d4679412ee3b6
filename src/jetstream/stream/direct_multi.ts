// DIRECT.GET of the last message of each of many subjects, as of a sequence or
// a time (`multi_last`).

import type { ByteString } from "../../base/bytes.ts";
import { hasWildcard, isValidSubject } from "../../subject/subject.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { DEFAULT_MAX_BYTES } from "./direct_batch.ts";
import type { DirectJob } from "./direct_jobs.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";

/** Subjects that may match. */
const MOST_RESULTS = 1024;
const BYTES_SLICE = 256 * 1024;
/** Subjects looked up in one slice; one with wildcards takes a slice of its own, for it may go through all subjects. */
const LITERALS_SLICE = 256;

export class MultiGet implements DirectJob {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #asked: DirectRequest;
  readonly #to: ByteString;
  readonly #storage: "memory" | "file";
  readonly #msg = new StoredMsg();
  /** What is still to be looked up; undefined before the beginning. */
  #patterns: ByteString[] | undefined = undefined;
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
  ) {
    this.#store = store;
    this.#storage = storage;
    this.#reply = reply;
    this.#asked = asked;
    this.#to = to;
    this.#upToSeq = asked.upToSeq;
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
    const most = maxBytes === 0 ? DEFAULT_MAX_BYTES : maxBytes;
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
    let count = 0;
    while (count < Math.min(patterns.length, LITERALS_SLICE) && !hasWildcard(patterns[patterns.length - 1 - count]!))
      count++;
    const now = patterns.splice(patterns.length - Math.max(1, count));
    if (now.length === 0) return true;
    const seqs: number[] = [];
    const isFew = this.#store.lastPerSubject(new SubjectFilter(now), this.#upToSeq, MOST_RESULTS, seqs);
    for (const seq of seqs) this.#found.add(seq);
    return (isFew && this.#found.size <= MOST_RESULTS) || this.#none("413 Too Many Results");
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
