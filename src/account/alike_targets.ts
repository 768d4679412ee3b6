// Targets of a route that get the same bytes: where programs of one kind run many
// times over, their subscriptions have the same sid. What is published to them again
// and again is put together once for all of them.

import { Broadcast, MOST_PEERS } from "../outbound/broadcast.ts";
import type { ByteString } from "../base/bytes.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { Frame } from "../proto/frame.ts";
import type { Receiver } from "./receiver.ts";
import type { Target } from "./route.ts";
import type { Subscription } from "./subscription.ts";

/** Fewer get their own copies: that costs less. */
export const LEAST_ALIKE = 4;
/** So often in a row nothing was gained: then it is left alone for so many messages. */
const MOST_VAIN = 16;
const LEFT_ALONE = 1000;

/** Whose deliveries are counted. */
export interface Deliveries {
  outMsgs: number;
  outBytes: number;
}

export class AlikeTargets {
  /** All of them. */
  readonly targets: readonly Target[];
  /** Those that are delivered to each for itself, until something changes; after a `publish` that was true. */
  apart: readonly Target[] = [];
  /** How many are not. */
  joined = 0;
  readonly #counts: Deliveries;
  readonly #broadcast = new Broadcast(() => this.#count());
  readonly #head: number;
  readonly #headLength: number;
  #subs: readonly Subscription[] = [];
  #hasHeaders = false;
  #msgs = 0;
  #payloadBytes = 0;
  #vain = 0;
  #leftAlone = 0;
  #sender: Receiver | undefined = undefined;

  constructor(targets: readonly Target[], counts: Deliveries) {
    this.targets = targets;
    this.#counts = counts;
    this.#head = targets[0]!.head;
    this.#headLength = targets[0]!.headLength;
  }

  /**
   * A message to the subject of the one before, canonical and in the arena. Delivers it to all of them but those `apart`.
   * False: each has to be delivered to for itself.
   */
  publish(frame: Frame, sender: Receiver | undefined): boolean {
    const hasHeaders = frame.headerBytes >= 0;
    const cut = hasHeaders ? 0 : 1;
    const length = frame.payloadTo + 2 - frame.tailFrom;
    if (this.#msgs > 0 && (sender !== this.#sender || hasHeaders !== this.#hasHeaders)) this.#broadcast.settle();
    if (!this.#broadcast.add2(this.#head + cut, this.#headLength - cut, frame.tailFrom, length)) {
      this.#broadcast.settle(true);
      if (!this.#opens(hasHeaders, sender)) return false;
      if (!this.#broadcast.add2(this.#head + cut, this.#headLength - cut, frame.tailFrom, length)) {
        this.#broadcast.settle();
        return false;
      }
    }
    this.#msgs++;
    this.#payloadBytes += frame.payloadTo - frame.payloadFrom;
    return true;
  }

  #opens(hasHeaders: boolean, sender: Receiver | undefined): boolean {
    if (this.#leftAlone > 0) {
      this.#leftAlone--;
      return false;
    }
    // That may be too much for one of them: before anybody is asked.
    for (const { sub } of this.targets) sub.receiver!.outbound.settle();
    const peers: Outbound[] = [];
    const subs: Subscription[] = [];
    const apart: Target[] = [];
    for (const target of this.targets) {
      const { sub } = target;
      const receiver = sub.receiver!;
      const isPlain = receiver.isOpen && sub.isOpen && sub.max === 0 && !receiver.tracksReplies && !receiver.traces;
      const hears = (receiver !== sender || receiver.echo) && (receiver.headers || !hasHeaders);
      if (isPlain && hears && receiver.outbound.takesBroadcasts) {
        peers.push(receiver.outbound);
        subs.push(sub);
      } else apart.push(target);
    }
    if (peers.length < LEAST_ALIKE || !this.#broadcast.open(peers)) {
      this.#wasVain();
      return false;
    }
    this.#sender = sender;
    this.#subs = subs;
    this.apart = apart;
    this.joined = subs.length;
    this.#hasHeaders = hasHeaders;
    return true;
  }

  #wasVain(): void {
    if (++this.#vain < MOST_VAIN) return;
    this.#vain = 0;
    this.#leftAlone = LEFT_ALONE;
  }

  #count(): void {
    const msgs = this.#msgs;
    const payloadBytes = this.#payloadBytes;
    this.#msgs = 0;
    this.#payloadBytes = 0;
    if (msgs > 1) this.#vain = 0;
    else this.#wasVain();
    const subs = this.#subs;
    for (const sub of subs) {
      const receiver = sub.receiver!;
      sub.delivered += msgs;
      receiver.outMsgs += msgs;
      receiver.outBytes += payloadBytes;
    }
    this.#counts.outMsgs += msgs * subs.length;
    this.#counts.outBytes += payloadBytes * subs.length;
  }
}

/** The plain targets of a route: those alike in groups, and the others. */
export interface SortedTargets {
  readonly alike: readonly AlikeTargets[];
  readonly others: readonly Target[];
}

export function sortTargets(plain: readonly Target[], counts: Deliveries): SortedTargets {
  const groups = new Map<ByteString, Target[]>();
  const others: Target[] = [];
  for (const target of plain) {
    const { sub } = target;
    if (sub.receiver === undefined || sub.origin !== sub) {
      others.push(target);
      continue;
    }
    const group = groups.get(sub.sid);
    if (group === undefined) groups.set(sub.sid, [target]);
    else group.push(target);
  }
  const alike: AlikeTargets[] = [];
  for (const group of groups.values()) {
    if (group.length < LEAST_ALIKE || group.length > MOST_PEERS) others.push(...group);
    else alike.push(new AlikeTargets(group, counts));
  }
  return { alike, others };
}
