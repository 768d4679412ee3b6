// What a user may publish and subscribe to, as the configuration says it.

import { OptionError } from "../problems.ts";
import type { Reading } from "../rows.ts";
import { readInt, unknownKey } from "../rows.ts";
import type { MapNode, Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { goDuration } from "../go.ts";

/** Lists are never empty: a missing `allow` allows everything that `deny` does not name. */
export interface SubjectPermission {
  readonly allow?: readonly string[] | undefined;
  /** A subscribe entry, here and in allow, may be "subject queue". */
  readonly deny?: readonly string[] | undefined;
}

/** Publishing to the reply subject of a message one was sent. Without a publish allow list it is all one may publish. */
export interface ResponsePermission {
  /** Replies allowed for each request; -1 is any number. */
  readonly max: number;
  /** How long after the request, in milliseconds; negative is forever. */
  readonly expires: number;
}

export interface Permissions {
  readonly publish?: SubjectPermission | undefined;
  readonly subscribe?: SubjectPermission | undefined;
  readonly allow_responses?: ResponsePermission | undefined;
}

const names = ["publish", "pub", "import", "subscribe", "sub", "export", "allow_responses"];
const DEFAULT_RESPONSES: ResponsePermission = { max: 1, expires: 120_000 };

/** Reads a `permissions` block; `at` says that nats-server does not place the error about a value that is none. */
export function readPermissions(node: Node, reading: Reading, at?: "none"): Permissions {
  if (node.kind !== "map") {
    throw new OptionError(`Expected permissions to be a map/struct, got ${goValue(node)}`, at && { at });
  }
  const out: { -readonly [K in keyof Permissions]: Permissions[K] } = {};
  for (const entry of node.value.values()) {
    reading.problems.attempt(entry.at, () => {
      switch (entry.key.toLowerCase()) {
        case "publish":
        case "pub":
        case "import":
          out.publish = readSubjects(entry.node, reading, false);
          break;
        case "subscribe":
        case "sub":
        case "export":
          out.subscribe = readSubjects(entry.node, reading, true);
          break;
        case "allow_responses":
          out.allow_responses = readResponses(entry.node, reading);
          break;
        default:
          unknownKey(entry, names, reading, unknownPermission);
      }
    });
  }
  return out;
}

const unknownPermission = { unknown: (name: string) => `Unknown field ${quote(name)} parsing permissions` };
const unknownSubject = {
  unknown: (name: string) =>
    `Unknown field name ${quote(name)} parsing subject permissions, only 'allow' or 'deny' are permitted`,
};

function readSubjects(node: Node, reading: Reading, queues: boolean): SubjectPermission {
  if (node.kind !== "map") return { allow: filled(subjectList(node, queues, "none")) };
  let allow: readonly string[] = [];
  let deny: readonly string[] = [];
  for (const entry of node.value.values()) {
    const name = entry.key.toLowerCase();
    if (name !== "allow" && name !== "deny") {
      unknownKey(entry, ["allow", "deny"], reading, unknownSubject);
      continue;
    }
    reading.problems.attempt(entry.at, () => {
      const list = subjectList(entry.node, queues, undefined);
      if (name === "allow") allow = list;
      else deny = list;
    });
  }
  return { allow: filled(allow), deny: filled(deny) };
}

function filled(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** One subject or an array of them; `at` says how nats-server places the error about anything else. */
export function subjectList(node: Node, queues: boolean, at: "none" | undefined): readonly string[] {
  if (node.kind === "string") return [checked(node.value, queues)];
  if (node.kind !== "array") {
    const text = `Expected subject permissions to be a subject, or array of subjects, got ${goType(node)}`;
    throw new OptionError(text, at === undefined ? {} : { at });
  }
  return node.value.map((item) => {
    if (item.kind === "string") return checked(item.value, queues);
    throw new OptionError("Subject in permissions array cannot be cast to string", { at: item.at });
  });
}

function checked(entry: string, queues: boolean): string {
  // White space separates a subject and a queue; around a subject alone it is a mistake.
  const [subject = "", queue, ...more] = queues && /\S\s+\S/.test(entry) ? entry.trim().split(/\s+/) : [entry];
  if (more.length > 0 || !isSubject(subject)) {
    throw new OptionError(`subject ${quote(more.length > 0 ? entry : subject)} is not a valid subject`, { at: "none" });
  }
  if (queue === undefined) return subject;
  if (!isSubject(queue)) throw new OptionError(`queue ${quote(queue)} is not a valid queue`, { at: "none" });
  return `${subject} ${queue}`;
}

/** True for a subject, with wildcards or without. */
export function isSubject(text: string): boolean {
  if (/[\s]/.test(text)) return false;
  const tokens = text.split(".");
  return tokens.every((token, i) => token !== "" && (token !== ">" || i === tokens.length - 1));
}

function readResponses(node: Node, reading: Reading): ResponsePermission | undefined {
  if (node.kind === "bool") return node.value ? DEFAULT_RESPONSES : undefined;
  if (node.kind !== "map") {
    throw new OptionError("error parsing response permissions, expected a boolean or a map");
  }
  return readResponseMap(node, reading);
}

const responseNames = ["max", "max_msgs", "max_messages", "max_responses", "expires", "expiration", "ttl"];

function readResponseMap(node: MapNode, reading: Reading): ResponsePermission {
  let { max, expires } = DEFAULT_RESPONSES;
  for (const entry of node.value.values()) {
    const { node: value } = entry;
    const name = entry.key.toLowerCase();
    reading.problems.attempt(entry.at, () => {
      if (!responseNames.includes(name)) unknownKey(entry, responseNames, reading, unknownPermission);
      else if (name.startsWith("max")) {
        // Zero means the default, here and below.
        max = readInt(value, name, {}) || DEFAULT_RESPONSES.max;
      } else {
        if (value.kind !== "string") throw new OptionError("error parsing expires, not a duration string");
        const parsed = goDuration(value.value);
        if (typeof parsed !== "number") throw new OptionError(`error parsing expires: ${parsed.complaint}`);
        expires = parsed || DEFAULT_RESPONSES.expires;
      }
    });
  }
  return { max, expires };
}
