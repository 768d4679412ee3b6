// What the log says of a client that does not read fast enough. Tools look
// for "Slow Consumer Detected".

import { goDuration } from "../base/gotime.ts";
import type { SessionSettings } from "./host.ts";

export function pendingExceeded({ maxPendingBytes }: SessionSettings): string {
  return `Slow Consumer Detected: MaxPending of ${maxPendingBytes} Exceeded`;
}

/** `chunks` and `pendingBytes` are of the write that did not end. */
export function deadlineExceeded({ writeDeadlineMs }: SessionSettings, chunks: number, pendingBytes: number): string {
  const deadline = goDuration(writeDeadlineMs * 1e6);
  return `Slow Consumer Detected: WriteDeadline of ${deadline} exceeded with ${chunks} chunks of ${pendingBytes} total bytes.`;
}
