import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { applyTemplate } from "../../../src/auth/jwt/template.ts";
import { scopeTemplate, type UserClaims, userClaims } from "../../../src/auth/jwt/user_claims.ts";
import { decodeText } from "../../../src/base/json.ts";
import { templates, type TemplateVector } from "./vectors.ts";

function userOf({ Name, Subject, IssuerAccount, Tags, ManyTags }: TemplateVector): UserClaims {
  const many = Object.entries(ManyTags ?? {}).flatMap(([key, count]) =>
    Array.from({ length: count }, (_, i) => `${key}:${i}`),
  );
  const nats = { ...userClaims.zero.nats, issuer_account: IssuerAccount, tags: Tags ?? many };
  return { ...userClaims.zero, name: Name, sub: Subject, nats };
}
function shortened(entries: readonly unknown[]): readonly unknown[] {
  return entries.length > 100 ? [entries[0], entries.at(-1), entries.length] : entries;
}

describe("a template is filled in as nats-server fills it in", () => {
  test.each(templates().map((vector, i) => [i, vector] as const))("%i", (_, vector) => {
    const template = decodeText(scopeTemplate, JSON.stringify(vector.template));
    if (template instanceof Error) throw template;
    const filled = applyTemplate(template, userOf(vector), { name: vector.AccountName, tags: vector.AccountTags });
    if (vector.Error !== undefined) {
      expect(filled).toEqual(new JwtError(vector.Error));
      return;
    }
    if (filled instanceof JwtError) throw new Error(filled.text);
    for (const side of ["pub", "sub"] as const) {
      expect(shortened(filled[side].allow)).toEqual(vector.Result![side].allow ?? []);
      expect(filled[side].deny).toEqual(vector.Result![side].deny ?? []);
    }
  });

  test("what the template says besides stays", () => {
    const template = { ...scopeTemplate.zero, payload: 7, bearer_token: true };
    const filled = applyTemplate(template, userClaims.zero, { name: "", tags: [] });
    expect(filled).toMatchObject({ payload: 7, bearer_token: true, subs: -1 });
  });
});
