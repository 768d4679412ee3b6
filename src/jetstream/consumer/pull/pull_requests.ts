// The requests of a pull consumer: who gets the next message, and who is told
// that there is none.
//
//     request ─→ refused (a status) │ waits ─→ served, expired, forgotten (nobody listens)
//
// Owns the requests that wait, their timers and the pin. Knows nothing of
// messages but their size. Source: jetstream-api facts §4.

import type { Delivery } from "../../../account/bus.ts";
import type { ByteString } from "../../../base/bytes.ts";
import type { Timer } from "../../../base/world.ts";
import type { ConsumerConfig } from "../../config/consumer_config.ts";
import type { NextRequest } from "../../config/consumer_next.ts";
import type { ConsumerAdvisories } from "../consumer_advisories.ts";
import type { ConsumerStream, ConsumerSurroundings } from "../parts.ts";
import type { Statuses } from "../status.ts";
import { Pin } from "./pin.ts";
import { pullRefusal } from "./pull_refusal.ts";
import { WaitingRequest, WaitingRequests } from "./waiting_requests.ts";

const NANOS_PER_MS = 1e6;
/** A full queue is looked through at most this often. */
const FULL_LOOK_MS = 1000;

/** What the requests ask of their consumer. */
export interface PullOwner {
  /** Messages that can be delivered: for the first time, or again. */
  readonly numPending: number;
  readonly numQueued: number;
  readonly numAckPending: number;
  readonly lastConsumerSeq: number;
  readonly lastStreamSeq: number;
  /** There may be something to do. */
  signal(): void;
  /** Somebody uses the consumer. */
  onActivity(): void;
}

export class PullRequests {
  readonly #surroundings: ConsumerSurroundings;
  readonly #stream: ConsumerStream;
  readonly #statuses: Statuses;
  readonly #owner: PullOwner;
  readonly #waiting: WaitingRequests;
  readonly pin: Pin;
  /** Somebody was passed over at the last `take` because of what waits to be read there. */
  isHeld = false;
  #config: ConsumerConfig;
  #expiry: Timer | undefined = undefined;
  #expiryAtMs = Infinity;
  #heartbeat: Timer | undefined = undefined;
  #heartbeatAtMs = Infinity;
  #lookedAtMs = -Infinity;
  /** Those that came since there was nothing more to deliver. */
  #fresh: WaitingRequest[] = [];

