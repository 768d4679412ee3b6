// What a peer says of itself in CONNECT.

import {
  bool,
  decode,
  type Decoded,
  int,
  type JsonError,
  list,
  nullable,
  omitEmpty,
  orElse,
  record,
  text,
} from "../base/json.ts";

/** Subjects a leaf node or route lets in or out. */
export const subjectPermission = record(
  { allow: omitEmpty(list(text)), deny: omitEmpty(list(text)) },
  "server.SubjectPermission",
);

const connectOptions = record(
  {
    echo: orElse(bool, true),
    verbose: orElse(bool, true),
    pedantic: orElse(bool, true),
    tls_required: bool,
    nkey: text,
    jwt: text,
    sig: text,
    auth_token: text,
    user: text,
    pass: text,
    name: text,
    lang: text,
    version: text,
    protocol: int,
    account: text,
    new_account: bool,
    headers: bool,
    no_responders: bool,
    import: nullable(subjectPermission),
    export: nullable(subjectPermission),
    remote_account: text,
    proxy_sig: text,
  },
  "server.ClientOpts",
);

/** CONNECT, with what the peer left out filled in: it is verbose, pedantic and wants its echo. */
export type ConnectOptions = Decoded<typeof connectOptions>;

/** What holds of a peer that sends no CONNECT. */
export const defaultConnectOptions: ConnectOptions = connectOptions.zero;

/**
 * Decodes the argument of CONNECT, bytes [from, to), borrowed. What it leaves out is as `before`, the last CONNECT of
 * the connection, said. The error's text is nats-server's in its log.
 */
export function decodeConnect(
  bytes: Uint8Array,
  from: number,
  to: number,
  before: ConnectOptions = defaultConnectOptions,
): ConnectOptions | JsonError {
  return decode(orElse(connectOptions, before), bytes, from, to);
}
