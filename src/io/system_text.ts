// The operating system's errors in the words nats-server prints, which are
// those of Go: `bind: address already in use`.

import { getSystemErrorMap } from "node:util";

/** Where Linux has other words than Node. */
const words: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "cannot assign requested address",
  EMFILE: "too many open files",
  ENFILE: "too many open files in system",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "no such host",
  ETIMEDOUT: "connection timed out",
};

/** An error of the operating system, as Node throws it. */
export interface SystemError extends Error {
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
}

/** What went wrong, in the system's words, without the call: "connection reset by peer". */
export function systemWords(error: SystemError): string {
  const known = error.code === undefined ? undefined : words[error.code];
  if (known !== undefined) return known;
  return (error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)?.[1]) ?? error.message;
}

/** With the call that failed: "read: connection reset by peer". */
export function systemText(error: SystemError): string {
  return error.syscall === undefined ? error.message : `${error.syscall}: ${systemWords(error)}`;
}
