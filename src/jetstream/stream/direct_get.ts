// DIRECT.GET of one stream: reads committed messages for whoever asks.
//
//     one message, found at once  ─→ answered at once
//     a batch, or a long search   ─→ DirectJobs
//
// Owns the subscriptions' listener. Statuses are nats-server's.

import type { Frame, Listener, Sender, Subscription } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";
import { hasWildcard, isLiteralRange, isValidSubject } from "../../subject/subject.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import type { StreamConfig } from "../config/stream_config.ts";
import { asksForHigherLevel } from "../required_level.ts";
import { BatchGet } from "./direct_batch.ts";
import type { DirectJob } from "./direct_jobs.ts";
import { LastGet } from "./direct_last.ts";
import { MultiGet } from "./direct_multi.ts";
import {
  type DirectRequest,
  plainSequence,
  readDirectRequest,
  readLastRequest,
  type Status,
} from "./direct_request.ts";
import type { DirectReply } from "./direct_reply.ts";
import type { StreamSurroundings } from "./parts.ts";

/** Where the answers come from, as every stream's subject begins. */
export const DIRECT_GET = "$JS.API.DIRECT.GET.";
const NOT_FOUND: Status = "404 Message Not Found";

export class DirectGet implements Listener {
  readonly #store: StreamStore;
  readonly #reply: DirectReply;
  readonly #surroundings: Pick<StreamSurroundings, "directJobs" | "maxPendingBytes">;
  readonly #storage: "memory" | "file";
  readonly #msg = new StoredMsg();
  /** What is before the wanted subject in the subject of a request. */
  readonly #prefixLength: number;

  constructor(
    surroundings: Pick<StreamSurroundings, "directJobs" | "maxPendingBytes">,
    store: StreamStore,
    reply: DirectReply,
    { name, storage }: Pick<StreamConfig, "name" | "storage">,
  ) {
    this.#store = store;
    this.#reply = reply;
    this.#surroundings = surroundings;
    this.#prefixLength = DIRECT_GET.length + byteString(name).length + 1;
    this.#storage = storage;
  }

  onMsg(frame: Frame, _sub: Subscription, sender: Sender | undefined): boolean {
    const { source, payloadFrom, payloadTo } = frame;
    if (frame.replyTo === frame.replyFrom) return true;
    if (frame.headerBytes <= 0 && this.#answersPlain(frame)) {
      sender?.outbound.flushEarly();
      return true;
    }
    const reply = byteStringOf(source, frame.replyFrom, frame.replyTo);
    const bodyFrom = payloadFrom + Math.max(0, frame.headerBytes);
    if (frame.headerBytes > 0 && asksForHigherLevel(source, payloadFrom, bodyFrom)) {
      this.#reply.status(reply, "412 Required Api Level");
      return true;
    }
    const body = source.subarray(bodyFrom, payloadTo);
    const keyFrom = frame.subjectFrom + this.#prefixLength;
    const asked =
      keyFrom < frame.subjectTo
        ? readLastRequest(byteStringOf(source, keyFrom, frame.subjectTo), body)
        : readDirectRequest(body);
    if (typeof asked === "string") this.#reply.status(reply, asked);
    else this.#answer(asked, reply);
    return true;
  }

  close(): void {
    this.#surroundings.directJobs.forget(this);
  }

  /** The requests that clients make most, without a string of them: one sequence, or the last of one subject. Whether it was one. */
  #answersPlain({ source, subjectFrom, subjectTo, payloadFrom, payloadTo, replyFrom, replyTo }: Frame): boolean {
    const keyFrom = subjectFrom + this.#prefixLength;
    let seq: number;
    if (keyFrom >= subjectTo) {
      seq = plainSequence(source, payloadFrom, payloadTo);
      if (seq === 0) return false;
    } else {
      if (payloadTo > payloadFrom || !isLiteralRange(source, keyFrom, subjectTo)) return false;
      seq = this.#store.lastOf(source, keyFrom, subjectTo);
    }
    if (seq > 0 && this.#store.load(seq, this.#msg)) {
      this.#reply.answer(source, replyFrom, replyTo, this.#msg, undefined, false);
    } else this.#reply.status(byteStringOf(source, replyFrom, replyTo), NOT_FOUND);
    return true;
  }

  #answer(asked: DirectRequest, reply: ByteString): void {
    const { last, next, start } = asked;
    const { maxPendingBytes } = this.#surroundings;
    if (asked.multiLast.length > 0) {
      this.#run(new MultiGet(this.#store, this.#reply, asked, reply, this.#storage, maxPendingBytes));
    } else if (asked.batch !== 0 || next !== "") {
      if (next !== "" && !isValidSubject(next)) this.#reply.status(reply, NOT_FOUND);
      else this.#run(new BatchGet(this.#store, this.#reply, asked, reply, maxPendingBytes));
    } else if (start === undefined && last !== "" && hasWildcard(last)) {
      if (isValidSubject(last)) this.#run(new LastGet(this.#store, this.#reply, asked, reply));
      else this.#reply.status(reply, NOT_FOUND);
    } else {
      let { seq } = asked;
      if (start !== undefined) seq = this.#store.seqAt(start.sec, start.nanos);
      else if (last !== "") seq = isValidSubject(last) ? this.#store.last(new SubjectFilter([last])) : 0;
      if (seq > 0 && this.#store.load(seq, this.#msg))
        this.#reply.message(reply, this.#msg, undefined, asked.noHeaders);
      else this.#reply.status(reply, NOT_FOUND);
    }
  }

  #run(job: DirectJob): void {
    this.#surroundings.directJobs.run(this, job);
  }
}
