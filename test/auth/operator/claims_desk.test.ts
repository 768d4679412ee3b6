import { describe, expect, test } from "vitest";
import { ClaimsDesk, type ClaimsDeskOptions } from "../../../src/auth/operator/claims_desk.ts";
import { TokenDirectory } from "../../../src/auth/operator/token_directory.ts";
import { DiskError } from "../../../src/base/disk.ts";
import { encodeBase64Url } from "../../../src/auth/jwt/base64url.ts";
import { decodeOperatorClaims } from "../../../src/auth/jwt/token.ts";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import type { KeyPair } from "../../../src/auth/nkey.ts";
import { MemoryDisk } from "../../../src/store/memory_disk.ts";
import { FakeWorld } from "../../support/fake_world.ts";
import { intlZones } from "../jwt/zones.ts";
import { account, key, operatorKey, operatorSigningKey, operatorToken, strangerKey, user } from "./world.ts";

const [one, two, system] = [key("account", 1), key("account", 2), key("account", 3)];

function open(more: Partial<ClaimsDeskOptions> = {}, isStrict = false) {
  const disk = new MemoryDisk((fire) => queueMicrotask(fire));
  const options = { limit: 2, whenFull: "refuse", ttlMs: 0, deletes: "rename" } as const;
  const directory = TokenDirectory.open(disk, new FakeWorld(), options, () => undefined);
  const operator = decodeOperatorClaims(operatorToken(isStrict));
  if (directory instanceof DiskError || operator instanceof JwtError) throw new Error("not opened");
  const deleted: string[] = [];
  const desk = new ClaimsDesk(directory, new FakeWorld(), intlZones, {
    kind: "full",
    operator,
    systemAccount: system.publicKey,
    isKnown: (publicKey) => publicKey === one.publicKey,
    onDeleted: (publicKey) => deleted.push(publicKey),
    allowsDelete: true,
    ...more,
  });
  return { desk, directory, deleted };
}

const bad = account(one, { cluster_traffic: "x" });
const badText = 'validation errors: [unknown cluster traffic option: "x"]';

describe("a push", () => {
  test("to a full resolver, with the account in the subject", async () => {
    const { desk, directory } = open();
    const push = (token: string, named = one.publicKey): unknown => desk.update(token, named);
    const failed = "jwt update resulted in error";
    expect(await push(account(one))).toEqual({ account: one.publicKey, message: "jwt updated", error: undefined });
    expect(directory.load(one.publicKey)).toBe(account(one));
    expect(await push("x")).toEqual({ account: "n/a", message: failed, error: "expected 3 chunks" });
    expect(await push(user(key("user", 1), one))).toEqual({
      account: "n/a",
      message: failed,
      error: "not account claim",
    });
    expect(await push(bad, two.publicKey)).toEqual({
      account: one.publicKey,
      message: "jwt validation failed",
      error: badText,
    });
    expect(await push(account(one), two.publicKey)).toEqual({
      account: two.publicKey,
      message: failed,
      error: "subject does not match jwt content",
    });
    await push(account(two), two.publicKey);
    expect(await push(account(system), system.publicKey)).toEqual({
      account: system.publicKey,
      message: failed,
      error: "jwt store is full",
    });
  });

  test("without it", async () => {
    const { desk } = open();
    expect(await desk.update(account(one), undefined)).toMatchObject({
      account: one.publicKey,
      message: "jwt updated",
    });
    expect(await desk.update(bad, undefined)).toMatchObject({ message: "jwt validation failed", error: badText });
  });

  test("to a strict operator's, signed by its identity key", async () => {
    const { desk } = open({}, true);
    for (const named of [undefined, one.publicKey]) {
      expect(await desk.update(account(one, {}, {}, operatorKey), named)).toEqual({
        account: one.publicKey,
        message: "jwt update resulted in error",
        error: "operator requires issuer to be a signing key",
      });
    }
  });

  test("to a cache, which keeps only what is used", async () => {
    const { desk, directory } = open({ kind: "cache" });
    for (const named of [undefined, two.publicKey]) {
      const skipped = await desk.update(account(two), named);
      expect(skipped).toEqual({ account: two.publicKey, message: "jwt update cache skipped", error: undefined });
    }
    expect(await desk.update(account(one), one.publicKey)).toMatchObject({ message: "jwt updated cache" });
    expect(await desk.update(bad, undefined)).toMatchObject({ message: "jwt update cache validation failed" });
    expect(await desk.update("x", one.publicKey)).toMatchObject({
      account: one.publicKey,
      message: "jwt update cache resulted in error",
    });
    expect(await desk.update("x", undefined)).toMatchObject({ account: "n/a" });
    expect(directory.size).toBe(1);
  });
});

