// JSON values that no table describes: any value, and the text of one.

import { float, type Kind, list, map } from "./json.ts";
import { JsonError, type JsonReader } from "./json_reader.ts";
import { floatText, type JsonWriter, quoted } from "./json_writer.ts";

/** Any JSON value. Objects have no prototype; keys are written sorted, as Go writes a map. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What any value may be; nested at most MAX_ANY deep. */
export const any: Kind<JsonValue> = {
  zero: null,
  read: (reader) => readAny(reader, 0),
  write: writeAny,
  isEmpty: (value) => value === null,
  writeSlowly: undefined,
  optional: false,
};
const MAX_ANY = 500;

function readAny(reader: JsonReader, depth: number): JsonValue {
  if (depth > MAX_ANY) throw new JsonError("exceeded max depth");
  switch (reader.start()) {
    case "string":
      return reader.string();
    case "number":
      return float.read(reader, 0);
    case "bool":
      return reader.bool();
    case "null":
      reader.null();
      return null;
    case "object": {
      const members = Object.create(null) as Record<string, JsonValue>;
      reader.open();
      for (let key = reader.key(true); key !== undefined; key = reader.key(false))
        members[key] = readAny(reader, depth + 1);
      return members;
    }
    default: {
      const elements: JsonValue[] = [];
      reader.open();
      for (let first = true; reader.more(first); first = false) elements.push(readAny(reader, depth + 1));
      return elements;
    }
  }
}

function writeAny(writer: JsonWriter, value: JsonValue): void {
  if (value === null || typeof value === "boolean") writer.put(String(value));
  else if (typeof value === "string") writer.put(quoted(value));
  else if (typeof value === "number") writer.put(floatText(value));
  else if (isList(value)) list(any).write(writer, value);
  else map(any).write(writer, new Map(Object.entries(value)));
}

const isList = Array.isArray as (value: unknown) => value is readonly JsonValue[];

/** The JSON text of a value, kept as it is; null is kept too. Written compact only, as it was read. */
export const raw: Kind<Uint8Array | undefined> = {
  zero: undefined,
  read: (reader) => {
    const { from, to } = reader.skip();
    return reader.copy(from, to);
  },
  write: (writer, value) => writer.put(value === undefined ? "null" : Buffer.from(value).toString("utf8")),
  isEmpty: (value) => value === undefined || value.length === 0,
  writeSlowly: undefined,
  optional: false,
};
