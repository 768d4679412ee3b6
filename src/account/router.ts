// From one message to everyone who wants it.
//
// Looks the subject up (cache, else trie), then copies "MSG subject sid " and
// the rest of the frame into each receiver's outbound bytes. Owns the sublist
// of an account and its route cache. Synchronous; allocates nothing for a
// message whose route is cached.

import { WIDE } from "../base/counts.ts";
import { bytes, SCRATCH, SCRATCH_BYTES } from "../base/arena.ts";
import type { ByteString } from "../base/bytes.ts";
import { byteStringOf } from "../base/bytes.ts";
import type { Env } from "../base/world.ts";
import { BY_REFERENCE } from "../outbound/outbound.ts";
import type { Frame } from "../proto/frame.ts";
import { Sublist } from "../subject/sublist.ts";
import { InnerQueue } from "./inner_queue.ts";
import type { Crossing } from "./crossing.ts";
import { AckLane } from "./ack_lane.ts";
import { LEAST_ALIKE } from "./alike_targets.ts";
import { deliverAnswers, type AnswerRun } from "./answer_run.ts";
import { deliverAlone } from "./deliver_alone.ts";
import { deliverRun, type RunSent } from "./deliver_run.ts";
import { Interest, type InterestWatch } from "./interest.ts";
import { MessageTails } from "./message_tails.ts";
import type { OutMsg } from "./out_msg.ts";
import type { OutRun, RunReplies } from "./out_run.ts";
import type { Receiver } from "./receiver.ts";
import { withSubject } from "./rewrite.ts";
import { Route, routeBytes, type Target, writeHead } from "./route.ts";
import { RouteCache } from "./route_cache.ts";
import type { SubjectWriter } from "./subject_writer.ts";
import type { Subscription } from "./subscription.ts";

/** What an acknowledgement costs, as `effort` counts. */
const ACK_EFFORT = 2;
/** Scratch is shared: re-encoded tails first, then the head of an uncached route. */
const TAIL_SCRATCH = SCRATCH;
const HEAD_SCRATCH = SCRATCH + SCRATCH_BYTES / 2;
/** A larger route is not kept. */
const MOST_ROUTE_BYTES = 1 << 20;
/** "HMSG a 1 " */
const LEAST_HEAD_BYTES = 9;
/** Subjects that an import could make longer are not delivered. */
const MOST_SHOWN_BYTES = 1 << 20;
/** Targets of a route that are not worth counting. */
const FEW = 8;
/** What making a target costs, in subscriptions looked at. */
const ROUTE_EFFORT = 4;
/** What a message costs that goes on to another account. */
const RELAY_EFFORT = 20;

/** Who gets messages to one literal subject, looked up once for many messages. */
export interface Resolved {
  readonly generation: number;
  readonly plain: readonly Subscription[];
  readonly queues: readonly (readonly Subscription[])[];
  /** The ways to other accounts. */
  readonly relays: readonly Subscription[];
  /** The subject, owned. */
  readonly subject: Uint8Array;
  /** The one subscription, when a connection has it and nobody else wants the subject. */
  readonly alone: Subscription | undefined;
}

/** Told of subscriptions that come and go. */
export interface SubscriptionWatch {
  onInserted(sub: Subscription): void;
  onRemoved(sub: Subscription): void;
}

/** What the router has done, for /subsz. */
export interface RouterStats {
  matches: number;
  cacheHits: number;
  inserts: number;
  removes: number;
  maxFanout: number;
  totalFanout: number;
}

/** Drawn by all routers, so that a route is of the router that has its generation. */
let generations = 0;

