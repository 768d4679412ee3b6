// Messages on their way to parts of the server itself: streams, the API.
//
// A listener is called when the message has been delivered to everyone else,
// and never while a listener is being called: what one publishes for another
// waits, copied, until it has returned. So a stream is never called while it
// is being called. One per server. Owns the copies.
//
//     publish ─→ add, add ─→ drain ─→ onMsg ─→ publish ─→ add (a copy)
//                              └──────── onMsg ←────────────┘

import { Frame } from "../proto/frame.ts";
import type { Receiver } from "./receiver.ts";
import type { Subscription } from "./subscription.ts";

/** A part of the server that subscribes. */
export interface Listener {
  /**
   * A message for `sub`. The frame is borrowed for the call. `sender` is
   * undefined when the server itself published. False: nobody is here for this
   * subject after all, which a requester is told.
   */
  onMsg(frame: Frame, sub: Subscription, sender: Receiver | undefined): boolean;
  /** As `onMsg` of an acknowledgement that says +ACK and wants no answer: the first three numbers of its subject. */
  onAck?(deliveries: number, streamSeq: number, consumerSeq: number): void;
  /** It looks at the trace of a message, and does nothing where a message is only to be traced. */
  readonly readsTrace?: true;
}

interface Waiting {
  readonly sub: Subscription;
  readonly frame: Frame;
  readonly sender: Receiver | undefined;
}

export class InnerQueue {
  /** Those that the message being published goes to; the frame is the publisher's. Emptied by its count: so its memory stays. */
  readonly #now: (Subscription | undefined)[] = [];
  #nowCount = 0;
  /** As `#now`, each with a frame of its own. */
  #nowCopied: Waiting[] = [];
  #later: Waiting[] = [];
  #copied: { readonly of: Frame; readonly copy: Frame } | undefined = undefined;
  #isDraining = false;

  /** Nothing was added since the last drain. */
  get isEmpty(): boolean {
    return this.#nowCount === 0 && this.#copied === undefined && this.#nowCopied.length === 0;
  }

  /** The message being published goes to `sub`. */
  add(frame: Frame, sub: Subscription, sender: Receiver | undefined): void {
    if (!this.#isDraining) {
      this.#now[this.#nowCount++] = sub;
      return;
    }
    if (this.#copied?.of !== frame) this.#copied = { of: frame, copy: copyOf(frame) };
    this.#later.push({ sub, frame: this.#copied.copy, sender });
  }

  /** As `add`; the frame is the queue's from now on. */
  addCopy(frame: Frame, sub: Subscription, sender: Receiver | undefined): void {
    (this.#isDraining ? this.#later : this.#nowCopied).push({ sub, frame, sender });
  }

  /** The message is delivered to everyone else: calls the listeners. How many of them were not there. */
  drain(frame: Frame, sender: Receiver | undefined): number {
    this.#copied = undefined;
    if (this.#isDraining || (this.#nowCount === 0 && this.#nowCopied.length === 0)) return 0;
    this.#isDraining = true;
    let absent = 0;
    const now = this.#now;
    const copied = this.#nowCopied;
    if (copied.length > 0) this.#nowCopied = [];
    for (const each of copied) {
      if (!each.sub.isOpen || !each.sub.listener!.onMsg(each.frame, each.sub, each.sender)) absent++;
    }
    for (let i = 0; i < this.#nowCount; i++) {
      const sub = now[i]!;
      now[i] = undefined;
      if (!sub.isOpen || !sub.listener!.onMsg(frame, sub, sender)) absent++;
    }
    this.#nowCount = 0;
    this.#drainLater();
    return absent;
  }

  /** From here until `end` what is published reaches listeners later. False when that is so already: no `end` then. */
  begin(): boolean {
    if (this.#isDraining) return false;
    this.#isDraining = true;
    return true;
  }

  /** Calls the listeners of what was published since `begin`. */
  end(): void {
    this.#drainLater();
  }

  #drainLater(): void {
    for (let at = 0; at < this.#later.length; at++) {
      const { sub, frame, sender } = this.#later[at]!;
      if (sub.isOpen) sub.listener!.onMsg(frame, sub, sender);
    }
    if (this.#later.length > 0) this.#later = [];
    this.#isDraining = false;
  }
}

/** The same message in bytes of its own. */
export function copyOf(frame: Frame): Frame {
  const copy = new Frame();
  const subject = frame.subjectTo - frame.subjectFrom;
  const reply = frame.replyTo - frame.replyFrom;
  const headerSize = frame.headerSizeTo - frame.headerSizeFrom;
  const size = frame.sizeTo - frame.sizeFrom;
  const payload = frame.payloadTo - frame.payloadFrom + 2;
  const bytes = new Uint8Array(subject + reply + headerSize + size + payload);
  let at = 0;
  const take = (from: number, length: number): number => {
    const start = at;
    bytes.set(frame.source.subarray(from, from + length), at);
    at += length;
    return start;
  };
  copy.source = bytes;
  copy.inArena = false;
  copy.subjectFrom = take(frame.subjectFrom, subject);
  copy.subjectTo = at;
  copy.subjectHash = frame.subjectHash;
  copy.replyFrom = take(frame.replyFrom, reply);
  copy.replyTo = at;
  copy.headerBytes = frame.headerBytes;
  copy.headerSizeFrom = take(frame.headerSizeFrom, headerSize);
  copy.headerSizeTo = at;
  copy.sizeFrom = take(frame.sizeFrom, size);
  copy.sizeTo = at;
  copy.payloadFrom = take(frame.payloadFrom, payload);
  copy.payloadTo = at - 2;
  copy.canonical = false;
  copy.trace = frame.trace;
  return copy;
}
