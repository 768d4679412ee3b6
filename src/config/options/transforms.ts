// `mappings`, of an account or of the whole server.

import { byteString } from "../../base/bytes.ts";
import { type MappingDestination, type MappingRule, mappingRuleFault } from "../../subject/mapping_rule.ts";
import { isValidSubject } from "../../subject/subject.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Row } from "../rows.ts";
import { custom, unknownKey } from "../rows.ts";
import type { Entry, MapNode, Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";

export const mappings: Row<readonly MappingRule[]> = custom<readonly MappingRule[]>(
  "map",
  [],
  {
    doc: "Subjects that are published under another name, or spread over several.",
    reload: "live",
    aliases: ["maps"],
  },
  (node, _name, reading) => {
    if (node.kind !== "map") {
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not map[string]interface {}`);
    }
    return [...node.value.values()].flatMap((entry) => {
      const rule = reading.problems.attempt(entry.at, () => readMapping(entry, reading));
      return rule === undefined ? [] : [rule];
    });
  },
);

function readMapping({ key, node }: Entry, reading: Reading): MappingRule {
  const source = byteString(key);
  if (!isValidSubject(source)) {
    const text = `Subject ${quote(key)} is not a valid subject`;
    throw new OptionError(text, reading.at === undefined ? {} : { at: reading.at });
  }
  const rule = { source, destinations: readDestinations(node, reading) };
  const fault = mappingRuleFault(rule);
  if (fault === undefined) return rule;
  const what = node.kind === "string" ? `${quote(key)} to ${quote(node.value)}` : quote(key);
  throw new OptionError(`Error adding mapping for ${what} : ${fault}`);
}

function readDestinations(node: Node, reading: Reading): readonly MappingDestination[] {
  if (node.kind === "string") return [{ subject: byteString(node.value), weight: 100, cluster: "" }];
  const read = (item: Node): readonly MappingDestination[] => {
    if (item.kind !== "map") throw new OptionError("Expected an entry for the mapping destination");
    const destination = readDestination(item, reading);
    return destination === undefined ? [] : [destination];
  };
  if (node.kind !== "array") return read(node);
  return node.value.flatMap((item) => reading.problems.attempt(item.at, () => read(item)) ?? []);
}

function readDestination(node: MapNode, reading: Reading): MappingDestination | undefined {
  let destination = "";
  let weight: number | undefined;
  let cluster = "";
  const before = reading.problems.errors.length;
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
  if (reading.problems.errors.length > before) return undefined;
  if (weight === undefined) throw new OptionError(`Missing weight for mapping destination ${quote(destination)}`);
  return { subject: byteString(destination), weight, cluster };
}

function readText(node: Node): string {
  if (node.kind === "string") return node.value;
  throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
}

function readWeight(node: Node): number {
  if (node.kind !== "int" && node.kind !== "string") {
    throw new OptionError(`Unknown entry type for weight of ${goValue(node)}`);
  }
  const text = String(node.value).replace(/%$/, "");
  if (!/^[+-]?\d+$/.test(text)) throw new OptionError(`Invalid weight ${quote(text)} for mapping destination`);
  const weight = Number(text);
  if (weight < 0 || weight > 100) throw new OptionError(`Invalid weight ${weight} for mapping destination`);
  return weight;
}
