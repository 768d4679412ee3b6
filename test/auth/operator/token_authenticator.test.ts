import { describe, expect, test } from "vitest";
import type { Credentials, Verdict } from "../../../src/auth/authenticator.ts";
import { MemoryResolver } from "../../../src/auth/operator/account_resolver.ts";
import { TokenAuthenticator } from "../../../src/auth/operator/token_authenticator.ts";
import { TrustStore } from "../../../src/auth/operator/trust_store.ts";
import { FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { account, FAR_SEC, key, trust, user } from "./world.ts";

const [own, bob] = [key("account", 1), key("user", 2)];
const credentials: Credentials = {
  user: "",
  pass: "",
  token: "",
  nkey: "",
  sig: "",
  jwt: user(bob, own, { bearer_token: true }),
  nonce: "n",
  kind: "tcp",
  tls: undefined,
};

/** The verdict on bob, of whose account something becomes while its imports are looked up. */
async function verdictAfter(happens: (store: TrustStore) => void): Promise<Verdict> {
  const world = new FakeWorld();
  const resolver = new MemoryResolver();
  await resolver.store(own.publicKey, account(own));
  const store = new TrustStore(trust(), resolver, world, intlZones);
  await store.lookup(own.publicKey);
  let settle = (): void => {};
  const ready = (): Promise<void> => new Promise((resolve) => (settle = resolve));
  const verdict = new TokenAuthenticator({ store, env: world, ready }).authenticate(credentials);
  happens(store);
  settle();
  return verdict;
}

describe("while the imports of its account are looked up", () => {
  test("nothing becomes of it", async () => {
    expect(await verdictAfter(() => {})).toMatchObject({ ok: true });
  });
  test("a user is revoked", async () => {
    const token = account(own, { revocations: new Map([[bob.publicKey, FAR_SEC]]) });
    expect(await verdictAfter((store) => store.update(own.publicKey, token))).toMatchObject({
      detail: { text: "User authentication revoked" },
    });
  });
  test("its permissions become other ones", async () => {
    const token = account(own, { default_permissions: { pub: { deny: ["x"] } } });
    const verdict = await verdictAfter((store) => store.update(own.publicKey, token));
    expect(verdict.ok && verdict.identity.permissions?.rules.source.publish).toEqual({ allow: [], deny: ["x"] });
  });
  test("the account is deleted", async () => {
    expect(await verdictAfter((store) => store.remove(own.publicKey))).toMatchObject({ ok: false });
  });
});
