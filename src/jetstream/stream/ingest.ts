// A publish on its way into a stream: checked, staged, and answered when what
// the answer rests on is durable.
//
//     frame ─→ gate ─→ transform, headers ─→ checks ─→ store.stage ─→ AckQueue
//                                  PubAck, republish ←─ group landed ←─┘
//
// The order of checks is nats-server's: clients see the first one that fails.
// Owns the order of answers and what is refused. Knows nothing of subscriptions
// and timers.

import { AnswerRun, OutMsg, type Frame, type StreamTrace } from "../../account/bus.ts";
import { byteString, byteStringOf, type ByteString, shown } from "../../base/bytes.ts";
import { type ApiError, apiError } from "../../errors/api.ts";
import { quoted } from "../../errors/protocol.ts";
import { REFUSED, type StageRule, StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import type { StreamConfig } from "../config/stream_config.ts";
import type { JetStreamSurroundings, StreamAccount } from "../surroundings.ts";
import { ANSWER, AckQueue } from "./ack_queue.ts";
import type { Duplicates } from "./duplicates.ts";
import { Expected } from "./expected.ts";
import { hasStatus, withoutHeader, withoutStatus, withValue } from "./header_edit.ts";
import { IngestGate, TOO_MANY } from "./ingest_gate.ts";
import { batchRefusal, incrementRefusal, isOfBatch, scheduleRefusal, ttlFault, ttlRefusal } from "./later_headers.ts";
import { PubAck, STORED_TAIL } from "./pub_ack.ts";
import { HEADER, PublishHeaders } from "./publish_headers.ts";
import type { Republish } from "./republish.ts";
import type { StoreGroup } from "./store_group.ts";
import type { StreamClock } from "./stream_clock.ts";
import type { IngestTransform } from "./ingest_transform.ts";
import type { UsedBytes } from "./used_bytes.ts";

const NOTHING = new Uint8Array(0);
/** Of a file record, nats-server's: larger ones it takes for damage. */
const LARGEST_RECORD = 32 * 1024 * 1024;
const LARGEST_HEADER = 65_535;
/** What a disabled trace is told to be. */
const TRACE_DISABLED = "trace disabled" as ByteString;
/** Fewer answers are not worth a call. So many are looked at at first, twice as many after a run that all went out, and so on. */
const LEAST_ALIKE = 4;
const FIRST_ALIKE = 32;
const MOST_ALIKE = 1024;
const COLON = 0x3a;
const SPACE = 0x20;

/** What publishing into a stream needs of it. */
export interface IngestParts {
  readonly surroundings: JetStreamSurroundings;
  readonly account: StreamAccount;
  readonly store: StreamStore;
  readonly group: StoreGroup;
  readonly clock: StreamClock;
  readonly used: UsedBytes;
  readonly duplicates: Duplicates;
  /** Whether a consumer wants the subject bytes[from, to): only asked for interest retention. */
  hasInterest(bytes: Uint8Array, from: number, to: number): boolean;
  /** A rollup whose own message is not kept: removes all of the subject, or all. */
  rollUpTo(subject: ByteString): void;
}

/** What of the configuration each message is held to. */
interface IngestRules {
  readonly config: StreamConfig;
  readonly maxMsgSize: number;
  readonly mayRollUp: boolean;
  readonly transform: IngestTransform | undefined;
  readonly republish: Republish | undefined;
}

export class Ingest {
  readonly #parts: IngestParts;
  readonly #store: StreamStore;
  readonly #group: StoreGroup;
  readonly #name: ByteString;
  readonly #answers = new AckQueue();
  readonly #ack: PubAck;
  readonly #gate: IngestGate;
  readonly #headers = new PublishHeaders();
  readonly #expected: Expected;
  readonly #msg = new StoredMsg();
  readonly #out = new OutMsg();
  readonly #run = new AnswerRun();
  #rules: IngestRules;
  // The publish at hand: who notes what becomes of it, and where its answer goes.
  #trace: StreamTrace | undefined = undefined;
  #reply: Uint8Array = NOTHING;
  #replyFrom = 0;
  #replyTo = 0;

  constructor(parts: IngestParts, rules: Pick<IngestRules, "config" | "transform" | "republish">) {
    const { name } = rules.config;
    this.#parts = parts;
    this.#store = parts.store;
    this.#group = parts.group;
    this.#name = byteString(name);
    this.#ack = new PubAck(name, parts.surroundings.domain);
    this.#run.head = this.#ack.bytes;
    this.#run.headTo = this.#ack.seqAt;
    this.#run.tail = STORED_TAIL;
    this.#gate = new IngestGate(parts.surroundings, parts.group, this.#answers, `'${parts.account.name}' > '${name}'`);
    this.#expected = new Expected(parts.surroundings, parts.store);
    this.#rules = rulesOf(rules);
    this.#expected.configure(rules.config);
  }

  /** Messages are held to these rules from now on. */
  configure(rules: Pick<IngestRules, "config" | "transform" | "republish">): void {
    this.#rules = rulesOf(rules);
    this.#expected.configure(rules.config);
  }

  /** Takes a message; the frame is borrowed for the call. */
  publish(frame: Frame): void {
    const { source } = frame;
    const { config, transform } = this.#rules;
    this.#trace = frame.trace?.stream(config.name);
    this.#reply = source;
    this.#replyFrom = frame.replyFrom;
    this.#replyTo = frame.replyTo;
    // Nothing of a memory store waits for longer than this turn.
    if (config.storage === "file" && this.#gate.isClosed(frame.payloadTo - frame.subjectFrom)) {
      this.#answerTooMany();
      return;
    }
    const msg = this.#msg;
    const headerTo = frame.payloadFrom + Math.max(0, frame.headerBytes);
    msg.subject = source;
    msg.subjectFrom = frame.subjectFrom;
    msg.subjectTo = frame.subjectTo;
    msg.header = source;
    msg.headerFrom = frame.payloadFrom;
    msg.headerTo = headerTo;
    msg.body = source;
    msg.bodyFrom = headerTo;
    msg.bodyTo = frame.payloadTo;
    if (transform !== undefined) transform.apply(msg);
    const headers = this.#headers;
    headers.clear();
    if (headerTo > frame.payloadFrom && !this.#readHeaders(msg)) return;
    if (isOfBatch(headers, source, frame.replyFrom, frame.replyTo)) this.#refuseBatch(msg);
    else this.#check(msg);
  }

  /** Sends the answers that wait for nothing any more. Inside `bus.run`. */
  flush(): void {
    const answers = this.#answers;
    const { settledUpTo, isSettled } = this.#group;
    const upTo = isSettled ? Number.POSITIVE_INFINITY : settledUpTo;
    let mayRun = !this.#group.hasRefusals;
    let most = FIRST_ALIKE;
    while (!answers.isEmpty && answers.restsOn <= upTo) {
      const alike = mayRun ? answers.alike(upTo, most) : 0;
      if (alike >= LEAST_ALIKE) {
        const sent = this.#answerRun(alike);
        answers.shiftAlike(sent);
        // Who cannot have them together, or has each alone, gets the rest one by one.
        mayRun = sent >= LEAST_ALIKE;
        most = sent === most ? Math.min(2 * most, MOST_ALIKE) : FIRST_ALIKE;
        if (sent > 0) continue;
      }
      this.#answer();
      answers.shift();
    }
  }

  /** Staged messages were refused: what was noted of them goes. */
  refused(): void {
    this.#expected.reset();
  }

  // ---- checks

  /** Finds the headers that count, and takes out what is not stored. False when the message is only to be traced. */
  #readHeaders(msg: StoredMsg): boolean {
    const headers = this.#headers;
    const isPlain = !hasStatus(msg.header, msg.headerFrom, msg.headerTo);
    if (!isPlain) setHeader(msg, withoutStatus(headerOf(msg)));
    headers.scan(msg.header, msg.headerFrom, msg.headerTo);
    // With a status nats-server does not look for a trace.
    if (isPlain && headers.has(HEADER.traceDest) && !headers.is(HEADER.traceDest, TRACE_DISABLED)) {
      if (isOn(headers.value(HEADER.traceOnly))) return this.#trace !== undefined;
      this.#disableTrace(msg);
    }
    if (!headers.isThere(HEADER.requestInfo)) return true;
    setHeader(msg, withoutHeader(headerOf(msg), "Nats-Request-Info"));
    headers.scan(msg.header, msg.headerFrom, msg.headerTo);
    return true;
  }

  /** So that nobody who gets the stored message traces it again. */
  #disableTrace(msg: StoredMsg): void {
    const headers = this.#headers;
    const block = headerOf(msg);
    const to = headers.to(HEADER.traceDest) - msg.headerFrom;
    const colon = block.lastIndexOf(COLON, headers.from(HEADER.traceDest) - msg.headerFrom - 1);
    const from = block[colon + 1] === SPACE ? colon + 2 : colon + 1;
    setHeader(msg, withValue(block, from, to, TRACE_DISABLED));
    headers.scan(msg.header, msg.headerFrom, msg.headerTo);
  }

  /** Batches are not there yet: only what is said about them is. */
  #refuseBatch(msg: StoredMsg): void {
    const { config } = this.#rules;
    if (config.sealed) this.#refuse(apiError("streamSealed"));
    else {
      const refusal = this.#parts.account.refusal(config.storage, this.#sizeOf(msg)) ?? this.#tooLarge(msg);
      this.#refuse(refusal ?? batchRefusal(this.#reply, this.#replyFrom, this.#replyTo));
    }
  }

  #check(msg: StoredMsg): void {
    const { config } = this.#rules;
    const headers = this.#headers;
    const size = this.#sizeOf(msg);
    if (config.storage === "file" && size > LARGEST_RECORD) this.#refuseStore("message too large", 0);
    else if (config.sealed) this.#refuse(apiError("streamSealed"));
    else if (!headers.any || this.#checkHeaders(msg)) this.#accept(msg, size);
  }

  /** Whether the headers ask for nothing wrong; else it was answered. */
  #checkHeaders(msg: StoredMsg): boolean {
    const headers = this.#headers;
    if (headers.isAlone(HEADER.msgId)) return !this.#isDuplicate();
    const expected = this.#expected;
    const { subject, subjectFrom, subjectTo } = msg;
    expected.restsOn = 0;
    if (expected.isTooMuch(headers)) {
      this.#answerTooMany();
      return false;
    }
    const refusal =
      incrementRefusal(headers) ??
      expected.streamRefusal(headers, this.#name) ??
      ttlRefusal(headers) ??
      expected.sequenceRefusal(headers, subject, subjectFrom, subjectTo) ??
      scheduleRefusal(headers, subject, subjectFrom, subjectTo);
    if (refusal !== undefined) {
      this.#refuse(refusal, expected.restsOn);
      return false;
    }
    if (this.#isDuplicate()) return false;
    const later = expected.idRefusal(headers) ?? this.#rollupRefusal();
    if (later !== undefined) this.#refuse(later, expected.restsOn);
    return later === undefined;
  }

  /** Whether a message with this id was stored before; then it was answered. */
  #isDuplicate(): boolean {
    const headers = this.#headers;
    if (!headers.has(HEADER.msgId)) return false;
    const original = this.#parts.duplicates.find(headers);
    if (original === 0) return false;
    this.#trace?.refused("msgid is duplicate");
    if (this.#trace?.isOnly !== true) this.#push(ANSWER.duplicate, original, original);
    return true;
  }

  #rollupRefusal(): ApiError | undefined {
    const headers = this.#headers;
    if (!headers.has(HEADER.rollup)) return undefined;
    if (!this.#rules.mayRollUp) return apiError("streamRollupFailed", { err: "rollup not permitted" });
    const value = byteString(shown(headers.value(HEADER.rollup)).toLowerCase());
    if (value === "sub" || value === "all") return undefined;
    return apiError("streamRollupFailed", { err: `rollup value invalid: ${quoted(value)}` });
  }

  #tooLarge(msg: StoredMsg): ApiError | undefined {
    const { maxMsgSize } = this.#rules;
    const headerLength = msg.headerTo - msg.headerFrom;
    if (maxMsgSize >= 0 && headerLength + msg.bodyTo - msg.bodyFrom > maxMsgSize) {
      return apiError("streamMessageExceedsMaximum");
    }
    return undefined;
  }

  #accept(msg: StoredMsg, size: number): void {
    const { config } = this.#rules;
    const { account } = this.#parts;
    const headers = this.#headers;
    if (this.#rules.maxMsgSize >= 0) {
      const tooLarge = this.#tooLarge(msg);
      if (tooLarge !== undefined) {
        this.#refuse(tooLarge);
        return;
      }
    }
    if (msg.headerTo - msg.headerFrom > LARGEST_HEADER) {
      this.#refuse(apiError("streamHeaderExceedsMaximum"));
      return;
    }
    const isWanted =
      config.retention !== "interest" || this.#parts.hasInterest(msg.subject, msg.subjectFrom, msg.subjectTo);
    const refusal = account.refusal(config.storage, isWanted ? size : 0);
    if (refusal !== undefined) this.#refuse(refusal);
    else if (!isWanted) this.#skip(msg);
    else {
      const fault = headers.any ? ttlFault(headers) : undefined;
      if (fault !== undefined) this.#refuse(fault);
      else this.#stage(msg, size);
    }
  }

  // ---- staging

  #stage(msg: StoredMsg, size: number): void {
    if (this.#isOnlyTraced(msg, true)) return;
    const { clock, used, duplicates } = this.#parts;
    const { republish } = this.#rules;
    const store = this.#store;
    const headers = this.#headers;
    let rule: StageRule = "plain";
    if (headers.any && headers.has(HEADER.rollup)) {
      rule = headers.value(HEADER.rollup).toLowerCase() === "all" ? "rollupAll" : "rollupSubject";
    }
    const isRepublished = republish !== undefined && republish.matches(msg.subject, msg.subjectFrom, msg.subjectTo);
    const lastOfSubject = isRepublished ? this.#lastOfSubject(msg) : 0;
    clock.stamp(msg);
    const seq = store.stage(msg, rule);
    if (seq < 0) {
      this.#refuseStore(refusalText(seq, store.failure), seq === REFUSED.frozen ? 0 : store.stagedLastSeq);
      return;
    }
    used.staged(size);
    this.#group.addMessage();
    if (headers.any && headers.has(HEADER.msgId)) {
      duplicates.add(headers, seq, clock.sec, clock.nanos);
      this.#expected.noteId(headers.bytes, headers.from(HEADER.msgId), headers.to(HEADER.msgId));
    } else this.#expected.noteNoId();
    if (isRepublished) {
      const { bytes, headerLength } = republish.make(msg, seq, lastOfSubject);
      this.#answers.push(ANSWER.republish, seq, headerLength, republish.subject, 0, republish.subjectTo, bytes);
    }
    this.#push(ANSWER.stored, seq, seq);
  }

  /** Nobody wants it: it takes a sequence and nothing else. */
  #skip(msg: StoredMsg): void {
    if (this.#isOnlyTraced(msg, false)) return;
    const { clock, duplicates } = this.#parts;
    const headers = this.#headers;
    const store = this.#store;
    const seq = store.stagedLastSeq + 1;
    if (store.failure !== undefined) {
      this.#refuseStore(store.failure, 0);
      return;
    }
    clock.read();
    store.stageSkip(seq, clock.sec, clock.nanos);
    this.#group.touch();
    if (headers.any && headers.has(HEADER.msgId)) {
      duplicates.add(headers, seq, clock.sec, clock.nanos);
      this.#expected.noteId(headers.bytes, headers.from(HEADER.msgId), headers.to(HEADER.msgId));
    } else this.#expected.noteNoId();
    if (headers.any && headers.has(HEADER.rollup)) {
      const isAll = headers.value(HEADER.rollup).toLowerCase() === "all";
      this.#parts.rollUpTo(isAll ? (">" as ByteString) : byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo));
    }
    this.#push(ANSWER.stored, seq, seq);
  }

  /** The checks are passed, and that is all there is to it. */
  #isOnlyTraced(msg: StoredMsg, isWanted: boolean): boolean {
    const trace = this.#trace;
    if (trace === undefined) return false;
    trace.passed(byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo), isWanted);
    return trace.isOnly;
  }

  #lastOfSubject(msg: StoredMsg): number {
    return this.#expected.lastOf(byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo));
  }

  #sizeOf(msg: StoredMsg): number {
    return this.#store.sizeOf(
      msg.subjectTo - msg.subjectFrom,
      msg.headerTo - msg.headerFrom,
      msg.bodyTo - msg.bodyFrom,
    );
  }

  // ---- answers

  #push(kind: typeof ANSWER.stored | typeof ANSWER.duplicate, restsOn: number, seq: number): void {
    if (this.#replyTo === this.#replyFrom || this.#rules.config.no_ack) return;
    this.#answers.push(kind, restsOn, seq, this.#reply, this.#replyFrom, this.#replyTo);
    if (this.#group.isSettled) this.flush();
  }

  #refuseStore(text: string, restsOn: number): void {
    this.#refuse(apiError("streamStoreFailed", { err: text }), restsOn);
  }

  #refuse(error: ApiError, restsOn = 0): void {
    this.#trace?.refused(error.description);
    if (this.#trace?.isOnly === true) return;
    if (this.#replyTo === this.#replyFrom || this.#rules.config.no_ack) return;
    const body = this.#ack.refused(error);
    this.#answers.push(ANSWER.text, restsOn, 0, this.#reply, this.#replyFrom, this.#replyTo, body);
    if (this.#group.isSettled) this.flush();
  }

  /** Out of order: the queue is what is full. */
  #answerTooMany(): void {
    if (this.#replyTo === this.#replyFrom) return;
    this.#send(
      this.#reply,
      this.#replyFrom,
      this.#replyTo,
      TOO_MANY,
      this.#ack.refused(apiError("streamTooManyRequests")),
    );
  }

  #send(subject: Uint8Array, from: number, to: number, header: Uint8Array, body: Uint8Array): void {
    const out = this.#out;
    out.subject = subject;
    out.subjectFrom = from;
    out.subjectTo = to;
    out.header = header;
    out.headerFrom = 0;
    out.headerTo = header.length;
    out.body = body;
    out.bodyFrom = 0;
    out.bodyTo = body.length;
    this.#parts.account.bus.answer(out);
  }

  /** Sends the first answers of the queue, which are alike; how many. */
  #answerRun(count: number): number {
    const answers = this.#answers;
    const run = this.#run;
    run.inboxes = answers.bytes;
    run.from = answers.replyFrom;
    run.length = answers.replyTo - answers.replyFrom;
    run.count = count;
    run.first = answers.seq;
    return this.#parts.account.bus.answerRun(run);
  }

  /** Sends the first answer of the queue. */
  #answer(): void {
    const answers = this.#answers;
    const { kind, seq } = answers;
    const failure = this.#group.refusalOf(answers.restsOn);
    const out = this.#out;
    out.subject = answers.bytes;
    out.subjectFrom = answers.replyFrom;
    out.subjectTo = answers.replyTo;
    out.headerFrom = 0;
    out.headerTo = 0;
    out.bodyFrom = 0;
    if (failure !== undefined) {
      if (kind === ANSWER.republish) return;
      out.body = this.#ack.refused(apiError("streamStoreFailed", { err: failure }));
      out.bodyTo = out.body.length;
    } else if (kind === ANSWER.stored || kind === ANSWER.duplicate) {
      out.body = this.#ack.bytes;
      out.bodyTo = kind === ANSWER.stored ? this.#ack.stored(seq) : this.#ack.duplicate(seq);
    } else {
      const headerLength = kind === ANSWER.republish ? seq : 0;
      out.header = answers.bytes;
      out.headerFrom = answers.replyTo;
      out.headerTo = answers.replyTo + headerLength;
      out.body = answers.bytes;
      out.bodyFrom = out.headerTo;
      out.bodyTo = answers.bodyTo;
    }
    const { bus } = this.#parts.account;
    if (kind === ANSWER.republish) bus.publish(out);
    else bus.answer(out);
  }
}

function rulesOf(rules: Pick<IngestRules, "config" | "transform" | "republish">): IngestRules {
  const { config } = rules;
  return { ...rules, maxMsgSize: config.max_msg_size, mayRollUp: config.allow_rollup_hdrs && !config.deny_purge };
}

/** The value of a header that is a switch. */
function isOn(value: ByteString): boolean {
  return ["1", "true", "on"].includes(value.trim().toLowerCase());
}

function headerOf(msg: StoredMsg): Uint8Array {
  return msg.header.subarray(msg.headerFrom, msg.headerTo);
}

function setHeader(msg: StoredMsg, header: Uint8Array): void {
  msg.header = header;
  msg.headerFrom = 0;
  msg.headerTo = header.length;
}

function refusalText(why: number, failure: string | undefined): string {
  switch (why) {
    case REFUSED.maxMsgs:
      return "maximum messages exceeded";
    case REFUSED.maxBytes:
      return "maximum bytes exceeded";
    case REFUSED.maxMsgsPerSubject:
      return "maximum messages per subject exceeded";
    case REFUSED.sequences:
      return "sequences above 9007199254740991 are not supported";
    default:
      return failure ?? "the store takes no messages";
  }
}
