// A failure with a file in Go's words: "open x.conf: no such file or directory".

import { systemWords, type SystemError } from "./system_text.ts";

/** What is not called as Go calls it. */
const calls: Readonly<Record<string, string>> = { unlink: "remove", rm: "remove", scandir: "open" };

/** The failure of a call on `path`. */
export function pathText(error: SystemError, path: string): string {
  if (error.syscall === undefined) return error.message;
  const words = error.code === "EISDIR" ? "is a directory" : systemWords(error);
  return `${calls[error.syscall] ?? error.syscall} ${path}: ${words}`;
}
