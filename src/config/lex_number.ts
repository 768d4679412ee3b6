// Values that begin with a digit or a minus sign: integers with units, floats,
// dates, addresses, and what turns out to be a text after all ("10s").

import type { Cursor, Item } from "./cursor.ts";
import { END, isBlank, isDigit, isNewline, shown } from "./cursor.ts";
import { lexBare } from "./lex_text.ts";

const DATE = "0000-00-00T00:00:00Z";

/** Takes the value whose first character, `first`, is taken already. */
export function lexNumber(at: Cursor, first: string): Item {
  if (first === "-") {
    const c = at.next();
    if (c === ".") throw at.error("Floats must start with a digit, not '.'.");
    if (!isDigit(c)) throw at.error(`Expected a digit but got '${shown(c)}'.`);
    return negative(at);
  }
  for (;;) {
    const c = at.next();
    if (isDigit(c)) continue;
    if (c === "-") {
      if (at.takenBytes() !== 5) throw at.error("All ISO8601 dates must be in full Zulu form.");
      return date(at);
    }
    if (c === ".") return float(at);
    if (isUnit(c)) return withUnit(at);
    if (!endsNumber(c)) return lexBare(at);
    at.back();
    return at.item("int", at.taken());
  }
}

function negative(at: Cursor): Item {
  for (;;) {
    const c = at.next();
    if (isDigit(c)) continue;
    if (c === ".") return float(at);
    if (isUnit(c)) return withUnit(at);
    at.back();
    return at.item("int", at.taken());
  }
}

function isUnit(c: string): boolean {
  return c.length === 1 && "kmgtpeKMGTPE".includes(c);
}

function endsNumber(c: string): boolean {
  return isBlank(c) || isNewline(c) || c === "}" || c === "," || c === ";" || c === END;
}

/** After the K of 8K, 8KB, 8Ki or 8KiB. */
function withUnit(at: Cursor): Item {
  let c = at.next();
  if (c === "i" || c === "I") c = at.next();
  if (c === "b" || c === "B") c = at.next();
  at.back();
  // Here a bracket makes a text of it: [8k] holds "8k", as in nats-server.
  return endsNumber(c) || isDigit(c) ? at.item("int", at.taken()) : lexBare(at);
}

/** After the point. */
function float(at: Cursor): Item {
  const c = at.next();
  if (!isDigit(c)) throw at.error(`Floats must have a digit after the '.', but got '${shown(c)}' instead.`);
  for (;;) {
    const c = at.next();
    if (isDigit(c)) continue;
    if (c === ".") return address(at);
    at.back();
    return at.item("float", at.taken());
  }
}

/** After the second point of 127.0.0.1:4222. */
function address(at: Cursor): Item {
  let c = at.next();
  while (isDigit(c) || c === "." || c === ":" || c === "-") c = at.next();
  at.back();
  return at.item("string", at.taken());
}

/** After the first dash of 2006-01-02T15:04:05Z. */
function date(at: Cursor): Item {
  for (const want of DATE.slice(5)) {
    const c = at.next();
    if (want === "0" ? isDigit(c) : c === want) continue;
    const wanted = want === "0" ? "digit" : `'${want}'`;
    throw at.error(`Expected ${wanted} in ISO8601 datetime, but found '${shown(c)}' instead.`);
  }
  return at.item("datetime", at.taken());
}
