// The permissions of a scoped signing key, filled in for one of its users.
//
//   "sales.{{name()}}.>"  "team.{{tag(team)}}.{{account-tag(region)}}"
//
// A tag may have several values: an entry then stands for every combination.
// What an allow list cannot say is left out of it; a deny list that cannot be
// said in full refuses the user. Source: auth facts §7, conformance/facts/jwt.md.

import { byteString } from "../../base/bytes.ts";
import { isValidSubject } from "../../subject/subject.ts";
import { JwtError } from "./jwt_error.ts";
import { quoted } from "./subject_rules.ts";
import type { UserClaims, UserPermissionLimits } from "./user_claims.ts";

/** Most entries that one list with tags may come to. */
const MAX_EXPANSIONS = 4096;

/** The account of the user, as far as templates speak of it. */
export interface TemplateAccount {
  readonly name: string;
  readonly tags: readonly string[];
}

/** The limits that hold for `user` in place of its own. */
export function applyTemplate(
  template: UserPermissionLimits,
  user: UserClaims,
  account: TemplateAccount,
): UserPermissionLimits | JwtError {
  const { pub, sub } = template;
  // In this order: the first fault is the one that is told.
  const lists = [];
  for (const [entries, isDeny] of [
    [sub.allow, false],
    [sub.deny, true],
    [pub.allow, false],
    [pub.deny, true],
  ] as const) {
    const filled = fillList(entries, isDeny, user, account);
    if (filled instanceof JwtError) return filled;
    lists.push(filled);
  }
  const [subAllow = [], subDeny = [], pubAllow = [], pubDeny = []] = lists;
  return {
    ...template,
    sub: { allow: subAllow, deny: closed(sub.allow, subAllow, subDeny) },
    pub: { allow: pubAllow, deny: closed(pub.allow, pubAllow, pubDeny) },
  };
}

/** An allow list of which nothing is left allows nothing: without it everything would be. */
function closed(before: readonly string[], allow: readonly string[], deny: readonly string[]): readonly string[] {
  return before.length > 0 && allow.length === 0 && !deny.includes(">") ? [...deny, ">"] : deny;
}

const TEMPLATE = /\{\{[^}]+\}\}/g;

function fillList(
  entries: readonly string[],
  isDeny: boolean,
  user: UserClaims,
  account: TemplateAccount,
): readonly string[] | JwtError {
  if (!entries.some((entry) => entry.search(TEMPLATE) >= 0)) return entries;
  const filled: string[] = [];
  for (const entry of entries) {
    const templates = entry.match(TEMPLATE) ?? [];
    const values: (readonly string[])[] = [];
    let hasTags = false;
    for (const template of templates) {
      const found = valuesOf(template, entry, isDeny, user, account);
      if (found instanceof JwtError) return found;
      hasTags ||= found.isTag;
      values.push(found.values);
    }
    if (hasTags) {
      const count = values.reduce((product, { length }) => product * length, 1);
      if (count > MAX_EXPANSIONS || filled.length > MAX_EXPANSIONS - count) {
        return new JwtError(`template expansion exceeds limit: ${MAX_EXPANSIONS}`);
      }
    }
    for (const chosen of combinations(values)) {
      // One after the other, so that a value may hold a later template.
      const subject = templates.reduce((text, template, i) => text.split(template).join(chosen[i]!), entry);
      if (isValidSubject(byteString(subject)) && !/[\t\n\f\r ]/.test(subject)) filled.push(subject);
      else if (isDeny) return new JwtError("generated invalid subject");
    }
  }
  return filled;
}

interface Values {
  readonly values: readonly string[];
  readonly isTag: boolean;
}

function valuesOf(
  template: string,
  entry: string,
  isDeny: boolean,
  user: UserClaims,
  account: TemplateAccount,
): Values | JwtError {
  const operation = template.slice(2, -2).trim();
  const one = (value: string): Values => ({ values: [value], isTag: false });
  switch (operation.toLowerCase()) {
    case "name()":
      return one(user.name);
    case "subject()":
      return one(user.sub);
    case "account-name()":
      return one(account.name);
    case "account-subject()":
      return one(user.nats.issuer_account);
  }
  const call = /^(account-)?tag\((?<key>.*)\)$/is.exec(operation);
  if (call === null) return new JwtError(`template operation in ${quoted(entry)}: ${quoted(operation)} is not defined`);
  // Only the lower-case name is taken off: "TAG(a)" asks for the tag "tag(a".
  const key = operation.replace(/^(?:account-)?tag\(/, "").slice(0, -1);
  const prefix = `${key.toLowerCase()}:`;
  const tags = call[1] === undefined ? user.nats.tags : account.tags;
  const values = tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length));
  if (values.length > 0) return { values, isTag: true };
  if (isDeny) return new JwtError(`generated invalid subject ${quoted(entry)}: ${quoted(key)} is not defined`);
  // No subject has a blank in it: the entry is left out.
  return { values: [" "], isTag: true };
}

/** Every way to take one of each, the last changing first. */
function* combinations(values: readonly (readonly string[])[]): Generator<readonly string[]> {
  const at = values.map(() => 0);
  for (;;) {
    yield at.map((index, i) => values[i]![index]!);
    let i = at.length - 1;
    while (i >= 0 && ++at[i]! === values[i]!.length) at[i--] = 0;
    if (i < 0) return;
  }
}
