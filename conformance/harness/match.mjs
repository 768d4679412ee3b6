// Does what came match what was expected: lines (exact, prefix…, /regex/) and JSON (subset).
//
// A matcher returns undefined when it matches and a sentence when it does not.

import { show } from "./literal.mjs";

const types = {
  $any: () => true,
  $str: (v) => typeof v === "string",
  $bool: (v) => typeof v === "boolean",
  $num: (v) => typeof v === "number",
  $int: (v) => Number.isInteger(v),
  $uint: (v) => Number.isInteger(v) && v >= 0,
  $pos: (v) => Number.isInteger(v) && v > 0,
  $array: (v) => Array.isArray(v),
  $object: (v) => typeof v === "object" && v !== null && !Array.isArray(v),
  $time: (v) => typeof v === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(v),
  $dur: (v) => typeof v === "string" && /^(-?\d+(\.\d+)?(ns|µs|ms|y|d|h|m|s))+$/.test(v),
};

/** `/body/flags` as a RegExp, or undefined when `text` is not written so. @param {string} text */
export function asRegExp(text) {
  const found = /^\/(.*)\/([a-z]*)$/s.exec(text);
  return found ? new RegExp(found[1], found[2]) : undefined;
}

/**
 * Compares one line with its pattern; named groups of a regex go to `captured`.
 * @param {Buffer} line
 * @param {string} pattern
 * @param {Record<string, string>} captured
 */
export function matchLine(line, pattern, captured) {
  const regex = asRegExp(pattern);
  if (regex) {
    const found = regex.exec(line.toString("utf8"));
    if (!found) return `expected ${pattern}, got: ${show(line)}`;
    Object.assign(captured, found.groups);
    return undefined;
  }
  if (pattern.endsWith("...")) {
    const head = Buffer.from(pattern.slice(0, -3));
    if (line.subarray(0, head.length).equals(head)) return undefined;
  } else if (line.equals(Buffer.from(pattern))) return undefined;
  return `expected: ${show(pattern)}, got: ${show(line)}`;
}

/**
 * Compares a line `PREFIX {json}` with `PREFIX {json subset}`.
 * @param {Buffer} line
 * @param {string} pattern
 */
export function matchJsonLine(line, pattern) {
  const start = pattern.search(/[{[]/);
  const prefix = pattern.slice(0, start);
  const text = line.toString("utf8");
  if (!text.startsWith(prefix)) return `expected: ${show(pattern)}, got: ${show(line)}`;
  let actual;
  try {
    actual = JSON.parse(text.slice(prefix.length));
  } catch {
    return `expected JSON, got: ${show(line)}`;
  }
  return matchJson(actual, JSON.parse(pattern.slice(start)), "");
}

/**
 * Subset match: keys not named are not looked at. Strings like "$int" name a type, "/re/" a pattern,
 * "$absent" a key that must be missing; an array must have the same length unless it starts with "$some".
 * @returns {string | undefined}
 */
export function matchJson(actual, expected, path) {
  const here = path === "" ? "(root)" : path;
  if (typeof expected === "string" && expected in types) {
    return types[expected](actual) ? undefined : `${here}: expected ${expected}, got ${JSON.stringify(actual)}`;
  }
  if (typeof expected === "string" && asRegExp(expected)) {
    const text = typeof actual === "string" ? actual : JSON.stringify(actual);
    return asRegExp(expected).test(text ?? "") ? undefined : `${here}: expected ${expected}, got ${text}`;
  }
  if (Array.isArray(expected)) return matchArray(actual, expected, path, here);
  if (typeof expected === "object" && expected !== null) {
    if (!types.$object(actual)) return `${here}: expected an object, got ${JSON.stringify(actual)}`;
    for (const [key, value] of Object.entries(expected)) {
      if (value === "$absent") {
        if (key in actual) return `${path}.${key}: expected to be absent, got ${JSON.stringify(actual[key])}`;
        continue;
      }
      if (!(key in actual)) return `${path}.${key}: missing`;
      const wrong = matchJson(actual[key], value, `${path}.${key}`);
      if (wrong) return wrong;
    }
    return undefined;
  }
  return Object.is(actual, expected)
    ? undefined
    : `${here}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}

function matchArray(actual, expected, path, here) {
  if (!Array.isArray(actual)) return `${here}: expected an array, got ${JSON.stringify(actual)}`;
  if (expected[0] === "$some") {
    for (const wanted of expected.slice(1)) {
      if (!actual.some((value) => matchJson(value, wanted, "") === undefined)) {
        return `${here}: no element like ${JSON.stringify(wanted)} in ${JSON.stringify(actual)}`;
      }
    }
    return undefined;
  }
  if (actual.length !== expected.length) {
    return `${here}: expected ${expected.length} elements, got ${JSON.stringify(actual)}`;
  }
  for (const [i, value] of expected.entries()) {
    const wrong = matchJson(actual[i], value, `${path}[${i}]`);
    if (wrong) return wrong;
  }
  return undefined;
}

const rfc3339 = String.raw`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"`;
const text = String.raw`"(?:[^"\\]|\\.)*"`;
const pieces = {
  $time: rfc3339,
  $str: text,
  $int: String.raw`-?\d+`,
  $uint: String.raw`\d+`,
  $pos: String.raw`[1-9]\d*`,
};
const placeholder = /"(?:\$(time|str|int|uint|pos)|\/((?:[^"\\]|\\.)*)\/)"/g;

/** The text between the placeholders of a template, and what each placeholder may be. @param {string} template */
function* partsOf(template) {
  let from = 0;
  for (const found of template.matchAll(placeholder)) {
    yield { literal: Buffer.from(template.slice(from, found.index)) };
    yield { regex: found[1] ? pieces[`$${found[1]}`] : `"${found[2].replace(/\\\\/g, "\\")}"`, shown: found[0] };
    from = found.index + found[0].length;
  }
  yield { literal: Buffer.from(template.slice(from)) };
}

/**
 * Byte for byte (the head only when the template ends in `...`), but for "$time" "$str" "$int" "$uint" "$pos" and "/regex/" (a string; `\\` in it is one `\`).
 * @param {Buffer} line
 * @param {string} template
 * @param {Record<string, string>} captured
 */
export function matchTemplate(line, template, captured) {
  let at = 0;
  const wrong = (wanted) => {
    const near = line.subarray(Math.max(0, at - 40), at + 200);
    return `at byte ${at} expected: ${show(wanted.slice(0, 200))}, got …${show(near)} (all: ${line.toString("utf8").slice(0, 4000)})`;
  };
  const isHead = template.endsWith("...");
  for (const { literal, regex, shown } of partsOf(isHead ? template.slice(0, -3) : template)) {
    if (literal) {
      let same = 0;
      while (same < literal.length && literal[same] === line[at + same]) same++;
      at += same;
      if (same < literal.length) return wrong(literal.subarray(same).toString("latin1"));
      continue;
    }
    const found = new RegExp(regex, "y").exec(line.subarray(at).toString("utf8"));
    if (!found) return wrong(shown);
    Object.assign(captured, found.groups);
    at += Buffer.byteLength(found[0]);
  }
  return isHead || at === line.length ? undefined : wrong("the end");
}
