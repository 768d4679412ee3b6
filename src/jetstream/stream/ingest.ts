// A publish on its way into a stream: checked, staged, and answered when what
// the answer rests on is durable.
//
//     frame ─→ checks ─→ store.stage ─→ AckQueue ─→ (group landed) ─→ PubAck
//
// Owns the order of answers, the stream's clock and what is refused. Knows
// nothing of subscriptions, timers and configurations' rules.

import type { Frame } from "../../account/bus.ts";
import { OutMsg } from "../../account/bus.ts";
import { apiError, type ApiError } from "../../errors/api.ts";
import { REFUSED, StoredMsg, type StreamStore } from "../../store/stream_store.ts";
import type { StreamConfig } from "../config/stream_config.ts";
import type { JetStreamSurroundings, StreamAccount } from "../surroundings.ts";
import { ANSWER, AckQueue } from "./ack_queue.ts";
import { PubAck } from "./pub_ack.ts";
import type { StoreGroup } from "./store_group.ts";
import type { StreamClock } from "./stream_clock.ts";
import type { UsedBytes } from "./used_bytes.ts";

/** What publishing into a stream needs of it. */
export interface IngestParts {
  readonly surroundings: JetStreamSurroundings;
  readonly account: StreamAccount;
  readonly store: StreamStore;
  readonly group: StoreGroup;
  readonly clock: StreamClock;
  readonly used: UsedBytes;
}

export class Ingest {
  readonly #parts: IngestParts;
  readonly #store: StreamStore;
  readonly #answers = new AckQueue();
  readonly #ack: PubAck;
  readonly #msg = new StoredMsg();
  readonly #out = new OutMsg();
  #config: StreamConfig;

  constructor(parts: IngestParts, config: StreamConfig) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#config = config;
    this.#ack = new PubAck(config.name, parts.surroundings.domain);
  }

  configure(config: StreamConfig): void {
    this.#config = config;
  }

  /** Takes a message; the frame is borrowed for the call. */
  publish(frame: Frame): void {
    const { source } = frame;
    const msg = this.#msg;
    const { clock, used, group, account } = this.#parts;
    const store = this.#store;
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
    const size = store.sizeOf(
      msg.subjectTo - msg.subjectFrom,
      headerTo - frame.payloadFrom,
      frame.payloadTo - headerTo,
    );
    const refusal = account.refusal(this.#config.storage, size);
    if (refusal !== undefined) {
      this.#refuse(frame, refusal, 0);
      return;
    }
    clock.stamp(msg);
    const seq = store.stage(msg, "plain");
    if (seq < 0) {
      this.#refuse(frame, this.#storeRefusal(seq), store.stagedLastSeq);
      return;
    }
    used.staged(size);
    group.touch();
    if (frame.replyTo > frame.replyFrom && !this.#config.no_ack) {
      this.#answers.push(ANSWER.stored, seq, seq, source, frame.replyFrom, frame.replyTo);
    }
  }

  /** Sends the answers that wait for nothing any more. Inside `bus.run`. */
  flush(): void {
    const answers = this.#answers;
    const { group } = this.#parts;
    const { settledUpTo } = group;
    while (!answers.isEmpty && answers.restsOn <= settledUpTo) {
      this.#answer();
      answers.shift();
    }
  }

  #answer(): void {
    const answers = this.#answers;
    const out = this.#out;
    out.subject = answers.bytes;
    out.subjectFrom = answers.replyFrom;
    out.subjectTo = answers.replyTo;
    const failure = this.#parts.group.refusalOf(answers.restsOn);
    const { kind, seq } = answers;
    out.bodyFrom = 0;
    if (failure !== undefined) {
      out.body = this.#ack.refused(apiError("streamStoreFailed", { err: failure }));
      out.bodyTo = out.body.length;
    } else if (kind === ANSWER.text) {
      out.body = answers.bytes;
      out.bodyFrom = answers.replyTo;
      out.bodyTo = answers.bodyTo;
    } else {
      out.body = this.#ack.bytes;
      out.bodyTo = kind === ANSWER.stored ? this.#ack.stored(seq) : this.#ack.duplicate(seq);
    }
    this.#parts.account.bus.publish(out);
  }

  #refuse(frame: Frame, error: ApiError, restsOn: number): void {
    if (frame.replyTo === frame.replyFrom || this.#config.no_ack) return;
    const { group } = this.#parts;
    const body = this.#ack.refused(error);
    const rests = restsOn > group.settledUpTo ? restsOn : 0;
    this.#answers.push(ANSWER.text, rests, 0, frame.source, frame.replyFrom, frame.replyTo, body);
    if (group.isSettled) this.flush();
  }

  #storeRefusal(why: number): ApiError {
    return apiError("streamStoreFailed", { err: refusalText(why, this.#store.failure) });
  }
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
