import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accountClaims } from "../../../src/auth/jwt/account_claims.ts";
import { activationClaims } from "../../../src/auth/jwt/activation_claims.ts";
import { authorizationRequestClaims, authorizationResponseClaims } from "../../../src/auth/jwt/authorization_claims.ts";
import { encodeToken, type WritableKind } from "../../../src/auth/jwt/encode.ts";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { operatorClaims } from "../../../src/auth/jwt/operator_claims.ts";
import {
  decodeAccountClaims,
  decodeGenericClaims,
  decodeToken,
  decodeUserClaims,
  genericClaims,
  MAX_TOKEN_BYTES,
  type Token,
} from "../../../src/auth/jwt/token.ts";
import { hasEmptyPermissions, userClaims } from "../../../src/auth/jwt/user_claims.ts";
import { encode, type Kind } from "../../../src/base/json.ts";
import { decoded, keyOf, tokenOf } from "./vectors.ts";

const tables: Record<Token["kind"], Kind<unknown, unknown>> = {
  operator: operatorClaims as Kind<unknown, unknown>,
  account: accountClaims as Kind<unknown, unknown>,
  user: userClaims as Kind<unknown, unknown>,
  activation: activationClaims as Kind<unknown, unknown>,
  authorization_request: authorizationRequestClaims as Kind<unknown, unknown>,
  authorization_response: authorizationResponseClaims as Kind<unknown, unknown>,
  generic: genericClaims as Kind<unknown, unknown>,
};
const goNames: Record<string, Token["kind"]> = {
  Operator: "operator",
  Account: "account",
  User: "user",
  Activation: "activation",
  AuthorizationRequest: "authorization_request",
  AuthorizationResponse: "authorization_response",
  Generic: "generic",
  generic: "generic",
};
/** The texts of mismatches name Go's structs, and change with Go. */
const shortened = (text: string): string => text.replace(/(json: cannot unmarshal ).*/, "$1");
/** A limit of 2^63-1 is the nearest number; a null list is an empty one. */
const notWrittenAlike = new Set(["user subsBig", "account mappings null"]);

describe("a token is read as nats-io/jwt reads it", () => {
  test.each(decoded.map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    const token: Token | JwtError = vector.generic === true ? generic(vector.token) : decodeToken(vector.token);
    if (vector.error !== undefined) {
      expect(token).toBeInstanceOf(JwtError);
      expect(shortened((token as JwtError).text)).toBe(shortened(vector.error));
      return;
    }
    expect(token).not.toBeInstanceOf(JwtError);
    const { kind, claims } = token as Token;
    expect(kind).toBe(goNames[vector.kind!]);
    if (vector.marshal === undefined && !notWrittenAlike.has(vector.name)) {
      const shown = claims as { data?: unknown };
      expect(encode(tables[kind], kind === "generic" ? { ...claims, nats: shown.data } : claims)).toBe(vector.json);
    }
    if (kind === "user") expect(hasEmptyPermissions(claims)).toBe(vector.empty);
  });

  function generic(token: string): Token | JwtError {
    const claims = decodeGenericClaims(token);
    return claims instanceof JwtError ? claims : { kind: "generic", claims };
  }
});

describe("a token is written as nats-io/jwt writes it", () => {
  const signers: Record<string, string> = {
    operator: "operator",
    account: "operatorSigning",
    "account tiers": "operator",
    activation: "accountSigning",
    user: "accountSigning",
    "user plain": "account",
    "user scoped": "accountScoped",
    "authorization request": "server",
    "authorization response": "accountSigning",
  };
  test.each(Object.entries(signers))("%s", (name, signer) => {
    const token = decodeToken(tokenOf(name)) as Token;
    expect(token).not.toBeInstanceOf(JwtError);
    expect(encode(tables[token.kind], token.claims)).toBe(
      Buffer.from(tokenOf(name).split(".")[1]!, "base64url").toString("utf8"),
    );
    expect(encodeToken(token.kind as WritableKind, token.claims as never, keyOf(signer), token.claims.iat)).toBe(
      tokenOf(name),
    );
  });

  test("a generic one is read by its own door", () => {
    const claims = decodeGenericClaims(tokenOf("generic delete"));
    if (claims instanceof JwtError) throw new Error(claims.text);
    expect(claims.data.get("accounts")).toEqual([keyOf("account").publicKey, keyOf("account2").publicKey]);
  });

  test("only by a key that may, only for a subject of its kind", () => {
    const { publicKey: user } = keyOf("user");
    expect(encodeToken("user", { sub: user }, keyOf("operator"), 1)).toEqual(
      new JwtError("unable to validate expected prefixes - [account]"),
    );
    expect(encodeToken("user", { sub: keyOf("account").publicKey }, keyOf("account"), 1)).toEqual(
      new JwtError("expected subject to be user public key"),
    );
    expect(encodeToken("user", {}, keyOf("account"), 1)).toEqual(new JwtError("subject is not set"));
  });
});

