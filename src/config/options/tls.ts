// The `tls` block, the same for every listener.

import type { Resolved } from "../rows.ts";
import { bool, custom, duration, int, str, texts, word } from "../rows.ts";

export interface CertPair {
  readonly cert_file: string;
  readonly key_file: string;
}

export const tlsRows = {
  cert_file: str({ doc: "File with the server's certificate and its chain, PEM.", reload: "live" }),
  key_file: str({ doc: "File with the private key of cert_file, PEM.", reload: "live" }),
  ca_file: str({
    doc: "File with the authorities that clients' certificates are checked against, PEM.",
    reload: "live",
  }),
  insecure: bool({
    fallback: false,
    doc: "Does not check the other side of a connection this server opens.",
    reload: "live",
  }),
  verify: bool({ fallback: false, doc: "Demands a certificate of every client and checks it.", reload: "live" }),
  verify_and_map: bool({
    fallback: false,
    doc: "As verify, and the certificate says which user it is.",
    reload: "live",
  }),
  verify_cert_and_check_known_urls: bool({
    fallback: false,
    doc: "As verify, and the certificate must name a host of a configured URL; for clusters and gateways.",
    reload: "live",
  }),
  cipher_suites: texts({ doc: "Names of the cipher suites for TLS 1.2, best first.", reload: "live" }),
  curve_preferences: texts({ doc: "Names of the key exchange curves, best first.", reload: "live" }),
  timeout: duration({ fallback: 2000, doc: "Time for the handshake.", reload: "live", shown: "2s" }),
  connection_rate_limit: int({
    fallback: 0,
    doc: "New TLS connections taken each second; 0 is any number.",
    reload: "live",
  }),
  pinned_certs: texts({ doc: "SHA-256 sums of the public keys that clients may show, in hex.", reload: "live" }),
  handshake_first: custom<boolean | number>(
    'boolean, "auto" or duration',
    false,
    { doc: 'TLS before INFO; "auto" (50ms) or a duration waits that long for a client to begin.', reload: "live" },
    () => false,
  ),
  certs: custom<readonly CertPair[]>(
    "list of blocks",
    [],
    {
      doc: "Several certificates, each with cert_file and key_file; the client's server name picks one.",
      reload: "live",
    },
    () => [],
  ),
  min_version: word({
    words: ["1.2", "1.3"],
    fallback: "1.2",
    doc: "Oldest version of TLS spoken.",
    reload: "live",
    outside: (given) => `error parsing tls config: unsupported TLS version: TLS ${given}`,
  }),
  allow_insecure_cipher_suites: bool({
    fallback: false,
    doc: "Lets cipher_suites name suites that are known to be weak.",
    reload: "live",
  }),
};

/** `handshake_first` is false, true, or the milliseconds to wait for a TLS hello before sending INFO in clear. */
export type TlsOptions = Resolved<typeof tlsRows>;
