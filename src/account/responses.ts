// Requests of other accounts that this account has not answered yet.
//
// A request comes in with a reply of this account's own, `_R_.<account>.<request>`:
// nobody here sees a subject of the requester's account. What is published there
// goes to the requester, as often as the service answers. One subscription
// takes all of them.
//
// Owns the requests and the timer that ends those that wait too long. A
// request is forgotten when its answer was delivered, when nobody could get it,
// when nobody waits for it any more, or when there are too many.
//
//     request ──→ newest of its export … oldest   (by the time it was last heard of)

import type { ByteString } from "../base/bytes.ts";
import { byteStringOf, bytesOf } from "../base/bytes.ts";
import type { Env, Timer } from "../base/world.ts";
import type { Frame } from "../proto/frame.ts";
import { FixedSubject, sameSubject, type SubjectWriter } from "./subject_writer.ts";
import { Crossing } from "./crossing.ts";
import type { Awaited } from "./awaited.ts";
import type { Mappings } from "./mappings.ts";
import type { Measurement } from "./measurement.ts";
import type { Receiver } from "./receiver.ts";
import type { Relay } from "./relay.ts";
import { release, rewritten } from "./rewrite.ts";
import type { Trace } from "./trace.ts";
import { DISABLED, withDestination } from "./trace_headers.ts";
import type { Resolved, Router } from "./router.ts";
import type { ServiceState } from "./service_state.ts";
import { Subscription } from "./subscription.ts";

/** Requests that may wait at a time, about half a KB each. When there are more, the one longest unheard of its service goes. */
const MOST = 1 << 18;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ACK = "$JS.ACK.";

/** The side of an account that takes part in services. */
export interface ServiceSide {
  readonly name: string;
  readonly router: Router;
  /** Undefined without any. */
  readonly mappings: Mappings | undefined;
  /** What it was asked by others. */
  readonly responses: Responses;
  /** What it waits for from others. */
  readonly awaited: Awaited;
}

/** Why a request is over. */
export type EndOfRequest = "answered" | "noDelivery" | "timeout" | "lost";

export class PendingRequest {
  readonly owner: Responses;
  /** The reply in the account that was asked. */
  readonly subject: ByteString;
  readonly subjectBytes: Uint8Array;
  /** Who asked, and the reply there. */
  readonly requester: ServiceSide;
  readonly reply: ByteString;
  readonly writer: SubjectWriter;
  readonly service: ServiceState;
  /** How it is measured; undefined when it is not. */
  readonly measurement: Measurement | undefined;
  /** When it was last heard of, by the wall clock. */
  heardMs: number;
  isOpen = true;
  newer: PendingRequest | undefined = undefined;
  older: PendingRequest | undefined = undefined;
  /** Who else waits with the same reply. */
  twin: PendingRequest | undefined = undefined;
  /** Where shown messages go, looked up for many of them. */
  resolved: Resolved | undefined = undefined;

  constructor(
    owner: Responses,
    subject: ByteString,
    requester: ServiceSide,
    reply: ByteString,
    service: ServiceState,
    measurement: Measurement | undefined,
    heardMs: number,
  ) {
    this.owner = owner;
    this.subject = subject;
    this.subjectBytes = bytesOf(subject);
    this.requester = requester;
    this.reply = reply;
    this.writer = new FixedSubject(reply);
    this.service = service;
    this.measurement = measurement;
    this.heardMs = heardMs;
  }
}

export class Responses implements Relay {
  readonly #env: Env;
  readonly #side: () => ServiceSide;
  readonly #router: Router;
  /** What the reply of a measured request ends in. */
  readonly #measuredEnd: string;
  readonly #most: number;
  readonly #requests = new Map<ByteString, PendingRequest>();
  readonly #services = new Set<ServiceState>();
  #prefix = "";
  #timer: Timer | undefined = undefined;
  #timerDueMs = Infinity;

  constructor(env: Env, router: Router, serverHash: string, side: () => ServiceSide, most = MOST) {
    this.#env = env;
    this.#most = most;
    this.#router = router;
    this.#measuredEnd = `.${serverHash}.T`;
    this.#side = side;
  }

  /** Requests that wait. */
  get count(): number {
    return this.#requests.size;
  }

  /** The requests that wait, oldest first. */
  waiting(): IterableIterator<PendingRequest> {
    return this.#requests.values();
  }

