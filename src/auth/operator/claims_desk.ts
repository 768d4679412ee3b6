// What `$SYS.REQ.CLAIMS.*` and `$SYS.REQ.ACCOUNT.<key>.CLAIMS.*` ask of a directory of tokens.
//
// Knows the rules and the texts of the answers; subjects, replies and JSON are
// for `system`. Source: auth facts §7, conformance/facts/jwt.md.

import type { Env } from "../../base/world.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import type { AccountClaims } from "../jwt/account_claims.ts";
import type { OperatorClaims } from "../jwt/operator_claims.ts";
import type { Zones } from "../jwt/time_windows.ts";
import { decodeAccountClaims, decodeGenericClaims } from "../jwt/token.ts";
import { validateAccount } from "../jwt/validate_account.ts";
import { isPublicKey } from "../nkey.ts";
import type { TokenDirectory } from "./token_directory.ts";

/** Without `error` an answer of code 200 with the message, else of 500 with "<message> - <error>". */
export interface ClaimsAnswer {
  /** Empty where the answer names none. */
  readonly account: string;
  readonly message: string;
  readonly error: string | undefined;
}

export interface ClaimsDeskOptions {
  /** A cache keeps only the accounts that are used here. */
  readonly kind: "full" | "cache";
  /** The first operator: it alone deletes. */
  readonly operator: OperatorClaims;
  /** Empty when there is none; it cannot be deleted. */
  readonly systemAccount: string;
  /** Whether somebody asked for this account here. */
  readonly isKnown: (publicKey: string) => boolean;
  /** An account was deleted. */
  readonly onDeleted: (publicKey: string) => void;
  readonly allowsDelete: boolean;
}

export class ClaimsDesk {
  readonly #directory: TokenDirectory;
  readonly #env: Env;
  readonly #zones: Zones;
  readonly #options: ClaimsDeskOptions;

  constructor(directory: TokenDirectory, env: Env, zones: Zones, options: ClaimsDeskOptions) {
    this.#directory = directory;
    this.#env = env;
    this.#zones = zones;
    this.#options = options;
  }

  /** A token was pushed: `named` is the account in the subject, undefined where the subject has none. */
  async update(token: string, named: string | undefined): Promise<ClaimsAnswer> {
    const isCache = this.#options.kind === "cache";
    const failed = `jwt update${isCache ? " cache" : ""} resulted in error`;
    const claims = decodeAccountClaims(token);
    if (claims instanceof JwtError) return answer(isCache && named !== undefined ? named : "n/a", failed, claims.text);
    const publicKey = named ?? claims.sub;
    for (const check of this.#checksOf(named)) {
      const refusal = check(claims, publicKey, failed);
      if (refusal !== undefined) return refusal;
    }
    const unsaved = await this.#directory.save(publicKey, token);
    if (unsaved !== undefined) return answer(publicKey, failed, unsaved.text);
    return answer(publicKey, isCache ? "jwt updated cache" : "jwt updated");
  }

  /** A generic token of the operator, which lists the accounts to delete. */
  async delete(token: string): Promise<ClaimsAnswer> {
    const claims = decodeGenericClaims(token);
    const subject = claims instanceof JwtError ? "" : claims.sub;
    const accounts =
      claims instanceof JwtError ? claims.text : this.#deletable(claims.sub, claims.iss, claims.data.get("accounts"));
    if (typeof accounts === "string") return answer("", `delete accounts request by ${subject} failed`, accounts);
    const errors: string[] = [];
    for (const account of accounts) {
      const deleted = await this.#directory.delete(account);
      if (deleted instanceof JwtError) errors.push(deleted.text);
      else if (deleted) this.#options.onDeleted(account);
    }
    const passed = accounts.length - errors.length;
    if (errors.length === 0) return answer("", `deleted ${passed} accounts`);
    return answer("", `deleted ${passed} accounts, failed for ${errors.length}`, errors.join("\n"));
  }

  /** The accounts whose tokens are here and good. */
  list(): string[] {
    return [...this.#directory.pack()].map((line) => line.slice(0, line.indexOf("|")));
  }

  /** The messages for a server whose directory has this hash; an empty one comes after them. */
  *pack(hash: Uint8Array): Generator<string> {
    if (!this.#directory.hash().equals(hash)) yield* this.#directory.pack();
  }

  /** The token of an account; empty when it is not here, undefined when there is nothing to answer. */
  lookup(publicKey: string): string | undefined {
    const token = this.#directory.load(publicKey);
    return token instanceof JwtError ? undefined : (token ?? "");
  }

  /** In nats-server's order, which is another one for each kind and subject. */
  #checksOf(named: string | undefined): readonly Check[] {
    const isCache = this.#options.kind === "cache";
    if (named === undefined) return isCache ? [this.#strict, this.#known, this.#valid] : [this.#strict, this.#valid];
    return isCache ? [matches, this.#strict, this.#known, this.#valid] : [this.#valid, matches, this.#strict];
  }

  readonly #strict: Check = ({ iss }, publicKey, failed) => {
    const { sub, nats } = this.#options.operator;
    if (iss !== sub || !nats.strict_signing_key_usage) return undefined;
    return answer(publicKey, failed, "operator requires issuer to be a signing key");
  };
  readonly #known: Check = (_, publicKey) =>
    this.#options.isKnown(publicKey) ? undefined : answer(publicKey, "jwt update cache skipped");
  readonly #valid: Check = (claims) => {
    const { errors } = validateAccount(claims, { nowSec: this.#env.wallSec(), zones: this.#zones });
    if (errors.length === 0) return undefined;
    const message = this.#options.kind === "cache" ? "jwt update cache validation failed" : "jwt validation failed";
    return answer(claims.sub, message, `validation errors: [${errors.join(" ")}]`);
  };

  /** The accounts, or why nothing is deleted. */
  #deletable(subject: string, issuer: string, list: unknown): readonly string[] | string {
    const { operator, allowsDelete, systemAccount } = this.#options;
    if (!allowsDelete) return "delete must be enabled in server config";
    if (subject !== issuer) return "not self signed";
    const { strict_signing_key_usage: isStrict, signing_keys: keys } = operator.nats;
    if (!keys.includes(issuer) && (isStrict || issuer !== operator.sub)) return "not trusted";
    if (!Array.isArray(list)) return "malformed request";
    for (const account of list as unknown[]) {
      if (typeof account !== "string" || !isPublicKey(account, "account")) return "malformed request";
      if (account === systemAccount) return "not allowed to delete system account";
    }
    return list as string[];
  }
}

type Check = (claims: AccountClaims, publicKey: string, failed: string) => ClaimsAnswer | undefined;

const matches: Check = ({ sub }, publicKey, failed) =>
  sub === publicKey ? undefined : answer(publicKey, failed, "subject does not match jwt content");

function answer(account: string, message: string, error?: string): ClaimsAnswer {
  return { account, message, error };
}