  constructor(
    surroundings: ConsumerSurroundings,
    stream: ConsumerStream,
    config: ConsumerConfig,
    parts: { readonly statuses: Statuses; readonly advisories: ConsumerAdvisories; readonly owner: PullOwner },
  ) {
    this.#surroundings = surroundings;
    this.#stream = stream;
    this.#config = config;
    this.#statuses = parts.statuses;
    this.#owner = parts.owner;
    this.#waiting = new WaitingRequests(config.priority_policy === "prioritized");
    this.pin = new Pin(surroundings, parts.advisories, pinMs(config), () => this.#owner.signal());
  }

  /** Nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.count === 0;
  }
  /** As `num_waiting`; those that nobody listens to any more are forgotten first. */
  get count(): number {
    this.#look(false);
    return this.#waiting.count;
  }

  configure(config: ConsumerConfig): void {
    this.#config = config;
    this.#waiting.byPriority = config.priority_policy === "prioritized";
    this.pin.timeoutMs = pinMs(config);
    if (config.priority_policy !== "pinned_client") this.pin.release();
  }

  /** A request was read. */
  add(request: NextRequest, reply: ByteString): void {
    const config = this.#config;
    const { asked, noWait, heartbeat } = request;
    const refusal = pullRefusal(request, config, this.pin.id);
    if (refusal !== undefined) {
      this.#statuses.send(reply, refusal);
      return;
    }
    if (this.pin.id !== "" && asked?.id === this.pin.id) this.pin.renew(asked.group);
    if (this.#isFull && this.#wallMs - this.#lookedAtMs > FULL_LOOK_MS) this.#look(false);
    if (noWait && this.#isVain(request, reply)) return;
    if (this.#isFull) {
      // One with heartbeats is told nothing: it would ask again at once.
      if (heartbeat === 0) this.#statuses.send(reply, "409 Exceeded MaxWaiting");
      return;
    }
    this.#owner.onActivity();
    const waits = this.#requestOf(request, reply);
    this.#waiting.add(waits);
    this.#fresh.push(waits);
    this.#arm(waits.expiresAtMs, waits.heartbeatAtMs);
    this.#owner.signal();
  }

  /**
   * Who gets a message of `size` bytes at `nowMs`, by the wall clock: has counted it. Undefined when nobody
   * does; who cannot have it, has expired or is gone was told and forgotten. Who
   * has too much to read is passed over; `open` is called when that is over.
   */
  take(size: number, nowMs: number, open: () => void): WaitingRequest | undefined {
    const { pin } = this;
    this.isHeld = false;
    const waiting = this.#waiting;
    const isPinned = this.#config.priority_policy === "pinned_client";
    const needsPin = isPinned && pin.id === "";
    let passed = 0;
    for (let request = waiting.first; request !== undefined; request = waiting.first) {
      if (nowMs >= request.expiresAtMs) {
        this.#end(request, "408 Request Timeout");
        continue;
      }
      if (request.inbox.isHeld(open)) {
        this.isHeld = true;
        waiting.cycle(request);
        passed++;
        if (passed >= waiting.count) return undefined;
        continue;
      }
      let isNewPin = false;
      if (needsPin && request.pinId === "") isNewPin = this.#assignPin(request);
      else if (isPinned && request.pinId !== "" && (needsPin || request.pinId !== pin.id)) {
        this.#end(request, "423 Nats-Wrong-Pin-Id");
        continue;
      } else if ((pin.id !== "" && request.pinId === "") || !this.#isOverflowing(request)) {
        waiting.cycle(request);
        passed++;
        if (passed >= waiting.count) return undefined;
        continue;
      }
      if (request.maxBytes > 0 && !fits(request, size)) {
        this.#end(request, "409 Message Size Exceeds MaxBytes");
        if (isNewPin) pin.release();
        continue;
      }
      if (!request.inbox.isAlive) {
        waiting.remove(request);
        continue;
      }
      this.#serve(request);
      return request;
    }
    return undefined;
  }

  /** Where all who wait get their messages, in whatever order they asked; undefined when they have to be asked one by one (`take`). */
  get inbox(): Delivery | undefined {
    return this.#config.priority_policy === "none" ? this.#waiting.first?.inbox : undefined;
  }
  /** How many of them `inbox` may get together; perhaps 0. */
  wantedTogether(nowMs: number): number {
    return this.#waiting.wantedTogether(nowMs);
  }
  /** So many were sent to `inbox`: as if `take` had been asked for each. */
  sentTogether(count: number, tickMs: number): void {
    let left = count - this.#waiting.serveRounds(count);
    for (; left > 0; left--) {
      const request = this.#waiting.first!;
      this.#serve(request);
      this.sent(request, tickMs);
    }
  }

  /** A message that `take` gave to `request` is sent at `tickMs`, by the monotonic clock. */
  sent(request: WaitingRequest, tickMs: number): void {
    if (request.heartbeatMs > 0) request.heartbeatAtMs = tickMs + request.heartbeatMs;
    // What it may still have in bytes it does not get.
    if (request.batch <= 0 && request.maxBytes > 0) {
      this.#statuses.unfinished(request.reply, "409 Batch Completed", request.batch, request.maxBytes);
    }
  }

  /** A message that `take` gave to `request` reached nobody. */
  forget(request: WaitingRequest): void {
    this.#waiting.remove(request);
  }

  /** There is nothing more to deliver now; `isEnd` unless only acks are missing. */
  waited(isEnd: boolean): void {
    const fresh = this.#fresh;
    if (fresh.length > 0) {
      this.#fresh = [];
      // One that nobody listens for is none, also when somebody does later.
      for (const request of fresh) if (request.isWaiting && !request.inbox.isAlive) this.#waiting.remove(request);
    }
    if (isEnd && this.#waiting.noWaits > 0) this.#look(true);
  }

  /** The consumer may be unused: whether somebody still waits. */
  isUsed(): boolean {
    this.#look(true);
    return this.#waiting.count > 0;
  }

  /** Tells everybody why it ends. */
  close(reason: "deleted" | "shutdown" | "silent"): void {
    this.#waiting.each((request) => {
      if (reason === "shutdown") this.#end(request, "409 Server Shutdown");
      else if (reason === "deleted") this.#statuses.send(request.reply, "409 Consumer Deleted");
      this.#waiting.remove(request);
    });
    this.#disarm();
    this.pin.release();
  }

  get #wallMs(): number {
    return this.#surroundings.wallTimer.nowMs();
  }
  get #isFull(): boolean {
    return this.#waiting.count >= this.#config.max_waiting;
  }

  /** A request that does not wait, and for which there is nothing; it was told. */
  #isVain({ expires }: NextRequest, reply: ByteString): boolean {
    const pending = this.#owner.numPending + this.#owner.numQueued;
    if (pending === 0) {
      if (expires !== 0) return false;
      this.#owner.onActivity();
      this.#statuses.send(reply, "404 No Messages");
      return true;
    }
    if (pending >= this.#look(false)) return false;
    this.#owner.onActivity();
    this.#statuses.send(reply, "408 Requests Pending");
    return true;
  }

