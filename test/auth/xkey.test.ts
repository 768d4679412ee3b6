import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePublicKey, KeyPair } from "../../src/auth/nkey.ts";
import { open, seal, XKEY_NONCE_BYTES } from "../../src/auth/xkey.ts";
import { keyOf, written } from "./jwt/vectors.ts";

const [a, b] = [keyOf("curveA"), keyOf("curveB")];
const nonce = Uint8Array.from({ length: XKEY_NONCE_BYTES }, (_, i) => i);
const message = Buffer.from("hello");

describe("a sealed message", () => {
  test.each(written.sealed.map((vector) => [vector.plain.length, vector] as const))(
    "of %i bytes is what nkeys makes of it, and opens",
    (_, { plain, sealed }) => {
      expect((seal(a, Buffer.from(plain), b.publicKey, nonce) as Buffer).toString("hex")).toBe(sealed);
      expect((open(b, Buffer.from(sealed, "hex"), a.publicKey) as Buffer).toString()).toBe(plain);
    },
  );

  test("CVE-2023-46129: differs for each recipient, whose key is in it", () => {
    const third = new KeyPair("curve", Buffer.alloc(32, 33));
    expect(seal(a, message, b.publicKey, nonce)).not.toEqual(seal(a, message, third.publicKey, nonce));
  });

  test("opens for nobody else, from nobody else, and not when a bit was turned", () => {
    const sealed = seal(a, message, b.publicKey, nonce) as Buffer;
    const third = new KeyPair("curve", Buffer.alloc(32, 33));
    expect(open(third, sealed, a.publicKey)).toBe("forged");
    expect(open(b, sealed, third.publicKey)).toBe("forged");
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const turned = Buffer.from(sealed);
        turned[bit >> 3]! ^= 1 << (bit & 7);
        expect(open(b, turned, a.publicKey)).toBe(bit < 32 ? "version" : "forged");
      }),
    );
  });

  test("of any bytes, cut or made up, never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), fc.string(), (bytes, hasVersion, sender) => {
        const sealed = hasVersion ? Buffer.concat([Buffer.from("xkv1"), bytes]) : bytes;
        expect(typeof open(b, sealed, a.publicKey)).toBe("string");
        expect(typeof open(b, sealed, sender)).toBe("string");
      }),
    );
    expect(open(b, Buffer.from(`xkv1${"x".repeat(24)}`), a.publicKey)).toBe("short");
  });

  test("is made only for curve keys, and for none whose secret everybody knows", () => {
    expect(seal(a, message, keyOf("user").publicKey, nonce)).toBe("recipient");
    expect(seal(a, message, "", nonce)).toBe("recipient");
    for (const weak of [Buffer.alloc(32), Buffer.alloc(32, 1).fill(0, 1)]) {
      const publicKey = encodePublicKey("curve", weak);
      expect(seal(a, message, publicKey, nonce)).toBe("recipient");
      expect(open(a, seal(a, message, b.publicKey, nonce) as Buffer, publicKey)).toBe("sender");
    }
  });
});

describe("nkeys", () => {
  test.each(written.keys.map((key) => [key.name, key] as const))(
    "%s: seed, public key and signature as nkeys'",
    (_, key) => {
      const pair = KeyPair.fromSeed(key.seed)!;
      expect([pair.seed, pair.publicKey]).toEqual([key.seed, key.public]);
      if (key.signature !== undefined) {
        expect(Buffer.from(pair.sign(Buffer.from("nonce"))).toString("hex")).toBe(key.signature);
      }
    },
  );
});
