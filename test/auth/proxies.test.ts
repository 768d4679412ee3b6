import { describe, expect, test } from "vitest";
import { KeyPair } from "../../src/auth/nkey.ts";
import { proxyOf } from "../../src/auth/proxies.ts";

const [one, two] = [1, 2].map((byte) => new KeyPair("user", new Uint8Array(32).fill(byte))) as [KeyPair, KeyPair];
const NONCE = "challenge";
const signed = (by: KeyPair, text = NONCE): string => Buffer.from(by.sign(Buffer.from(text))).toString("base64url");

describe("a client came through a proxy", () => {
  test("whose key is trusted and has signed the challenge", () => {
    expect(proxyOf(signed(two), NONCE, [one.publicKey, two.publicKey])).toBe(two.publicKey);
  });
  test.each([
    ["of another key", signed(two), NONCE],
    ["of another challenge", signed(one, "other"), NONCE],
    ["with padding, as nobody writes it", Buffer.from(one.sign(Buffer.from(NONCE))).toString("base64"), NONCE],
    ["that is none", "x.y", NONCE],
    ["when there was no challenge", signed(one, ""), ""],
  ])("or did not: a signature %s", (_, signature, nonce) => {
    expect(proxyOf(signature, nonce, [one.publicKey])).toBeUndefined();
  });
});
