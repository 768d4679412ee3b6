// The JSON codec: a table of fields decodes bytes to a typed object and
// encodes it back, as Go's encoding/json would with the same struct.
//
//   const request = record({ name: text, max_msgs: orElse(int64, -1), subjects: list(text) });
//   type Request = Decoded<typeof request>;
//   const got = decode(request, bytes, from, to);   // Request | JsonError
//   const sent = encode(request, { … }, "  ");
//
// Keys are matched exactly, else without case; the last of a duplicate wins;
// unknown keys are passed over; null leaves what was there. Reading and
// writing proper is in json_reader.ts and json_writer.ts.

import { assert } from "./assert.ts";
import { type ByteString, byteString } from "./bytes.ts";
import { JsonError, JsonReader, type JsonRules } from "./json_reader.ts";
import { byBytes, floatText, integerText, JsonWriter, quoted, quotedBytes } from "./json_writer.ts";

export { JsonError, type JsonRules } from "./json_reader.ts";

/** How one kind of value is read (to `D`) and written (from `E`). */
export interface Kind<D, E = D> {
  /** What a field holds that the input does not mention. */
  readonly zero: D;
  /** Reads the value that starts here over `current`. */
  read(reader: JsonReader, current: D): D;
  write(writer: JsonWriter, value: E): void;
  /** Whether omitEmpty leaves `value` out. */
  isEmpty(value: E): boolean;
  /** Set where writing may be long: writes like `write`, with a yield wherever enough was written. */
  readonly writeSlowly: ((writer: JsonWriter, value: E) => Generator<undefined>) | undefined;
  /** The field may be left out of what is encoded; omitEmpty and only it says so. */
  readonly optional: boolean;
}
export interface OptionalKind<D, E> extends Kind<D, E | undefined> {
  readonly optional: true;
}

export type Decoded<K> = K extends Kind<infer D, never> ? D : never;
export type Encodable<K> = K extends { write(writer: JsonWriter, value: infer E): void } ? E : never;