  #requestOf({ batch, maxBytes, noWait, expires, heartbeat, asked }: NextRequest, reply: ByteString): WaitingRequest {
    const { timer } = this.#surroundings;
    const heartbeatMs = Math.max(0, heartbeat) / NANOS_PER_MS;
    return new WaitingRequest(
      this.#stream.bus.open(reply),
      { batch, maxBytes, noWait },
      {
        expiresAtMs: expires === 0 ? Infinity : this.#wallMs + expires / NANOS_PER_MS,
        heartbeatMs,
        heartbeatAtMs: heartbeatMs > 0 ? timer.nowMs() + heartbeatMs : Infinity,
      },
      asked,
    );
  }

  /** False when the request names no group: it is served without a pin. */
  #assignPin(request: WaitingRequest): boolean {
    const group = request.asked?.group ?? "";
    if (group === "") return false;
    request.pinId = this.pin.assign(group);
    return true;
  }

  /** Whether there is as much to do as the request wants there to be. */
  #isOverflowing({ asked }: WaitingRequest): boolean {
    if (this.#config.priority_policy !== "overflow" || asked === undefined) return true;
    const { minPending, minAckPending } = asked;
    if (minPending <= 0 && minAckPending <= 0) return true;
    if (minPending > 0 && minPending <= this.#owner.numPending) return true;
    return minAckPending > 0 && minAckPending <= this.#owner.numAckPending;
  }

  #serve(request: WaitingRequest): void {
    request.delivered++;
    request.batch--;
    if (request.batch > 0) this.#waiting.cycle(request);
    else this.#waiting.remove(request);
  }

  #end(request: WaitingRequest, status: string): void {
    this.#statuses.unfinished(request.reply, status, request.batch, request.maxBytes);
    this.#waiting.remove(request);
  }

  /**
   * Looks through those that wait: expired ones go, those that nobody listens
   * to, and, when there is nothing for them, those that do not wait. Heartbeats
   * that are due are sent. How many messages the others want.
   */
  #look(isEnd: boolean): number {
    const nowMs = this.#wallMs;
    const tickMs = this.#surroundings.timer.nowMs();
    this.#lookedAtMs = nowMs;
    let wanted = 0;
    this.#waiting.each((request) => {
      if (nowMs >= request.expiresAtMs) {
        this.#end(request, "408 Request Timeout");
        return;
      }
      if (isEnd && request.noWait && (request.expiresAtMs === Infinity || request.delivered > 0)) {
        this.#statuses.send(request.reply, "404 No Messages");
        this.#waiting.remove(request);
        return;
      }
      if (!request.inbox.isAlive) {
        this.#waiting.remove(request);
        return;
      }
      wanted += request.batch;
      if (tickMs < request.heartbeatAtMs) return;
      const { lastConsumerSeq, lastStreamSeq } = this.#owner;
      this.#statuses.heartbeat(request.reply, lastConsumerSeq, lastStreamSeq, "" as ByteString);
      request.heartbeatAtMs = tickMs + request.heartbeatMs;
    });
    let expiryMs = Infinity;
    let heartbeatMs = Infinity;
    this.#waiting.each(({ expiresAtMs, heartbeatAtMs }) => {
      if (expiresAtMs < expiryMs) expiryMs = expiresAtMs;
      if (heartbeatAtMs < heartbeatMs) heartbeatMs = heartbeatAtMs;
    });
    this.#arm(expiryMs, heartbeatMs);
    return wanted;
  }

  /** Something is due then; a timer that is set for earlier finds it. */
  #arm(expiryMs: number, heartbeatMs: number): void {
    const { wallTimer, timer } = this.#surroundings;
    if (expiryMs < this.#expiryAtMs) {
      this.#expiry?.cancel();
      this.#expiryAtMs = expiryMs;
      this.#expiry = wallTimer.after(expiryMs - wallTimer.nowMs(), () => {
        this.#expiryAtMs = Infinity;
        this.#expiry = undefined;
        this.#look(true);
      });
    }
    if (heartbeatMs < this.#heartbeatAtMs) {
      this.#heartbeat?.cancel();
      this.#heartbeatAtMs = heartbeatMs;
      this.#heartbeat = timer.after(heartbeatMs - timer.nowMs(), () => {
        this.#heartbeatAtMs = Infinity;
        this.#heartbeat = undefined;
        this.#look(true);
      });
    }
  }

  #disarm(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#expiryAtMs = Infinity;
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    this.#heartbeatAtMs = Infinity;
  }
}

/** Takes `size` off the bytes it may have; false when that is too much. At exactly none left it is its last message. */
function fits(request: WaitingRequest, size: number): boolean {
  if (size > request.maxBytes) return false;
  request.maxBytes -= size;
  if (request.maxBytes === 0) request.batch = 1;
  return true;
}

function pinMs({ priority_timeout: timeout }: ConsumerConfig): number {
  return Number(timeout) / NANOS_PER_MS;
}
