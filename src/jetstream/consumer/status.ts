// Messages without content that a consumer sends: statuses of requests,
// heartbeats, flow control. Owns their spelling. Source: jetstream-api facts §4, §5.

import type { Bus } from "../../account/bus.ts";
import { type ByteString, bytesOf } from "../../base/bytes.ts";

const NOTHING = new Uint8Array(0);
const NO_REPLY = "" as ByteString;

export class Statuses {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** "404 No Messages" and the like. */
  send(to: ByteString, status: string, lines = "", reply: ByteString = NO_REPLY): void {
    if (to === "") return;
    this.#bus.publishParts(to, reply, bytesOf(`NATS/1.0 ${status}\r\n${lines}\r\n` as ByteString), NOTHING);
  }

  /** With what the request still wanted. */
  unfinished(to: ByteString, status: string, msgs: number, bytes: number): void {
    this.send(to, status, `Nats-Pending-Messages: ${msgs}\r\nNats-Pending-Bytes: ${bytes}\r\n`);
  }

  /** The last sequences delivered; `stalled` is the flow control reply that is waited for, empty for none. */
  heartbeat(to: ByteString, consumerSeq: number, streamSeq: number, stalled: ByteString): void {
    const lines = `Nats-Last-Consumer: ${consumerSeq}\r\nNats-Last-Stream: ${streamSeq}\r\n`;
    const more = stalled === "" ? "" : `Nats-Consumer-Stalled: ${stalled}\r\n`;
    this.send(to, "100 Idle Heartbeat", lines + more);
  }

  /** An answer without any content. */
  empty(to: ByteString): void {
    if (to !== "") this.#bus.publishParts(to, NO_REPLY, NOTHING, NOTHING);
  }
}
