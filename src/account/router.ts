// From one message to everyone who wants it.
//
// Looks the subject up (cache, else trie) and has the message delivered to each.
// Owns the sublist of an account and its route cache. Synchronous; allocates
// nothing for a message whose route is cached.

import { WIDE } from "../base/counts.ts";
import { bytes, SCRATCH, SCRATCH_BYTES } from "../base/arena.ts";
import type { ByteString } from "../base/bytes.ts";
import type { Env } from "../base/world.ts";
import type { Frame } from "../proto/frame.ts";
import { Sublist } from "../subject/sublist.ts";
import { InnerQueue } from "./inner_queue.ts";
import type { Crossing } from "./crossing.ts";
import { AckLane } from "./ack_lane.ts";
import { LEAST_ALIKE } from "./alike_targets.ts";
import { deliverAnswers, type AnswerRun } from "./answer_run.ts";
import { deliverAlone } from "./deliver_alone.ts";
import { deliverRun, type RunSent } from "./deliver_run.ts";
import { Delivery, deniesDelivery } from "./delivery.ts";
import { Interest, type InterestWatch } from "./interest.ts";
import type { OutMsg } from "./out_msg.ts";
import type { OutRun, RunReplies } from "./out_run.ts";
import type { Receiver } from "./receiver.ts";
import { Route, routeBytes, type Target, writeHead } from "./route.ts";
import { RouteCache } from "./route_cache.ts";
import type { Subscription } from "./subscription.ts";

/** What an acknowledgement costs, as `effort` counts. */
const ACK_EFFORT = 2;
/** Scratch is shared: the tails of a delivery first, then the head of an uncached route. */
const HEAD_SCRATCH = SCRATCH + SCRATCH_BYTES / 2;
/** A larger route is not kept. */
const MOST_ROUTE_BYTES = 1 << 20;
/** "HMSG a 1 " */
const LEAST_HEAD_BYTES = 9;
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
  readonly #delivery: Delivery;
  readonly #lane = new AckLane((from, to, tokens) => this.#whoHears(from, to, tokens));
  #generation = ++generations;
  // Reused for uncached subjects.
  readonly #matched: Subscription[] = [];

  /** `inner` takes what parts of the server get; all accounts of a server share it. */
  constructor(env: Env, inner: InnerQueue = new InnerQueue()) {
    this.#env = env;
    this.#inner = inner;
    this.#sublist = new Sublist(env.random(2 ** 32));
    this.#delivery = new Delivery(inner);
    this.stats.matches = 0;
    this.stats.cacheHits = 0;
    this.stats.totalFanout = 0;
  }

  /** Messages and bytes delivered to connections. */
  get outMsgs(): number {
    return this.#delivery.outMsgs;
  }
  get outBytes(): number {
    return this.#delivery.outBytes;
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
    this.#delivery.begin(frame, plain.length + queues.length, crossing);
    let delivered = 0;
    if (frame.repeats && plain.length >= LEAST_ALIKE && this.#delivery.goesAsItCame(frame)) {
      const { alike, others } = route.sorted(this.#delivery);
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

  #deliverToEach(targets: readonly Target[], frame: Frame, sender: Receiver | undefined): number {
    if (targets.length > FEW) this.effort += targets.length;
    let delivered = 0;
    for (let i = 0; i < targets.length; i++) {
      const { sub, head, headLength } = targets[i]!;
      if (this.#delivery.give(sub, head, headLength, frame, sender, sub.shown)) delivered++;
    }
    return delivered;
  }

  #finish(delivered: number, frame: Frame, sender: Receiver | undefined): number {
    this.stats.totalFanout += delivered;
    if (delivered > this.stats.maxFanout) this.stats.maxFanout = delivered;
    this.#delivery.end();
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
    this.#delivery.begin(frame, 1, crossing);
    const { source, subjectFrom, subjectTo } = frame;
    const end = writeHead(HEAD_SCRATCH, source, subjectFrom, subjectTo - subjectFrom, sub, sub.shown);
    return this.#delivery.give(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown);
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
      if (deniesDelivery(sub, source, from, to)) continue;
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
    this.#sent(1, size);
    return true;
  }

  /** As `sendAlone` for the first messages of a run; see `deliverRun`. */
  sendRun(sub: Subscription, run: OutRun, replies: RunReplies, count: number, most: number, sent: RunSent): void {
    deliverRun(sub, run, replies, count, most, sent);
    if (sent.msgs > 0) this.#sent(sent.msgs, sent.bytes);
  }

  /** Delivers a message to whoever is alone in subscribing to its subject, an inbox. False: nothing was done, `publish` has to. */
  answer(msg: OutMsg): boolean {
    const { subject, subjectFrom: from, subjectTo: to } = msg;
    const sub = this.#sublist.sole(subject, from, to);
    this.effort += this.#sublist.visited;
    if (sub?.receiver === undefined || sub.origin !== sub || sub.queue !== undefined) return false;
    if (deniesDelivery(sub, subject, from, to) || !this.sendAlone(sub, msg)) return false;
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
    // What is counted there meanwhile is not of these answers.
    sub.receiver.outbound.settle();
    const before = sub.receiver.outBytes;
    const sent = deliverAnswers(sub, run, bar);
    if (sent === 0) return 0;
    this.effort += sent;
    this.stats.matches += sent;
    this.#sent(sent, sub.receiver.outBytes - before);
    return sent;
  }

  /** Counts messages that one subscription got. */
  #sent(msgs: number, payloadBytes: number): void {
    this.#delivery.outMsgs += msgs;
    this.#delivery.outBytes += payloadBytes;
    this.stats.totalFanout += msgs;
    if (this.stats.maxFanout === 0) this.stats.maxFanout = 1;
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
    this.#delivery.begin(frame, plain.length + queues.length, crossing);
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
    return this.#delivery.give(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, undefined);
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
    this.#delivery.begin(frame, matched.length, crossing);
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
      if (this.#delivery.give(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown)) delivered++;
    }
    if (groups !== undefined) {
      for (const group of groups.values()) {
        const start = group.length === 1 ? 0 : this.#env.random(group.length);
        for (let i = 0; i < group.length; i++) {
          const sub = group[(start + i) % group.length]!;
          const end = writeHead(HEAD_SCRATCH, frame.source, frame.subjectFrom, length, sub, sub.shown);
          if (!this.#delivery.give(sub, HEAD_SCRATCH, end - HEAD_SCRATCH, frame, sender, sub.shown)) continue;
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
      if (this.#delivery.give(sub, target.head, target.headLength, frame, sender, sub.shown)) return true;
      if (++at === length) at = 0;
      this.effort++;
    }
    return false;
  }

  #isDenied(sub: Subscription, frame: Frame): boolean {
    return deniesDelivery(sub, frame.source, frame.subjectFrom, frame.subjectTo);
  }
}

function groupOf(groups: Map<ByteString, Subscription[]>, queue: ByteString): Subscription[] {
  let group = groups.get(queue);
  if (group === undefined) groups.set(queue, (group = []));
  return group;
}
