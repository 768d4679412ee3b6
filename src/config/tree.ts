// The parsed configuration before anyone knows what it means: a tree of
// values, each with the place it came from.
//
// Integers are bigint here, because the digest shows all 64 bits; options turn
// them into numbers. Maps are Map, so that no key is special.

/** A place in a file; `col` counts as nats-server counts: from 0 on the first line, from 1 on the others. */
export interface At {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

export type Node =
  | { readonly kind: "string"; readonly value: string; readonly at: At }
  | { readonly kind: "int"; readonly value: bigint; readonly at: At }
  | { readonly kind: "float"; readonly value: number; readonly at: At }
  | { readonly kind: "bool"; readonly value: boolean; readonly at: At }
  | { readonly kind: "datetime"; readonly value: string; readonly at: At }
  | { readonly kind: "array"; readonly value: readonly Node[]; readonly at: At }
  | MapNode;

export interface MapNode {
  readonly kind: "map";
  /** In the order of the file; a key given twice keeps its first place and its last value. */
  readonly value: Map<string, Entry>;
  readonly at: At;
}

/** One key of a map and its value. */
export interface Entry {
  readonly key: string;
  /** Where the key stands: what errors about this entry name. */
  readonly at: At;
  readonly node: Node;
  /** True once some `$key` was replaced by this value: then the key itself need not be an option. */
  used: boolean;
}

const goTypes = {
  string: "string",
  int: "int64",
  float: "float64",
  bool: "bool",
  datetime: "time.Time",
  array: "[]interface {}",
  map: "map[string]interface {}",
} as const satisfies Record<Node["kind"], string>;

/** Name of a value's type in nats-server's error texts. */
export function goType(node: Node): string {
  return goTypes[node.kind];
}

/** A value as errors print it. */
export function goValue(node: Node): string {
  if (node.kind === "map") return "map[]";
  return node.kind === "array" ? `[${node.value.map(goValue).join(" ")}]` : String(node.value);
}

/** A text in double quotes, as errors print it. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Text of "c.conf:1:2", as errors begin. */
export function place(at: At): string {
  return at.line === 0 ? at.file : `${at.file}:${at.line}:${at.col}`;
}
