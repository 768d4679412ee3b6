// The `accounts` block: name spaces with users of their own.

import { isPublicNkey } from "../nkey.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Row } from "../rows.ts";
import { block, custom, int, readBlock } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import type { ExportRule, ImportRule } from "../../subject/sharing.ts";
import type { MappingRule } from "../../subject/mapping_rule.ts";
import { sharingComplaints } from "./account_sharing.ts";
import { exportsRow } from "./exports.ts";
import { importsRow } from "./imports.ts";
import { accountJetStream, type AccountJetStreamOptions } from "./account_jetstream.ts";
import { mappings } from "./transforms.ts";
import type { Permissions } from "./permissions.ts";
import { isSubject } from "./permissions.ts";
import type { UserOptions } from "./users.ts";
import { duplicates, permissionsRow, readUsers, userRows } from "./users.ts";

/** The account of everybody who is in no other. */
export const GLOBAL_ACCOUNT = "$G";

/** Limits of an account; undefined or negative is no limit. */
export interface AccountLimits {
  readonly max_connections: number | undefined;
  readonly max_subscriptions: number | undefined;
  readonly max_payload: number | undefined;
  readonly max_leafnodes: number | undefined;
}

export interface AccountOptions {
  readonly name: string;
  /** Public account nkey, "A…". */
  readonly nkey: string | undefined;
  readonly users: readonly UserOptions[];
  readonly limits: AccountLimits;
  readonly default_permissions: Permissions | undefined;
  /** Undefined when the account may not use JetStream. */
  readonly jetstream: AccountJetStreamOptions | undefined;
  readonly exports: readonly ExportRule[];
  readonly imports: readonly ImportRule[];
  readonly mappings: readonly MappingRule[];
  readonly msg_trace: TraceOptions | undefined;
}

/** Where traces of messages with a trace parent go, and of how many percent of these. */
export interface TraceOptions {
  readonly dest: string;
  readonly sampling: number;
}

const limit = (doc: string, alias: string): Row<number | undefined> =>
  int({ fallback: undefined, doc, reload: "live", aliases: [alias], shown: "no limit" });
const limitRows = {
  max_connections: limit("Clients of the account at a time.", "max_conn"),
  max_subscriptions: limit("Subscriptions of one client.", "max_subs"),
  max_payload: limit("Largest payload, in bytes.", "max_pay"),
  max_leafnodes: limit("Leaf nodes of the account at a time.", "max_leafs"),
};

const traceRows = {
  dest: custom<string | undefined>(
    "text",
    undefined,
    { doc: "Subject that traces are published to.", reload: "live" },
    (node, name) => {
      if (node.kind !== "string") throw new OptionError(`Field ${quote(name)} should be a string, got ${goType(node)}`);
      return checkedDestination(node.value);
    },
  ),
  sampling: custom<number>(
    "percentage",
    100,
    { doc: "Share of the messages that are traced.", reload: "live" },
    readSampling,
  ),
};

export const accountRows = {
  nkey: custom<string | undefined>("text", undefined, { doc: "Public account nkey.", reload: "live" }, (node) => {
    if (node.kind === "string" && isPublicNkey(node.value, "account")) return node.value;
    const shown = node.kind === "string" ? quote(node.value) : goValue(node);
    throw new OptionError(`Not a valid public nkey for an account: ${shown}`);
  }),
  users: custom<readonly UserOptions[]>(
    "list of blocks",
    [],
    { doc: "Users of this account.", reload: "live", rows: userRows },
    (node, _name, reading) => readUsers(node, reading, "none"),
  ),
  limits: block(limitRows, {
    doc: "Limits of this account.",
    reload: "live",
    mismatch: (_name, node) => `Expected account limits to be a map/struct, got ${goValue(node)}`,
    unknown: (name) => `Unknown field ${quote(name)} parsing account limits`,
  }),
  default_permissions: permissionsRow("For users without permissions of their own.", []),
  jetstream: accountJetStream,
  exports: exportsRow,
  imports: importsRow,
  mappings,
  msg_trace: custom<TraceOptions | undefined>(
    "text or block",
    undefined,
    {
      doc: "Where traces of messages with a trace parent go.",
      reload: "live",
      aliases: ["trace_dest"],
      rows: traceRows,
    },
    readTrace,
  ),
};

