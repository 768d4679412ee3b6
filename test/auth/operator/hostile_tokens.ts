// Tokens that were changed and signed anew: every signature is good, and nothing else has to be.

import { encodeBase64Url } from "../../../src/auth/jwt/base64url.ts";
import type { KeyPair } from "../../../src/auth/nkey.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Park and Miller's numbers, the same in every run. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const oddNumbers = [0, -1, 1, 5, 100, 101, 255, 256, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, 0.5];
const oddTexts = [
  "",
  ">",
  "*",
  "a",
  "a.b",
  "a..b",
  ".",
  "a.*.>",
  "$1",
  "a.$2.$1",
  "{{wildcard(1)}}",
  "{{partition(0,1)}}",
  "{{partition(4000000000,1,2)}}",
  "{{split(1,-)}}",
  "{{tag(x)}}",
  "$SYS.>",
  "$JS.API.>",
  "_R_.x.>",
  "a b",
  "a\r\nPUB x 0",
  "\0",
  "é".repeat(9),
  "x".repeat(5000),
  "a.".repeat(300) + "a",
  "__proto__",
  "constructor",
  "toString",
  "system",
  "service",
  "stream",
  "Stream",
  "user_scope",
  "10.0.0.0/33",
  "99:99:99",
  "Europe/Berlin",
  "../../etc/passwd",
  "NaN",
];

/** Something odd, that may be what stood elsewhere in the token. */
function oddValue(random: (below: number) => number, found: readonly Json[]): Json {
  switch (random(8)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return oddNumbers[random(oddNumbers.length)]!;
    case 3:
    case 4:
      return oddTexts[random(oddTexts.length)]!;
    case 5:
      return Array.from({ length: random(4) }, () => oddValue(random, found));
    case 6:
      return { [oddTexts[random(oddTexts.length)]!]: oddValue(random, found) };
    default:
      return found[random(found.length)]!;
  }
}

function gather(value: Json, into: Json[]): Json[] {
  into.push(value);
  if (typeof value === "object" && value !== null) for (const each of Object.values(value)) gather(each as Json, into);
  return into;
}

/** The same with a few of its values changed, left out or doubled. */
function mutated(value: Json, random: (below: number) => number, found: readonly Json[], oneOf: number): Json {
  if (random(oneOf) === 0) return oddValue(random, found);
  if (Array.isArray(value)) {
    const list = (value as readonly Json[]).map((each) => mutated(each, random, found, oneOf));
    return random(12) === 0 ? [...list, ...list] : list;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as { readonly [name: string]: Json });
  return Object.fromEntries(
    entries.filter(() => random(25) > 0).map(([name, each]) => [name, mutated(each, random, found, oneOf)] as const),
  );
}

/** Such a token; `kept` stand at its top whatever happened. */
export function hostileToken(
  token: string,
  by: KeyPair,
  kept: object,
  random: (below: number) => number,
  oneOf = 15,
): string {
  const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString("utf8")) as Json;
  const changed = mutated(claims, random, gather(claims, []), oneOf);
  const own: object = typeof changed === "object" && changed !== null && !Array.isArray(changed) ? changed : {};
  const part = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part({ ...own, iss: by.publicKey, ...kept })}`;
  return `${signed}.${encodeBase64Url(by.sign(Buffer.from(signed)))}`;
}
