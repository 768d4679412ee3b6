// DIRECT.GET of messages from a sequence or a time on: a batch with an end, or
// one message that takes a search.

import type { ByteString } from "../../base/bytes.ts";
import { StoredRun } from "../../store/stored_run.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../store/subject_filter.ts";
import type { DirectJob } from "./direct_jobs.ts";
import type { DirectRequest } from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";
import { PendingCount } from "./pending_count.ts";

/** Messages looked at, messages sent, and bytes sent in one slice. */
const LOOK_SLICE = 10_000;
const SEND_SLICE = 256;
const BYTES_SLICE = 256 * 1024;
/** What is being sent: good while that is. */
const run = new StoredRun();

export class BatchGet implements DirectJob {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #asked: DirectRequest;
  readonly #to: ByteString;
  readonly #filter: SubjectFilter;
  readonly #msg = new StoredMsg();
  readonly #maxBytes: number;
  readonly #isBatch: boolean;
  readonly #batch: number;
  #phase: "count" | "send" | "countAgain";
  #count: PendingCount;
  #seq: number;
  #pending = 0;
  #lastSeq = 0;
  #sent = 0;
  #sentBytes = 0;

  /** Without `max_bytes` it sends `defaultMaxBytes`. */
  constructor(store: StreamStore, reply: DirectReply, asked: DirectRequest, to: ByteString, defaultMaxBytes: number) {
    const { next, start } = asked;
    this.#store = store;
    this.#reply = reply;
    this.#asked = asked;
    this.#to = to;
    this.#filter = next === "" ? ALL_SUBJECTS : new SubjectFilter([next]);
    this.#maxBytes = asked.maxBytes === 0 ? defaultMaxBytes : asked.maxBytes;
    this.#isBatch = asked.batch !== 0;
    this.#batch = this.#isBatch ? Math.max(0, asked.batch) : 1;
    this.#seq = Math.max(1, start === undefined ? asked.seq : store.seqAt(start.sec, start.nanos));
    this.#count = new PendingCount(store, this.#filter, this.#seq);
    this.#phase = this.#isBatch ? "count" : "send";
  }

  get heldBytes(): number {
    return this.#asked.bytes;
  }

  isWanted(): boolean {
    return this.#reply.isWanted(this.#to);
  }

  step(): boolean {
    if (this.#phase === "send") return this.#send();
    if (this.#count.step()) return true;
    this.#pending = this.#count.pending;
    if (this.#phase === "countAgain") return this.#end();
    this.#phase = "send";
    return this.#send();
  }

  #send(): boolean {
    const store = this.#store;
    const endBytes = this.#sentBytes + BYTES_SLICE;
    for (let left = SEND_SLICE; left > 0 && this.#sentBytes < endBytes;) {
      if (this.#sent >= this.#batch) return this.#finish();
      const seq = store.next(this.#filter, this.#seq, LOOK_SLICE);
      if (seq < 0) {
        this.#seq = -seq;
        return true;
      }
      const most = Math.min(left, this.#batch - this.#sent);
      const count = seq > 0 && this.#filter.all ? store.loadRun(seq, most, run) : 0;
      left -= Math.max(1, count);
      if (count === 0) {
        if (seq === 0 || !store.load(seq, this.#msg)) return this.#missing();
        this.#sendOne();
      }
      for (let i = 0; i < count; i++) {
        run.show(i, this.#msg);
        this.#sendOne();
        if (this.#sentBytes >= this.#maxBytes || this.#sentBytes >= endBytes) break;
      }
      if (this.#sentBytes >= this.#maxBytes) return this.#finish();
    }
    return true;
  }

  #sendOne(): void {
    const msg = this.#msg;
    const { noHeaders } = this.#asked;
    // nats-server counts down where it writes the number.
    if (this.#pending > 0 && !noHeaders) this.#pending--;
    const { subjectFrom, subjectTo, headerFrom, headerTo, bodyFrom, bodyTo, seq } = msg;
    const inBatch = this.#isBatch ? { pending: this.#pending, lastSeq: this.#lastSeq } : undefined;
    this.#reply.message(this.#to, msg, inBatch, noHeaders);
    this.#seq = seq + 1;
    this.#lastSeq = seq;
    this.#sent++;
    this.#sentBytes += subjectTo - subjectFrom + headerTo - headerFrom + bodyTo - bodyFrom;
  }

  #missing(): boolean {
    if (this.#sent > 0) return this.#finish();
    this.#reply.status(this.#to, "404 Message Not Found");
    return false;
  }

  /** All messages are sent. When more came in meanwhile, the number of those left is counted anew. */
  #finish(): boolean {
    if (!this.#isBatch) return false;
    if (this.#store.state().lastSeq <= this.#count.upTo) return this.#end();
    this.#count = new PendingCount(this.#store, this.#filter, this.#seq);
    this.#phase = "countAgain";
    return this.step();
  }

  #end(): boolean {
    const lines = `Nats-Num-Pending: ${this.#pending}\r\nNats-Last-Sequence: ${this.#lastSeq}\r\n`;
    this.#reply.status(this.#to, "204 EOB", lines);
    return false;
  }
}
