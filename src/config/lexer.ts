// The configuration language, letter by letter: text → a run of items.
//
// Owns: the place in the text. Knows nothing of variables, of included files
// or of options. The language is nats-server's, down to what it makes of text
// nobody means to write: test/config holds it to answers of a real server.
//
// What may follow a value differs in four surroundings:
//
//   top     the pairs of a file               a: 1; b: 2
//   block   the same within { } around them   { "a": 1, "b": 2 }
//   map     a value of its own                c { a: 1, b: 2 }
//   array   values alone                      d [ 1, 2 ]

import type { Item } from "./cursor.ts";
import { Cursor, END, isBlank, isDigit, isNewline, isSpace } from "./cursor.ts";
import { lexNumber } from "./lex_number.ts";
import { lexBare, lexDoubleQuoted, lexParenthesised, lexSingleQuoted } from "./lex_text.ts";

/** Deeper nesting than any configuration has; without a bound a text could exhaust the stack. */
const DEEPEST = 400;

type Items = Generator<Item, void, void>;

/** Items of `text`, the last of kind "end"; throws ConfigError where the text is wrong. */
export function* lex(text: string): Items {
  const at = new Cursor(text);
  for (;;) {
    const c = skipSpace(at);
    if (c === END) break;
    if (c === "{") yield* block(at, 1);
    else if (c === "#") comment(at);
    else if (c === "/") slash(at);
    else {
      at.back();
      yield* pair(at, "top", 1);
      topValueEnd(at);
    }
  }
  if (!at.atEnd()) throw at.error("Unexpected EOF.");
  at.mark();
  yield at.item("end", "");
}

/** The next character that is neither blank nor newline. */
function skipSpace(at: Cursor): string {
  let c = at.next();
  while (isSpace(c)) c = at.next();
  return c;
}

/** The next character that is neither space nor tab. */
function skipBlank(at: Cursor): string {
  let c = at.next();
  while (isBlank(c)) c = at.next();
  return c;
}

/** Rest of a line, its end left where it is. */
function comment(at: Cursor): void {
  let c = at.next();
  while (!isNewline(c) && c !== END) c = at.next();
  at.back();
}

/** True and the comment gone when a second slash follows the first. */
function isComment(at: Cursor): boolean {
  if (at.peek() !== "/") return false;
  comment(at);
  return true;
}

function slash(at: Cursor): void {
  if (!isComment(at)) throw at.error("Unexpected EOF.");
}

function deeper(at: Cursor, depth: number): number {
  if (depth >= DEEPEST) throw at.error("Nested too deeply.");
  return depth + 1;
}

function topValueEnd(at: Cursor): void {
  for (;;) {
    const c = skipBlank(at);
    if (c === "#") return comment(at);
    if (c === "/") {
      if (isComment(at)) return;
    } else if (isNewline(c) || c === END || c === "," || c === ";" || c === "}") return;
    else {
      throw at.error(`Expected a top-level value to end with a new line, comment or EOF, but got '${c}' instead.`);
    }
  }
}

/** Pairs within braces that are no value: the `{` is behind. */
function* block(at: Cursor, depth: number): Items {
  for (;;) {
    const c = skipSpace(at);
    if (c === "}") return;
    if (c === "{") {
      yield* block(at, deeper(at, depth));
      if (!goesOnAfterBlock(at)) return;
    } else if (c === "#") comment(at);
    else if (c === "/") slash(at);
    else if (c === END) {
      if (!at.atEnd()) throw at.error("Unexpected EOF.");
      return;
    } else {
      at.back();
      const whole = yield* pair(at, "block", depth);
      if (!whole) return;
      if (!goesOnAfterValue(at)) return;
    }
  }
}

/** After a pair in a block: false at its `}`. */
function goesOnAfterValue(at: Cursor): boolean {
  for (;;) {
    const c = skipBlank(at);
    if (c === "}") return false;
    if (isNewline(c) || c === "," || c === ";") return true;
    if (c === "#") comment(at);
    else if (c === "/") isComment(at);
    else {
      throw at.error(`Expected a block-level value to end with a new line, comment or EOF, but got '${c}' instead.`);
    }
  }
}

/** After a block in a block: false at the outer `}`. */
function goesOnAfterBlock(at: Cursor): boolean {
  for (;;) {
    const c = skipSpace(at);
    if (c === "}" || (c === END && at.atEnd())) return false;
    if (c === "," || c === ";") return true;
    if (c === "#") {
      comment(at);
      return true;
    }
    if (c === "/") {
      if (isComment(at)) return true;
    } else throw at.error(`Expected a block-level to end with a '}', but got '${c}' instead.`);
  }
}

/** A key and its value; false when the text ended before the value. */
function* pair(at: Cursor, around: "top" | "block" | "map", depth: number): Generator<Item, boolean, void> {
  const inMap = around === "map";
  at.mark();
  const c = at.next();
  if (c === "'" || c === '"') {
    at.mark();
    while (at.peek() !== c) {
      if (at.next() === END) {
        throw at.error(
          inMap ? `Unexpected EOF processing ${c === "'" ? "" : "double "}quoted map key.` : "Unexpected EOF.",
        );
      }
    }
    yield at.item("key", at.taken());
    at.next();
  } else {
    at.back();
    const include = bareKey(at, inMap);
    if (include !== undefined) {
      yield include;
      return true;
    }
    yield at.item("key", at.taken());
  }
  const after = skipSpace(at);
  const separated = after === ":" || after === "=";
  if (!separated) at.back();
  if (inMap) yield* mapValue(at, depth);
  else {
    if (!separated && at.atEnd()) return false;
    yield* topValue(at, around, depth);
  }
  return true;
}

