// What an account's token says: its limits, what it exports and imports, who signs its users and which of them are revoked.

import {
  bool,
  decodeText,
  type Decoded,
  encode,
  type Encodable,
  int64,
  integer,
  JsonError,
  type Kind,
  list,
  map,
  nullable,
  omitEmpty,
  record,
  text,
  textOf,
  uint8,
} from "../../base/json.ts";
import { any, type JsonValue } from "../../base/json_any.ts";
import {
  claimsData,
  exportType,
  genericFields,
  info,
  isZero,
  revocations,
  samplingRate,
  struct,
  subject,
  texts,
  v1Fields,
  wide,
} from "./kinds.ts";
import { natsLimits, permissions, scopeTemplate, type UserPermissionLimits } from "./user_claims.ts";

const importRecord = record(
  {
    name: omitEmpty(text),
    /** As the publisher sees it: the exporter's of a stream, the importer's of a service. */
    subject: omitEmpty(subject),
    account: omitEmpty(text),
    token: omitEmpty(text),
    to: omitEmpty(subject),
    local_subject: omitEmpty(textOf("jwt.RenamingSubject")),
    type: omitEmpty(exportType),
    share: omitEmpty(bool),
    allow_trace: omitEmpty(bool),
  },
  "jwt.Import",
);
const serviceLatency = record({ sampling: samplingRate, results: subject }, "jwt.ServiceLatency");
const exportRecord = record(
  {
    name: omitEmpty(text),
    subject: omitEmpty(subject),
    type: omitEmpty(exportType),
    token_req: omitEmpty(bool),
    revocations: omitEmpty(revocations),
    response_type: omitEmpty(textOf("jwt.ResponseType")),
    /** Nanoseconds. */
    response_threshold: omitEmpty(wide),
    service_latency: omitEmpty(nullable(serviceLatency)),
    account_token_position: omitEmpty(integer("uint", 0, Infinity)),
    advertise: omitEmpty(bool),
    allow_trace: omitEmpty(bool),
    ...info,
  },
  "jwt.Export",
);
const accountLimits = {
  imports: omitEmpty(wide),
  exports: omitEmpty(wide),
  wildcards: omitEmpty(bool),
  disallow_bearer: omitEmpty(bool),
  conn: omitEmpty(wide),
  leaf: omitEmpty(wide),
};
const jetStreamFields = {
  mem_storage: omitEmpty(wide),
  disk_storage: omitEmpty(wide),
  streams: omitEmpty(wide),
  consumer: omitEmpty(wide),
  max_ack_pending: omitEmpty(wide),
  mem_max_stream_bytes: omitEmpty(wide),
  disk_max_stream_bytes: omitEmpty(wide),
  max_bytes_required: omitEmpty(bool),
};
const jetStreamLimits = record(jetStreamFields, "jwt.JetStreamLimits");
const operatorLimits = record(
  {
    ...natsLimits,
    ...accountLimits,
    ...jetStreamFields,
    tiered_limits: omitEmpty(map(jetStreamLimits, "jwt.JetStreamTieredLimits")),
  },
  "jwt.OperatorLimits",
);

/** A signing key that decides all that its users may do. */
export interface UserScope {
  readonly key: string;
  readonly role: string;
  readonly description: string;
  readonly template: UserPermissionLimits;
}
const SCOPE_KIND = "user_scope";
const userScope = record(
  { kind: text, key: text, role: text, template: scopeTemplate, description: text },
  "jwt.UserScope",
);

/** Account public keys; undefined for those without a scope. */
export type SigningKeys = ReadonlyMap<string, UserScope | undefined>;

/** A list of keys and scopes; what is neither is passed over, as Go does. Written sorted by key. */
const signingKeys: Kind<SigningKeys> = {
  zero: new Map(),
  read: (reader, current) => {
    const start = reader.start();
    if (start === "null") {
      reader.null();
      return current;
    }
    if (start !== "array") {
      reader.misfit("[]interface {}");
      return current;
    }
    const keys = new Map(current);
    for (const entry of list(any).read(reader, [])) {
      if (typeof entry === "string") keys.set(entry, undefined);
      else if (isObject(entry)) {
        const scope = scopeOf(entry);
        if (scope instanceof JsonError) {
          reader.noteText(scope.text);
          break;
        }
        keys.set(scope.key, scope);
      }
    }
    return keys;
  },
  write: (writer, keys) => {
    let first = true;
    writer.open("[");
    for (const [key, scope] of [...keys].sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.element(first);
      if (scope === undefined) text.write(writer, key);
      else userScope.write(writer, { ...scope, kind: SCOPE_KIND });
      first = false;
    }
    writer.close("]", first);
  },
  isEmpty: (keys) => keys.size === 0,
  writeSlowly: undefined,
  optional: false,
};

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function scopeOf(entry: { readonly [key: string]: JsonValue }): UserScope | JsonError {
  if (entry["kind"] !== SCOPE_KIND) {
    // The word it shows is not the one that it looks at.
    const { type } = entry;
    return new JsonError(`unknown signing key scope ${typeof type === "string" ? JSON.stringify(type) : "%!q(<nil>)"}`);
  }
  const scope = decodeText(userScope, encode(any, entry));
  if (scope instanceof JsonError) return scope;
  const { kind: _, ...kept } = scope;
  return kept;
}

