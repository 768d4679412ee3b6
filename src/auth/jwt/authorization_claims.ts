// What a server asks an authorization service about a connection, and what it
// answers. Source: auth facts §6.

import { type Decoded, type Encodable, int64, list, nullable, omitEmpty, record, text } from "../../base/json.ts";
import { claimsData, genericFields, tags, texts, wide } from "./kinds.ts";

const serverId = record(
  {
    name: text,
    host: text,
    id: text,
    version: omitEmpty(text),
    cluster: omitEmpty(text),
    tags: omitEmpty(tags),
    xkey: omitEmpty(text),
  },
  "jwt.ServerID",
);
const clientInformation = record(
  {
    host: omitEmpty(text),
    id: omitEmpty(wide),
    user: omitEmpty(text),
    name: omitEmpty(text),
    tags: omitEmpty(tags),
    name_tag: omitEmpty(text),
    kind: omitEmpty(text),
    type: omitEmpty(text),
    mqtt_id: omitEmpty(text),
    nonce: omitEmpty(text),
  },
  "jwt.ClientInformation",
);
const connectOptions = record(
  {
    jwt: omitEmpty(text),
    nkey: omitEmpty(text),
    sig: omitEmpty(text),
    auth_token: omitEmpty(text),
    user: omitEmpty(text),
    pass: omitEmpty(text),
    name: omitEmpty(text),
    lang: omitEmpty(text),
    version: omitEmpty(text),
    protocol: int64,
  },
  "jwt.ConnectOptions",
);
const clientTls = record(
  {
    version: omitEmpty(text),
    cipher: omitEmpty(text),
    /** PEM. */
    certs: omitEmpty(texts),
    verified_chains: omitEmpty(list(texts, "[]jwt.StringList")),
  },
  "jwt.ClientTLS",
);
const authorizationRequest = record(
  {
    server_id: serverId,
    user_nkey: text,
    client_info: clientInformation,
    connect_opts: connectOptions,
    client_tls: omitEmpty(nullable(clientTls)),
    request_nonce: omitEmpty(text),
    ...genericFields,
  },
  "jwt.AuthorizationRequest",
);
const authorizationResponse = record(
  {
    jwt: omitEmpty(text),
    error: omitEmpty(text),
    issuer_account: omitEmpty(text),
    ...genericFields,
  },
  "jwt.AuthorizationResponse",
);

export const authorizationRequestClaims = record(
  { ...claimsData, nats: authorizationRequest },
  "jwt.AuthorizationRequestClaims",
);
export const authorizationResponseClaims = record(
  { ...claimsData, nats: authorizationResponse },
  "jwt.AuthorizationResponseClaims",
);

export type AuthorizationRequestClaims = Decoded<typeof authorizationRequestClaims>;
export type AuthorizationRequestInput = Encodable<typeof authorizationRequestClaims>;
export type AuthorizationResponseClaims = Decoded<typeof authorizationResponseClaims>;
export type AuthorizationResponseInput = Encodable<typeof authorizationResponseClaims>;
