// Fields of a configuration that hold one of a few words, read as nats-server
// reads them: with its own texts for what it refuses, also for null.

import { byteStringOf } from "../../base/bytes.ts";
import { type Kind } from "../../base/json.ts";
import { type JsonReader } from "../../base/json_reader.ts";
import { quoted } from "../../errors/protocol.ts";

/** How a word may be spelled besides exactly. */
export interface Spelling {
  readonly anyCase?: boolean;
  /** "" means the first word. */
  readonly empty?: boolean;
  /** Means the first word, too. */
  readonly alias?: string;
  /** What is said of anything else; takes it as it was written. */
  readonly refusal?: (written: string) => string;
}

/** One of `words`, the first unless the input says another; anything else is refused as it was written. */
export function word<W extends string>(words: readonly [W, ...W[]], spelling: Spelling = {}): Kind<W> {
  return kindOf(words, (reader, current) => {
    reader.start();
    const { from, to } = reader.skip();
    const raw = reader.copy(from, to);
    const written = byteStringOf(raw, 0, raw.length);
    const compared = spelling.anyCase === true ? written.toLowerCase() : written;
    if (spelling.empty === true && written === '""') return words[0];
    if (spelling.alias !== undefined && written === `"${spelling.alias}"`) return words[0];
    const found = words.find((one) => `"${one}"` === compared);
    if (found === undefined) reader.noteText(spelling.refusal?.(written) ?? `can not unmarshal ${quoted(written)}`);
    return found ?? current;
  });
}

export type Compression = "none" | "s2";

/** How the blocks of a stream are compressed. */
export const compressionWord: Kind<Compression> = kindOf(["none", "s2"], (reader, current) => {
  const start = reader.start();
  let written = "";
  if (start === "string") written = reader.string();
  else if (start === "null") reader.null();
  else {
    reader.skip();
    const field = `${reader.record}.${reader.path.join(".")}`;
    reader.noteText(`json: cannot unmarshal ${start} into Go struct field ${field} of type string`);
    return current;
  }
  if (written === "none" || written === "s2") return written;
  reader.noteText("unknown compression algorithm");
  return current;
});

function kindOf<W extends string>(words: readonly [W, ...W[]], read: (reader: JsonReader, current: W) => W): Kind<W> {
  return {
    zero: words[0],
    read,
    write: (writer, value) => writer.put(`"${value}"`),
    isEmpty: (value) => value === words[0],
    writeSlowly: undefined,
    optional: false,
  };
}
