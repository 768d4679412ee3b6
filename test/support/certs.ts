// The certificates of the tests; certs/make.sh tells what each is for.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export type CertName =
  "server" | "server2" | "client" | "client-dn" | "client-server-eku" | "client-other" | "ca" | "other-ca";

/** Where the PEM files are. */
export const certFolder = join(import.meta.dirname, "certs");

/** A certificate and its key, PEM. */
export function certPair(name: CertName): { cert: string; key: string } {
  return { cert: certPem(name), key: readFileSync(join(certFolder, `${name}-key.pem`), "utf8") };
}

/** A certificate alone, PEM. */
export function certPem(name: CertName): string {
  return readFileSync(join(certFolder, `${name}.pem`), "utf8");
}