/** Decodes bytes [from, to), which are borrowed. Nothing of the result points into them. */
export function decode<D, E>(
  kind: Kind<D, E>,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
  rules: JsonRules = {},
): D | JsonError {
  const reader = new JsonReader(bytes, from, to, rules);
  try {
    reader.start();
    const value = kind.read(reader, kind.zero);
    reader.finish();
    return value;
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
}

/**
 * Decodes every value of the input, one after the other, each into what those
 * before it left: what a loop over Go's Decoder does. No value at all is `zero`.
 */
export function decodeAll<D, E>(
  kind: Kind<D, E>,
  bytes: Uint8Array,
  from: number,
  to: number,
  rules: JsonRules = {},
): D | JsonError {
  const reader = new JsonReader(bytes, from, to, { ...rules, stream: true });
  let value = kind.zero;
  try {
    while (reader.hasNext()) {
      reader.start();
      value = kind.read(reader, value);
      reader.finish();
    }
    return value;
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
}

/** Decodes text. */
export function decodeText<D, E>(kind: Kind<D, E>, input: string, rules: JsonRules = {}): D | JsonError {
  return decode(kind, Buffer.from(input, "utf8"), 0, undefined, rules);
}

/** Encodes to JSON text; with an indent as Go's MarshalIndent. */
export function encode<D, E>(kind: Kind<D, E>, value: E, indent = ""): string {
  const writer = new JsonWriter(indent);
  kind.write(writer, value);
  return writer.take();
}

/** Most items (members, elements) and characters a slice of encodeSlices holds, give or take one item. */
export const SLICE_ITEMS = 4096;
export const SLICE_CHARS = 64 * 1024;

/** Encodes piece by piece. Lists are walked as their turn comes, so an iterable may make its elements late. */
export function* encodeSlices<D, E>(kind: Kind<D, E>, value: E, indent = ""): Generator<string> {
  const writer = new JsonWriter(indent);
  if (kind.writeSlowly === undefined) kind.write(writer, value);
  else for (const _ of kind.writeSlowly(writer, value)) yield writer.take();
  yield writer.take();
}

function isLong(writer: JsonWriter): boolean {
  return writer.items >= SLICE_ITEMS || writer.length >= SLICE_CHARS;
}

/** A kind without parts. */
function scalar<T>(
  zero: T,
  read: Kind<T>["read"],
  textOf: (value: T) => string,
  isEmpty: (value: T) => boolean,
): Kind<T> {
  return {
    zero,
    read,
    write: (writer, value) => writer.put(textOf(value)),
    isEmpty,
    writeSlowly: undefined,
    optional: false,
  };
}

/** Takes null as "leave it" and hands `start` to `take`, which returns undefined for a misfit. */
function reading<T>(goType: string, take: (reader: JsonReader, start: string) => T | undefined): Kind<T>["read"] {
  return (reader, current) => {
    const start = reader.start();
    if (start === "null") {
      reader.null();
      return current;
    }
    const value = take(reader, start);
    if (value !== undefined) return value;
    reader.misfit(goType);
    return current;
  };
}

export const bool: Kind<boolean> = scalar(
  false,
  reading("bool", (reader, start) => (start === "bool" ? reader.bool() : undefined)),
  String,
  (value) => !value,
);

/** Text with another name for its type in Go, which a mismatch mentions. */
export function textOf(goType: string): Kind<string> {
  return scalar(
    "",
    reading(goType, (reader, start) => (start === "string" ? reader.string() : undefined)),
    quoted,
    (value) => value === "",
  );
}
export const text: Kind<string> = textOf("string");

/** Text held as bytes: a subject, a queue group, a sid. Written as Go writes bytes that are not UTF-8. */
export const byteText: Kind<ByteString> = scalar(
  "" as ByteString,
  reading("string", (reader, start) => (start === "string" ? byteString(reader.string()) : undefined)),
  quotedBytes,
  (value) => value === "",
);

/** Integers within [low, high]; `goType` as Go names it. Beyond 2^53 they are refused, never rounded. */
export function integer(goType: string, low: number, high: number): Kind<number> {
  const read: Kind<number>["read"] = (reader, current) => {
    const start = reader.start();
    if (start === "null") reader.null();
    else if (start === "number") {
      const small = reader.smallInteger();
      const digits = small === undefined ? reader.number() : "";
      const value = small ?? (/^-?\d+$/.test(digits) ? Number(digits) : Number.NaN);
      if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
      reader.note(`number ${small ?? digits}`, goType);
    } else reader.misfit(goType);
    return current;
  };
  return scalar(0, read, integerText, (value) => value === 0);
}
export const int: Kind<number> = integer("int", -Infinity, Infinity);
export const int64: Kind<number> = integer("int64", -Infinity, Infinity);
export const int32: Kind<number> = integer("int32", -(2 ** 31), 2 ** 31 - 1);
export const uint64: Kind<number> = integer("uint64", 0, Infinity);
export const uint32: Kind<number> = integer("uint32", 0, 2 ** 32 - 1);
export const uint8: Kind<number> = integer("uint8", 0, 255);

/** The whole range of a Go integer, exact. */
export function bigInteger(goType: string, low: bigint, high: bigint): Kind<bigint> {
  const read: Kind<bigint>["read"] = (reader, current) => {
    const start = reader.start();
    if (start === "null") reader.null();
    else if (start === "number") {
      const digits = reader.number();
      // Longer ones do not fit; BigInt would take its time to say so.
      const value = /^-?\d{1,20}$/.test(digits) ? BigInt(digits) : high + 1n;
      if (value >= low && value <= high) return value;
      reader.note(`number ${digits}`, goType);
    } else reader.misfit(goType);
    return current;
  };
  return scalar(0n, read, String, (value) => value === 0n);
}
export const bigInt64: Kind<bigint> = bigInteger("int64", -(2n ** 63n), 2n ** 63n - 1n);
export const bigUint64: Kind<bigint> = bigInteger("uint64", 0n, 2n ** 64n - 1n);

export const float: Kind<number> = scalar<number>(
  0,
  (reader, current) => {
    const start = reader.start();
    if (start === "null") reader.null();
    else if (start === "number") {
      const digits = reader.number();
      const value = Number(digits);
      if (Number.isFinite(value)) return value;
      reader.note(`number ${digits}`, "float64");
    } else reader.misfit("float64");
    return current;
  },
  floatText,
  (value) => value === 0,
);

/** A list; null empties it. Iterables can be encoded. */
export function list<D, E>(kind: Kind<D, E>, goType = "[]string"): Kind<readonly D[], Iterable<E>> {
  const zero: readonly D[] = Object.freeze([]);
  return {
    zero,
    read: (reader, current) => {
      const start = reader.start();
      if (start === "null") {
        reader.null();
        return zero;
      }
      if (start !== "array") {
        reader.misfit(goType);
        return current;
      }
      const elements: D[] = [];
      reader.open();
      for (let first = true; reader.more(first); first = false) elements.push(kind.read(reader, kind.zero));
      return elements;
    },
    write: (writer, value) => {
      let first = true;
      writer.open("[");
      for (const element of value) {
        writer.element(first);
        kind.write(writer, element);
        first = false;
      }
      writer.close("]", first);
    },
    *writeSlowly(writer, value) {
      let first = true;
      writer.open("[");
      for (const element of value) {
        writer.element(first);
        if (kind.writeSlowly === undefined) kind.write(writer, element);
        else yield* kind.writeSlowly(writer, element);
        first = false;
        if (isLong(writer)) yield;
      }
      writer.close("]", first);
    },
    isEmpty: isEmptyIterable,
    optional: false,
  };
}

function isEmptyIterable(value: Iterable<unknown>): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ of value) return false;
  return true;
}

