// Whether a message of a client is traced, and by whom it is refused.

import type { Account } from "../account/account.ts";
import { Trace } from "../account/trace.ts";
import { askedTrace } from "../account/trace_headers.ts";
import { byteString, type ByteString, byteStringOf, shown } from "../base/bytes.ts";
import type { Log } from "../base/log.ts";
import type { Env } from "../base/world.ts";
import { quoted } from "../errors/protocol.ts";
import type { Frame } from "../proto/frame.ts";
import { isLiteral } from "../subject/subject.ts";

/** Of those that trace no more: an account is not to be named by a message. */
const ORIGIN_ACCOUNT = "Nats-Trace-Origin-Account";

export interface TraceAsker {
  readonly env: Env;
  readonly log: Log;
  readonly label: string;
  readonly systemAccount: string;
  readonly account: Account;
  readonly cid: number;
  readonly name: string;
  /** Whether it may publish there; when not it is told. */
  mayPublish(subject: ByteString): boolean;
}

/**
 * The trace of a message. "skip": the message goes nowhere. "silence": it goes
 * on, and nobody else shall trace it. Undefined: it is not traced.
 */
export function beginTrace(frame: Frame, asker: TraceAsker): Trace | "skip" | "silence" | undefined {
  const { source, payloadFrom, headerBytes } = frame;
  const asked = askedTrace(source, payloadFrom, payloadFrom + headerBytes);
  if (asked === undefined) return undefined;
  const { headers, isOnly } = asked;
  const { log, label, account, env } = asker;
  const origin = headers.get(ORIGIN_ACCOUNT)?.[0];
  if (origin !== undefined) {
    const value = quoted(origin as ByteString);
    log.error(
      `${label} - Message tracing disabled because of header ${quoted(byteString(ORIGIN_ACCOUNT))} with value=${value}`,
    );
    return isOnly ? "skip" : "silence";
  }
  let destination = asked.destination as ByteString | undefined;
  if (destination === undefined) {
    const { traceDestination } = account;
    if (traceDestination === undefined) return undefined;
    const { dest, sampling } = traceDestination;
    if (sampling > 0 && sampling < 100 && env.random(100) >= sampling) return "silence";
    destination = byteString(dest);
  }
  if (!isLiteral(destination) || /[\s]/.test(destination)) {
    log.error(`${label} - Destination ${quoted(destination)} is not valid, won't be able to trace events`);
    return isOnly ? "skip" : undefined;
  }
  if (!asker.mayPublish(destination)) return "skip";
  const subject = byteStringOf(source, frame.subjectFrom, frame.subjectTo);
  const readable = new Map([...headers].map(([name, values]) => [utf8(name), values.map(utf8)]));
  const size = frame.payloadTo - payloadFrom;
  const from = { cid: asker.cid, name: asker.name, subject };
  return new Trace(env, account.name, destination, isOnly, readable, size, asker.systemAccount, from);
}

function utf8(text: string): string {
  return shown(text as ByteString);
}
