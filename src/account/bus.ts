// What the server's own parts have of an account: they subscribe, publish and
// ask who listens. JetStream stands behind it; sessions do not.
//
// What a listener publishes for clients goes out at once; what it publishes
// for other listeners, after it has returned (inner_queue.ts).

import { bytes, INNER, INNER_BYTES } from "../base/arena.ts";
import type { ByteString } from "../base/bytes.ts";
import { bytesOf } from "../base/bytes.ts";
import { putBytes } from "../base/put_bytes.ts";
import { FNV_BASE, FNV_PRIME, Frame } from "../proto/frame.ts";
import type { AnswerRun } from "./answer_run.ts";
import type { InnerQueue, Listener } from "./inner_queue.ts";
import type { InterestWatch } from "./interest.ts";
import type { RunSent } from "./deliver_run.ts";
import { putSizes } from "./message_sizes.ts";
import { OutMsg } from "./out_msg.ts";
import type { OutRun, RunReplies } from "./out_run.ts";
import type { Receiver } from "./receiver.ts";
import type { Resolved, Router } from "./router.ts";
import { Subscription } from "./subscription.ts";

export type { Listener } from "./inner_queue.ts";
export type { InterestWatch } from "./interest.ts";
export { AnswerRun } from "./answer_run.ts";
export { RunSent } from "./deliver_run.ts";
export { OutMsg } from "./out_msg.ts";
export type { OutRun, RunReplies } from "./out_run.ts";
export type { ClientInfo, Receiver as Sender } from "./receiver.ts";
export type { Subscription } from "./subscription.ts";
export type { Frame, StreamTrace } from "../proto/frame.ts";

const NOTHING = new Uint8Array(0);
const EMPTY = "" as ByteString;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** From here on an address is held: two batches of one write, or half of what the connection may have. */
const HELD_BYTES = 8 * 1024 * 1024;
const HELD_FULLNESS = 0.5;
/** Two sizes, three blanks and two line ends, at most. */
const LINE_BYTES = 64;

/**
 * An address that gets many messages: an inbox of a pull request, the deliver
 * subject of a push consumer. Who listens there is looked up once, and again
 * when subscriptions have changed.
 */
export class Delivery {
  readonly subject: ByteString;
  readonly #bytes: Uint8Array;
  readonly #router: Router;
  readonly #send: (resolved: Resolved, msg: OutMsg) => number;
  #resolved: Resolved | undefined = undefined;

  /** Made by `Bus.open`. */
  constructor(subject: ByteString, router: Router, send: (resolved: Resolved, msg: OutMsg) => number) {
    this.subject = subject;
    this.#bytes = bytesOf(subject);
    this.#router = router;
    this.#send = send;
  }

  /** Whether anybody subscribes there. */
  get isAlive(): boolean {
    const { plain, queues, relays, subject } = this.#current();
    if (plain.length > 0 || queues.length > 0) return true;
    return relays.some(({ relay }) => relay!.hasInterest(subject, 0, subject.length));
  }

  /** Whether what is sent there stays in this account. In others it would be seen under the subject it is shown with. */
  get isHere(): boolean {
    return this.#current().relays.length === 0;
  }

  /** Whether a member of this queue group subscribes there. */
  hasQueue(queue: ByteString): boolean {
    return this.#current().queues.some((group) => group[0]!.queue === queue);
  }

  /** Bytes that wait for the connection there with the most of them. */
  get pendingBytes(): number {
    return this.#fullest()?.outbound.pendingBytes ?? 0;
  }

  /**
   * Whether a connection there has so much to read that more should wait. Then
   * `open` is called once, when it has read some or is gone; it must not publish.
   */
  isHeld(open: () => void): boolean {
    const { alone } = this.#current();
    const outbound = (alone === undefined ? this.#fullest() : alone.receiver!)?.outbound;
    if (outbound === undefined) return false;
    if (outbound.pendingBytes <= HELD_BYTES && outbound.fullness < HELD_FULLNESS) return false;
    return outbound.whenWritten(open);
  }

  #fullest(): Receiver | undefined {
    let fullest: Receiver | undefined;
    let most = 0;
    const look = ({ receiver }: Subscription): void => {
      if (receiver === undefined || receiver.outbound.pendingBytes <= most) return;
      most = receiver.outbound.pendingBytes;
      fullest = receiver;
    };
    const { plain, queues } = this.#current();
    for (let i = 0; i < plain.length; i++) look(plain[i]!);
    for (let i = 0; i < queues.length; i++) for (const sub of queues[i]!) look(sub);
    return fullest;
  }

  /** Sends `msg` there, showing its own subject. How many got it; its bytes are borrowed for the call. */
  put(msg: OutMsg): number {
    const resolved = this.#current();
    if (resolved.alone !== undefined && this.#router.sendAlone(resolved.alone, msg)) return 1;
    return this.#send(resolved, msg);
  }

  /**
   * Sends the first messages of a run there, `count` at most, as far as they go together: to one connection, and with no
   * more than `most` bytes besides the subject. `sent` says how many it got; those behind have to be `put`.
   */
  putRun(run: OutRun, replies: RunReplies, count: number, most: number, sent: RunSent): void {
    const { alone } = this.#current();
    if (alone === undefined) sent.msgs = 0;
    else this.#router.sendRun(alone, run, replies, count, most, sent);
  }

  /** Hands what is queued for the one connection there to the kernel, when that is much: it works while more is made. */
  flushEarly(): void {
    this.#current().alone?.receiver!.outbound.flushEarly();
  }

  #current(): Resolved {
    let resolved = this.#resolved;
    if (resolved === undefined || !this.#router.isCurrent(resolved)) {
      resolved = this.#router.resolve(this.#bytes, 0, this.#bytes.length);
      this.#resolved = resolved;
    }
    return resolved;
  }
}

