// One SUB of one connection, what a part of the server listens to, or where
// messages go on to another account.
//
// A subscription that reaches into another account by a stream import has a
// shadow there: the same receiver and sid, another subject. Its counts and its
// end are those of its origin.

import { WIDE } from "../base/counts.ts";
import type { ByteString } from "../base/bytes.ts";
import { bytesOf } from "../base/bytes.ts";
import type { Listener } from "./inner_queue.ts";
import type { Receiver } from "./receiver.ts";
import type { Relay } from "./relay.ts";
import type { SubjectWriter } from "./subject_writer.ts";

export class Subscription {
  readonly subject: ByteString;
  /** Undefined without a queue group. */
  readonly queue: ByteString | undefined;
  readonly sid: ByteString;
  /** "sid ", as it stands in a MSG. */
  readonly sidBytes: Uint8Array;
  /** Undefined for a part of the server, which has a listener or a relay instead. */
  readonly receiver: Receiver | undefined;
  readonly listener: Listener | undefined;
  readonly relay: Relay | undefined;
  /** Itself, but for a shadow. */
  readonly origin: Subscription;
  /** Of a shadow: what its receiver sees of a subject; undefined for the subject itself. */
  readonly shown: SubjectWriter | undefined;
  /** Of a shadow: the account of its origin, and whether traces of messages go there. */
  account = "";
  allowsTrace = false;
  /** Messages delivered since the SUB; of a shadow its origin counts. */
  delivered = WIDE;
  /** It ends with this many deliveries; 0 for never. */
  max = 0;
  /** False once it was removed: a route may still know it for the rest of a delivery. */
  isOpen = true;

  constructor(
    to: Receiver | Listener | Relay,
    subject: ByteString,
    queue: ByteString | undefined,
    sid: ByteString,
    origin?: Subscription,
    shown?: SubjectWriter,
  ) {
    this.receiver = "onMsg" in to || "relay" in to ? undefined : to;
    this.listener = "onMsg" in to ? to : undefined;
    this.relay = "relay" in to ? to : undefined;
    this.subject = subject;
    this.queue = queue;
    this.sid = sid;
    this.sidBytes = bytesOf(`${sid} ` as ByteString);
    this.origin = origin ?? this;
    this.shown = shown;
    this.delivered = 0;
  }
}

/** The same subscription in another account, under another subject. */
export function shadowOf(
  sub: Subscription,
  subject: ByteString,
  shown: SubjectWriter | undefined,
): Subscription | undefined {
  const to = sub.receiver ?? sub.listener;
  return to === undefined ? undefined : new Subscription(to, subject, sub.queue, sub.sid, sub, shown);
}
