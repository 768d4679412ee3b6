// Whether a client came through a proxy that is trusted: the proxy has signed
// the client's challenge. Source: auth facts §1.

import { decodeSignature } from "./jwt/base64url.ts";
import { verify } from "./nkey.ts";

/** The key of the proxy that signed `nonce`; undefined when nobody who is trusted did. */
export function proxyOf(signature: string, nonce: string, trusted: readonly string[]): string | undefined {
  const bytes = /^[\w-]*$/.test(signature) ? decodeSignature(signature) : undefined;
  if (bytes === undefined || nonce === "") return undefined;
  const message = Buffer.from(nonce, "latin1");
  return trusted.find((key) => verify(key, message, bytes));
}
