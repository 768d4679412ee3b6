// The way of a traced message: as the router's, one delivery after another, and
// each is noted. Slow, as few messages are traced.

import type { ByteString } from "../base/bytes.ts";
import { byteStringOf } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";
import type { Crossing } from "./crossing.ts";
import type { Receiver } from "./receiver.ts";
import type { Router } from "./router.ts";
import type { Subscription } from "./subscription.ts";
import { notDelivered, type Trace } from "./trace.ts";

/** Publishes `frame`, unless it is only to be traced. How many got it, or would have. */
export function publishTraced(
  router: Router,
  frame: Frame,
  sender: Receiver | undefined,
  trace: Trace,
  crossing: Crossing | undefined,
): number {
  const way = new TracedWay(router, frame, sender, trace, crossing);
  const relays: Subscription[] = [];
  const groups = new Map<ByteString, Subscription[]>();
  let reached = 0;
  for (const sub of router.match(byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo))) {
    if (sub.relay !== undefined) relays.push(sub);
    else if (sub.queue === undefined) reached += way.give(sub) ? 1 : 0;
    else groups.set(sub.queue, [...(groups.get(sub.queue) ?? []), sub]);
  }
  for (const group of groups.values()) {
    const start = router.chance(group.length);
    if (group.some((_, i) => way.give(group[(start + i) % group.length]!))) reached++;
  }
  reached -= way.end();
  for (const sub of relays) if (sub.isOpen && way.goOn(sub) > 0) reached++;
  return reached;
}

class TracedWay {
  readonly #router: Router;
  readonly #frame: Frame;
  readonly #sender: Receiver | undefined;
  readonly #trace: Trace;
  readonly #crossing: Crossing | undefined;

  constructor(
    router: Router,
    frame: Frame,
    sender: Receiver | undefined,
    trace: Trace,
    crossing: Crossing | undefined,
  ) {
    this.#router = router;
    this.#frame = frame;
    this.#sender = sender;
    this.#trace = trace;
    this.#crossing = crossing;
  }

  /** Whether this subscription got it, or would have. */
  give(sub: Subscription): boolean {
    const trace = this.#trace;
    if (sub.origin === sub) return this.#giveTraced(sub);
    if (this.#crossing !== undefined) return false;
    const info = sub.receiver?.hooks.info();
    trace.streamExport(info?.account ?? sub.account, this.#shown(sub));
    if (sub.allowsTrace) return this.#giveTraced(sub);
    return trace.isOnly || this.#router.deliverOne(sub, this.#frame, this.#sender, this.#crossing);
  }

  /** Calls the parts of the server that got it; how many of them were not there. */
  end(): number {
    const frame = this.#frame;
    frame.trace = this.#trace;
    const absent = this.#router.endOne(frame, this.#sender);
    frame.trace = undefined;
    return absent;
  }

  goOn({ relay }: Subscription): number {
    const { source, subjectFrom, subjectTo } = this.#frame;
    return relay!.relay(this.#frame, source, subjectFrom, subjectTo, false, this.#sender, this.#crossing, this.#trace);
  }

  #giveTraced(sub: Subscription): boolean {
    const { receiver } = sub;
    const trace = this.#trace;
    if (receiver === undefined) return this.#giveServer(sub);
    const why = this.#hindrance(sub, receiver);
    if (why === undefined && !trace.isOnly) {
      // It may be the last one of a subscription.
      const info = receiver.hooks.info();
      if (!this.#router.deliverOne(sub, this.#frame, this.#sender, this.#crossing)) return false;
      trace.egress(info, sub);
      return true;
    }
    trace.egress(receiver.hooks.info(), sub, why);
    return why === undefined;
  }

  /** Parts of the server look at the trace themselves; others are services of the system account. */
  #giveServer(sub: Subscription): boolean {
    const frame = this.#frame;
    const trace = this.#trace;
    if (sub.listener?.readsTrace !== true) {
      const subject = byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo);
      const isSystem = /^\$(JS\.API|SYS)\./.test(subject);
      if (isSystem) trace.serviceImport(trace.systemAccount, subject, subject);
      if (trace.isOnly) return !isSystem;
    }
    frame.trace = trace;
    const isGiven = this.#router.deliverOne(sub, frame, this.#sender, this.#crossing);
    frame.trace = undefined;
    return isGiven;
  }

  #hindrance(sub: Subscription, receiver: Receiver): string | undefined {
    if (receiver === this.#sender && !receiver.echo) return notDelivered.noEcho;
    if (this.#router.denies(sub, this.#frame)) return notDelivered.denied;
    if (!sub.origin.isOpen) return notDelivered.subClosed;
    if (!receiver.isOpen) return notDelivered.clientClosed;
    if (receiver.outbound.congested && receiver.dropsWhenCongested) return notDelivered.slow;
    return undefined;
  }

  #shown({ shown }: Subscription): ByteString {
    const { source, subjectFrom, subjectTo } = this.#frame;
    if (shown === undefined) return byteStringOf(source, subjectFrom, subjectTo);
    const into = new Uint8Array(shown.roomFor(subjectTo - subjectFrom));
    return byteStringOf(into, 0, Math.max(0, shown.write(source, subjectFrom, subjectTo, into, 0)));
  }
}