/** The row of the `accounts` block. */
export const accounts: Row<readonly AccountOptions[]> = custom<readonly AccountOptions[]>(
  "map of blocks",
  [],
  { doc: "Name spaces, each with its users.", reload: "live", rows: accountRows },
  (node, name, reading) => {
    const path = { ...reading, path: `${reading.path}${name}.` };
    if (node.kind === "array") return readNames(node, reading);
    if (node.kind !== "map") return [];
    const seen = new Set<string>();
    const read = [...node.value.values()].flatMap((entry) => {
      const account = reading.problems.attempt(entry.at, () => readAccount(entry.key, entry.node, path));
      if (account === undefined) return [];
      const users = [...(entry.node.kind === "map" ? entry.node.value.values() : [])].find(
        ({ key }) => key.toLowerCase() === "users",
      );
      for (const text of duplicates(account.users, seen)) reading.problems.error(users?.at ?? entry.at, text);
      return [account];
    });
    if (reading.problems.errors.length === 0) {
      for (const text of sharingComplaints(read, true)) reading.problems.error(reading.at, text);
    }
    return read;
  },
);

function checkName(name: string): void {
  if (name === GLOBAL_ACCOUNT) throw new OptionError(`${quote(name)} is a Reserved Account`);
}

function readNames(node: Node, reading: Reading): readonly AccountOptions[] {
  const names = new Set<string>();
  for (const item of node.kind === "array" ? node.value : []) {
    reading.problems.attempt(item.at, () => {
      if (item.kind !== "string") {
        throw new OptionError(`interface conversion: interface {} is ${goType(item)}, not string`);
      }
      checkName(item.value);
      if (names.has(item.value)) throw new OptionError(`Duplicate Account Entry: ${item.value}`);
      names.add(item.value);
    });
  }
  const at = node.at;
  return [...names].map((name) =>
    resolve(name, readBlock(accountRows, { kind: "map", value: new Map(), at }, reading)),
  );
}

function readAccount(name: string, node: Node, reading: Reading): AccountOptions {
  checkName(name);
  if (node.kind !== "map") throw new OptionError("Expected map entries for accounts");
  return resolve(name, readBlock(accountRows, node, { ...reading, path: `${reading.path}${name}.` }));
}

function resolve(
  name: string,
  read: { readonly limits: AccountLimits | undefined } & Omit<AccountOptions, "limits" | "name">,
): AccountOptions {
  const none = {
    max_connections: undefined,
    max_subscriptions: undefined,
    max_payload: undefined,
    max_leafnodes: undefined,
  };
  return { ...read, name, limits: read.limits ?? none };
}

function checkedDestination(text: string): string {
  if (!isSubject(text) || /(^|\.)[*>](\.|$)/.test(text))
    throw new OptionError(`Trace destination ${quote(text)} is not valid`);
  return text;
}

function readTrace(node: Node, name: string, reading: Reading): TraceOptions | undefined {
  if (node.kind === "string") return { dest: checkedDestination(node.value), sampling: 100 };
  if (node.kind !== "map") {
    throw new OptionError(
      `Expected account message trace ${quote(name)} to be a string or a map/struct, got ${goType(node)}`,
    );
  }
  const unknown = (key: string): string =>
    `Unknown field ${quote(key)} parsing account message trace map/struct ${quote(name)}`;
  const { dest, sampling } = readBlock(traceRows, node, { ...reading, path: `${reading.path}${name}.` }, { unknown });
  if (dest === undefined && sampling !== traceRows.sampling.fallback && reading.at !== undefined) {
    reading.problems.error(reading.at, "Trace destination sampling ignored since no destination was set");
  }
  return dest === undefined ? undefined : { dest, sampling };
}

function readSampling(node: Node, name: string): number {
  if (node.kind !== "int" && node.kind !== "string") {
    const text = `Trace destination sampling field ${quote(name)} should be an integer or a percentage`;
    throw new OptionError(`${text}, got ${goType(node)}`);
  }
  const text = String(node.value).trim().replace(/%$/, "");
  if (!/^[+-]?\d+$/.test(text))
    throw new OptionError(`Invalid trace destination sampling value ${quote(String(node.value))}`);
  const percent = Number(text);
  if (percent < 1 || percent > 100) {
    // The spelling is nats-server's.
    throw new OptionError(`Ttrace destination sampling value ${percent} is invalid, needs to be [1..100]`);
  }
  return percent;
}
