// What an operator's token says: which keys sign its accounts, and what it asks of servers.

import { bool, type Decoded, type Encodable, omitEmpty, record, text } from "../../base/json.ts";
import { claimsData, genericFields, struct, texts, v1Fields } from "./kinds.ts";

const operatorFields = {
  signing_keys: omitEmpty(texts),
  account_server_url: omitEmpty(text),
  operator_service_urls: omitEmpty(texts),
  system_account: omitEmpty(text),
};
const operator = record(
  {
    ...operatorFields,
    assert_server_version: omitEmpty(text),
    strict_signing_key_usage: omitEmpty(bool),
    ...genericFields,
  },
  "jwt.Operator",
);
export const operatorClaims = record({ ...claimsData, nats: struct(operator) }, "jwt.OperatorClaims");
export const operatorClaimsV1 = record(
  { ...claimsData, ...v1Fields, nats: struct(record(operatorFields, "jwt.v1NatsOperator")) },
  "jwt.v1OperatorClaims",
);

export type OperatorClaims = Decoded<typeof operatorClaims>;
export type OperatorClaimsInput = Encodable<typeof operatorClaims>;

/** A token of version 1 as one of version 2. */
export function operatorFromV1(old: Decoded<typeof operatorClaimsV1>): OperatorClaims {
  const { type, tags, issuer_account: _, nats, ...data } = old;
  return { ...data, nats: { ...operator.zero, ...nats, type, tags, version: 1 } };
}
