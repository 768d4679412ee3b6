// Text of a transcript turned into bytes: "…" literals with escapes and repetition, and ${…} variables.
//
// Knows nothing of connections or servers; the player passes a lookup for the variables.

const simple = { r: "\r", n: "\n", t: "\t", 0: "\0", '"': '"', "\\": "\\", "'": "'" };

/**
 * Reads a sequence of `"literal"` or `"literal"*N` terms into bytes.
 * Escapes: \r \n \t \0 \" \\ and \xHH (one byte). Other characters are UTF-8.
 * @param {string} source
 * @returns {Buffer}
 */
export function parseLiterals(source) {
  const parts = [];
  const term = /\s*"((?:[^"\\]|\\.)*)"(?:\*(\d+))?\s*/y;
  while (term.lastIndex < source.length) {
    const found = term.exec(source);
    if (!found) throw new Error(`not a "literal": ${source}`);
    const bytes = unescape(found[1]);
    const times = found[2] === undefined ? 1 : Number(found[2]);
    parts.push(times === 1 ? bytes : Buffer.alloc(bytes.length * times, bytes));
  }
  return Buffer.concat(parts);
}

/** @param {string} text */
function unescape(text) {
  const parts = [];
  const piece = /\\x([0-9a-fA-F]{2})|\\(.)|([^\\]+)/gsu;
  for (const [, hex, escaped, plain] of text.matchAll(piece)) {
    if (hex !== undefined) parts.push(Buffer.from(hex, "hex"));
    else if (plain !== undefined) parts.push(Buffer.from(plain));
    else if (escaped in simple) parts.push(Buffer.from(simple[escaped]));
    else throw new Error(`unknown escape \\${escaped}`);
  }
  return Buffer.concat(parts);
}

/**
 * Replaces every `${expression}` by what `lookup` says.
 * @param {string} text
 * @param {(expression: string) => string} lookup
 */
export function substitute(text, lookup) {
  return text.replace(/\$\{([^}]+)\}/g, (_, expression) => lookup(expression.trim()));
}

/**
 * `250ms`, `2s` or `1m` in milliseconds.
 * @param {string} text
 */
export function parseMs(text) {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (!found) throw new Error(`not a duration: ${text}`);
  return Number(found[1]) * { ms: 1, s: 1000, m: 60_000 }[found[2]];
}

/** Bytes as one printable line, for failure messages. @param {Buffer | string} bytes */
export function show(bytes) {
  const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
  const clipped = text.length > 300 ? `${text.slice(0, 300)}… (${text.length} bytes)` : text;
  return clipped.replace(/[\x00-\x1f\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
