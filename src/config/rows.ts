// The kinds of options. A table of rows says everything about the options of
// one block; the type of the resolved block, its checks, what a reload may
// change and docs/options.md all come from it.
//
// Knows nothing of any particular option.

import type { Go } from "./go.ts";
import { goDuration } from "./go.ts";
import { readInteger } from "./integer.ts";
import { didYouMean } from "./suggest.ts";
import type { Problems } from "./problems.ts";
import { OptionError } from "./problems.ts";
import type { ConfigSource } from "./source.ts";
import type { At, Entry, MapNode, Node } from "./tree.ts";
import { goType } from "./tree.ts";

/** Whether this version does what the option says, warns that it does not yet, or refuses to start with it. */
export type Status = "works" | "later" | "refused";

interface Info {
  /** One sentence for the reader. */
  readonly doc: string;
  readonly reload: "live" | "restart";
  readonly aliases?: readonly string[];
  readonly status?: Status;
  /** For `refused` and `later`: why, or what to do instead; ends the error or the warning. */
  readonly why?: string;
  /** True when this value asks for the feature; without it any value does. A value that does not is no reason to warn or refuse. */
  readonly enables?: (value: never) => boolean;
  /** nats-server's words for a value of the wrong type; without them its Go conversion error. */
  readonly mismatch?: (name: string, node: Node) => string;
}

/** What reading an option may look at besides its value. */
export interface Reading {
  readonly problems: Problems;
  readonly source: ConfigSource;
  /** Where the key of the option being read stands. */
  readonly at?: At;
  /** Where values of the wrong type are reported, when not at their key. */
  readonly conversionsAt?: At;
  /** Where the block stands in the whole, for notices: "websocket." or "". */
  readonly path: string;
}

export interface Row<out T> {
  /** Name of the kind, for docs. */
  readonly kind: string;
  readonly info: Info;
  readonly fallback: T;
  /** For docs, where the default is not the fallback as such. */
  readonly shown?: string;
  /** For docs. */
  readonly bounds?: string;
  /** The rows of the block, or of each element, for docs and for suggestions. */
  readonly rows?: Rows;
  /** Throws OptionError when `node` is no value for this option. `name` is the key as it was looked up. */
  readonly read: (node: Node, name: string, reading: Reading) => T;
}

/** An option that stands for others: `listen` is host and port. It has no value of its own. */
export interface SpreadRow<out P> extends Omit<Row<P>, "fallback"> {
  readonly spread: true;
}

export type Rows = Readonly<Record<string, Row<unknown> | SpreadRow<unknown>>>;

/** The type of a block once resolved. */
export type Resolved<R extends Rows> = {
  readonly [K in keyof R as R[K] extends SpreadRow<unknown> ? never : K]: R[K] extends Row<infer T> ? T : never;
};

function wrong(info: Info, name: string, node: Node, wanted: Go): OptionError {
  const text = info.mismatch?.(name, node) ?? `interface conversion: interface {} is ${goType(node)}, not ${wanted}`;
  return new OptionError(text);
}

/** True for a value of an object, where no lexer has been. */
export function inObject(node: Node): boolean {
  return node.at.line === 0;
}

/** Any option whose reading needs its own code. */
export function custom<T>(
  kind: string,
  fallback: NoInfer<T>,
  info: Info & { readonly shown?: string; readonly rows?: Rows; readonly bounds?: string },
  read: (node: Node, name: string, reading: Reading) => T,
): Row<T> {
  return { kind, info, fallback, read, ...shownOf(info) };
}

function shownOf(more: { readonly shown?: string; readonly rows?: Rows; readonly bounds?: string }): {
  shown?: string;
  rows?: Rows;
  bounds?: string;
} {
  return {
    ...(more.shown === undefined ? {} : { shown: more.shown }),
    ...(more.rows === undefined ? {} : { rows: more.rows }),
    ...(more.bounds === undefined ? {} : { bounds: more.bounds }),
  };
}

/** Reads an integer node; `name` is for the error. */
export function readInt(node: Node, name: string, info: Pick<Info, "mismatch">): number {
  if (node.kind !== "int") throw wrong(info as Info, name, node, "int64");
  const value = Number(node.value);
  if (!Number.isSafeInteger(value)) throw new OptionError(`${name} value is too big`);
  return value;
}

interface IntInfo extends Info {
  /** 0 means the default. */
  readonly zero?: "fallback";
  readonly min?: number;
  readonly max?: number;
  /** nats-server's words for a value out of bounds. */
  readonly outside?: string;
}

