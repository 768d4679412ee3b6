// What the tests of the configuration have in common: files that are a record,
// and trees as plain values.

import { checkFile, loadOptions } from "../../src/config/load.ts";
import type { Loaded } from "../../src/config/load.ts";
import { parseText } from "../../src/config/parser.ts";
import { ConfigError } from "../../src/config/problems.ts";
import type { ConfigSource } from "../../src/config/source.ts";
import type { MapNode, Node } from "../../src/config/tree.ts";

/** The name that documents of these tests have. */
export const FILE = "c.conf";

/** A source of these files and this environment. */
export function files(
  contents: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): ConfigSource {
  return {
    read(path) {
      if (Object.hasOwn(contents, path)) return contents[path]!;
      throw new Error(`open ${path}: no such file or directory`);
    },
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
  };
}

/** The tree of a document. */
export function parse(
  document: string,
  others: Record<string, string> = {},
  env: Record<string, string> = {},
): MapNode {
  return parseText(document, "t.conf", files(others, env));
}

/** The tree of a document as JavaScript sees it. */
export function tree(document: string, others: Record<string, string> = {}, env: Record<string, string> = {}): unknown {
  return plain(parse(document, others, env));
}

/** A node without places; integers are numbers, maps objects. */
export function plain(node: Node): unknown {
  switch (node.kind) {
    case "map":
      return Object.fromEntries([...node.value].map(([key, { node }]) => [key, plain(node)]));
    case "array":
      return node.value.map(plain);
    case "int":
      return Number(node.value);
    default:
      return node.value;
  }
}

/** What `-t` says about a document: "valid", or what is wrong with it. */
export function check(document: string, others: Record<string, string> = {}): string {
  return outcome(() => {
    checkFile(FILE, files({ ...others, [FILE]: document }));
    return "valid";
  });
}

/** Options of a document as a start gets them. */
export function load(document: string, others: Record<string, string> = {}): Loaded {
  return loadOptions(FILE, {}, files({ ...others, [FILE]: document }));
}

/** What a start says about a document: "starts", or what is wrong with it. */
export function start(document: string, others: Record<string, string> = {}): string {
  return outcome(() => {
    load(document, others);
    return "starts";
  });
}

/** The result of `run`, or the text of the ConfigError it throws. */
export function outcome(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
