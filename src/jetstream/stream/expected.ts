// What a publish expects of the stream: `Nats-Expected-*`.
//
// Compared with the staged view. An answer that rests on a message which is
// staged and not committed waits for it: `restsOn` is that message. Owns the id
// of the last message.

import { type ByteString, byteStringOf } from "../../base/bytes.ts";
import { type ApiError, apiError } from "../../errors/api.ts";
import { shown } from "../../base/bytes.ts";
import { StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../store/subject_filter.ts";
import { hasWildcard } from "../../subject/subject.ts";
import type { StreamConfig } from "../config/stream_config.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { HEADER, PublishHeaders } from "./publish_headers.ts";

const LEAST_ID = 64;
/** What looking for patterns may take of a turn: publishes beyond that expect something of one are told to come again. */
const TURN_MS = 20;
/** Messages at the front that are looked at for what max_bytes will have removed; those behind are taken to stay. */
const MOST_TRIMMED = 1024;

export class Expected {
  readonly #surroundings: Pick<JetStreamSurroundings, "world" | "nextTurn">;
  readonly #store: StreamStore;
  /** Spent on patterns in this turn. */
  #spentMs = 0;
  readonly #msg = new StoredMsg();
  #lastId = new Uint8Array(LEAST_ID);
  #lastIdLength = 0;
  #maxMsgs = 0;
  #maxBytes = 0;
  /** The sequence that the last refusal rests on. */
  restsOn = 0;

  constructor(surroundings: Pick<JetStreamSurroundings, "world" | "nextTurn">, store: StreamStore) {
    this.#surroundings = surroundings;
    this.#store = store;
    const last = store.state().lastSeq;
    const headed: number[] = [];
    store.withHeaders(last, headed);
    // Most have none; to read it costs what is done first in a block.
    if (headed.includes(last)) this.reset();
  }

  /**
   * What is staged will remove what is beyond these limits. Only where nothing else removes messages, whose number would
   * not be known: then the limits are not looked at.
   */
  configure({ retention, discard, max_msgs, max_bytes, max_msgs_per_subject, allow_rollup_hdrs }: StreamConfig): void {
    const isPlain = retention === "limits" && discard === "old" && max_msgs_per_subject <= 0n && !allow_rollup_hdrs;
    this.#maxMsgs = isPlain ? Math.max(0, Number(max_msgs)) : 0;
    this.#maxBytes = isPlain ? Math.max(0, Number(max_bytes)) : 0;
  }

  /** The last message of the stream has this id, or none. */
  noteId(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length > this.#lastId.length) this.#lastId = new Uint8Array(length * 2);
    for (let i = 0; i < length; i++) this.#lastId[i] = bytes[from + i]!;
    this.#lastIdLength = length;
  }
  noteNoId(): void {
    this.#lastIdLength = 0;
  }

  /** Staged messages were refused, or the stream was opened: the last committed one is the last. */
  reset(): void {
    this.#lastIdLength = 0;
    const msg = this.#msg;
    if (!this.#store.load(this.#store.state().lastSeq, msg) || msg.headerFrom === msg.headerTo) return;
    const headers = new PublishHeaders();
    headers.scan(msg.header, msg.headerFrom, msg.headerTo);
    if (headers.has(HEADER.msgId)) this.noteId(msg.header, headers.from(HEADER.msgId), headers.to(HEADER.msgId));
  }

  /** `Nats-Expected-Stream`. */
  streamRefusal(headers: PublishHeaders, name: ByteString): ApiError | undefined {
    if (!headers.has(HEADER.expectedStream) || headers.is(HEADER.expectedStream, name)) return undefined;
    this.restsOn = 0;
    return apiError("streamNotMatch");
  }

  /** Whether this turn has no time left for what the headers expect of a pattern, whose search may go through all subjects. */
  isTooMuch(headers: PublishHeaders): boolean {
    if (this.#spentMs < TURN_MS || !headers.has(HEADER.expectedLastSubjectSeq)) return false;
    return hasWildcard(headers.value(HEADER.expectedLastSubjectSeqSubject));
  }

  /** The expected last sequences, of the subject [from, to) and of all. */
  sequenceRefusal(headers: PublishHeaders, subject: Uint8Array, from: number, to: number): ApiError | undefined {
    if (headers.has(HEADER.expectedLastSubjectSeq)) {
      const other = headers.value(HEADER.expectedLastSubjectSeqSubject);
      const last = this.lastOf(other === "" ? byteStringOf(subject, from, to) : other);
      if (headers.seq(HEADER.expectedLastSubjectSeq) !== last) return this.#wrongLast(last);
    } else if (headers.has(HEADER.expectedLastSubjectSeqSubject)) {
      this.restsOn = 0;
      return apiError("streamExpectedLastSeqPerSubjectInvalid");
    }
    if (!headers.has(HEADER.expectedLastSeq)) return undefined;
    const last = this.#store.stagedLastSeq;
    return headers.seq(HEADER.expectedLastSeq) === last ? undefined : this.#wrongLast(last);
  }

  /** `Nats-Expected-Last-Msg-Id`. */
  idRefusal(headers: PublishHeaders): ApiError | undefined {
    if (!headers.has(HEADER.expectedLastMsgId)) return undefined;
    const from = headers.from(HEADER.expectedLastMsgId);
    const length = headers.to(HEADER.expectedLastMsgId) - from;
    let same = 0;
    if (length === this.#lastIdLength) {
      while (same < length && headers.bytes[from + same] === this.#lastId[same]) same++;
      if (same === length) return undefined;
    }
    this.restsOn = this.#store.stagedLastSeq;
    return apiError("streamWrongLastMsgId", { id: shown(byteStringOf(this.#lastId, 0, this.#lastIdLength)) });
  }

  /** The last sequence on `subject`, which may have wildcards; 0 when none. As nats-server looks: of `>` only the last of all counts, which may be gone. */
  lastOf(subject: ByteString): number {
    const filter = new SubjectFilter([subject]);
    if (!filter.all) {
      const last = filter.literal === undefined ? this.#lastOfPattern(filter) : this.#store.stagedLast(filter);
      return this.#isTrimmed(last) ? 0 : last;
    }
    const last = this.#store.stagedLastSeq;
    return this.#store.loadStaged(last, this.#msg) ? last : 0;
  }

  #lastOfPattern(filter: SubjectFilter): number {
    const { world, nextTurn } = this.#surroundings;
    const began = world.nowMs();
    const last = this.#store.stagedLast(filter);
    const tookMs = world.nowMs() - began;
    if (this.#spentMs === 0 && tookMs > 0) nextTurn(() => (this.#spentMs = 0));
    this.#spentMs += tookMs;
    return last;
  }

  /** Whether the limits will have removed a committed message, once what is staged has landed. */
  #isTrimmed(seq: number): boolean {
    if (this.#maxMsgs === 0 && this.#maxBytes === 0) return false;
    const store = this.#store;
    const { firstSeq, lastSeq, msgs, bytes } = store.state();
    const staged = store.stagedLastSeq - lastSeq;
    if (seq === 0 || seq > lastSeq || staged === 0) return false;
    const excess = this.#maxMsgs > 0 ? msgs + staged - this.#maxMsgs : 0;
    if (excess > 0 && (excess >= msgs || store.count(ALL_SUBJECTS, firstSeq, seq) <= excess)) return true;
    if (this.#maxBytes === 0) return false;
    const msg = this.#msg;
    let left = bytes + store.stagedBytes - this.#maxBytes;
    let at = firstSeq;
    for (let looks = MOST_TRIMMED; left > 0 && looks > 0 && at > 0 && store.load(at, msg); looks--) {
      if (at === seq) return true;
      left -= store.sizeOf(msg.subjectTo - msg.subjectFrom, msg.headerTo - msg.headerFrom, msg.bodyTo - msg.bodyFrom);
      at = store.next(ALL_SUBJECTS, at + 1, 1);
    }
    return false;
  }

  #wrongLast(seq: number): ApiError {
    this.restsOn = seq;
    return apiError("streamWrongLastSequence", { seq });
  }
}
