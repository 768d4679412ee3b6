// One message to the subscriptions it goes to: what each gets of it.
//
// Copies "MSG subject sid " and the rest of the frame into a receiver's outbound
// bytes, with its headers or without, and counts. Allocates nothing, but for large
// payloads and traces.

import { bytes, SCRATCH } from "../base/arena.ts";
import { byteStringOf } from "../base/bytes.ts";
import { WIDE } from "../base/counts.ts";
import { BY_REFERENCE } from "../outbound/outbound.ts";
import type { Frame } from "../proto/frame.ts";
import type { Crossing } from "./crossing.ts";
import type { InnerQueue } from "./inner_queue.ts";
import { MessageTails } from "./message_tails.ts";
import type { Receiver } from "./receiver.ts";
import { withSubject } from "./rewrite.ts";
import type { SubjectWriter } from "./subject_writer.ts";
import type { Subscription } from "./subscription.ts";

/** Subjects that an import could make longer are not delivered. */
const MOST_SHOWN_BYTES = 1 << 20;

export class Delivery {
  /** Messages and bytes delivered to connections. */
  outMsgs = WIDE;
  outBytes = WIDE;
  readonly #inner: InnerQueue;
  // Of the frame being delivered: its tail re-encoded, and its payload if that is shared by reference.
  readonly #tails = new MessageTails(SCRATCH);
  #owned: Uint8Array | undefined = undefined;
  /** It came through a service: it goes into no stream of another account. */
  #viaService = false;

  /** `inner` takes what parts of the server get. */
  constructor(inner: InnerQueue) {
    this.#inner = inner;
    this.outMsgs = 0;
    this.outBytes = 0;
  }

  /**
   * `frame` is given to so many targets from now on; `crossing` is how it came from other accounts. A large payload is
   * shared by reference; the rest is made when a receiver needs it.
   */
  begin(frame: Frame, targets: number, crossing: Crossing | undefined): void {
    this.#viaService = crossing !== undefined;
    this.#tails.made = false;
    const size = frame.payloadTo - frame.payloadFrom;
    if (size < BY_REFERENCE || targets === 0) this.#owned = undefined;
    else if (!frame.inArena) this.#owned = frame.source.subarray(frame.payloadFrom, frame.payloadTo + 2);
    else this.#owned = Uint8Array.prototype.slice.call(frame.source, frame.payloadFrom, frame.payloadTo + 2);
  }
  /** The frame has been given to all. */
  end(): void {
    this.#owned = undefined;
  }

  /** What follows the sid can be copied as its publisher spelled it, for who reads headers. */
  goesAsItCame(frame: Frame): boolean {
    return frame.canonical && frame.headerBytes !== 0 && this.#owned === undefined;
  }

  /**
   * One delivery; `head` is the offset of "HMSG subject sid ", in which the
   * subject is what `shown` makes of it. False when this subscriber did not get it.
   */
  give(
    sub: Subscription,
    head: number,
    headLength: number,
    frame: Frame,
    sender: Receiver | undefined,
    shown: SubjectWriter | undefined,
  ): boolean {
    const { receiver, origin } = sub;
    if (origin !== sub && this.#viaService) return false;
    if (receiver === undefined) {
      if (origin === sub) this.#inner.add(frame, sub, sender);
      else this.#inner.addCopy(withSubject(frame, shown), origin, sender);
      return true;
    }
    if (!receiver.isOpen || !origin.isOpen || (receiver === sender && !receiver.echo)) return false;
    const { outbound } = receiver;
    if (outbound.congested && receiver.dropsWhenCongested) return false;
    const isHeader = frame.headerBytes > 0 && receiver.headers;
    let size = frame.payloadTo - frame.payloadFrom;
    let from = frame.payloadFrom;
    if (!isHeader && frame.headerBytes > 0) {
      from += frame.headerBytes;
      size -= frame.headerBytes;
    }
    origin.delivered++;
    receiver.outMsgs++;
    receiver.outBytes += size;
    this.outMsgs++;
    this.outBytes += size;
    if (receiver.tracksReplies && frame.replyTo > frame.replyFrom) {
      receiver.hooks.onReply(frame.source, frame.replyFrom, frame.replyTo);
    }
    const start = isHeader ? head : head + 1;
    const length = isHeader ? headLength : headLength - 1;
    if (frame.canonical && this.#owned === undefined && (isHeader || frame.headerBytes < 0)) {
      outbound.put2(start, length, frame.tailFrom, frame.payloadTo + 2 - frame.tailFrom);
    } else {
      const tails = this.#tails;
      if (!tails.made) tails.make(frame);
      const whole = isHeader || frame.headerBytes < 0;
      outbound.put2(
        start,
        length,
        whole ? tails.whole : tails.stripped,
        whole ? tails.wholeLength : tails.strippedLength,
      );
      if (this.#owned !== undefined) outbound.putOwned(this.#owned.subarray(from - frame.payloadFrom));
      else outbound.put(frame.source, from, frame.payloadTo + 2);
    }
    if (receiver.traces) this.#trace(receiver, start, length, frame, isHeader);
    if (origin.max > 0 && origin.delivered >= origin.max) receiver.onExhausted(origin);
    return true;
  }

  #trace(receiver: Receiver, start: number, length: number, frame: Frame, isHeader: boolean): void {
    const reply =
      frame.replyTo > frame.replyFrom ? `${byteStringOf(frame.source, frame.replyFrom, frame.replyTo)} ` : "";
    const total = frame.payloadTo - frame.payloadFrom;
    const sizes = isHeader ? `${frame.headerBytes} ${total}` : `${total - Math.max(frame.headerBytes, 0)}`;
    const head = `${byteStringOf(bytes, start, start + length)}${reply}${sizes}`;
    const from = isHeader ? frame.payloadFrom : frame.payloadFrom + Math.max(frame.headerBytes, 0);
    receiver.hooks.onTrace(head, frame.source, from, frame.payloadTo, isHeader ? frame.headerBytes : -1);
  }
}

/** Whether a deny, or the length of what it would see, keeps source[from, to) from this subscription. */
export function deniesDelivery(sub: Subscription, source: Uint8Array, from: number, to: number): boolean {
  const { receiver, shown } = sub;
  if (shown !== undefined && shown.roomFor(to - from) > MOST_SHOWN_BYTES) return true;
  if (receiver === undefined || !receiver.filtersDeliveries) return false;
  if (shown === undefined) return receiver.hooks.deniesDelivery(source, from, to, sub);
  const into = new Uint8Array(shown.roomFor(to - from));
  const end = shown.write(source, from, to, into, 0);
  return end < 0 || receiver.hooks.deniesDelivery(into, 0, end, sub);
}