export class Bus {
  readonly #router: Router;
  readonly #inner: InnerQueue;
  readonly #frame = new Frame();
  readonly #out = new OutMsg();

  constructor(router: Router, inner: InnerQueue) {
    this.#router = router;
    this.#inner = inner;
  }

  /** Subscribes a part of the server; the subject must be valid. */
  subscribe(subject: ByteString, listener: Listener, queue?: ByteString): Subscription {
    const sub = new Subscription(listener, subject, queue, EMPTY);
    this.#router.insert(sub);
    return sub;
  }

  unsubscribe(sub: Subscription): void {
    this.#router.remove(sub);
  }

  /** Whether anybody subscribes to a literal subject. */
  hasInterest(subject: ByteString): boolean {
    return this.#router.hasInterest(subject);
  }

  /**
   * Watches for subscriptions to exactly this literal subject, plain ones or of
   * a queue group. `onChange` is called when the first came or the last went,
   * inside that call: it must not publish.
   */
  watch(subject: ByteString, queue: ByteString | undefined, onChange: () => void): InterestWatch {
    return this.#router.watch(subject, queue, onChange);
  }

  /** Publishes text (JSON) without headers; how many got it. */
  publishText(subject: ByteString, text: string): number {
    return this.publishParts(subject, EMPTY, NOTHING, Buffer.from(text, "utf8"));
  }

  /** Publishes a message of owned or borrowed parts; an empty reply is none, an empty header too. How many got it. */
  publishParts(subject: ByteString, reply: ByteString, header: Uint8Array, body: Uint8Array): number {
    const out = this.#out;
    out.subject = bytesOf(subject);
    out.subjectFrom = 0;
    out.subjectTo = out.subject.length;
    out.reply = reply === "" ? NOTHING : bytesOf(reply);
    out.replyFrom = 0;
    out.replyTo = out.reply.length;
    out.header = header;
    out.headerFrom = 0;
    out.headerTo = header.length;
    out.body = body;
    out.bodyFrom = 0;
    out.bodyTo = body.length;
    return this.publish(out);
  }

  /** An address for many messages. */
  open(subject: ByteString): Delivery {
    return new Delivery(subject, this.#router, (resolved, msg) => {
      const frame = this.#fill(msg);
      const isOuter = this.#inner.begin();
      const delivered = this.#router.deliverTo(resolved, frame);
      if (isOuter) this.#inner.end();
      return delivered;
    });
  }

  /** Publishes `msg`, whose bytes are borrowed for the call. How many got it. Allocates nothing below 100 KB. */
  publish(msg: OutMsg): number {
    const frame = this.#fill(msg);
    // A listener may publish too, and this frame is the only one.
    const isOuter = this.#inner.begin();
    const delivered = this.#router.publish(frame, undefined);
    if (isOuter) this.#inner.end();
    return delivered;
  }

  /** As `publish`, to a subject that is used once or so: an inbox. */
  answer(msg: OutMsg): number {
    return this.#router.answer(msg) ? 1 : this.publish(msg);
  }

  /** As many of the first answers of a run as go together to one connection; how many. */
  answerRun(run: AnswerRun): number {
    return this.#router.answerRun(run);
  }

  /** Makes the one frame of a message. */
  #fill(msg: OutMsg): Frame {
    const subjectLength = msg.subjectTo - msg.subjectFrom;
    const replyLength = msg.replyTo - msg.replyFrom;
    const headerLength = msg.headerTo - msg.headerFrom;
    const size = headerLength + msg.bodyTo - msg.bodyFrom;
    const room = subjectLength + replyLength + size + LINE_BYTES;
    const isSmall = room <= INNER_BYTES;
    const into = isSmall ? bytes : new Uint8Array(room);
    const start = isSmall ? INNER : 0;
    const frame = this.#frame;
    frame.source = into;
    frame.inArena = isSmall;
    frame.canonical = isSmall;
    let at = start;
    let hash = FNV_BASE;
    for (let i = msg.subjectFrom; i < msg.subjectTo; i++) {
      const byte = msg.subject[i]!;
      into[at++] = byte;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
    }
    frame.subjectFrom = start;
    frame.subjectTo = at;
    frame.subjectHash = hash;
    frame.tailFrom = at;
    frame.replyFrom = at;
    for (let i = msg.replyFrom; i < msg.replyTo; i++) into[at++] = msg.reply[i]!;
    frame.replyTo = at;
    if (replyLength > 0) into[at++] = SPACE;
    at = putSizes(frame, into, at, headerLength, size);
    at = putBytes(into, at, msg.header, msg.headerFrom, msg.headerTo);
    at = putBytes(into, at, msg.body, msg.bodyFrom, msg.bodyTo);
    frame.payloadTo = at;
    into[at] = CR;
    into[at + 1] = LF;
    return frame;
  }

  /** Runs `work` so that what it publishes for listeners reaches them after it has returned. */
  run(work: () => void): void {
    const isOuter = this.#inner.begin();
    work();
    if (isOuter) this.#inner.end();
  }
}
