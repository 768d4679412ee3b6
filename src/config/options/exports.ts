// What accounts offer each other. Read and checked in full; refused until accounts can do it.

import { goDuration } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Row, Rows } from "../rows.ts";
import { bool, custom, int, readBlock, str, texts } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";

const latencyRows = {
  sampling: custom<number | "headers">(
    "percentage",
    100,
    { doc: "Share of requests that are measured.", reload: "live", aliases: ["sample"] },
    readSampling,
  ),
  subject: str({
    doc: "Where measurements are published.",
    reload: "live",
    aliases: ["dest"],
    mismatch: (_name, node) => `Expected latency subject to be a string, got ${goType(node)}`,
  }),
};
const exportRows = {
  stream: subjectName("stream", "Subject others may subscribe to."),
  service: subjectName("service", "Subject others may send requests to."),
  accounts: texts({ doc: "Accounts it is for; none is any.", reload: "live", only: "array" }),
  response_type: custom<string>(
    "text",
    "singleton",
    { doc: "How many replies a request gets.", reload: "live", aliases: ["response"] },
    readResponseType,
  ),
  response_threshold: custom<number | undefined>(
    "duration",
    undefined,
    { doc: "Time a reply may take.", reload: "live", aliases: ["threshold"] },
    readThreshold,
  ),
  latency: custom<string | undefined>(
    "text or block",
    undefined,
    { doc: "Measures how long the service takes.", reload: "live", rows: latencyRows },
    readLatency,
  ),
  account_token_position: int({
    fallback: 0,
    doc: "Token of the subject that is the importing account.",
    reload: "live",
  }),
  allow_trace: bool({ fallback: false, doc: "Lets message traces pass.", reload: "live" }),
};
const fromRows = {
  account: str({ doc: "Account that exports it.", reload: "live" }),
  subject: str({ doc: "Its subject there.", reload: "live" }),
};
const importRows = {
  stream: importFrom("stream"),
  service: importFrom("service"),
  prefix: str({ doc: "Put in front of the subject here.", reload: "live" }),
  to: str({ doc: "Subject here.", reload: "live" }),
  share: bool({ fallback: false, doc: "Tells the service who asks.", reload: "live" }),
  allow_trace: bool({ fallback: false, doc: "Lets message traces pass.", reload: "live" }),
};

/** The `exports` row; its value is how many there are. */
export const exportsRow: Row<number> = list(
  "Exports",
  "Export",
  "Streams and services for other accounts.",
  exportRows,
);
/** The `imports` row; its value is how many there are. */
export const importsRow: Row<number> = list("Imports", "Import", "Streams and services of other accounts.", importRows);

function list(plural: string, singular: string, doc: string, rows: Rows): Row<number> {
  return custom<number>(
    "list of blocks",
    0,
    { doc, reload: "live", status: "refused", rows, enables: (count: number) => count > 0 },
    (node, name, reading) => {
      if (node.kind !== "array") throw new OptionError(`${plural} should be an array, got ${goType(node)}`);
      for (const item of node.value)
        reading.problems.attempt(item.at, () => readItem(item, singular, name, rows, reading));
      return node.value.length;
    },
  );
}

function readItem(node: Node, singular: string, name: string, rows: Rows, reading: Reading): void {
  if (node.kind !== "map") {
    throw new OptionError(`${singular} Items should be a map with type entry, got ${goType(node)}`);
  }
  const read = readBlock(rows, node, { ...reading, path: `${reading.path}${name}.` });
  const { stream, service } = read as { stream?: unknown; service?: unknown };
  const entries = [...node.value.values()];
  const kinds = entries.filter((entry) => ["stream", "service"].includes(entry.key.toLowerCase()));
  if (stream === undefined || service === undefined || kinds.length < 2) return;
  const [first, second] = kinds.map((entry) => entry.key.toLowerCase());
  const subject = second === "stream" ? stream : service;
  const named = typeof subject === "string" ? `${second} ${quote(subject)}` : second;
  throw new OptionError(`Detected ${named} but already saw a ${first}`, { at: kinds[1]!.at });
}

function subjectName(what: string, doc: string): Row<string | undefined> {
  return str({
    doc,
    reload: "live",
    mismatch: (_name, node) => `Expected ${what} name to be string, got ${goType(node)}`,
  });
}

function importFrom(what: "stream" | "service"): Row<string | undefined> {
  const noun = what === "stream" ? "Stream" : "Service";
  return custom<string | undefined>(
    "block",
    undefined,
    { doc: `The ${what}: account and subject.`, reload: "live", rows: fromRows },
    (node, _name, reading) => {
      if (node.kind !== "map") throw new OptionError(`${noun} entry should be an account map, got ${goType(node)}`);
      const { account, subject } = readBlock(fromRows, node, { ...reading, path: `${reading.path}${what}.` });
      if ((account ?? "") === "" || (subject ?? "") === "")
        throw new OptionError("Expect an account name and a subject");
      return subject;
    },
  );
}

function readResponseType(node: Node): string {
  if (node.kind !== "string") throw new OptionError(`Expected response type to be string, got ${goType(node)}`);
  const word = node.value.toLowerCase();
  if (["single", "singleton", "stream", "streamed", "chunk", "chunked"].includes(word)) return word;
  throw new OptionError(`Unknown response type: ${quote(node.value)}`);
}

function readThreshold(node: Node): number {
  const before = "Expected response threshold to be a parseable time duration, got";
  if (node.kind !== "string") throw new OptionError(`${before} ${goType(node)}`);
  const parsed = goDuration(node.value);
  if (typeof parsed !== "number") throw new OptionError(`${before} ${quote(node.value)}`);
  return parsed;
}

function readLatency(node: Node, _name: string, reading: Reading): string {
  if (node.kind === "string") return node.value;
  if (node.kind !== "map") {
    throw new OptionError(`Expected latency entry to be a map/struct or string, got ${goType(node)}`);
  }
  const { subject } = readBlock(latencyRows, node, { ...reading, path: `${reading.path}latency.` });
  if (subject === undefined) throw new OptionError("Latency subject required, but missing");
  return subject;
}

function readSampling(node: Node): number | "headers" {
  if (node.kind !== "int" && node.kind !== "string") {
    throw new OptionError(`Expected latency sample to be a string or map/struct, got ${goType(node)}`);
  }
  const text = String(node.value).trim();
  if (text.toLowerCase() === "headers") return "headers";
  const digits = text.replace(/%$/, "");
  if (!/^[+-]?\d+$/.test(digits)) {
    throw new OptionError(`Failed to parse latency sample: strconv.Atoi: parsing ${quote(digits)}: invalid syntax`);
  }
  const percent = Number(digits);
  if (percent < 1 || percent > 100)
    throw new OptionError(`Expected latency sampling to be between 1 and 100, got ${percent}`);
  return percent;
}
