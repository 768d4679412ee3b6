// Whether the token of an import lets its account use what another one exports.
//
// Source: auth facts §12, conformance/facts/jwt.md.

import { type Import, isRevoked } from "../jwt/account_claims.ts";
import { Issues } from "../jwt/issues.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import { decodeActivationClaims } from "../jwt/token.ts";
import { type Today, validateActivation } from "../jwt/validate.ts";
import { checkImport } from "../jwt/validate_account.ts";
import type { TrustedAccount } from "./trusted_account.ts";

export type Activation =
  | {
      readonly ok: true;
      /** Seconds since 1970 at which the import ends; undefined is never. */
      readonly expiresAtSec: number | undefined;
    }
  | { readonly ok: false; readonly text: string };

/**
 * Whether `imported`, an import in the token of account `importer`, is activated by `exporter`. `revocations` are those
 * of the export, public key or "*" to seconds.
 */
export function checkActivation(
  imported: Import,
  importer: string,
  exporter: TrustedAccount,
  revocations: ReadonlyMap<string, number>,
  today: Today,
): Activation {
  if (imported.token === "") return refused("activation token required");
  const importIssues = new Issues();
  checkImport(imported, importer, importIssues);
  const [fault] = importIssues.errors;
  if (fault !== undefined) return refused(fault);
  const claims = decodeActivationClaims(imported.token);
  if (claims instanceof JwtError) return refused(claims.text);
  const { issuer_account, subject, kind } = claims.nats;
  // Without it the account signed itself: the import was checked for that.
  if (issuer_account !== "" && issuer_account !== exporter.publicKey) {
    return refused(
      `Invalid issuer account "${issuer_account}" in activation claim (subject: "${subject}" - type: "${kind}") for account "${exporter.publicKey}"`,
    );
  }
  if (issuer_account !== "" && !exporter.signs(claims.iss)) return refused("activation issuer is not known");
  const issues = validateActivation(claims, today);
  if (issues.blocks(true)) return refused(issues.all[0]!.text);
  // Over in the very second, unlike other tokens.
  if (claims.exp !== 0 && claims.exp <= today.nowSec) return refused("activation token expired");
  if (isRevoked(revocations, claims.sub, claims.iat)) return refused("activation token revoked");
  return { ok: true, expiresAtSec: claims.exp === 0 ? undefined : claims.exp };
}

function refused(text: string): Activation {
  return { ok: false, text };
}
