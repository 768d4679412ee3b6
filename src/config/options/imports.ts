// What an account takes from others: the `imports` block.

import { byteString } from "../../base/bytes.ts";
import { type ImportRule, serviceImport, streamImport } from "../../subject/sharing.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Row } from "../rows.ts";
import { bool, custom, readBlock, str } from "../rows.ts";
import type { Entry, Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";

interface From {
  readonly account: string;
  readonly subject: string;
}

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

export const importsRow: Row<readonly ImportRule[]> = custom<readonly ImportRule[]>(
  "list of blocks",
  [],
  { doc: "Streams and services of other accounts.", reload: "live", rows: importRows },
  (node, name, reading) => {
    if (node.kind !== "array") throw new OptionError(`Imports should be an array, got ${goType(node)}`);
    const rules: ImportRule[] = [];
    for (const item of node.value) {
      reading.problems.attempt(item.at, () => {
        const rule = readImport(item, name, reading);
        if (rule === undefined) return;
        const twin = rules.find((other) => isTwin(other, rule));
        if (twin !== undefined) {
          const before = `previously used in import for account ${quote(twin.account)}, subject ${quote(twin.subject)}`;
          throw new OptionError(`Duplicate service import subject ${quote(rule.to)}, ${before}`);
        }
        rules.push(rule);
      });
    }
    return rules;
  },
);

function isTwin(a: ImportRule, b: ImportRule): boolean {
  return a.kind === "service" && b.kind === "service" && a.account === b.account && a.to === b.to;
}

function readImport(node: Node, name: string, reading: Reading): ImportRule | undefined {
  if (node.kind !== "map") {
    throw new OptionError(`Import Items should be a map with type entry, got ${goType(node)}`);
  }
  const read = readBlock(importRows, node, { ...reading, path: `${reading.path}${name}.` });
  const { stream, service, to = "", prefix = "", share, allow_trace: allowTrace } = read;
  const entries = [...node.value.values()];
  const kinds = entries.filter(({ key }) => ["stream", "service"].includes(key.toLowerCase()));
  if (stream !== undefined && service !== undefined && kinds.length > 1) {
    const [first, second] = kinds.map(({ key }) => key.toLowerCase());
    throw new OptionError(`Detected ${second} but already saw a ${first}`, { at: kinds[1]!.at });
  }
  const at = (name: string): Entry | undefined => entries.find(({ key }) => key.toLowerCase() === name);
  if (stream !== undefined) {
    if (prefix !== "" && to !== "") {
      const text = "Stream import can not have a 'prefix' and a 'to' property";
      throw new OptionError(text, { at: at("to")!.at });
    }
    const more = { to: byteString(to), prefix: byteString(prefix), allowTrace };
    return streamImport(stream.account, byteString(stream.subject), more);
  }
  if (service === undefined) return undefined;
  const traced = at("allow_trace");
  if (traced !== undefined) throw new OptionError("Detected allow_trace directive on a non-stream", { at: traced.at });
  const subject = byteString(service.subject);
  return serviceImport(service.account, subject, { to: to === "" ? subject : byteString(to), share });
}

function importFrom(what: "stream" | "service"): Row<From | undefined> {
  const noun = what === "stream" ? "Stream" : "Service";
  return custom<From | undefined>(
    "block",
    undefined,
    { doc: `The ${what}: account and subject.`, reload: "live", rows: fromRows },
    (node, _name, reading) => {
      if (node.kind !== "map") throw new OptionError(`${noun} entry should be an account map, got ${goType(node)}`);
      const { account = "", subject = "" } = readBlock(fromRows, node, {
        ...reading,
        path: `${reading.path}${what}.`,
      });
      if (account === "" || subject === "") throw new OptionError("Expect an account name and a subject");
      return { account, subject };
    },
  );
}
