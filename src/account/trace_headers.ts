// Which messages are traced: those whose header Nats-Trace-Dest names a subject
// for the event, and those of a sampled trace (traceparent) in an account that
// has such a subject.

import type { ByteString } from "../base/bytes.ts";
import type { Frame } from "../proto/frame.ts";
import { release, rewritten } from "./rewrite.ts";
import { isSampledParent } from "./sampling_headers.ts";
import { sameSubject } from "./subject_writer.ts";
import type { TraceHeaders } from "./trace.ts";

/** Where the event goes; a line of it in a message that goes on is replaced. */
const TRACE_DEST = Buffer.from("Nats-Trace-Dest:");
/** Said instead of a subject, so that nobody else traces the message. */
export const DISABLED = "trace disabled";

const STATUS = "NATS/1.0\r\n";
const LF = 0x0a;

/** Whether source[from, to), a block of headers, may ask for a trace: a quick look that never misses one. */
export function mayAskForTrace(source: Uint8Array, from: number, to: number): boolean {
  for (let i = from + STATUS.length - 1; i < to - 11; i++) {
    if (source[i] !== LF) continue;
    const first = source[i + 1]! | 0x20;
    // "n…-t…-d…", or "trace…".
    if (first === 0x6e && source[i + 6] === 0x54 && source[i + 12] === 0x44) return true;
    if (first === 0x74 && (source[i + 2]! | 0x20) === 0x72 && (source[i + 6]! | 0x20) === 0x70) return true;
  }
  return false;
}

export interface AskedTrace {
  readonly headers: TraceHeaders;
  /** The subject that is named; undefined where only a sampled trace parent is there. */
  readonly destination: string | undefined;
  /** The message is not to be delivered. */
  readonly isOnly: boolean;
}

/** What a block of headers asks for; undefined when that is nothing. */
export function askedTrace(source: Uint8Array, from: number, to: number): AskedTrace | undefined {
  const block = Buffer.from(source.buffer, source.byteOffset + from, to - from).toString("latin1");
  if (!block.startsWith(STATUS)) return undefined;
  const headers = new Map<string, string[]>();
  let isSampled = false;
  for (const line of block.slice(STATUS.length).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) break;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (name === "" || value === "") continue;
    if (name === "Nats-Trace-Dest" && value === DISABLED && !headers.has(name)) return undefined;
    if (name.toLowerCase() === "traceparent" && isSampledParent(value)) isSampled = true;
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  const destination = headers.get("Nats-Trace-Dest")?.[0];
  if (destination === undefined) return isSampled ? { headers, destination, isOnly: false } : undefined;
  const only = headers.get("Nats-Trace-Only")?.[0]?.toLowerCase();
  return { headers, destination, isOnly: only === "1" || only === "true" || only === "on" };
}

/** Runs `publish` with the same message whose trace is told to go to `destination`; what it returned, 0 when that is too much. */
export function withDestination(of: Frame, destination: ByteString, publish: (frame: Frame) => number): number {
  const line = Buffer.from(`Nats-Trace-Dest: ${destination}\r\n`, "latin1");
  const { source, subjectFrom, subjectTo } = of;
  const made = rewritten(of, sameSubject, source, subjectFrom, subjectTo, undefined, line, TRACE_DEST);
  if (made === undefined) return 0;
  const result = publish(made);
  release();
  return result;
}
