// One thing that a reload may change or not: where it is in the options, what is
// said of it, and what has to be looked at again.

import { goDuration } from "../base/gotime.ts";
import type { ServerOptions } from "../config/options.ts";

/** What has to be looked at again. */
export type Concern =
  | "jetstream"
  | "log"
  | "trace"
  | "auth"
  | "tls"
  | "pins"
  | "sessions"
  | "stats"
  | "pidFile"
  | "portsFile"
  | "connections";

export type Option = (options: ServerOptions) => unknown;

export interface Row {
  /** Go's name of the field, for refusals. */
  readonly go: string;
  readonly of: Option;
  /** Undefined: it needs a restart. */
  readonly concern?: Concern;
  /** What is said of the new value. */
  readonly says?: (after: ServerOptions, before: ServerOptions) => string;
  /** The value in a refusal. */
  readonly shown?: (value: never) => string;
  /** Whether this change is one at all, where that is not plain. */
  readonly isChange?: (before: ServerOptions, after: ServerOptions) => boolean;
  /** It is gone through whenever it is there, changed or not. */
  readonly isAlways?: (options: ServerOptions) => boolean;
  /** What is said of a change that needs a restart, where that is not the common text. */
  readonly refusal?: string;
}

/** It needs a restart. */
export const restart = (go: string, of: Option, shown?: (value: never) => string): Row => ({
  go,
  of,
  ...(shown === undefined ? {} : { shown }),
});
/** It is taken over while the server runs. */
export const live = (go: string, of: Option, concern: Concern, says: (options: ServerOptions) => string): Row => ({
  go,
  of,
  concern,
  says,
});

/** A whole block that cannot change while the server runs; Go prints it with addresses of memory. */
export function blockRow(go: string, of: Option): Row {
  return restart(go, of, () => "...");
}

/** Options are plain data: objects, lists, maps, scalars. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (one instanceof Map && other instanceof Map) return isSame([...one], [...other]);
  if (one instanceof Set && other instanceof Set) return isSame([...one], [...other]);
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    if (!isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name])) return false;
  }
  return true;
}

/** As Go prints milliseconds. */
export const duration = (ms: number): string => goDuration(ms * 1e6);
