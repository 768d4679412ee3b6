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
  /** It has verified the certificates that clients show. */
  readonly verifiesClients: boolean;
}

/** What the service is told: about whom, and which key its answer must name. */
export function calloutDetails(credentials: Credentials, userKey: string, server: CalloutServer): CalloutDetails {
  const { about, tls, sig } = credentials;
  const { name, host, id, version, tags, xkey } = server;
  const isWebSocket = credentials.kind === "ws" || credentials.kind === "wss";
  return {
    server_id: { name, host, id, version, tags, xkey },
    user_nkey: userKey,
    client_info: {
      host: credentials.host ?? "",
      id: about?.cid ?? 0,
      user: nameOf(credentials),
      name: about?.name ?? "",
      kind: "Client",
      type: isWebSocket ? "websocket" : "nats",
      nonce: sig === "" ? "" : credentials.nonce,
    },
    connect_opts: {
      jwt: credentials.jwt,
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
    client_tls: tls === undefined ? undefined : tlsOf(tls, server.verifiesClients),
  };
}

/** Who a client says that it is; of a token only that it has one. */
export function nameOf({ nkey, user, token }: Credentials): string {
  if (nkey !== "") return nkey;
  return user === "" && token !== "" ? "[REDACTED]" : user;
}

function tlsOf({ version, cipherSuite, peerCertificates }: TlsInfo, isVerified: boolean): CalloutDetails["client_tls"] {
  const certs = peerCertificates.map(({ der }) => pemOf(der));
  const shown = isVerified && certs.length > 0 ? { verified_chains: [certs] } : { certs };
  return { version, cipher: cipherSuite, ...shown };
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
