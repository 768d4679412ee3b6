// Options as a JavaScript object, for embedding: the keys and values of the
// configuration file, with the defaults of a server inside a program.

import type { Loaded } from "./load.ts";
import { loadTree } from "./load.ts";
import { ConfigError } from "./problems.ts";
import type { ReadOptions } from "./options/server.ts";
import type { ConfigSource } from "./source.ts";
import type { At, Entry, MapNode, Node } from "./tree.ts";

/** What a value of the configuration file is in JavaScript. */
export type ObjectValue =
  string | number | bigint | boolean | readonly ObjectValue[] | { readonly [key: string]: ObjectValue | undefined };

type Input<T> = [T] extends [boolean | undefined]
  ? boolean
  : [T] extends [number | undefined]
    ? number | string
    : [T] extends [string | undefined]
      ? string
      : ObjectValue;

/**
 * Options by their names in the configuration file. A duration is "2s" or a
 * number of seconds, a size a number or "64MB"; undefined is not there.
 */
export type ObjectOptions = {
  readonly [K in keyof ReadOptions]?: Input<ReadOptions[K]> | undefined;
} & Readonly<Partial<Record<"listen" | "http" | "https", string | number>>> & { readonly ws?: ObjectValue | undefined };

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
  if (port?.node.kind === "int" && port.node.value === 0n) {
    map.value.set(port.key, { ...port, node: { ...port.node, value: BigInt(EPHEMERAL) } });
  }
  const names = find("host", "net", "listen");
  const set = (key: string, node: Node): void => void map.value.set(key, { key, at: map.at, node, used: false });
  if (names === undefined && (top || port !== undefined))
    set("host", { kind: "string", value: "127.0.0.1", at: map.at });
  if (top && port === undefined && find("listen") === undefined) {
    set("port", { kind: "int", value: BigInt(EPHEMERAL), at: map.at });
  }
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
