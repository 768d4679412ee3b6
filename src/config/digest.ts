// The digest of a configuration: `-t` prints it, /varz shows it, and it is the
// one nats-server computes for the same files.

import { createHash } from "node:crypto";
import type { MapNode, Node } from "./tree.ts";

/** "sha256:…" over the tree as Go writes it as JSON: keys sorted, a newline at the end. */
export function digestOf(root: MapNode): string {
  return `sha256:${createHash("sha256")
    .update(`${json(root)}\n`)
    .digest("hex")}`;
}

function json(node: Node): string {
  switch (node.kind) {
    case "map": {
      const keys = [...node.value.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return `{${keys.map((key) => `${text(key)}:${json(node.value.get(key)!.node)}`).join(",")}}`;
    }
    case "array":
      return `[${node.value.map(json).join(",")}]`;
    case "string":
    case "datetime":
      return text(node.value);
    case "float":
      return Object.is(node.value, -0) ? "-0" : String(node.value);
    case "int":
    case "bool":
      return String(node.value);
  }
}

/** A text as Go writes it: safe in HTML, with fewer short escapes than JSON.stringify. */
function text(value: string): string {
  return JSON.stringify(value)
    .replaceAll(/(\\\\)|\\ud[0-9a-f]{3}/g, (_, backslash: string | undefined) => backslash ?? "\\ufffd")
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
