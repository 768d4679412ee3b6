// What a user's token says: whom it is for, what they may do, how much, from where and when.

import {
  bool,
  type Decoded,
  type Encodable,
  int64,
  list,
  nullable,
  omitEmpty,
  orElse,
  record,
  text,
} from "../../base/json.ts";
import { cidrs, claimsData, genericFields, isZero, NO_LIMIT, struct, texts, v1Fields, wide } from "./kinds.ts";

const permission = record({ allow: omitEmpty(texts), deny: omitEmpty(texts) }, "jwt.Permission");
const responsePermission = record({ max: int64, ttl: wide }, "jwt.ResponsePermission");
const permissionFields = {
  pub: struct(permission),
  sub: struct(permission),
  /** `ttl` in nanoseconds. */
  resp: omitEmpty(nullable(responsePermission)),
};
export const permissions = record(permissionFields, "jwt.Permissions");
const timeRange = record({ start: omitEmpty(text), end: omitEmpty(text) }, "jwt.TimeRange");
const userLimits = {
  src: omitEmpty(cidrs),
  times: omitEmpty(list(timeRange, "[]jwt.TimeRange")),
  /** An IANA time zone; empty is the server's own. */
  times_location: omitEmpty(text),
};
/** -1 is no limit; what a token leaves out is 0, which lets nothing through. */
export const natsLimits = { subs: omitEmpty(wide), data: omitEmpty(wide), payload: omitEmpty(wide) };

const permissionLimitFields = {
  ...permissionFields,
  ...userLimits,
  ...natsLimits,
  bearer_token: omitEmpty(bool),
  proxy_required: omitEmpty(bool),
  allowed_connection_types: omitEmpty(texts),
};
/** All that a scoped signing key can decide for its users. */
const userPermissionLimits = record(permissionLimitFields, "jwt.UserPermissionLimits");
/** What is not mentioned is no limit. */
const limitsIfAny = {
  subs: omitEmpty(orElse(wide, NO_LIMIT)),
  data: omitEmpty(orElse(wide, NO_LIMIT)),
  payload: omitEmpty(orElse(wide, NO_LIMIT)),
};
/** The template of a scope. */
export const scopeTemplate = record({ ...permissionLimitFields, ...limitsIfAny }, "jwt.UserPermissionLimits");

const user = record({ ...permissionLimitFields, issuer_account: omitEmpty(text), ...genericFields }, "jwt.User");
export const userClaims = record({ ...claimsData, nats: struct(user) }, "jwt.UserClaims");

const userV1 = record(
  {
    ...permissionFields,
    ...userLimits,
    ...limitsIfAny,
    bearer_token: omitEmpty(bool),
    max: omitEmpty(wide),
  },
  "jwt.v1User",
);
export const userClaimsV1 = record({ ...claimsData, ...v1Fields, nats: struct(userV1) }, "jwt.v1UserClaims");

export type ClaimPermission = Decoded<typeof permission>;
export type ClaimPermissions = Decoded<typeof permissions>;
export type TimeRange = Decoded<typeof timeRange>;
export type UserPermissionLimits = Decoded<typeof userPermissionLimits>;
export type UserClaims = Decoded<typeof userClaims>;
export type UserClaimsInput = Encodable<typeof userClaims>;

/** A token of version 1 as one of version 2. */
export function userFromV1(old: Decoded<typeof userClaimsV1>): UserClaims {
  const { type, tags, issuer_account, nats, ...data } = old;
  const { max: _, ...kept } = nats;
  return { ...data, nats: { ...user.zero, ...kept, type, tags, issuer_account, version: 1 } };
}

/** Whether the token leaves all that a scope decides to the scope; an empty list is something said. */
export function hasEmptyPermissions({ nats }: UserClaims): boolean {
  return Object.keys(permissionLimitFields).every((key) =>
    isZero(nats[key as keyof UserPermissionLimits], userPermissionLimits.zero[key as keyof UserPermissionLimits]),
  );
}
