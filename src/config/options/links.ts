// What the blocks of clusters, gateways and leaf nodes have in common.

import { goDuration, goDurationText } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Row } from "../rows.ts";
import { custom, duration, readBlock, str, word } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, quote } from "../tree.ts";

export interface CompressionOptions {
  /** As written, in lower case: "off", "accept", "s2_fast", "s2_auto" … */
  readonly mode: string;
  /** For s2_auto: round-trip times, in milliseconds, from which to compress better. */
  readonly rtt_thresholds: readonly number[];
}

const modes = ["off", "accept", "on", "s2_fast", "s2_better", "s2_best", "s2_auto", "s2_uncompressed", "not supported"];
const synonyms: Readonly<Record<string, string>> = { disabled: "off", false: "off", enabled: "on", true: "on" };

const rows = {
  mode: str({ doc: `One of ${modes.slice(0, 7).join(", ")}.`, reload: "live" }),
  rtt_thresholds: custom<readonly number[]>(
    "list of durations",
    [],
    {
      doc: "For s2_auto: round-trip times from which to compress better.",
      reload: "live",
      aliases: ["thresholds", "rtts", "rtt"],
    },
    (node) => {
      if (node.kind !== "array") {
        throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not []interface {}`);
      }
      return node.value.map((item) => {
        if (item.kind !== "string")
          throw new OptionError(`interface conversion: interface {} is ${goType(item)}, not string`);
        const parsed = goDuration(item.value);
        if (typeof parsed !== "number") throw new OptionError(parsed.complaint);
        return parsed;
      });
    },
  ),
};

/** A `compression` row; `on` is what a plain true means. */
export function compression(on: string, fallback: string): Row<CompressionOptions> {
  return custom<CompressionOptions>(
    "text, boolean or block",
    { mode: fallback, rtt_thresholds: [] },
    { doc: `Compresses the link: ${modes.slice(0, 7).join(", ")}.`, reload: "live", shown: fallback, rows },
    (node, name, reading) => {
      if (node.kind === "string") return { mode: node.value, rtt_thresholds: [] };
      if (node.kind === "bool") return { mode: node.value ? on : "off", rtt_thresholds: [] };
      if (node.kind === "map") {
        const { mode, rtt_thresholds } = readBlock(rows, node, { ...reading, path: `${reading.path}${name}.` });
        return { mode: mode ?? fallback, rtt_thresholds };
      }
      throw new OptionError(`field ${quote(name)} should be a boolean or a structure, got ${goType(node)}`);
    },
  );
}

/** nats-server's complaint about a compression, undefined when it is fine. */
export function compressionComplaint({ mode, rtt_thresholds }: CompressionOptions): string | undefined {
  const lower = mode.toLowerCase();
  const word = Object.hasOwn(synonyms, lower) ? synonyms[lower]! : lower;
  if (!modes.includes(word)) return `unsupported compression mode ${quote(mode)}`;
  if (word !== "s2_auto" || rtt_thresholds.length === 0) return undefined;
  const shown = `[${rtt_thresholds.map(goDurationText).join(" ")}]`;
  if (rtt_thresholds.every((rtt) => rtt <= 0))
    return `compression mode ${quote(word)} requires at least one RTT threshold`;
  if (rtt_thresholds.length > 4)
    return `compression mode ${quote(word)} should have no more than 4 RTT thresholds: ${shown}`;
  if (rtt_thresholds.some((rtt, i) => i > 0 && rtt <= rtt_thresholds[i - 1]! && rtt > 0)) {
    return `RTT threshold values ${shown} should be in ascending order`;
  }
  return undefined;
}

/** Time for one write on a link. */
export const writeDeadline = duration({
  fallback: undefined,
  doc: "Time for one write.",
  reload: "restart",
  shown: "the server's",
});

/** What happens when it is over. */
export const writeTimeout = word({
  words: ["default", "close", "retry"],
  fallback: "default",
  doc: "What happens when a write took too long.",
  reload: "restart",
  outside: () => "write_timeout must be 'default', 'close' or 'retry'",
});

/** One URL or several, as texts; `what` begins nats-server's errors ("route"). */
export function readUrls(node: Node, what: string): readonly string[] {
  if (node.kind !== "array") {
    throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not []interface {}`);
  }
  return node.value.map((item) => {
    if (item.kind !== "string") {
      throw new OptionError(`error parsing ${what} url: unsupported type ${goType(item)}`, { at: item.at });
    }
    return checkedUrl(item.value, what, item.at);
  });
}

/** A URL that nats-server can parse too. */
export function checkedUrl(text: string, what: string, at?: Node["at"]): string {
  const url = text.trim();
  if (/%(?![0-9a-f]{2})/i.test(url) || /[\0-\x1f\x7f ]/.test(url)) {
    throw new OptionError(`error parsing ${what} url [${quote(text)}]`, at === undefined ? {} : { at });
  }
  return url;
}

/** A text for the `name` of a cluster or a gateway. */
export function linkName(what: string): Row<string | undefined> {
  return str({
    doc: `Name of the ${what}.`,
    reload: "restart",
    check: (name) => {
      if (name.includes(" ")) throw new OptionError(`${what} name cannot contain spaces`);
    },
  });
}

/** nats-server's words for a block that is none. */
export function notABlock(expected: string): (name: string, node: Node) => string {
  return (_name, node) => `${expected}, got ${goType(node)}`;
}