export class Router {
  readonly stats: RouterStats = {
    matches: WIDE,
    cacheHits: WIDE,
    inserts: 0,
    removes: 0,
    maxFanout: 0,
    totalFanout: WIDE,
  };
  /** Messages and bytes delivered to connections. */
  outMsgs = WIDE;
  outBytes = WIDE;
  /** Subscriptions and nodes looked at since somebody set it to 0: what messages cost beyond their bytes. */
  effort = 0;
  /** How many the last `publishAcks` handed on. */
  acks = 0;
  /** Whoever waits for subscriptions to other accounts' streams. */
  shadows: SubscriptionWatch | undefined = undefined;
  /** Whoever waits for the end of a subscription to a reply. */
  awaited: { onRemoved(subject: ByteString): void } | undefined = undefined;
  readonly #env: Env;
  readonly #inner: InnerQueue;
  readonly #sublist: Sublist<Subscription>;
  readonly #cache = new RouteCache();
  readonly #interest = new Interest();
  readonly #lane = new AckLane((from, to, tokens) => this.#whoHears(from, to, tokens));
  #generation = ++generations;
  // Reused for uncached subjects.
  readonly #matched: Subscription[] = [];
  // Of the frame being published: its tail re-encoded, and its payload if that is shared by reference.
  readonly #tails = new MessageTails(TAIL_SCRATCH);
  #owned: Uint8Array | undefined = undefined;
  /** It came through a service: it goes into no stream of another account. */
  #viaService = false;

  /** `inner` takes what parts of the server get; all accounts of a server share it. */
  constructor(env: Env, inner: InnerQueue = new InnerQueue()) {
    this.#env = env;
    this.#inner = inner;
    this.#sublist = new Sublist(env.random(2 ** 32));
    this.outMsgs = 0;
    this.outBytes = 0;
    this.stats.matches = 0;
    this.stats.cacheHits = 0;
    this.stats.totalFanout = 0;
  }

  get subscriptionCount(): number {
    return this.#sublist.count;
  }
  get cachedRoutes(): number {
    return this.#cache.count;
  }
  subscriptions(): IterableIterator<Subscription> {
    return this.#sublist.entries();
  }