/** An object with keys of its own choosing, written as they come; only for writing. */
export function members<D, E>(kind: Kind<D, E>): Kind<readonly [string, D][], Iterable<readonly [string, E]>> {
  function* writeSlowly(writer: JsonWriter, value: Iterable<readonly [string, E]>): Generator<undefined> {
    let first = true;
    writer.open("{");
    for (const [key, element] of value) {
      writer.member(first, `${quoted(key)}:`);
      kind.write(writer, element);
      first = false;
      if (isLong(writer)) yield;
    }
    writer.close("}", first);
  }
  return {
    zero: [],
    read: () => assert(false, "members are written only") as never,
    write: (writer, value) => {
      const steps = writeSlowly(writer, value);
      while (steps.next().done !== true);
    },
    writeSlowly,
    isEmpty: isEmptyIterable,
    optional: false,
  };
}

/** An object with keys of its own choosing; written sorted, as Go writes a map. */
export function map<D, E>(
  kind: Kind<D, E>,
  goType = "map[string]string",
): Kind<ReadonlyMap<string, D>, ReadonlyMap<string, E>> {
  const zero: ReadonlyMap<string, D> = new Map();
  const entriesOf = (value: ReadonlyMap<string, E>): [string, E][] => [...value].sort((a, b) => byBytes(a[0], b[0]));
  return {
    zero,
    read: (reader, current) => {
      const start = reader.start();
      if (start === "null") {
        reader.null();
        return zero;
      }
      if (start !== "object") {
        reader.misfit(goType);
        return current;
      }
      const members = new Map(current);
      reader.open();
      for (let key = reader.key(true); key !== undefined; key = reader.key(false))
        members.set(key, kind.read(reader, kind.zero));
      return members;
    },
    write: (writer, value) => {
      let first = true;
      writer.open("{");
      for (const [key, element] of entriesOf(value)) {
        writer.member(first, `${quoted(key)}:`);
        kind.write(writer, element);
        first = false;
      }
      writer.close("}", first);
    },
    *writeSlowly(writer, value) {
      let first = true;
      writer.open("{");
      for (const [key, element] of entriesOf(value)) {
        writer.member(first, `${quoted(key)}:`);
        if (kind.writeSlowly === undefined) kind.write(writer, element);
        else yield* kind.writeSlowly(writer, element);
        first = false;
        if (isLong(writer)) yield;
      }
      writer.close("}", first);
    },
    isEmpty: (value) => value.size === 0,
    optional: false,
  };
}

type Fields = Readonly<Record<string, Kind<unknown, never>>>;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F];
/** What a record of these fields decodes to: every field is there. */
export type DecodedRecord<F> = { readonly [K in keyof F]: Decoded<F[K]> };
/** What a record of these fields is encoded from: those marked omitEmpty may be missing. */
export type EncodableRecord<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Encodable<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Encodable<F[K]>;
};

interface Field {
  readonly name: string;
  readonly kind: Kind<unknown, unknown>;
  readonly quotedKey: string;
}

