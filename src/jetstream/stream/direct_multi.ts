// DIRECT.GET of the last message of each of many subjects, as of a sequence or
// a time (`multi_last`).

import type { ByteString } from "../../base/bytes.ts";
import { isValidSubject } from "../../subject/subject.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import { DEFAULT_MAX_BYTES } from "./direct_batch.ts";
import type { DirectJob } from "./direct_jobs.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";

/** Subjects that may match. */
const MOST_RESULTS = 1024;
const BYTES_SLICE = 256 * 1024;

export class MultiGet implements DirectJob {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #asked: DirectRequest;
  readonly #to: ByteString;
  readonly #storage: "memory" | "file";
  readonly #msg = new StoredMsg();
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
    if (this.#seqs === undefined && !this.#find()) return false;
    const seqs = this.#seqs!;
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

  /** Finds the sequences; false when there is nothing to send but the status that was sent. */
  #find(): boolean {
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
    const seqs: number[] = [];
    const valid = multiLast.filter(isValidSubject);
    if (valid.length > 0) {
      const isFew = store.lastPerSubject(new SubjectFilter(valid), this.#upToSeq, MOST_RESULTS, seqs);
      if (!isFew) return this.#none("413 Too Many Results");
    }
    this.#seqs = seqs;
    return seqs.length > 0 || this.#none("404 No Results");
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
