import { describe, expect, test } from "vitest";
import { Issues } from "../../../src/auth/jwt/issues.ts";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { decodeAccountClaims, decodeToken, type Token } from "../../../src/auth/jwt/token.ts";
import {
  checkTimes,
  parseServerVersion,
  type Today,
  validateActivation,
  validateAuthorizationRequest,
  validateAuthorizationResponse,
  validateOperator,
  validateUser,
} from "../../../src/auth/jwt/validate.ts";
import { validateAccount } from "../../../src/auth/jwt/validate_account.ts";
import { account, key } from "../operator/world.ts";
import { decoded } from "./vectors.ts";
import { intlZones } from "./zones.ts";

// When the vectors were made.
const today: Today = { nowSec: 1_795_256_730, zones: intlZones };

function issuesOf({ kind, claims }: Token): Issues {
  switch (kind) {
    case "operator":
      return validateOperator(claims, today);
    case "account":
      return validateAccount(claims, today);
    case "user":
      return validateUser(claims, today);
    case "activation":
      return validateActivation(claims, today);
    case "authorization_request":
      return validateAuthorizationRequest(claims, today);
    case "authorization_response":
      return validateAuthorizationResponse(claims, today);
    case "generic": {
      const issues = new Issues();
      checkTimes(claims, today, issues);
      return issues;
    }
  }
}

describe("claims are valid where nats-io/jwt finds them so", () => {
  const valid = decoded.filter((vector) => vector.issues !== undefined);
  test.each(valid.map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    const token = decodeToken(vector.token);
    if (token instanceof JwtError) throw new Error(token.text);
    const shown = (issues: readonly { readonly text: string; readonly level: string }[]): string[] =>
      issues.map(({ text, level }) => `${level}: ${text}`).sort();
    expect(shown(issuesOf(token).all)).toEqual(shown(vector.issues!));
  });
});

describe("times", () => {
  const levels = (nowSec: number, exp: number, nbf: number): string[] => {
    const issues = new Issues();
    checkTimes({ aud: "", exp, jti: "", iat: 0, iss: "", name: "", nbf, sub: "" }, { ...today, nowSec }, issues);
    return issues.all.map((issue) => issue.text);
  };

  test("a token is good through the second it expires in", () => {
    expect(levels(100, 100, 0)).toEqual([]);
    expect(levels(101, 100, 0)).toEqual(["claim is expired"]);
  });

  test("and from the second it begins in", () => {
    expect(levels(100, 0, 100)).toEqual([]);
    expect(levels(99, 0, 100)).toEqual(["claim is not yet valid"]);
  });

  test("block only where they are asked for", () => {
    const issues = new Issues();
    issues.time("claim is expired");
    issues.warning("odd");
    expect([issues.blocks(false), issues.blocks(true)]).toEqual([false, true]);
    issues.error("wrong");
    expect([issues.blocks(false), issues.errors]).toEqual([true, ["wrong"]]);
  });
});

test("a server version that an operator asks for", () => {
  expect(parseServerVersion("2.10.4")).toEqual({ major: 2, minor: 10, update: 4 });
  expect(parseServerVersion("")).toEqual({ major: 0, minor: 0, update: 0 });
  expect(parseServerVersion("2.10")).toBe("asserted server version must be of the form <major>.<minor>.<update>");
});

describe("an account of a megabyte is looked through in no time", () => {
  const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const claimsOf = (nats: object): Parameters<typeof validateAccount>[0] => {
    const token = account(key("account", 1), { limits, ...nats });
    const claims = decodeAccountClaims(token);
    if (claims instanceof JwtError) throw new Error(claims.text);
    return claims;
  };
  const many = (count: number, of: (i: number) => object): object[] => Array.from({ length: count }, (_, i) => of(i));
  const other = key("account", 2).publicKey;

  test.each([
    ["services", claimsOf({ exports: many(15_000, (i) => ({ subject: `s.${i}`, type: "service" })) })],
    ["streams with wildcards", claimsOf({ exports: many(15_000, (i) => ({ subject: `*.${i}.>`, type: "stream" })) })],
    [
      "wildcards on both sides",
      claimsOf({
        exports: many(13_000, (i) => ({ subject: i % 2 === 0 ? `*.*.${i}` : `x.${i}.*`, type: "service" })),
      }),
    ],
    [
      "imports",
      claimsOf({
        imports: many(5000, (i) => ({
          subject: i % 2 === 0 ? `*.*.${i}` : `x.${i}.*`,
          local_subject: `l.${i}.${i % 2 === 0 ? "$1.$2" : "$1"}`,
          account: other,
          type: "service",
        })),
      }),
    ],
    [
      "imports that all overlap",
      claimsOf({
        imports: many(5000, (i) => ({ subject: i < 2500 ? `x.${i}.>` : ">", account: other, type: "service" })),
      }),
    ],
  ] as const)("%s", (_, claims) => {
    // Of this process alone: a busy machine makes it wait, and not work.
    const from = process.cpuUsage();
    const { all } = validateAccount(claims, today);
    expect(process.cpuUsage(from).user / 1000).toBeLessThan(2000);
    expect(all.length).toBeLessThan(40_000);
  });
});
