// What a user is told of itself by $SYS.REQ.USER.INFO.

import {
  decode,
  type Decoded,
  encodeSlices,
  int,
  int64,
  JsonError,
  list,
  omitEmpty,
  record,
  text,
} from "../base/json.ts";
import { headerOf } from "./encoding.ts";

const lists = record({ allow: omitEmpty(list(text)), deny: omitEmpty(list(text)) });
const permissions = record({
  publish: lists,
  subscribe: lists,
  responses: omitEmpty(record({ max: int, ttl: int64 })),
});
const kind = record({
  user: text,
  account: text,
  account_name: omitEmpty(text),
  user_name: omitEmpty(text),
  permissions: omitEmpty(permissions),
  expires: omitEmpty(int64),
});

export interface SubjectLists {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** Who is connected, and what it may do; `permissions` only where there are any. */
export interface UserInfo {
  readonly user: string;
  readonly account: string;
  readonly accountName?: string;
  readonly userName?: string;
  readonly permissions?: {
    readonly publish: SubjectLists;
    readonly subscribe: SubjectLists;
    /** The time to live in nanoseconds. */
    readonly responses: { readonly max: number; readonly ttl: number } | undefined;
  };
  /** Nanoseconds until its credentials expire. */
  readonly expiresNanos?: number;
}

const asking = record({ acc: text, svc: text, user: text });

/** Who asked through another account, as that one was told in a header: empty where nothing was. */
export function requesterIn(header: Uint8Array): Decoded<typeof asking> {
  const told = decode(asking, Buffer.from(headerOf(header, "Nats-Request-Info"), "latin1"));
  return told instanceof JsonError ? asking.zero : told;
}

/** What is told through a service of somebody who is `known`: who it is as far as the header tells, and what it may do. */
export function asTold(header: Uint8Array, known: UserInfo | undefined): UserInfo {
  const { acc, user } = requesterIn(header);
  if (known === undefined || known.account !== acc) return { user, account: acc };
  const { userName: _, ...rest } = known;
  return { ...rest, user };
}

/** The slices of the answer. */
export function encodedUser(info: UserInfo): Iterable<string> {
  return encodeSlices(kind, {
    user: info.user,
    account: info.account,
    account_name: info.accountName,
    user_name: info.userName,
    permissions: info.permissions,
    expires: info.expiresNanos,
  });
}
