// The answer to a request that nobody can answer. Source: ADR-4.

import type { Subscription } from "../account/subscription.ts";
import { byteStringOf } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";

/** The head of the HMSG for the requester's own subscription, and the whole message. */
export function noRespondersMessage(frame: Frame, sub: Subscription): { head: string; message: Uint8Array } {
  const subject = byteStringOf(frame.source, frame.subjectFrom, frame.subjectTo);
  const reply = byteStringOf(frame.source, frame.replyFrom, frame.replyTo);
  const block = `NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`;
  const head = `HMSG ${reply} ${sub.sid} ${block.length} ${block.length}`;
  return { head, message: Buffer.from(`${head}\r\n${block}\r\n`, "latin1") };
}