/** An object with these fields, written in this order. `goType` is Go's name of the struct, with its package. */
export function record<F extends Fields>(fields: F, goType = ""): Kind<DecodedRecord<F>, EncodableRecord<F>> {
  const goName = goType.slice(goType.lastIndexOf(".") + 1);
  const exact = new Map<string, Field>();
  const folded = new Map<string, Field>();
  for (const [name, kind] of Object.entries(fields)) {
    const field: Field = { name, kind: kind as Kind<unknown, unknown>, quotedKey: `${quoted(name)}:` };
    exact.set(name, field);
    if (!folded.has(fold(name))) folded.set(fold(name), field);
  }
  const all = [...exact.values()];
  // Parsed, so that V8 gives it (and its copies) a shape: an object filled key by key becomes a slow hash table.
  const zero = JSON.parse(`{${all.map(({ quotedKey }) => `${quotedKey}null`).join(",")}}`) as Record<string, unknown>;
  for (const { name, kind } of all) zero[name] = kind.zero;
  type Values = Readonly<Record<string, unknown>>;

  const read = (reader: JsonReader, current: Values): Values => {
    const start = reader.start();
    if (start === "null") {
      reader.null();
      return current;
    }
    if (start !== "object") {
      reader.misfit(goType);
      return current;
    }
    const values: Record<string, unknown> = { ...current };
    const outer = reader.record;
    reader.record = goName;
    reader.open();
    for (let key = reader.key(true); key !== undefined; key = reader.key(false)) {
      const field = exact.get(key) ?? folded.get(fold(key));
      if (field === undefined) {
        reader.unknown(key);
        continue;
      }
      reader.path.push(field.name);
      values[field.name] = field.kind.read(reader, values[field.name]);
      reader.path.pop();
    }
    reader.record = outer;
    return values;
  };
  const write = (writer: JsonWriter, values: Values): void => {
    let first = true;
    writer.open("{");
    for (const { name, kind, quotedKey } of all) {
      const value = values[name];
      if (kind.optional && (value === undefined || kind.isEmpty(value))) continue;
      writer.member(first, quotedKey);
      kind.write(writer, value);
      first = false;
    }
    writer.close("}", first);
  };
  const slow = all.some((field) => field.kind.writeSlowly !== undefined);
  const writeSlowly = function* (writer: JsonWriter, values: Values): Generator<undefined> {
    let first = true;
    writer.open("{");
    for (const { name, kind, quotedKey } of all) {
      const value = values[name];
      if (kind.optional && (value === undefined || kind.isEmpty(value))) continue;
      writer.member(first, quotedKey);
      if (kind.writeSlowly === undefined) kind.write(writer, value);
      else yield* kind.writeSlowly(writer, value);
      first = false;
    }
    writer.close("}", first);
  };
  const kind: Kind<Values> = {
    zero,
    read,
    write,
    isEmpty: () => false,
    writeSlowly: slow ? writeSlowly : undefined,
    optional: false,
  };
  return kind as unknown as Kind<DecodedRecord<F>, EncodableRecord<F>>;
}

/** The fields of a struct in a struct: an error about one of them names the inner struct, too. */
export function embedded<F extends Readonly<Record<string, Kind<unknown, never>>>>(struct: string, inner: F): F {
  const entries = Object.entries(inner).map(([name, kind]) => {
    const read: typeof kind.read = (reader, current) => {
      reader.path.splice(-1, 0, struct);
      const value = kind.read(reader, current);
      reader.path.splice(-2, 1);
      return value;
    };
    return [name, { ...kind, read }] as const;
  });
  return Object.fromEntries(entries) as unknown as F;
}

/** A key as Go folds it: these two are the only letters outside ASCII that fold into it. */
function fold(key: string): string {
  return key
    .replace(/\u017f/g, "s")
    .replace(/\u212a/g, "k")
    .replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}

/** A field left out when empty: false, zero, "", no element, or undefined. A record is never empty. */
export function omitEmpty<D, E>(kind: Kind<D, E>): OptionalKind<D, E> {
  return {
    ...kind,
    write: (writer, value) => {
      assert(value !== undefined, "an empty field is not written");
      kind.write(writer, value);
    },
    isEmpty: (value) => value === undefined || kind.isEmpty(value),
    writeSlowly: kind.writeSlowly as OptionalKind<D, E>["writeSlowly"],
    optional: true,
  };
}

/** A Go pointer: null, and a field that is not there, are undefined; nothing else is empty. */
export function nullable<D, E>(kind: Kind<D, E>): Kind<D | undefined, E | undefined> {
  const slowly = kind.writeSlowly;
  return {
    zero: undefined,
    read: (reader, current) => {
      if (reader.start() !== "null") return kind.read(reader, current ?? kind.zero);
      reader.null();
      return undefined;
    },
    write: (writer, value) => {
      if (value === undefined) writer.put("null");
      else kind.write(writer, value);
    },
    isEmpty: (value) => value === undefined,
    writeSlowly:
      slowly === undefined
        ? undefined
        : function* (writer, value) {
            if (value === undefined) writer.put("null");
            else yield* slowly(writer, value);
          },
    optional: false,
  };
}

/** The same kind; a field the input does not mention is `zero`. */
export function orElse<D, E>(kind: Kind<D, E>, zero: D): Kind<D, E> {
  return { ...kind, zero };
}

/** A value with a JSON form of its own: `from` returns undefined, or an error in its own words, for what it refuses. */
export function via<T, D, E>(
  kind: Kind<D, E>,
  zero: T,
  from: (value: D) => T | JsonError,
  to: (value: T) => E,
): Kind<T> {
  return {
    zero,
    read: (reader, current) => {
      if (reader.start() === "null") {
        reader.null();
        return current;
      }
      const value = from(kind.read(reader, kind.zero));
      if (!(value instanceof JsonError)) return value;
      reader.noteText(value.message);
      return current;
    },
    write: (writer, value) => kind.write(writer, to(value)),
    isEmpty: (value) => kind.isEmpty(to(value)),
    writeSlowly: undefined,
    optional: false,
  };
}