  /** Notes a request and makes up its reply. */
  open(
    requester: ServiceSide,
    reply: ByteString,
    service: ServiceState,
    measurement: Measurement | undefined,
  ): PendingRequest {
    if (this.#prefix === "") this.#begin();
    const subject = this.#newSubject(measurement !== undefined);
    const now = this.#nowMs();
    const request = new PendingRequest(this, subject, requester, reply, service, measurement, now);
    this.#requests.set(subject, request);
    requester.awaited.add(request);
    service.push(request);
    this.#services.add(service);
    if (this.#requests.size > this.#most) this.close(service.oldest!, "timeout");
    if (now + service.thresholdMs < this.#timerDueMs) this.#arm(now + service.thresholdMs, now);
    return request;
  }

  /** Ends a request; harmless when it is over. */
  close(request: PendingRequest, why: EndOfRequest): void {
    if (!request.isOpen) return;
    request.isOpen = false;
    this.#requests.delete(request.subject);
    request.service.take(request);
    request.requester.awaited.remove(request);
    if (why !== "answered") request.measurement?.fail(why);
  }

  /** Forgets all requests. */
  clear(): void {
    for (const request of this.#requests.values()) this.close(request, "answered");
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  /** Passes an answer on to who asked. */
  relay(
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    isShown: boolean,
    sender: Receiver | undefined,
    crossing: Crossing | undefined,
    trace?: Trace,
  ): number {
    const request = this.#requests.get(byteStringOf(source, from, to));
    // Nobody waits for it; who answers is not told so.
    if (request === undefined) return 1;
    const { requester, service } = request;
    if (crossing?.has(service) === true) return 0;
    if (trace !== undefined) {
      // Who answers shall not learn the requester's subject by this, nor what becomes of the answer there.
      const subject = byteStringOf(source, from, to);
      trace.serviceImport(requester.name, subject, subject);
      if (trace.isOnly) return 1;
    }
    let onward: PendingRequest | undefined;
    if (asks(frame)) onward = requester.responses.open(this.#side(), replyOf(frame), service, undefined);
    request.measurement?.answered(sender);
    const next = new Crossing(crossing, service, NOTHING_TOLD, false);
    const delivered = isShown
      ? this.#passShown(request, frame, onward, sender, next)
      : this.#pass(request, frame, source, from, to, onward, sender, next, trace !== undefined);
    if (onward !== undefined && delivered === 0) requester.responses.close(onward, "noDelivery");
    const isLast = service.isSingle || frame.payloadTo === frame.payloadFrom;
    if (delivered === 0 || isLast) this.close(request, delivered === 0 ? "noDelivery" : "answered");
    else if (request.isOpen) {
      request.heardMs = this.#nowMs();
      service.push(request);
    }
    return delivered;
  }

  hasInterest(source: Uint8Array, from: number, to: number): boolean {
    const request = this.#requests.get(byteStringOf(source, from, to));
    return request !== undefined && request.requester.router.hasInterest(request.reply);
  }

  #pass(
    request: PendingRequest,
    frame: Frame,
    source: Uint8Array,
    from: number,
    to: number,
    onward: PendingRequest | undefined,
    sender: Receiver | undefined,
    next: Crossing,
    isTraced: boolean,
  ): number {
    const { requester, writer } = request;
    const out = rewritten(frame, writer, source, from, to, onward?.subjectBytes, undefined);
    if (out === undefined) return 0;
    const mapped = requester.mappings?.apply(out);
    const sent = mapped ?? out;
    const { router } = requester;
    const delivered = isTraced
      ? withDestination(sent, DISABLED as ByteString, (quiet) => router.publish(quiet, sender, next))
      : router.publish(sent, sender, next);
    if (mapped !== undefined) release();
    release();
    this.#router.effort += router.takeEffort();
    return delivered;
  }

  /** The subject that the frame shows is shown to the requester, too. */
  #passShown(
    request: PendingRequest,
    frame: Frame,
    onward: PendingRequest | undefined,
    sender: Receiver | undefined,
    next: Crossing,
  ): number {
    const { router } = request.requester;
    const { source, subjectFrom, subjectTo } = frame;
    const out = rewritten(frame, sameSubject, source, subjectFrom, subjectTo, onward?.subjectBytes, undefined);
    if (out === undefined) return 0;
    let { resolved } = request;
    if (resolved === undefined || !router.isCurrent(resolved)) {
      const bytes = bytesOf(request.reply);
      request.resolved = resolved = router.resolve(bytes, 0, bytes.length);
    }
    const delivered = router.deliverTo(resolved, out, sender, next);
    release();
    this.#router.effort += router.takeEffort();
    return delivered;
  }

  #begin(): void {
    this.#prefix = `_R_.${this.#digits()}.`;
    this.#router.insert(new Subscription(this, `${this.#prefix}>` as ByteString, undefined, "" as ByteString));
  }

  #newSubject(isMeasured: boolean): ByteString {
    for (;;) {
      const subject = `${this.#prefix}${this.#digits()}${isMeasured ? this.#measuredEnd : ""}` as ByteString;
      if (!this.#requests.has(subject)) return subject;
    }
  }

  #digits(): string {
    let number = this.#env.random(DIGITS.length ** 5);
    let text = DIGITS[this.#env.random(DIGITS.length)]!;
    for (let i = 0; i < 5; i++) {
      text += DIGITS[number % DIGITS.length]!;
      number = Math.floor(number / DIGITS.length);
    }
    return text;
  }

  #nowMs(): number {
    return this.#env.wallSec() * 1000 + this.#env.wallNanos() / 1e6;
  }

  #arm(dueMs: number, now: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#env.wallAfter(Math.max(1, dueMs - now), () => {
      this.#timer = undefined;
      this.#timerDueMs = Infinity;
      this.#expire();
    });
  }

  /** Ends what waited too long; the timer goes on while something waits. */
  #expire(): void {
    const now = this.#nowMs();
    let nextMs = Infinity;
    for (const service of this.#services) {
      while (service.oldest !== undefined && service.oldest.heardMs + service.thresholdMs <= now) {
        this.close(service.oldest, "timeout");
      }
      if (service.oldest === undefined) this.#services.delete(service);
      else nextMs = Math.min(nextMs, service.oldest.heardMs + service.thresholdMs);
    }
    if (nextMs < Infinity) this.#arm(nextMs, now);
  }
}

/** Answers carry nothing of who gave them. */
const NOTHING_TOLD = { isShared: false, hasPlace: false, service: "" };

/** Whether its reply has to be replaced: it has one, and that is no acknowledgement of JetStream, which goes on as it is. */
export function asks({ source, replyFrom, replyTo }: Frame): boolean {
  if (replyTo === replyFrom) return false;
  if (replyTo - replyFrom < ACK.length) return true;
  for (let i = 0; i < ACK.length; i++) if (source[replyFrom + i] !== ACK.charCodeAt(i)) return true;
  return false;
}

export function replyOf({ source, replyFrom, replyTo }: Frame): ByteString {
  return byteStringOf(source, replyFrom, replyTo);
}