describe("what is no token", () => {
  test.each([
    ["", "expected 3 chunks"],
    ["a.b", "expected 3 chunks"],
    ["a.b.c.d", "expected 3 chunks"],
    ["..", "unexpected end of JSON input"],
    ["!.b.c", "illegal base64 data at input byte 0"],
    ["a.b.c", "illegal base64 data at input byte 0"],
    ["e30=.b.c", "illegal base64 data at input byte 3"],
    ["\u00ff\u1234.b.c", "illegal base64 data at input byte 0"],
  ])("%j", (token, text) => {
    expect(decodeToken(token)).toEqual(new JwtError(text));
  });

  test("longer than a megabyte, whatever is in it", () => {
    const long = decodeToken("x".repeat(MAX_TOKEN_BYTES + 1));
    expect((long as JwtError).text).toBe("token size 1048577 exceeds maximum of 1048576 bytes: token too large");
  });

  test("one of another kind", () => {
    expect(decodeAccountClaims(tokenOf("user"))).toEqual(new JwtError("not account claim"));
    expect(decodeUserClaims(tokenOf("account"))).toEqual(new JwtError("not user claim"));
  });

  test("line breaks within it are passed over in the signature, but are part of what is signed", () => {
    const [header, claims, signature] = tokenOf("user plain").split(".") as [string, string, string];
    const broken = `${signature.slice(0, 9)}\r\n${signature.slice(9)}\n`;
    expect(decodeUserClaims(`${header}.${claims}.${broken}`)).not.toBeInstanceOf(JwtError);
    expect(decodeUserClaims(`${header}.${claims}\n.${signature}`)).toBeInstanceOf(JwtError);
  });
});

describe("hostile input", () => {
  const isResult = (value: unknown): boolean => value instanceof JwtError || typeof value === "object";

  test("never throws: random text and random bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: "binary" }),
          fc.array(fc.string(), { size: "medium" }).map((parts) => parts.join(".")),
        ),
        (text) => {
          expect(decodeToken(text)).toBeInstanceOf(JwtError);
          expect(decodeGenericClaims(text)).toBeInstanceOf(JwtError);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("never throws: any JSON, signed by a key of its choice", () => {
    const signer = keyOf("account");
    const header = Buffer.from('{"typ":"JWT","alg":"ed25519-nkey"}').toString("base64url");
    const kinds = fc.constantFrom("operator", "account", "user", "activation", "authorization_request", "mine");
    const keys = [
      "pub",
      "sub",
      "limits",
      "imports",
      "exports",
      "signing_keys",
      "revocations",
      "mappings",
      "src",
      "times",
      "trace",
    ];
    const anything = fc.jsonValue({ maxDepth: 4 });
    const nats = fc
      .tuple(kinds, fc.dictionary(fc.constantFrom(...keys), anything))
      .map(([type, rest]) => ({ ...rest, type, version: 2 }));
    fc.assert(
      fc.property(fc.oneof(anything, nats), fc.constantFrom(signer.publicKey, "", "A", 5), (body, iss) => {
        const claims = Buffer.from(JSON.stringify({ iss, sub: "x", nats: body })).toString("base64url");
        const signature = Buffer.from(signer.sign(Buffer.from(`${header}.${claims}`))).toString("base64url");
        expect(isResult(decodeToken(`${header}.${claims}.${signature}`))).toBe(true);
        expect(isResult(decodeGenericClaims(`${header}.${claims}.${signature}`))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("a character changed anywhere is refused, or changes nothing", () => {
    const token = tokenOf("user");
    const same = JSON.stringify(decodeUserClaims(token));
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom("A", "B", "Z", "a", "z", "0", "9", "-", "_", "."),
        (at, letter) => {
          fc.pre(token[at] !== letter);
          const changed = decodeUserClaims(token.slice(0, at) + letter + token.slice(at + 1));
          // The last character of the signature has bits that nobody reads; the header is signed too.
          expect(changed instanceof JwtError || (at === token.length - 1 && JSON.stringify(changed) === same)).toBe(
            true,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test("deep nesting is refused or read, not a crash", () => {
    const deep = `{"iss":"x","nats":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`;
    const token = `${Buffer.from('{"typ":"JWT","alg":"ed25519"}').toString("base64url")}.${Buffer.from(deep).toString("base64url")}.AA`;
    expect(decodeToken(token)).toBeInstanceOf(JwtError);
    expect(decodeGenericClaims(token)).toBeInstanceOf(JwtError);
  });
});
