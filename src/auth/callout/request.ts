// What an authorization service is asked about a connection.
//
// Source: auth facts §6.

import type { TlsInfo } from "../../base/transport.ts";
import type { Credentials } from "../authenticator.ts";
import type { CalloutDetails } from "../operator/callout.ts";

/** Who asks. */
export interface CalloutServer {
  readonly name: string;
  readonly host: string;
  readonly id: string;
  readonly version: string;
  readonly tags: readonly string[];
  /** Its curve key, where what it asks is sealed; else empty. */
  readonly xkey: string;
}

/** The user of the token that let a client come so far: its own, or the sentinel's. */
export interface ShownUser {
  readonly token: string;
  readonly publicKey: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/**
 * What the service is told: about whom, and which key its answer must name. Outside operator mode there is no
 * `shown`: nobody has looked at a token, and none is told.
 */
export function calloutDetails(
  credentials: Credentials,
  userKey: string,
  server: CalloutServer,
  shown: ShownUser | undefined,
): CalloutDetails {
  const { about, tls, sig } = credentials;
  const { name, host, id, version, tags, xkey } = server;
  const isWebSocket = credentials.kind === "ws" || credentials.kind === "wss";
  return {
    server_id: { name, host, id, version, tags, xkey },
    user_nkey: userKey,
    client_info: {
      host: credentials.host ?? "",
      id: about?.cid ?? 0,
      user: shown === undefined ? nameOf(credentials) : credentials.nkey || credentials.user || shown.publicKey,
      name: about?.name ?? "",
      tags: shown?.tags ?? [],
      name_tag: shown?.name ?? "",
      kind: "Client",
      type: isWebSocket ? "websocket" : "nats",
      nonce: sig === "" ? "" : credentials.nonce,
    },
    connect_opts: {
      jwt: shown?.token ?? "",
      nkey: credentials.nkey,
      sig,
      auth_token: credentials.token,
      user: credentials.user,
      pass: credentials.pass,
      name: about?.name ?? "",
      lang: about?.lang ?? "",
      version: about?.version ?? "",
      protocol: about?.protocol ?? 0,
    },
    client_tls: tls === undefined ? undefined : tlsOf(tls),
  };
}

/** Who a client says that it is; of a token only that it has one. */
export function nameOf({ nkey, user, token }: Credentials): string {
  if (nkey !== "") return nkey;
  return user === "" && token !== "" ? "[REDACTED]" : user;
}

function tlsOf({ version, cipherSuite, peerCertificates, verifiedChain }: TlsInfo): CalloutDetails["client_tls"] {
  const shown =
    verifiedChain === undefined
      ? { certs: peerCertificates.map(({ der }) => pemOf(der)) }
      : { verified_chains: [verifiedChain().map(pemOf)] };
  return { version, cipher: cipherSuite, ...shown };
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