describe("a request to delete", () => {
  function deletion(by: KeyPair, accounts: unknown, subject = by.publicKey): string {
    const encoded = (value: unknown): string => encodeBase64Url(Buffer.from(JSON.stringify(value)));
    const nats = accounts === undefined ? {} : { accounts };
    const signed = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded({ iss: by.publicKey, sub: subject, nats })}`;
    return `${signed}.${encodeBase64Url(by.sign(Buffer.from(signed)))}`;
  }

  test("by the operator or its signing key", async () => {
    for (const by of [operatorKey, operatorSigningKey]) {
      const { desk, directory, deleted } = open();
      await directory.save(one.publicKey, account(one));
      expect(await desk.delete(deletion(by, [one.publicKey, two.publicKey]))).toEqual({
        account: "",
        message: "deleted 2 accounts",
        error: undefined,
      });
      expect([deleted, directory.size]).toEqual([[one.publicKey], 0]);
    }
  });

  const accounts = [one.publicKey];
  test.each([
    ["of a stranger", deletion(strangerKey, accounts), "not trusted"],
    ["for another", deletion(operatorKey, accounts, operatorSigningKey.publicKey), "not self signed"],
    ["of nothing", deletion(operatorKey, undefined), "malformed request"],
    ["of a text", deletion(operatorKey, one.publicKey), "malformed request"],
    ["of a number", deletion(operatorKey, [5]), "malformed request"],
    ["of a path", deletion(operatorKey, ["../x"]), "malformed request"],
    ["of the system account", deletion(operatorKey, [system.publicKey]), "not allowed to delete system account"],
  ])("%s is refused", async (_, token, error) => {
    const { desk, directory } = open();
    await directory.save(one.publicKey, account(one));
    const answer = await desk.delete(token);
    expect(answer).toMatchObject({ account: "", error });
    expect(answer.message).toMatch(/^delete accounts request by O\w+ failed$/);
    expect(directory.size).toBe(1);
  });

  test("where none is allowed, by a strict operator itself, or by what is no token", async () => {
    expect(await open({ allowsDelete: false }).desk.delete(deletion(operatorKey, accounts))).toMatchObject({
      error: "delete must be enabled in server config",
    });
    expect(await open({}, true).desk.delete(deletion(operatorKey, accounts))).toMatchObject({ error: "not trusted" });
    expect(await open().desk.delete("x")).toEqual({
      account: "",
      message: "delete accounts request by  failed",
      error: "expected 3 chunks",
    });
  });
});

test("what is here is listed, packed and looked up", async () => {
  const { desk, directory } = open();
  await directory.save(one.publicKey, account(one));
  expect(desk.list()).toEqual([one.publicKey]);
  expect([...desk.pack(new Uint8Array())]).toEqual([`${one.publicKey}|${account(one)}`]);
  expect([...desk.pack(directory.hash())]).toEqual([]);
  expect([desk.lookup(one.publicKey), desk.lookup(two.publicKey), desk.lookup("x")]).toEqual([
    account(one),
    "",
    undefined,
  ]);
});
