// A value inside a page with the table that writes it, of a room that
// monitoring does not know.

import type { Kind } from "../base/json.ts";
import type { JsonWriter } from "../base/json_writer.ts";

export interface JsonPart {
  write(writer: JsonWriter): void;
}

/** `value` as its own `kind` writes it. */
export function partOf<E>(kind: { write: Kind<unknown, E>["write"] }, value: E): JsonPart {
  return { write: (writer) => kind.write(writer, value) };
}

/** Whatever the part writes. */
export const part: Kind<undefined, JsonPart> = {
  zero: undefined,
  read: (reader) => void reader.skip(),
  write: (writer, value) => value.write(writer),
  isEmpty: () => false,
  writeSlowly: undefined,
  optional: false,
};
