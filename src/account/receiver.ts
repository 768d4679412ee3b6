// The receiving half of a connection: what the router needs to deliver to it.
//
// The peer owns it and changes it; the router reads it and counts on it.

import { WIDE } from "../base/counts.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { Moment } from "../base/nanos.ts";
import type { Subscription } from "./subscription.ts";

/** Who sent a message, as advisories show it. Text that is not known is empty. */
export interface ClientInfo {
  readonly start: Moment;
  readonly host: string;
  readonly id: number;
  readonly account: string;
  readonly user: string;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly rttNanos: number;
  readonly clientType: "nats" | "websocket";
}

/** What services are told of a connection, as lines of headers made once. */
export type InfoLines = Map<string, Uint8Array>;

/** What only some receivers want to hear of. Its presence makes their deliveries take the careful path. */
export interface ReceiverHooks {
  /** Whether a deny keeps the literal subject source[from, to) from this subscription. */
  deniesDelivery(source: Uint8Array, from: number, to: number, sub: Subscription): boolean;
  /** A message with this reply is being delivered. */
  onReply(source: Uint8Array, from: number, to: number): void;
  /**
   * A MSG or HMSG with this head and the payload source[from, to) is being
   * delivered, for the trace log. `headerBytes` of it are headers; −1 for MSG.
   */
  onTrace(head: string, source: Uint8Array, from: number, to: number, headerBytes: number): void;
  /** Who it is. */
  info(): ClientInfo;
}

export class Receiver {
  readonly outbound: Outbound;
  /** Deliver this connection's own messages to it. */
  echo = true;
  /** It reads HMSG. */
  headers = false;
  /** Messages and their bytes (headers and payload) delivered. */
  outMsgs = WIDE;
  outBytes = WIDE;
  isOpen = true;
  /** While its outbound bytes are congested it goes without, instead of slowing its producers down. */
  dropsWhenCongested = false;
  filtersDeliveries = false;
  tracksReplies = false;
  traces = false;
  /** Empty again whenever something changes of who it is. */
  readonly infoLines: InfoLines = new Map();
  readonly hooks: ReceiverHooks;
  /** Called when a subscription has had its last message. */
  readonly onExhausted: (sub: Subscription) => void;

  constructor(outbound: Outbound, hooks: ReceiverHooks, onExhausted: (sub: Subscription) => void) {
    this.outbound = outbound;
    this.hooks = hooks;
    this.onExhausted = onExhausted;
    this.outMsgs = 0;
    this.outBytes = 0;
  }
}
