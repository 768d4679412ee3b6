// The `jetstream` block.

import { goDuration } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Resolved, Row, Rows, Status } from "../rows.ts";
import { bool, custom, defaultsOf, duration, inObject, int, readBlock, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { readSwitch } from "./account_jetstream.ts";

const MB = 1024 * 1024;
const powers = "KMGT";

/** A size as "1G" in powers of 1024, or as an integer; `named` is what errors call it. */
function space(
  named: string,
  fallback: number | undefined,
  doc: string,
  shown: string,
  ...aliases: string[]
): Row<number | undefined> {
  return custom<number | undefined>("size", fallback, { doc, shown, reload: "restart", aliases }, (node) => {
    if (node.kind === "int") return Number(node.value);
    if (node.kind !== "string") throw new OptionError(`${named} must be int64 or string`);
    if (node.value === "") return fallback ?? 0;
    const digits = node.value.slice(0, -1);
    if (!/^[+-]?\d+$/.test(digits)) {
      throw new OptionError(`${named} strconv.ParseInt: parsing ${quote(digits)}: invalid syntax`);
    }
    const power = powers.indexOf(node.value.slice(-1));
    if (power < 0) throw new OptionError(`${named} sizes defined as strings must end in K, M, G, T`);
    return Number(digits) * 1024 ** (power + 1);
  });
}

function count(
  fallback: number,
  wanted: string,
  doc: string,
  within: readonly [number, number] = [-Infinity, Infinity],
  shown?: string,
): Row<number> {
  return custom<number>(
    "number",
    fallback,
    {
      doc,
      reload: "restart",
      ...(within[0] > 0 ? { bounds: `${within[0]} to ${within[1]}` } : {}),
      ...(shown === undefined ? {} : { shown }),
    },
    (node, name) => {
      const value = node.kind === "int" ? Number(node.value) : undefined;
      if (value !== undefined && value >= within[0] && value <= within[1]) return value;
      const bounds = within[0] > 0 ? ` between ${within[0]} and ${within[1]}` : "";
      throw new OptionError(`Expected ${wanted} size for ${quote(name)}${bounds}, got ${goValue(node)}`);
    },
  );
}

function window(doc: string, fallback: number, shown: string): Row<number> {
  return custom<number>("duration", fallback, { doc, reload: "restart", shown }, (node) => {
    if (inObject(node) && (node.kind === "int" || node.kind === "float")) return Number(node.value) * 1000;
    if (node.kind !== "string")
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
    const parsed = goDuration(node.value);
    if (typeof parsed !== "number") throw new OptionError(parsed.complaint, { at: "none" });
    return parsed;
  });
}

// A server that was told to encrypt must not write what everybody can read.
const unencrypted = { status: "refused", why: "files would not be encrypted" } as const;
const isGiven = (text: string | undefined): boolean => text !== undefined;

const secret = (doc: string, ...aliases: string[]): Row<string | undefined> =>
  str({ doc, reload: "restart", aliases, ...unencrypted, enables: isGiven });

const cipher = custom<"chacha" | "aes" | undefined>(
  '"chacha" or "aes"',
  undefined,
  {
    doc: "Cipher that files are encrypted with.",
    reload: "restart",
    shown: "chacha",
    status: "later",
    why: "encryption is not supported yet",
  },
  (node) => {
    if (node.kind !== "string")
      throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not string`);
    const word = node.value.toLowerCase();
    if (word === "chacha" || word === "chachapoly") return "chacha";
    if (word === "aes") return "aes";
    throw new OptionError(`Unknown cipher type: ${quote(node.value)}`);
  },
);

/** Tags are compared in lower case. */
function uniqueTag(): Row<string | undefined> {
  const row = str({ doc: "Beginning of the server tags that must differ between replicas.", reload: "restart" });
  return { ...row, read: (node, name, reading) => row.read(node, name, reading)?.trim().toLowerCase() };
}

const batchRows = {
  max_inflight_per_stream: int({
    fallback: 0,
    shown: "50",
    doc: "Batches of one stream at a time.",
    reload: "restart",
  }),
  max_inflight_total: int({ fallback: 0, shown: "1000", doc: "Batches at a time.", reload: "restart" }),
  max_msgs: int({ fallback: 0, shown: "1000", doc: "Messages of one batch.", reload: "restart" }),
  timeout: window("Time after which a batch that stands still is given up.", 0, "10s"),
};
const limitRows = {
  max_ack_pending: int({
    fallback: 0,
    doc: "Unacknowledged messages of one consumer; 0 is no limit.",
    reload: "restart",
  }),
  max_ha_assets: int({ fallback: 0, doc: "Replicated streams and consumers; 0 is no limit.", reload: "restart" }),
  max_request_batch: int({
    fallback: 0,
    doc: "Messages of one pull; 0 is no limit.",
    reload: "restart",
  }),
  duplicate_window: window("Longest duplicate window of a stream; 0 is no limit.", 0, "0"),
  batch: limits("Limits of atomic batches.", "batch limits", batchRows, {
    status: "later",
    why: "atomic batches are not supported yet",
  }),
};
const tpmRows = {
  keys_file: str({ doc: "File with the sealed key.", reload: "restart" }),
  encryption_password: str({ doc: "Password of the sealed key.", reload: "restart" }),
  srk_password: str({ doc: "Password of the storage root key.", reload: "restart" }),
  pcr: int({ fallback: 0, doc: "Platform configuration register.", reload: "restart" }),
  cipher,
};

function limits<R extends Rows>(
  doc: string,
  what: string,
  rows: R,
  more: { readonly status?: Status; readonly why?: string; readonly enables?: (value: never) => boolean } = {},
): Row<Resolved<R> | undefined> {
  return custom<Resolved<R> | undefined>(
    "block",
    undefined,
    { doc, reload: "restart", rows, ...more },
    (node, name, reading) => {
      if (node.kind !== "map") throw new OptionError(`Expected a map to define ${what}, got ${goType(node)}`);
      return readBlock(rows, node, { ...reading, path: `${reading.path}${name}.` });
    },
  );
}

export const jetstreamRows = {
  enabled: bool({ fallback: true, doc: "Switches JetStream on.", reload: "live", aliases: ["enable"] }),
  store_dir: str({
    doc: "Directory for streams.",
    reload: "restart",
    aliases: ["store", "storedir"],
    shown: "a temporary directory; embedded: none, files are kept in memory",
  }),
  max_memory_store: space(
    "max_mem_store",
    undefined,
    "Memory for streams.",
    "75 % of the machine's",
    "max_mem_store",
    "max_mem",
  ),
  max_file_store: space("max_file_store", undefined, "Disk for streams.", "75 % of what is free", "max_file"),
  domain: str({ doc: "Name of this JetStream, for leaf nodes.", reload: "restart" }),
  strict: custom<boolean>(
    "boolean",
    true,
    { doc: "Refuses API requests with unknown fields.", reload: "restart" },
    (node) => {
      if (node.kind === "bool") return node.value;
      throw new OptionError(`Expected 'true' or 'false' for bool value, got '${goValue(node)}'`);
    },
  ),
  sync_interval: custom<number | "always">(
    'duration or "always"',
    "always",
    {
      doc: "How often files are synced; always syncs before a publish is acknowledged.",
      reload: "restart",
      aliases: ["sync"],
      shown: "always",
    },
    (node, name, reading) => {
      if (node.kind === "string" && node.value.toLowerCase() === "always") return "always";
      return duration({ fallback: 0, doc: "", reload: "restart" }).read(node, name, reading);
    },
  ),
  encryption_key: secret("Key that files are encrypted with.", "key", "ek"),
  prev_encryption_key: secret("Key that they were encrypted with before.", "prev_key", "prev_ek"),
  cipher,
  unique_tag: uniqueTag(),
  extension_hint: str({
    doc: "Whether JetStream extends over leaf nodes.",
    reload: "restart",
    status: "later",
    why: "leaf nodes are not supported yet",
  }),
  limits: limits("Limits of this server.", "JetStreamLimits", limitRows),
  tpm: limits("Key from a trusted platform module.", "JetStreamLimits", tpmRows, {
    ...unencrypted,
    enables: (tpm: { readonly keys_file: string | undefined } | undefined) => tpm?.keys_file !== undefined,
  }),
  max_outstanding_catchup: space(
    "max_outstanding_catchup",
    64 * MB,
    "Bytes on their way to replicas that catch up.",
    "64 MB",
  ),
  max_buffered_size: space("max_buffered_size", 128 * MB, "Bytes waiting to be stored in one stream.", "128 MB"),
  max_buffered_msgs: count(100_000, "a parseable", "Messages waiting to be stored in one stream."),
  request_queue_limit: count(10_000, "a parseable", "API requests waiting."),
  info_queue_limit: count(0, "a parseable", "API requests for information waiting.", undefined, "request_queue_limit"),
  meta_compact: count(0, "an absolute", "Entries after which the log of the cluster is compacted."),
  meta_compact_size: space("meta_compact_size", 0, "Bytes after which it is.", "0"),
  meta_compact_sync: bool({ fallback: false, doc: "Waits for that compaction.", reload: "restart" }),
  max_concurrent_io: count(4096, "an absolute", "File operations at a time.", [4, 8192]),
};

/** undefined is off. */
export type JetStreamOptions = Resolved<typeof jetstreamRows>;

export const jetstream: Row<JetStreamOptions | undefined> = custom<JetStreamOptions | undefined>(
  'boolean, "enabled", "disabled" or block',
  undefined,
  {
    doc: "Keeps messages: streams and consumers.",
    reload: "live",
    rows: jetstreamRows,
  },
  (node, name, reading) => {
    if (node.kind === "bool") return node.value ? defaultsOf(jetstreamRows) : undefined;
    if (node.kind === "string") return readSwitch(node.value) ? defaultsOf(jetstreamRows) : undefined;
    if (node.kind !== "map")
      throw new OptionError(`Expected map, bool or string to define JetStream, got ${goType(node)}`);
    const inner = { ...reading, path: `${reading.path}${name}.` };
    const read = readBlock(jetstreamRows, node, { ...inner, ...(reading.at && { conversionsAt: reading.at }) });
    const dirs = storeDirs(node);
    if (dirs.length > 1) reading.problems.error(dirs.at(-1)!.at, "Duplicate 'store_dir' configuration");
    return read.enabled ? read : undefined;
  },
);

function storeDirs(node: Node & { readonly kind: "map" }): { readonly at: Node["at"] }[] {
  const names = ["store", "store_dir", "storedir"];
  return [...node.value.values()].filter(({ key }) => names.includes(key.toLowerCase()));
}

/** nats-server's complaint about a JetStream domain, undefined when it is fine. */
export function domainComplaint(domain: string | undefined): string | undefined {
  if (domain === undefined || domain === "") return undefined;
  if (/[.*>]/.test(domain)) return "invalid domain name: may not contain ., * or >";
  if (/\s/.test(domain)) return `invalid domain name: derived ${quote(`$JS.${domain}.API.>`)} is not a valid subject`;
  return undefined;
}
