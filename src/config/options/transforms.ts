// `mappings`, of an account or of the whole server.

import { OptionError } from "../problems.ts";
import type { Reading, Row } from "../rows.ts";
import { custom, unknownKey } from "../rows.ts";
import type { MapNode, Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";

/** One place a mapped subject may go. */
export interface MappingOptions {
  readonly destination: string;
  /** 0 to 100. */
  readonly weight: number;
  readonly cluster: string | undefined;
}

/** Subjects and where they are mapped to, in the order of the file. */
export type Mappings = readonly (readonly [source: string, destinations: readonly MappingOptions[]])[];

export const mappings: Row<Mappings> = custom<Mappings>(
  "map",
  [],
  {
    doc: "Subjects that are published under another name, or spread over several.",
    reload: "live",
    aliases: ["maps"],
    status: "refused",
    enables: (mappings: Mappings) => mappings.length > 0,
  },
  (node, _name, reading) => {
    if (node.kind !== "map") {
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not map[string]interface {}`);
    }
    return [...node.value.values()].flatMap((entry) => {
      const destinations = reading.problems.attempt(entry.at, () => readDestinations(entry.node, reading));
      return destinations === undefined ? [] : [[entry.key, destinations] as const];
    });
  },
);

function readDestinations(node: Node, reading: Reading): readonly MappingOptions[] {
  if (node.kind === "string") return [{ destination: node.value, weight: 100, cluster: undefined }];
  const items = node.kind === "array" ? node.value : [node];
  return items.map((item) => {
    if (item.kind !== "map") throw new OptionError("Expected an entry for the mapping destination");
    return readDestination(item, reading);
  });
}

function readDestination(node: MapNode, reading: Reading): MappingOptions {
  let destination = "";
  let weight: number | undefined;
  let cluster: string | undefined;
  for (const entry of node.value.values()) {
    const name = entry.key.toLowerCase();
    reading.problems.attempt(entry.at, () => {
      if (name === "weight") weight = readWeight(entry.node);
      else if (name === "dest" || name === "destination") destination = readText(entry.node);
      else if (name === "cluster") cluster = readText(entry.node);
      else {
        unknownKey(entry, ["destination", "weight", "cluster"], reading, {
          unknown: (name) => `Unknown field ${quote(name)} for mapping destination`,
        });
      }
    });
  }
  if (weight === undefined) throw new OptionError(`Missing weight for mapping destination ${quote(destination)}`);
  return { destination, weight, cluster };
}

function readText(node: Node): string {
  if (node.kind === "string") return node.value;
  throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
}

function readWeight(node: Node): number {
  if (node.kind !== "int" && node.kind !== "string") {
    throw new OptionError(`Unknown entry type for weight of ${goValue(node)}`);
  }
  const text = String(node.value).trim().replace(/%$/, "");
  const weight = Number(text);
  if (!/^\d+$/.test(text) || weight > 100) {
    throw new OptionError(`Invalid weight ${quote(String(node.value))} for mapping destination`);
  }
  return weight;
}