/** Takes a key without quotes; an include item when it is that word and a file follows. */
function bareKey(at: Cursor, inMap: boolean): Item | undefined {
  for (;;) {
    const c = at.next();
    if (isSpace(c)) {
      at.back();
      return at.taken().toLowerCase() === "include" ? includeItem(at) : undefined;
    }
    if (c === ":" || c === "=") {
      if (at.taken() === c) throw at.error(`Unexpected key separator '${c}'${inMap ? "." : ""}`);
      at.back();
      return undefined;
    }
    if (c === END) {
      if (inMap) throw at.error("Unexpected EOF processing map key.");
      at.back();
      return undefined;
    }
  }
}

const includeStarts: Readonly<Record<string, string>> = {
  "[": "start of an array",
  "{": "start of a map",
  "(": "start of a block",
  "-": "start of a number",
  "\\": "escape sequence",
};

function includeItem(at: Cursor): Item {
  let c = skipBlank(at);
  const wrong = isNewline(c) ? "new line" : isDigit(c) ? "start of a number" : includeStarts[c];
  if (wrong !== undefined) throw at.error(`Expected include value but found ${wrong}`);
  if (c === "'" || c === '"') {
    at.mark();
    while (at.peek() !== c) {
      if (at.next() === END) throw at.error(`Unexpected EOF in ${c === '"' ? "double quoted" : "quoted"} include`);
    }
    const item = at.item("include", at.taken());
    at.next();
    return item;
  }
  at.back();
  at.mark();
  c = at.next();
  while (!isBlank(c) && !isNewline(c) && c !== END && c !== ";" && c !== "}" && c !== "'") c = at.next();
  at.back();
  const item = at.item("include", at.taken());
  if (c === "'") at.next();
  return item;
}

function* topValue(at: Cursor, around: "top" | "block", depth: number): Items {
  if (isNewline(skipBlank(at))) throw at.error("Expected value but found new line");
  at.back();
  yield* value(at, around === "top" ? depth : deeper(at, depth));
}

function* mapValue(at: Cursor, depth: number): Items {
  const c = skipSpace(at);
  if (c === ",") throw at.error('Unexpected map value terminator ",".');
  at.back();
  // A key without a value: the map ends here, and the parser makes of it what nats-server does.
  if (c !== "}") yield* value(at, depth);
}

/** The value that begins at the next character. */
function* value(at: Cursor, depth: number): Items {
  at.mark();
  const c = at.next();
  if (c === "{") {
    yield at.item("mapStart", "");
    yield* map(at, deeper(at, depth));
  } else if (c === "[") {
    yield at.item("arrayStart", "");
    yield* array(at, deeper(at, depth));
  } else if (c === "(") yield lexParenthesised(at);
  else if (c === "'") yield lexSingleQuoted(at);
  else if (c === '"') yield lexDoubleQuoted(at);
  else if (c === ".") throw at.error("Floats must start with a digit");
  else if (c === "-" || isDigit(c)) yield lexNumber(at, c);
  else {
    at.back();
    yield lexBare(at);
  }
}

function* map(at: Cursor, depth: number): Items {
  for (;;) {
    const c = skipSpace(at);
    if (c === "}") break;
    if (c === "#") comment(at);
    else if (c === "/") isComment(at);
    else if (c === END) throw at.error("Unexpected EOF processing map.");
    else if (c === "]") throw at.error("Unexpected array end ']' processing map.");
    else {
      at.back();
      yield* pair(at, "map", depth);
      if (!mapGoesOn(at)) break;
    }
  }
  at.mark();
  yield at.item("mapEnd", "");
}

/** After a pair in a map: false at its `}`. */
function mapGoesOn(at: Cursor): boolean {
  for (;;) {
    const c = skipBlank(at);
    if (c === "}") return false;
    if (isNewline(c) || c === "," || c === ";") return true;
    if (c === "#") comment(at);
    else if (c === "/") {
      if (!isComment(at)) return true;
    } else {
      throw at.error(`Expected a map value terminator "," or a map terminator "}", but got '${c}' instead.`);
    }
  }
}

function* array(at: Cursor, depth: number): Items {
  for (;;) {
    const c = skipSpace(at);
    if (c === "]") break;
    if (c === "#") {
      comment(at);
      continue;
    }
    if (c === "/" && isComment(at)) continue;
    if (c === "," || c === "/") throw at.error("Unexpected array value terminator ','.");
    at.back();
    yield* value(at, depth);
    if (!arrayGoesOn(at)) break;
  }
  at.mark();
  yield at.item("arrayEnd", "");
}

/** After a value in an array: false at its `]`. */
function arrayGoesOn(at: Cursor): boolean {
  const c = skipBlank(at);
  if (c === "]") return false;
  if (c === "#") comment(at);
  else if (c === "/") isComment(at);
  else if (!isNewline(c) && c !== ",") {
    throw at.error(`Expected an array value terminator "," or an array terminator "]", but got '${c}' instead.`);
  }
  return true;
}