export function int<const F extends number | undefined>(
  spec: IntInfo & { readonly fallback: F; readonly shown?: string },
): Row<number | F> {
  const { min = -Infinity, max = Infinity } = spec;
  const bounds = boundsOf(spec.min, spec.max);
  return {
    kind: "number",
    info: spec,
    fallback: spec.fallback,
    ...shownOf({ ...spec, ...(bounds === undefined ? {} : { bounds }) }),
    read(node, name) {
      const value = readInt(node, name, spec);
      if (value === 0 && spec.zero !== undefined) return spec.fallback;
      if (value < min || value > max) {
        throw new OptionError(spec.outside ?? `${name} must be ${boundsOf(spec.min, spec.max) ?? ""}, got ${value}`);
      }
      return value;
    },
  };
}

function boundsOf(min: number | undefined, max: number | undefined): string | undefined {
  if (min === undefined && max === undefined) return undefined;
  if (max === undefined) return `at least ${min}`;
  if (min === undefined) return `at most ${max}`;
  return `${min} to ${max}`;
}

/** A number of bytes: `8KB`, `64M`; in a file the lexer has already multiplied. */
export function size<const F extends number | undefined>(
  spec: IntInfo & { readonly fallback: F; readonly shown?: string },
): Row<number | F> {
  const row = int<F>(spec);
  return {
    ...row,
    kind: "size",
    read(node, name, reading) {
      // In an object a size may be a text.
      const value = node.kind === "string" && inObject(node) ? readInteger(node.value) : undefined;
      return row.read(value === undefined ? node : { kind: "int", value, at: node.at }, name, reading);
    },
  };
}

export function bool<const F extends boolean | undefined>(
  spec: Info & { readonly fallback: F; readonly shown?: string },
): Row<boolean | F> {
  return {
    kind: "boolean",
    info: spec,
    fallback: spec.fallback,
    ...shownOf(spec),
    read(node, name) {
      if (node.kind !== "bool") throw wrong(spec, name, node, "bool");
      return node.value;
    },
  };
}

interface StrInfo extends Info {
  /** Throws OptionError when the text will not do. */
  readonly check?: (value: string) => void;
  readonly shown?: string;
}

/** A text; undefined when not given or empty, unless there is a fallback. */
export function str(spec: StrInfo & { readonly fallback: string }): Row<string>;
export function str(spec: StrInfo): Row<string | undefined>;
export function str(spec: StrInfo & { readonly fallback?: string }): Row<string | undefined> {
  return {
    kind: "text",
    info: spec,
    fallback: spec.fallback,
    ...shownOf(spec),
    read(node, name) {
      if (node.kind !== "string") throw wrong(spec, name, node, "string");
      if (node.value === "") return spec.fallback;
      spec.check?.(node.value);
      return node.value;
    },
  };
}

/** One of a few words; `outside` is nats-server's error for any other. */
export function word<const W extends string, const F extends W | undefined>(
  spec: Info & { readonly words: readonly W[]; readonly fallback: F; readonly outside: (given: string) => string },
): Row<W | F> {
  return {
    kind: spec.words.map((word) => `"${word}"`).join(" or "),
    info: spec,
    fallback: spec.fallback,
    read(node, name) {
      if (node.kind !== "string") throw wrong(spec, name, node, "string");
      const found = spec.words.find((word) => word === node.value.toLowerCase());
      if (found === undefined) throw new OptionError(spec.outside(node.value));
      return found;
    },
  };
}

/** Texts in an array; one text alone will do unless `only` is "array". `noun` is for nats-server's errors. */
export function texts(spec: Info & { readonly only?: "array"; readonly noun?: string }): Row<readonly string[]> {
  return {
    kind: "list of texts",
    info: spec,
    fallback: [],
    read(node, name) {
      if (node.kind === "string" && spec.only === undefined) return [node.value];
      const what = spec.noun === undefined ? undefined : `error parsing ${spec.noun}: unsupported type`;
      if (node.kind !== "array") {
        if (what !== undefined) throw new OptionError(`${what} ${goType(node)}`);
        throw wrong(spec, name, node, "[]interface {}");
      }
      return node.value.map((item) => {
        if (item.kind === "string") return item.value;
        if (what !== undefined) throw new OptionError(`${what} in array ${goType(item)}`, { at: item.at });
        throw wrong(spec, name, item, "string");
      });
    },
  };
}

interface DurationInfo extends Info {
  /** 0 means the default. */
  readonly zero?: "fallback";
  readonly shown?: string;
  /** What errors call it, where that is not how it was spelled. */
  readonly named?: string;
}

/**
 * A length of time, resolved to milliseconds: "2m", "1h30m"; a bare number is
 * seconds and nats-server warns about it.
 */
