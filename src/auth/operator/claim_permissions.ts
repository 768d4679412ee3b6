// Permissions and limits as tokens state them, as those of a configuration.
//
// Tokens may hold entries that are no subjects: a template is never checked.
// Such an entry gives nothing and takes nothing, and a list of which nothing
// is left still is a list: it lets nothing through.

import { byteString } from "../../base/bytes.ts";
import type { Permissions, SubjectPermission } from "../../config/options.ts";
import { isValidSubject } from "../../subject/subject.ts";
import { NO_LIMIT } from "../jwt/kinds.ts";
import type { ClaimPermission, ClaimPermissions } from "../jwt/user_claims.ts";

const NANOS_PER_MS = 1_000_000;
const INT32_MAX = 2 ** 31 - 1;
const EVERYTHING = ">";

/** Undefined when the token restricts nothing. */
export function permissionsOf({ pub, sub, resp }: ClaimPermissions): Permissions | undefined {
  const publish = listsOf(pub, publishAllow, publishDeny);
  const subscribe = listsOf(sub, subscribeEntry, subscribeEntry);
  if (publish === undefined && subscribe === undefined && resp === undefined) return undefined;
  return {
    publish,
    subscribe,
    allow_responses: resp === undefined ? undefined : { max: resp.max, expires: resp.ttl / NANOS_PER_MS },
  };
}

/** A limit of a token in the 32 bits in which nats-server holds it: -1 is none, less lets nothing through. */
export function limitOf(limit: number): number {
  return limit < NO_LIMIT ? 0 : Math.min(INT32_MAX, limit);
}

type Cleaner = (entry: string) => string | undefined;

function listsOf({ allow, deny }: ClaimPermission, allowed: Cleaner, denied: Cleaner): SubjectPermission | undefined {
  if (allow.length === 0 && deny.length === 0) return undefined;
  const allows = cleaned(allow, allowed);
  const denies = cleaned(deny, denied);
  return { allow: allows, deny: allow.length > 0 && allows.length === 0 ? [...denies, EVERYTHING] : denies };
}

function cleaned(entries: readonly string[], clean: Cleaner): string[] {
  return entries.map(clean).filter((entry) => entry !== undefined);
}

function publishAllow(entry: string): string | undefined {
  return isSubject(entry) ? entry : undefined;
}

/** A queue means nothing here; what was to be denied stays denied. */
function publishDeny(entry: string): string | undefined {
  return subscribeEntry(entry)?.split(" ", 1)[0];
}

/** "subject" or "subject queue". */
function subscribeEntry(entry: string): string | undefined {
  const parts = entry.split(/\s+/).filter((part) => part !== "");
  const isEntry = (parts.length === 1 || parts.length === 2) && parts.every(isSubject);
  return isEntry ? parts.join(" ") : undefined;
}

function isSubject(text: string): boolean {
  return !/[\t\n\f\r ]/.test(text) && isValidSubject(byteString(text));
}