const weightedMapping = record(
  {
    subject,
    /** Percent; 0 means 100. */
    weight: omitEmpty(uint8),
    cluster: omitEmpty(text),
  },
  "jwt.WeightedMapping",
);
const externalAuthorization = record(
  { auth_users: omitEmpty(texts), allowed_accounts: omitEmpty(texts), xkey: omitEmpty(text) },
  "jwt.ExternalAuthorization",
);
const messageTrace = record({ dest: omitEmpty(subject), sampling: omitEmpty(int64) }, "jwt.MsgTrace");

const account = record(
  {
    imports: omitEmpty(list(nullable(importRecord), "jwt.Imports")),
    exports: omitEmpty(list(nullable(exportRecord), "jwt.Exports")),
    limits: struct(operatorLimits),
    signing_keys: omitEmpty(signingKeys),
    revocations: omitEmpty(revocations),
    default_permissions: struct(permissions),
    mappings: omitEmpty(map(list(weightedMapping, "[]jwt.WeightedMapping"), "jwt.Mapping")),
    authorization: struct(externalAuthorization),
    trace: omitEmpty(nullable(messageTrace)),
    cluster_traffic: omitEmpty(textOf("jwt.ClusterTraffic")),
    ...info,
    ...genericFields,
  },
  "jwt.Account",
);
export const accountClaims = record({ ...claimsData, nats: struct(account) }, "jwt.AccountClaims");

const accountV1 = record(
  {
    imports: omitEmpty(list(nullable(importRecord), "jwt.Imports")),
    exports: omitEmpty(list(nullable(exportRecord), "jwt.Exports")),
    limits: struct(record({ ...natsLimits, ...accountLimits }, "")),
    signing_keys: omitEmpty(texts),
    revocations: omitEmpty(revocations),
  },
  "jwt.v1NatsAccount",
);
export const accountClaimsV1 = record({ ...claimsData, ...v1Fields, nats: struct(accountV1) }, "jwt.v1AccountClaims");

export type Import = Decoded<typeof importRecord>;
export type Export = Decoded<typeof exportRecord>;
export type ServiceLatency = Decoded<typeof serviceLatency>;
export type JetStreamLimits = Decoded<typeof jetStreamLimits>;
export type OperatorLimits = Decoded<typeof operatorLimits>;
export type WeightedMapping = Decoded<typeof weightedMapping>;
export type ExternalAuthorization = Decoded<typeof externalAuthorization>;
export type AccountClaims = Decoded<typeof accountClaims>;
export type AccountClaimsInput = Encodable<typeof accountClaims>;

/** A token of version 1 as one of version 2: without JetStream, its signing keys without scopes. */
export function accountFromV1(old: Decoded<typeof accountClaimsV1>): AccountClaims {
  const { type, tags, issuer_account: _, nats, ...data } = old;
  return {
    ...data,
    nats: {
      ...account.zero,
      imports: nats.imports,
      exports: nats.exports,
      limits: { ...operatorLimits.zero, ...nats.limits },
      signing_keys: new Map(nats.signing_keys.map((key) => [key, undefined])),
      revocations: nats.revocations,
      type,
      tags,
      version: 1,
    },
  };
}

/** Limits by tier make the flat ones of JetStream void. */
export function withTiers(claims: AccountClaims): AccountClaims {
  const { limits } = claims.nats;
  if (limits.tiered_limits.size === 0) return claims;
  return { ...claims, nats: { ...claims.nats, limits: { ...limits, ...jetStreamLimits.zero } } };
}

/** Whether all limits are 0. */
export function hasNoLimits(limits: OperatorLimits): boolean {
  return (
    limits.tiered_limits.size === 0 &&
    isZero({ ...limits, tiered_limits: undefined }, { ...operatorLimits.zero, tiered_limits: undefined })
  );
}

/** Whether what was issued to `publicKey` at `issuedAt` (seconds) is void. */
export function isRevoked(revoked: ReadonlyMap<string, number>, publicKey: string, issuedAt: number): boolean {
  return [publicKey, "*"].some((key) => (revoked.get(key) ?? Number.NEGATIVE_INFINITY) >= issuedAt);
}
