// What JetStream may use for one account.

import { OptionError } from "../problems.ts";
import type { Resolved, Row } from "../rows.ts";
import { custom, defaultsOf, readBlock } from "../rows.ts";
import { goType, goValue, quote } from "../tree.ts";

const count = (doc: string, ...aliases: string[]): Row<number> =>
  custom<number>("size", -1, { doc, reload: "live", aliases, shown: "no limit" }, (node, name) => {
    if (node.kind === "int") return Number(node.value);
    throw new OptionError(`Expected a parseable size for ${quote(name)}, got ${goValue(node)}`);
  });

const rows = {
  max_memory: count("Memory for streams.", "max_mem", "mem", "memory"),
  max_store: count("Disk for streams.", "max_file", "max_disk", "store", "disk"),
  max_streams: count("Streams.", "streams"),
  max_consumers: count("Consumers.", "consumers"),
  max_bytes_required: custom<boolean>(
    "boolean",
    false,
    { doc: "Demands max_bytes of every stream.", reload: "live", aliases: ["max_stream_bytes", "max_bytes"] },
    (node, name) => {
      if (node.kind === "bool") return node.value;
      throw new OptionError(`Expected a parseable bool for ${quote(name)}, got ${goValue(node)}`);
    },
  ),
  memory_max_stream_bytes: count("Memory of one stream.", "mem_max_stream_bytes"),
  store_max_stream_bytes: count("Disk of one stream.", "disk_max_stream_bytes"),
  max_ack_pending: count("Unacknowledged messages of one consumer."),
  cluster_traffic: custom<"system" | "owner">(
    '"system" or "owner"',
    "system",
    { doc: "Account that replication runs in.", reload: "live" },
    (node, name) => {
      const wanted = "'system' or 'owner' string value for";
      if (node.kind !== "string")
        throw new OptionError(`Expected either ${wanted} ${quote(name)}, got ${goValue(node)}`);
      const word = node.value.toLowerCase();
      if (word === "system" || word === "owner") return word;
      throw new OptionError(`Expected ${wanted} ${quote(name)}, got ${node.value}`);
    },
  ),
};
export type AccountJetStreamOptions = Resolved<typeof rows>;

/** `jetstream` in an account: undefined is off. */
export const accountJetStream: Row<AccountJetStreamOptions | undefined> = custom<AccountJetStreamOptions | undefined>(
  'boolean, "enabled", "disabled" or block',
  undefined,
  {
    doc: "Lets the account use JetStream.",
    reload: "live",
    rows,
  },
  (node, name, reading) => {
    if (node.kind === "bool") return node.value ? defaultsOf(rows) : undefined;
    if (node.kind === "string") {
      return readSwitch(node.value, "none") ? defaultsOf(rows) : undefined;
    }
    if (node.kind === "map") return readBlock(rows, node, { ...reading, path: `${reading.path}${name}.` });
    throw new OptionError(`Expected map, bool or string to define JetStream, got ${goType(node)}`, { at: "none" });
  },
);

/** "enabled" or "disabled". */
export function readSwitch(word: string, at?: "none"): boolean {
  const on = ["enabled", "enable"].includes(word.toLowerCase());
  if (on || ["disabled", "disable"].includes(word.toLowerCase())) return on;
  const text = `Expected 'enabled' or 'disabled' for string value, got '${word}'`;
  throw new OptionError(text, at === undefined ? {} : { at });
}
