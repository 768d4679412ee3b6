// What an account offers others: the `exports` block.

import { byteString } from "../../base/bytes.ts";
import { DEFAULT_THRESHOLD_MS, type ExportRule, type LatencyRule, type ResponseType } from "../../subject/sharing.ts";
import { goDuration } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Row } from "../rows.ts";
import { bool, custom, int, readBlock, str, texts } from "../rows.ts";
import type { Entry, Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";

const latencyRows = {
  sampling: custom<number>(
    "percentage or headers",
    100,
    { doc: "Share of requests that are measured; with headers those that ask for it.", reload: "live" },
    readSampling,
  ),
  subject: str({
    doc: "Where measurements are published.",
    reload: "live",
    mismatch: () => "Expected latency subject to be a string, got string",
  }),
};
const THRESHOLDS = ["response_threshold", "threshold", "response_max_time", "response_time"];
const exportRows = {
  stream: subjectName("stream", "Subject others may subscribe to."),
  service: subjectName("service", "Subject others may send requests to."),
  accounts: texts({ doc: "Accounts it is for; none is any.", reload: "live", only: "array" }),
  response_type: custom<ResponseType>(
    '"singleton", "stream" or "chunked"',
    "singleton",
    { doc: "How many replies a request gets.", reload: "live", aliases: ["response"] },
    readResponseType,
  ),
  response_threshold: custom<number | undefined>(
    "duration",
    undefined,
    { doc: "Time a reply may take.", reload: "live", aliases: THRESHOLDS.slice(1), shown: "2m" },
    readThreshold,
  ),
  latency: custom<LatencyRule | undefined>(
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

export const exportsRow: Row<readonly ExportRule[]> = custom<readonly ExportRule[]>(
  "list of blocks",
  [],
  { doc: "Streams and services for other accounts.", reload: "live", rows: exportRows },
  (node, name, reading) => {
    if (node.kind !== "array") throw new OptionError(`Exports should be an array, got ${goType(node)}`);
    return node.value.flatMap((item) => {
      const read = reading.problems.attempt(item.at, () => readExport(item, name, reading));
      return read === undefined ? [] : [read];
    });
  },
);

function readExport(node: Node, name: string, reading: Reading): ExportRule | undefined {
  if (node.kind !== "map") {
    throw new OptionError(`Export Items should be a map with type entry, got ${goType(node)}`);
  }
  const entries = [...node.value.values()];
  twice(entries, ["response", "response_type"], "Duplicate response type definition");
  twice(entries, THRESHOLDS, "Duplicate response threshold detected");
  const read = readBlock(exportRows, node, { ...reading, path: `${reading.path}${name}.` });
  const { stream, service } = read;
  const kinds = entries.filter(({ key }) => ["stream", "service"].includes(key.toLowerCase()));
  if (stream !== undefined && service !== undefined && kinds.length > 1) {
    const [first, second] = kinds.map(({ key }) => key.toLowerCase());
    const subject = second === "stream" ? stream : service;
    throw new OptionError(`Detected ${second} ${quote(subject)} but already saw a ${first}`, { at: kinds[1]!.at });
  }
  const access = {
    accounts: read.accounts.length === 0 ? undefined : read.accounts,
    tokenRequired: false,
    accountTokenPosition: read.account_token_position,
  };
  if (stream !== undefined) {
    only(entries, ["response", "response_type", ...THRESHOLDS], "response");
    only(entries, ["latency"], "latency");
    only(entries, ["allow_trace"], "allow_trace");
    return { kind: "stream", subject: byteString(stream), ...access };
  }
  if (service === undefined) return undefined;
  const threshold = read.response_threshold ?? 0;
  return {
    kind: "service",
    subject: byteString(service),
    ...access,
    responseType: read.response_type,
    thresholdMs: threshold === 0 ? DEFAULT_THRESHOLD_MS : threshold,
    latency: read.latency,
    allowTrace: read.allow_trace,
  };
}

function twice(entries: readonly Entry[], keys: readonly string[], text: string): void {
  const found = entries.filter(({ key }) => keys.includes(key.toLowerCase()));
  if (found.length > 1) throw new OptionError(text, { at: found[1]!.at });
}

function only(entries: readonly Entry[], keys: readonly string[], what: string): void {
  const found = entries.find(({ key }) => keys.includes(key.toLowerCase()));
  if (found !== undefined) throw new OptionError(`Detected ${what} directive on non-service`, { at: found.at });
}

function subjectName(what: string, doc: string): Row<string | undefined> {
  return str({
    doc,
    reload: "live",
    mismatch: (_name, node) => `Expected ${what} name to be string, got ${goType(node)}`,
  });
}

function readResponseType(node: Node): ResponseType {
  if (node.kind !== "string") throw new OptionError(`Expected response type to be string, got ${goType(node)}`);
  const type = responseTypes.get(node.value.toLowerCase());
  if (type === undefined) throw new OptionError(`Unknown response type: ${quote(node.value)}`);
  return type;
}
const responseTypes: ReadonlyMap<string, ResponseType> = new Map([
  ["single", "singleton"],
  ["singleton", "singleton"],
  ["stream", "stream"],
  ["chunk", "chunked"],
  ["chunked", "chunked"],
]);

function readThreshold(node: Node): number {
  const before = "Expected response threshold to be a parseable time duration, got";
  if (node.kind !== "string") throw new OptionError(`${before} ${goType(node)}`);
  const parsed = goDuration(node.value);
  if (typeof parsed !== "number") throw new OptionError(`${before} ${quote(node.value)}`);
  return parsed;
}

function readLatency(node: Node, _name: string, reading: Reading): LatencyRule {
  if (node.kind === "string") return { subject: byteString(node.value), sampling: 100 };
  if (node.kind !== "map") {
    throw new OptionError(`Expected latency entry to be a map/struct or string, got ${goType(node)}`);
  }
  const { subject, sampling } = readBlock(latencyRows, node, { ...reading, path: `${reading.path}latency.` });
  if (subject === undefined) throw new OptionError("Latency subject required, but missing");
  return { subject: byteString(subject), sampling };
}

function readSampling(node: Node): number {
  if (node.kind !== "int" && node.kind !== "string") {
    throw new OptionError(`Expected latency sample to be a string or map/struct, got ${goType(node)}`);
  }
  const text = String(node.value);
  if (text.trim().toLowerCase() === "headers") return 0;
  const digits = text.replace(/%$/, "");
  if (!/^[+-]?\d+$/.test(digits)) {
    throw new OptionError(`Failed to parse latency sample: strconv.Atoi: parsing ${quote(digits)}: invalid syntax`);
  }
  const percent = Number(digits);
  if (percent < 1 || percent > 100) throw new OptionError("bad sampling percentage, should be 1-100");
  return percent;
}
