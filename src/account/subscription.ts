// One SUB of one connection, or what a part of the server listens to.

import type { ByteString } from "../base/bytes.ts";
import { bytesOf } from "../base/bytes.ts";
import type { Listener } from "./inner_queue.ts";
import type { Receiver } from "./receiver.ts";

export class Subscription {
  readonly subject: ByteString;
  /** Undefined without a queue group. */
  readonly queue: ByteString | undefined;
  readonly sid: ByteString;
  /** "sid ", as it stands in a MSG. */
  readonly sidBytes: Uint8Array;
  /** Undefined for a part of the server, which has a listener instead. */
  readonly receiver: Receiver | undefined;
  readonly listener: Listener | undefined;
  /** Messages delivered since the SUB. */
  delivered = 0;
  /** It ends with this many deliveries; 0 for never. */
  max = 0;
  /** False once it was removed: a route may still know it for the rest of a delivery. */
  isOpen = true;

  constructor(to: Receiver | Listener, subject: ByteString, queue: ByteString | undefined, sid: ByteString) {
    this.receiver = "onMsg" in to ? undefined : to;
    this.listener = "onMsg" in to ? to : undefined;
    this.subject = subject;
    this.queue = queue;
    this.sid = sid;
    this.sidBytes = bytesOf(`${sid} ` as ByteString);
  }
}
