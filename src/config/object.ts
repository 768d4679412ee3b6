// Options as a JavaScript object, for embedding: the keys and values of the
// configuration file, with the defaults of a server inside a program.

import type { Loaded } from "./load.ts";
import { loadTree } from "./load.ts";
import { ConfigError } from "./problems.ts";
import type { ObjectOptions, ObjectValue } from "./object_types.ts";
import type { ConfigSource } from "./source.ts";
import type { At, Entry, MapNode, Node } from "./tree.ts";

export type { ObjectOptions, ObjectValue } from "./object_types.ts";

const DEEPEST = 100;
const EPHEMERAL = -1;
/** Blocks whose `port` and `host` mean a listener. */
const listeners = ["websocket", "ws", "mqtt", "cluster", "gateway", "leafnodes", "leaf"];

/**
 * Options of an embedded server. As the file would give them, except that a
 * listener is on 127.0.0.1 unless told otherwise, and port 0, as -1, is any free one.
 * Throws ConfigError naming what is wrong.
 */
export function fromObject(object: ObjectOptions, source: ConfigSource): Loaded {
  const root = toNode(object as ObjectValue, "options", 0);
  if (root.kind !== "map") throw new ConfigError("options: expected an object");
  defaults(root, true);
  for (const entry of root.value.values()) {
    if (entry.node.kind === "map" && listeners.includes(entry.key.toLowerCase())) defaults(entry.node, false);
  }
  try {
    // A number for a duration is fine in an object.
    return { ...loadTree(root, source), warnings: [] };
  } catch (err) {
    throw err instanceof ConfigError ? new ConfigError(inJavaScript(err.message)) : err;
  }
}

const goNames: Readonly<Record<string, string>> = {
  string: "a text",
  int64: "a whole number",
  float64: "a number",
  bool: "a boolean",
  "[]interface {}": "an array",
  "map[string]interface {}": "an object",
};

/** An error about types without Go's names for them. */
function inJavaScript(message: string): string {
  return message.replaceAll(
    /interface conversion: interface \{\} is (string|int64|float64|bool|\S+ \{\}), not (string|int64|float64|bool|\S+ \{\})/g,
    (_, is: string, not: string) => `expected ${goNames[not] ?? not}, got ${goNames[is] ?? is}`,
  );
}

function defaults(map: MapNode, top: boolean): void {
  const find = (...keys: string[]): Entry | undefined =>
    [...map.value.values()].find(({ key }) => keys.includes(key.toLowerCase()));
  const port = find("port");
  const listen = find("listen");
  for (const entry of [port, listen]) {
    if (entry !== undefined) map.value.set(entry.key, { ...entry, node: ephemeral(entry.node) });
  }
  const opens = top || port !== undefined || listen !== undefined;
  const named = find("host", "net") !== undefined;
  const given = [...map.value];
  const set = (key: string, node: Node): void => void map.value.set(key, { key, at: map.at, node, used: false });
  map.value.clear();
  // In front of what was given: a host in `listen` comes later and holds.
  if (opens && !named) set("host", { kind: "string", value: "127.0.0.1", at: map.at });
  for (const [key, entry] of given) map.value.set(key, entry);
  if (top && port === undefined && listen === undefined) {
    set("port", { kind: "int", value: BigInt(EPHEMERAL), at: map.at });
  }
}

/** A port or an address, with -1 for port 0. */
function ephemeral(node: Node): Node {
  if (node.kind === "int" && node.value === 0n) return { ...node, value: BigInt(EPHEMERAL) };
  if (node.kind === "string") return { ...node, value: node.value.replace(/:0+$/, `:${EPHEMERAL}`) };
  return node;
}

function toNode(value: ObjectValue, path: string, depth: number): Node {
  const at: At = { file: path, line: 0, col: 0 };
  if (depth > DEEPEST) throw new ConfigError(`${path}: nested too deeply`);
  switch (typeof value) {
    case "string":
      return { kind: "string", value, at };
    case "boolean":
      return { kind: "bool", value, at };
    case "bigint":
      return { kind: "int", value, at };
    case "number":
      if (!Number.isFinite(value)) throw new ConfigError(`${path}: expected a finite number`);
      return Number.isInteger(value) ? { kind: "int", value: BigInt(value), at } : { kind: "float", value, at };
    case "object":
      break;
    default:
      throw new ConfigError(`${path}: expected a text, number, boolean, array or object, got ${typeof value}`);
  }
  if (value === null) throw new ConfigError(`${path}: expected a text, number, boolean, array or object, got null`);
  if (Array.isArray(value)) {
    return {
      kind: "array",
      value: value.map((item, i) => toNode(item as ObjectValue, `${path}[${i}]`, depth + 1)),
      at,
    };
  }
  const map = new Map<string, Entry>();
  for (const [key, inner] of Object.entries(value as Record<string, ObjectValue | undefined>)) {
    if (inner === undefined) continue;
    const node = toNode(inner, `${path}.${key}`, depth + 1);
    map.set(key, { key, at: node.at, node, used: false });
  }
  return { kind: "map", value: map, at };
}