  insert(sub: Subscription): void {
    this.#sublist.insert(sub.subject, sub);
    this.stats.inserts++;
    this.#generation = ++generations;
    if (!this.#interest.isIdle) this.#interest.inserted(sub);
    if (sub.origin === sub) this.shadows?.onInserted(sub);
  }

  remove(sub: Subscription): void {
    sub.isOpen = false;
    if (!this.#sublist.remove(sub.subject, sub)) return;
    this.stats.removes++;
    this.#generation = ++generations;
    if (!this.#interest.isIdle) this.#interest.removed(sub);
    if (sub.origin !== sub) return;
    this.shadows?.onRemoved(sub);
    this.awaited?.onRemoved(sub.subject);
  }

  /** What messages cost since somebody asked. */
  takeEffort(): number {
    const { effort } = this;
    this.effort = 0;
    return effort;
  }

  /** Something that routes were made from has changed: permissions. */
  invalidate(): void {
    this.#generation = ++generations;
  }

  /** Whether anybody subscribes to a literal subject. */
  hasInterest(subject: ByteString): boolean {
    return this.match(subject).length > 0;
  }
  /** The same for source[from, to). */
  hasInterestIn(source: Uint8Array, from: number, to: number): boolean {
    return this.#sublist.matchesAny(source, from, to);
  }

  /** Watches for subscriptions to exactly this literal subject, and of this queue group when there is one. */
  watch(subject: ByteString, queue: ByteString | undefined, onChange: () => void): InterestWatch {
    return this.#interest.watch(subject, queue, this.match(subject), onChange);
  }

  /** Subscriptions of a literal subject, for monitoring. */
  match(subject: ByteString): Subscription[] {
    const found: Subscription[] = [];
    const source = Buffer.from(subject, "latin1");
    this.#sublist.match(source, 0, source.length, found);
    return found;
  }

  /** The plain subscription of `receiver` that a message to source[from, to) would reach. */
  plainSubscriptionOf(receiver: Receiver, source: Uint8Array, from: number, to: number): Subscription | undefined {
    const matched: Subscription[] = [];
    this.#sublist.match(source, from, to, matched);
    this.effort += this.#sublist.visited + matched.length;
    return matched.find((sub) => sub.receiver === receiver && sub.queue === undefined && sub.isOpen);
  }

  /**
   * Delivers `frame` to every plain subscriber and one of each queue group.
   * `sender` is not delivered to when it has echo off. `crossing` is how it came
   * from other accounts, undefined when it did not. Returns how many got it.
   */
  publish(frame: Frame, sender: Receiver | undefined, crossing?: Crossing): number {
    this.stats.matches++;
    this.#viaService = crossing !== undefined;
    const generation = this.#generation;
    let route = frame.repeats ? (frame.remembered as Route | undefined) : undefined;
    if (route === undefined || !route.isCurrent(generation)) {
      route = this.#cache.find(frame, generation);
      frame.remembered = route;
    }
    if (route === undefined) {
      if (!this.#cache.admits(frame)) return this.#publishUncached(frame, sender, crossing);
      route = this.#makeRoute(frame, generation);
      if (route === undefined) return this.#publishUncached(frame, sender, crossing);
    } else this.stats.cacheHits++;
    const { queues } = route;
    let { plain } = route;
    if (route.isEmpty) return 0;
    this.#prepare(frame, plain.length + queues.length);
    let delivered = 0;
    if (frame.repeats && plain.length >= LEAST_ALIKE && this.#goesAsItCame(frame)) {
      const { alike, others } = route.sorted(this);
      for (const group of alike) {
        if (group.publish(frame, sender)) {
          delivered += group.joined + this.#deliverToEach(group.apart, frame, sender);
        } else delivered += this.#deliverToEach(group.targets, frame, sender);
      }
      plain = others;
    }
    delivered += this.#deliverToEach(plain, frame, sender);
    for (let i = 0; i < queues.length; i++) if (this.#deliverToGroup(queues[i]!, frame, sender)) delivered++;
    const all = this.#finish(delivered, frame, sender);
    return route.relays === undefined ? all : all + this.#goOn(route.relays, frame, undefined, sender, crossing);
  }

  /** What follows the sid can be copied as its publisher spelled it, for who reads headers. */
  #goesAsItCame(frame: Frame): boolean {
    return frame.canonical && frame.headerBytes !== 0 && this.#owned === undefined;
  }

  #deliverToEach(targets: readonly Target[], frame: Frame, sender: Receiver | undefined): number {
    if (targets.length > FEW) this.effort += targets.length;
    let delivered = 0;
    for (let i = 0; i < targets.length; i++) {
      const { sub, head, headLength } = targets[i]!;
      if (this.#deliver(sub, head, headLength, frame, sender, sub.shown)) delivered++;
    }
    return delivered;
  }

  #finish(delivered: number, frame: Frame, sender: Receiver | undefined): number {
    this.stats.totalFanout += delivered;
    if (delivered > this.stats.maxFanout) this.stats.maxFanout = delivered;
    this.#owned = undefined;
    return this.#inner.isEmpty ? delivered : delivered - this.#inner.drain(frame, sender);
  }

  /**
   * Sends the message on to other accounts, when it has reached everyone here:
   * from now on what this router keeps of a message may be that of another one.
   * `routed` is the subject when that of the frame is only shown. How many of
   * them found somebody.
   */
  #goOn(
    relays: readonly Subscription[],
    frame: Frame,
    routed: Uint8Array | undefined,
    sender: Receiver | undefined,
    crossing: Crossing | undefined,
  ): number {
    let reached = 0;
    const source = routed ?? frame.source;
    const from = routed === undefined ? frame.subjectFrom : 0;
    const to = routed === undefined ? frame.subjectTo : routed.length;
    for (let i = 0; i < relays.length; i++) {
      const sub = relays[i]!;
      this.effort += RELAY_EFFORT;
      if (sub.isOpen && sub.relay!.relay(frame, source, from, to, routed !== undefined, sender, crossing) > 0)
        reached++;
    }
    return reached;
  }

  // ---- for traced messages, which are delivered one by one

  /** An integer in [0, below), below 1 or more. */
  chance(below: number): number {
    return below === 1 ? 0 : this.#env.random(below);
  }
  /** Whether a deny keeps `frame` from this subscription. */
  denies(sub: Subscription, frame: Frame): boolean {
    return this.#isDenied(sub, frame);
  }
  /** Delivers to one subscription; `endOne` calls the parts of the server that are among them. */
  deliverOne(sub: Subscription, frame: Frame, sender: Receiver | undefined, crossing: Crossing | undefined): boolean {
    if (this.#isDenied(sub, frame)) return false;
    this.#viaService = crossing !== undefined;
    this.#prepare(frame, 1);
    const { source, subjectFrom, subjectTo } = frame;
    const end = writeHead(HEAD_SCRATCH, source, subjectFrom, subjectTo - subjectFrom, sub, sub.shown);
    return this.#deliver(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown);
  }
  /** How many parts of the server were not there after all. */
  endOne(frame: Frame, sender: Receiver | undefined): number {
    return -this.#finish(0, frame, sender);
  }

  /**
   * Hands on the acknowledgements that a client has sent, as far as they lie one behind the other in the arena from `at` on
   * and are the plain ones; where the first begins that is not. `acks` says how many there were.
   */
  publishAcks(at: number, to: number, mostLine: number): number {
    const isOuter = this.#inner.begin();
    let end = at;
    let count = 0;
    // Who hears one may change who hears the next one.
    for (let next = at; (next = this.#lane.read(end, to, mostLine, this.#generation)) > 0; count++) end = next;
    this.acks = count;
    this.stats.matches += count;
    this.stats.totalFanout += count;
    if (count > 0 && this.stats.maxFanout === 0) this.stats.maxFanout = 1;
    this.effort += ACK_EFFORT * count;
    if (isOuter) this.#inner.end();
    return end;
  }
  /** The part of the server that alone hears a subject, when the first tokens and the number of all decide that. */
  readonly #whoHears = (from: number, to: number, tokens: number): Subscription | undefined => {
    const matched = this.#matched;
    matched.length = 0;
    const isDecided = this.#sublist.matchByFirst(bytes, from, to, tokens, matched);
    this.effort += this.#sublist.visited;
    return isDecided && matched.length === 1 && matched[0]!.origin === matched[0] ? matched[0] : undefined;
  };

  /** Looks up who gets messages to the literal subject source[from, to). */
  resolve(source: Uint8Array, from: number, to: number): Resolved {
    const matched: Subscription[] = [];
    this.#sublist.match(source, from, to, matched);
    this.effort += this.#sublist.visited + matched.length;
    const plain: Subscription[] = [];
    const relays: Subscription[] = [];
    const groups = new Map<ByteString, Subscription[]>();
    for (const sub of matched) {
      if (this.#deniesSubject(sub, source, from, to)) continue;
      if (sub.relay !== undefined) relays.push(sub);
      else if (sub.queue === undefined) plain.push(sub);
      else groupOf(groups, sub.queue).push(sub);
    }
    const subject = Uint8Array.prototype.slice.call(source, from, to);
    const isAlone = matched.length === 1 && plain.length === 1;
    const alone = isAlone && plain[0]!.receiver !== undefined && plain[0]!.origin === plain[0] ? plain[0] : undefined;
    return { generation: this.#generation, plain, queues: [...groups.values()], relays, subject, alone };
  }

  /** Delivers a message to the subscription that was resolved alone. False: `deliverTo` has to. */
  sendAlone(sub: Subscription, msg: OutMsg): boolean {
    const size = deliverAlone(sub, msg);
    if (size < 0) return false;
    this.outMsgs++;
    this.outBytes += size;
    this.stats.totalFanout++;
    if (this.stats.maxFanout === 0) this.stats.maxFanout = 1;
    return true;
  }

  /** As `sendAlone` for the first messages of a run; see `deliverRun`. */
  sendRun(sub: Subscription, run: OutRun, replies: RunReplies, count: number, most: number, sent: RunSent): void {
    deliverRun(sub, run, replies, count, most, sent);
    this.outMsgs += sent.msgs;
    this.outBytes += sent.bytes;
    this.stats.totalFanout += sent.msgs;
    if (sent.msgs > 0 && this.stats.maxFanout === 0) this.stats.maxFanout = 1;
  }

  /** Delivers a message to whoever is alone in subscribing to its subject, an inbox. False: nothing was done, `publish` has to. */
  answer(msg: OutMsg): boolean {
    const { subject, subjectFrom: from, subjectTo: to } = msg;
    const sub = this.#sublist.sole(subject, from, to);
    this.effort += this.#sublist.visited;
    if (sub?.receiver === undefined || sub.origin !== sub || sub.queue !== undefined) return false;
    if (this.#deniesSubject(sub, subject, from, to) || !this.sendAlone(sub, msg)) return false;
    this.stats.matches++;
    return true;
  }

  /** The same for the first answers of a run; how many were delivered. The others have to be tried again, or be answered one by one. */
  answerRun(run: AnswerRun): number {
    const { inboxes, from, length } = run;
    const sub = this.#sublist.sole(inboxes, from, from + length);
    const { bar } = this.#sublist;
    this.effort += this.#sublist.visited;
    if (sub?.receiver === undefined || sub.origin !== sub || sub.queue !== undefined) return 0;
    if (bar === 0 || sub.receiver.filtersDeliveries) return 0;
    const before = sub.receiver.outBytes;
    const sent = deliverAnswers(sub, run, bar);
    if (sent === 0) return 0;
    this.effort += sent;
    this.outMsgs += sent;
    this.outBytes += sub.receiver.outBytes - before;
    this.stats.matches += sent;
    this.stats.totalFanout += sent;
    if (this.stats.maxFanout === 0) this.stats.maxFanout = 1;
    return sent;
  }

  /** Whether nothing that it was looked up from has changed. */
  isCurrent({ generation }: Resolved): boolean {
    return generation === this.#generation;
  }

  /** Delivers `frame`, whose subject is only shown, to those that were resolved. Returns how many got it. */
  deliverTo(
    { plain, queues, relays, subject }: Resolved,
    frame: Frame,
    sender?: Receiver,
    crossing?: Crossing,
  ): number {
    this.#viaService = crossing !== undefined;
    this.#prepare(frame, plain.length + queues.length);
    let delivered = 0;
    for (let i = 0; i < plain.length; i++) if (this.#deliverShown(plain[i]!, frame, sender)) delivered++;
    for (let i = 0; i < queues.length; i++) {
      const group = queues[i]!;
      const { length } = group;
      const start = length === 1 ? 0 : this.#env.random(length);
      for (let tries = 0; tries < length; tries++) {
        if (!this.#deliverShown(group[(start + tries) % length]!, frame, sender)) continue;
        delivered++;
        break;
      }
    }
    const all = this.#finish(delivered, frame, sender);
    return relays.length === 0 ? all : all + this.#goOn(relays, frame, subject, sender, crossing);
  }

  #deliverShown(sub: Subscription, frame: Frame, sender: Receiver | undefined): boolean {
    const length = frame.subjectTo - frame.subjectFrom;
    const end = writeHead(HEAD_SCRATCH, frame.source, frame.subjectFrom, length, sub, undefined);
    return this.#deliver(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, undefined);
  }

  #makeRoute(frame: Frame, generation: number): Route | undefined {
    const matched = this.#matched;
    matched.length = 0;
    this.#sublist.match(frame.source, frame.subjectFrom, frame.subjectTo, matched);
    this.effort += this.#sublist.visited + matched.length;
    if (matched.length * LEAST_HEAD_BYTES > MOST_ROUTE_BYTES) return undefined;
    this.effort += ROUTE_EFFORT * matched.length;
    const plain: Subscription[] = [];
    let relays: Subscription[] | undefined;
    const groups = new Map<ByteString, Subscription[]>();
    for (const sub of matched) {
      if (this.#isDenied(sub, frame)) continue;
      if (sub.relay !== undefined) (relays ??= []).push(sub);
      else if (sub.queue === undefined) plain.push(sub);
      else groupOf(groups, sub.queue).push(sub);
    }
    const queues = [...groups.values()];
    // Very many subscribers, or very long sids, are not worth that much of the prefix region.
    if (routeBytes(frame.subjectTo - frame.subjectFrom, plain, queues) > MOST_ROUTE_BYTES) return undefined;
    const route = new Route(frame, generation, plain, queues, relays);
    this.#cache.keep(route);
    return route;
  }

  #publishUncached(frame: Frame, sender: Receiver | undefined, crossing: Crossing | undefined): number {
    const matched = this.#matched;
    matched.length = 0;
    this.#sublist.match(frame.source, frame.subjectFrom, frame.subjectTo, matched);
    this.effort += this.#sublist.visited + matched.length;
    if (matched.length === 0) return 0;
    this.#prepare(frame, matched.length);
    const length = frame.subjectTo - frame.subjectFrom;
    let delivered = 0;
    let groups: Map<ByteString, Subscription[]> | undefined;
    let relays: Subscription[] | undefined;
    for (let i = 0; i < matched.length; i++) {
      const sub = matched[i]!;
      if (this.#isDenied(sub, frame)) continue;
      if (sub.relay !== undefined) {
        (relays ??= []).push(sub);
        continue;
      }
      if (sub.queue !== undefined) {
        groups ??= new Map();
        groupOf(groups, sub.queue).push(sub);
        continue;
      }
      // A part of the server reads no head.
      const isInner = sub.listener !== undefined;
      const end = isInner
        ? HEAD_SCRATCH
        : writeHead(HEAD_SCRATCH, frame.source, frame.subjectFrom, length, sub, sub.shown);
      if (this.#deliver(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown)) delivered++;
    }
    if (groups !== undefined) {
      for (const group of groups.values()) {
        const start = group.length === 1 ? 0 : this.#env.random(group.length);
        for (let i = 0; i < group.length; i++) {
          const sub = group[(start + i) % group.length]!;
          const end = writeHead(HEAD_SCRATCH, frame.source, frame.subjectFrom, length, sub, sub.shown);
          if (!this.#deliver(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown)) continue;
          delivered++;
          break;
        }
      }
    }
    const all = this.#finish(delivered, frame, sender);
    return relays === undefined ? all : all + this.#goOn(relays, frame, undefined, sender, crossing);
  }

  #deliverToGroup(group: readonly Target[], frame: Frame, sender: Receiver | undefined): boolean {
    const { length } = group;
    let at = length === 1 ? 0 : this.#env.random(length);
    for (let tries = 0; tries < length; tries++) {
      const target = group[at]!;
      const { sub } = target;
      if (this.#deliver(sub, target.head, target.headLength, frame, sender, sub.shown)) return true;
      if (++at === length) at = 0;
      this.effort++;
    }
    return false;
  }

  #isDenied(sub: Subscription, frame: Frame): boolean {
    return this.#deniesSubject(sub, frame.source, frame.subjectFrom, frame.subjectTo);
  }
  #deniesSubject(sub: Subscription, source: Uint8Array, from: number, to: number): boolean {
    const { receiver, shown } = sub;
    if (shown !== undefined && shown.roomFor(to - from) > MOST_SHOWN_BYTES) return true;
    if (receiver === undefined || !receiver.filtersDeliveries) return false;
    if (shown === undefined) return receiver.hooks.deniesDelivery(source, from, to, sub);
    const into = new Uint8Array(shown.roomFor(to - from));
    const end = shown.write(source, from, to, into, 0);
    return end < 0 || receiver.hooks.deniesDelivery(into, 0, end, sub);
  }

  /**
   * One delivery; `head` is the offset of "HMSG subject sid ", in which the
   * subject is what `shown` makes of it. False when this subscriber did not get it.
   */
  #deliver(
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

  /** A large payload is shared by reference; the rest is made when a receiver needs it. */
  #prepare(frame: Frame, targets: number): void {
    this.#tails.made = false;
    const size = frame.payloadTo - frame.payloadFrom;
    if (size < BY_REFERENCE || targets === 0) this.#owned = undefined;
    else if (!frame.inArena) this.#owned = frame.source.subarray(frame.payloadFrom, frame.payloadTo + 2);
    else this.#owned = Uint8Array.prototype.slice.call(frame.source, frame.payloadFrom, frame.payloadTo + 2);
  }
}

function groupOf(groups: Map<ByteString, Subscription[]>, queue: ByteString): Subscription[] {
  let group = groups.get(queue);
  if (group === undefined) groups.set(queue, (group = []));
  return group;
}
