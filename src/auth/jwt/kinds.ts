// The values JWT claims are made of, as tables of the JSON codec: what nats-io/jwt v2 reads and writes, field by field.
//
// A list knows whether the token named it: one that was not there is its
// kind's `zero` itself, which `isZero` asks for.

import {
  bigInt64,
  type Decoded,
  int64,
  type Kind,
  list,
  map,
  omitEmpty,
  type OptionalKind,
  record,
  text,
  textOf,
  via,
} from "../../base/json.ts";

/** What a limit says that is none. */
export const NO_LIMIT = -1;

/** Any int64. Beyond 2^53 it is the nearest number: limits and times are only compared. */
export const wide: Kind<number> = via(bigInt64, 0, Number, (value) => BigInt(Math.round(value)));

/** Text in Go's type `Subject`. */
export const subject: Kind<string> = textOf("jwt.Subject");

export const texts = list(text, "jwt.StringList");
export const tags = list(text, "jwt.TagList");

/** A struct in a struct: Go writes it also when it is empty. */
export function struct<D, E extends object>(kind: Kind<D, E>): OptionalKind<D, E> {
  return {
    ...omitEmpty(kind),
    write: (writer, value) => kind.write(writer, value ?? ({} as E)),
    isEmpty: () => false,
  };
}

/** What every claim says besides its own: the registered names of RFC 7519 and `name`. Times are whole seconds. */
export const claimsData = {
  aud: omitEmpty(text),
  exp: omitEmpty(wide),
  jti: omitEmpty(text),
  iat: omitEmpty(wide),
  iss: omitEmpty(text),
  name: omitEmpty(text),
  nbf: omitEmpty(wide),
  sub: omitEmpty(text),
};
const claimsDataRecord = record(claimsData, "jwt.ClaimsData");
export type ClaimsData = Decoded<typeof claimsDataRecord>;

/** Fields of `nats` that every claim has. */
export const genericFields = {
  tags: omitEmpty(tags),
  type: omitEmpty(textOf("jwt.ClaimType")),
  version: omitEmpty(int64),
};

/** Fields that tokens of version 1 have beside `nats`. */
export const v1Fields = {
  tags: omitEmpty(tags),
  type: omitEmpty(textOf("jwt.ClaimType")),
  issuer_account: omitEmpty(text),
};

/** Public key, or "*" for all, to the time (seconds) up to which what was issued is void. */
export const revocations = map(wide, "jwt.RevocationList");

export const info = { description: omitEmpty(text), info_url: omitEmpty(text) };

/** "stream" or "service"; empty only where the token does not say. Null is refused, as Go does. */
export const exportType: Kind<ExportType> = {
  zero: "",
  read: (reader, current) => {
    const start = reader.start();
    const value = start === "string" ? reader.string() : "";
    if (value === "stream" || value === "service") return value;
    if (start === "string" || start === "null") {
      if (start === "null") reader.null();
      reader.noteText(`unknown export type ${JSON.stringify(value)}`);
    } else reader.misfit("string");
    return current;
  },
  write: (writer, value) => text.write(writer, value),
  isEmpty: (value) => value === "",
  writeSlowly: undefined,
  optional: false,
};
export type ExportType = "" | "stream" | "service";

/** A share of requests in percent; 0 is "headers": whatever the request's headers say. */
export const samplingRate: Kind<number> = {
  zero: 0,
  read: (reader, current) => {
    const start = reader.start();
    if (start === "null") {
      reader.null();
      return 0;
    }
    if (start !== "string") return int64.read(reader, current);
    const value = reader.string();
    if (value.toLowerCase() === "headers") return 0;
    reader.note("string", "int");
    return current;
  },
  write: (writer, value) => (value === 0 ? text.write(writer, "headers") : int64.write(writer, value)),
  isEmpty: () => false,
  writeSlowly: undefined,
  optional: false,
};

/** CIDRs: a list, or one text with commas, whose parts are trimmed, in lower case and once each. */
export const cidrs: Kind<readonly string[], Iterable<string>> = {
  ...texts,
  read: (reader, current) => {
    if (reader.start() !== "string") return texts.read(reader, current);
    const parts = reader.string().toLowerCase().split(",");
    return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ""))];
  },
};

/** Whether nothing of a record was in the token: what Go's reflect.DeepEqual with the zero value finds. */
export function isZero<T>(value: T, zero: T): boolean {
  if (Object.is(value, zero)) return true;
  if (typeof value !== "object" || value === null || typeof zero !== "object" || zero === null) return false;
  if (Array.isArray(value) || value instanceof Map) return false;
  return Object.keys(zero).every((key) => isZero(value[key as keyof T], zero[key as keyof T]));
}
