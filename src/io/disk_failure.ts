// What the system says about a file or directory that failed, as a DiskError: its
// name for the error, and its sentence in Go's words, which answers show.

import { constants } from "node:os";
import { DiskError } from "../base/disk.ts";
import { systemWords, type SystemError } from "./system_text.ts";

/** Where Linux and Go have other words than Node. */
const words: Readonly<Record<string, string>> = {
  EBUSY: "device or resource busy",
  EDQUOT: "disk quota exceeded",
  EEXIST: "file exists",
  EIO: "input/output error",
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
  ENOMEM: "cannot allocate memory",
  ESTALE: "stale NFS file handle",
  ETXTBSY: "text file busy",
  EXDEV: "invalid cross-device link",
};

/** Names of errors that Node has no name for. */
const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number as number, name]));

/** The failure of a call on a file or directory. */
export function diskFailure(thrown: unknown): DiskError {
  const error = thrown as SystemError;
  const named = error.code !== undefined && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
  const code = named ?? names.get(Math.abs(error.errno ?? 0)) ?? "EIO";
  return new DiskError(code, words[code] ?? systemWords(error));
}