export function duration<const F extends number | undefined>(
  spec: DurationInfo & { readonly fallback: F },
): Row<number | F> {
  return {
    kind: "duration",
    info: spec,
    fallback: spec.fallback,
    ...shownOf(spec),
    read(node, name, reading) {
      const ms = readDuration(node, name, reading, spec);
      return ms === 0 && spec.zero !== undefined ? spec.fallback : ms;
    },
  };
}

/** Milliseconds of a duration option. */
export function readDuration(
  node: Node,
  name: string,
  reading: Reading,
  spec: { readonly named?: string } = {},
): number {
  const called = spec.named ?? name;
  if (node.kind === "string") {
    const parsed = goDuration(node.value);
    if (typeof parsed === "number") return parsed;
    throw new OptionError(`error parsing ${called}: ${parsed.complaint}`);
  }
  // An object has no notation of its own for a length of time.
  if (node.kind === "float" && inObject(node)) return node.value * 1000;
  reading.problems.warn(reading.at ?? node.at, called, `${called} should be converted to a duration`);
  if (node.kind !== "int") {
    throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not int64`);
  }
  return Number(node.value) * 1000;
}

/** A block with options of its own; undefined when it is not there. */
export function block<R extends Rows>(rows: R, spec: Info & BlockInfo): Row<Resolved<R> | undefined> {
  return {
    kind: "block",
    info: spec,
    fallback: undefined,
    rows,
    read(node, name, reading) {
      if (node.kind !== "map") throw wrong(spec, name, node, "map[string]interface {}");
      return readBlock(rows, node, { ...reading, path: `${reading.path}${name}.` }, spec);
    },
  };
}

export interface BlockInfo {
  /** nats-server's words for a key that is no option of this block. */
  readonly unknown?: (name: string) => string;
}

type Spreading = Row<unknown> | SpreadRow<unknown>;

/** Every spelling of every option of a block. */
export function namesOf(rows: Rows): string[] {
  return Object.entries(rows).flatMap(([name, row]) => [name, ...(row.info.aliases ?? [])]);
}

function find(rows: Rows, key: string): readonly [name: string, row: Spreading] | undefined {
  if (Object.hasOwn(rows, key)) return [key, rows[key]!];
  return Object.entries(rows).find(([, row]) => row.info.aliases?.includes(key));
}

/** The block with every option at its default. */
export function defaultsOf<R extends Rows>(rows: R): Resolved<R> {
  const values = Object.entries(rows).filter(([, row]) => !("spread" in row));
  return Object.fromEntries(values.map(([name, row]) => [name, (row as Row<unknown>).fallback])) as Resolved<R>;
}

/** Resolves a block: unknown keys, wrong values and options that do nothing yet go to `reading.problems`. */
export function readBlock<R extends Rows>(rows: R, node: MapNode, reading: Reading, how: BlockInfo = {}): Resolved<R> {
  const out: Record<string, unknown> = defaultsOf(rows);
  for (const entry of node.value.values()) {
    const name = entry.key.toLowerCase();
    const found = find(rows, name);
    if (found === undefined) {
      unknownKey(entry, namesOf(rows), reading, how);
      continue;
    }
    const [canonical, row] = found;
    const value = reading.problems.attempt(
      entry.at,
      () => ({ is: row.read(entry.node, name, { ...reading, at: entry.at }) }),
      reading.conversionsAt,
    );
    if (value === undefined) continue;
    judge(canonical, row, value.is, entry, reading);
    if ("spread" in row) Object.assign(out, value.is);
    else out[canonical] = value.is;
  }
  return out as Resolved<R>;
}

/** Complains about a key that is no option, unless a variable made use of it. */
export function unknownKey(entry: Entry, known: readonly string[], reading: Reading, how: BlockInfo = {}): void {
  if (entry.used) return;
  const text = how.unknown?.(entry.key) ?? `unknown field ${JSON.stringify(entry.key)}`;
  reading.problems.error(entry.at, text, didYouMean(entry.key, known));
}

function judge(name: string, row: Spreading, value: unknown, entry: Entry, reading: Reading): void {
  const { status = "works", enables, why } = row.info;
  if (status === "works" || enables?.(value as never) === false) return;
  const full = reading.path + name;
  if (status === "later") {
    reading.problems.notice(entry.at, `option "${full}" has no effect${why === undefined ? " yet" : `: ${why}`}`);
  } else {
    reading.problems.error(entry.at, `option "${full}" is not supported${why === undefined ? " yet" : `: ${why}`}`);
  }
}
