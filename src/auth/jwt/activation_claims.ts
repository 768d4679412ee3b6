// A token by which an account lets another one import what it exports.

import { type Decoded, type Encodable, list, omitEmpty, record, text } from "../../base/json.ts";
import { claimsData, exportType, genericFields, struct, subject, v1Fields, wide } from "./kinds.ts";

const activation = record(
  {
    subject: omitEmpty(subject),
    kind: omitEmpty(exportType),
    issuer_account: omitEmpty(text),
    ...genericFields,
  },
  "jwt.Activation",
);
export const activationClaims = record({ ...claimsData, nats: struct(activation) }, "jwt.ActivationClaims");

const timeRangeV1 = record({ start: omitEmpty(text), end: omitEmpty(text) }, "jwt.TimeRange");
const activationV1 = record(
  {
    subject: omitEmpty(subject),
    type: omitEmpty(exportType),
    max: omitEmpty(wide),
    payload: omitEmpty(wide),
    src: omitEmpty(text),
    times: omitEmpty(list(timeRangeV1, "[]jwt.TimeRange")),
  },
  "jwt.v1NatsActivation",
);
export const activationClaimsV1 = record(
  { ...claimsData, ...v1Fields, nats: struct(activationV1) },
  "jwt.v1ActivationClaims",
);

export type ActivationClaims = Decoded<typeof activationClaims>;
export type ActivationClaimsInput = Encodable<typeof activationClaims>;

/** A token of version 1 as one of version 2. */
export function activationFromV1(old: Decoded<typeof activationClaimsV1>): ActivationClaims {
  const { type, tags, issuer_account, nats, ...data } = old;
  return { ...data, nats: { subject: nats.subject, kind: nats.type, issuer_account, type, tags, version: 1 } };
}
