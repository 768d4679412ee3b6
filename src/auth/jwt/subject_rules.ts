// What nats-io/jwt asks of subjects in claims. It is less than the server asks later.

import { byteString } from "../../base/bytes.ts";
import { quoted as quotedBytes } from "../../errors/protocol.ts";
import type { Issues } from "./issues.ts";

/** As Go's %q. */
export function quoted(input: string): string {
  return quotedBytes(byteString(input));
}

export function checkSubject(subject: string, issues: Issues): void {
  if (subject === "") {
    issues.error("subject cannot be empty");
    return;
  }
  if (subject.includes(" ")) issues.error(`subject ${quoted(subject)} cannot have spaces`);
  if (subject.startsWith(".") || subject.endsWith(".")) {
    issues.error(`subject ${quoted(subject)} cannot start or end with a \`.\``);
  }
  if (subject.includes("..")) issues.error(`subject ${quoted(subject)} cannot contain consecutive \`.\``);
}

/** An entry of a permission: a subject, with `mayQueue` also "subject queue". */
export function checkPermissionEntry(entry: string, mayQueue: boolean, issues: Issues): void {
  const parts = entry.split(" ");
  if (parts.length > 2) {
    issues.error(`Permission Subject "${entry}" contains too many spaces`);
    return;
  }
  for (const part of parts) checkSubject(part, issues);
  if (parts.length === 2 && !mayQueue) issues.error(`Permission Subject "${entry}" is not allowed to contain queue`);
}

/** The local subject of an import: every `*` of `from` must come back in it, as `*` or `$n`. */
export function checkRenaming(renamed: string, from: string, issues: Issues): void {
  checkSubject(renamed, issues);
  if (from === "") issues.error("subject cannot be empty");
  if (renamed.includes(" ")) issues.error(`subject ${quoted(renamed)} cannot have spaces`);
  if (endsOpen(renamed) !== endsOpen(from)) {
    issues.error("both, renaming subject and subject, need to end or not end in >");
  }
  const wildcards = from.split(".").filter((token) => token === "*").length;
  let used = 0;
  for (const token of renamed.split(".")) {
    if (token === "*") used++;
    const reference = referenceOf(token);
    if (reference === undefined) continue;
    if (reference > wildcards) {
      issues.error(`Reference $${reference} in ${quoted(renamed)} reference * in ${quoted(from)} that do not exist`);
    } else used++;
  }
  if (used !== wildcards) issues.error("subject does not contain enough * or reference wildcards $[0-9]");
}

/** The local subject with `*` in the place of every reference. */
export function withoutReferences(renamed: string): string {
  return renamed
    .split(".")
    .map((token) => (referenceOf(token) === undefined ? token : "*"))
    .join(".");
}

/** The number of a token `$n`; Go's Atoi also takes a sign. */
function referenceOf(token: string): number | undefined {
  return /^\$[+-]?\d+$/.test(token) ? Number(token.slice(1)) : undefined;
}

function endsOpen(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}

export function hasWildcards(subject: string): boolean {
  return (
    subject.endsWith(".>") ||
    subject.includes(".*.") ||
    subject.endsWith(".*") ||
    subject.startsWith("*.") ||
    subject === "*" ||
    subject === ">"
  );
}

/** Whether the tokens of one subject fall under those of another. */
export function isContained(tokens: readonly string[], other: readonly string[]): boolean {
  if (tokens.length > other.length && other.at(-1) !== ">") return false;
  if (tokens.length < other.length) return false;
  for (let i = 0; i < other.length; i++) {
    const token = other[i]!;
    if (i === other.length - 1 && token === ">") return true;
    if (token !== tokens[i] && token !== "*") return false;
  }
  return true;
}
