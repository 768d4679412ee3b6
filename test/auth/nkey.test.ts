import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodePrivateKey,
  decodePublicKey,
  decodeSeed,
  encodePublicKey,
  encodeSeed,
  isPublicKey,
  KeyPair,
  type NkeyKind,
  nkeyPrefixes,
  verify,
} from "../../src/auth/nkey.ts";
import { decodeBase32, encodeBase32 } from "../../src/base/base32.ts";
import { crc16 } from "../../src/base/crc16.ts";

// Pairs printed in the documentation of NATS, see features.md section Z.
const known: readonly [kind: NkeyKind, seed: string, publicKey: string][] = [
  [
    "user",
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
  ],
  [
    "operator",
    "SOAEW6Z4HCCGSLZJYZQMGFQY2SY6ZKOPIAKUQ5VZY6CW23WWYRNHTQWVOA",
    "OAZBRNE7DQGDYT5CSAGWDMI5ENGKOEJ57BXVU6WUTHFEAO3CU5GLQYF5",
  ],
  [
    "account",
    "SAAA4BVFTJMBOW3GAYB3STG3VWFSR4TP4QJKG2OCECGA26SKONPFGC4HHE",
    "ADUQTJD4TF4O6LTTHCKDKSHKGBN2NECCHHMWFREPKNO6MPA7ZETFEEF7",
  ],
  [
    "operator",
    "SOAJ3JDZBE6JKJO277CQP5RIAA7I7HBI44RDCMTIV3TQRYQX35OTXSMHAE",
    "ODSWWTKZLRDFBPXNMNAY7XB2BIJ45SV756BHUT7GX6JQH6W7AHVAFX6C",
  ],
  [
    "account",
    "SAAACXWSQIKJ4L2SEAUZJR3BCNSRCN32V5UJSABCSEP35Q7LQRPV6F4JPI",
    "AD2M34WBNGQFYK37IDX53DPRG74RLLT7FFWBOBMBUXMAVBCVAU5VKWIY",
  ],
  [
    "user",
    "SUAP2AY6UAWHOXJBWDNRNKJ2DHNC5VA2DFJZTF6C6PMLKUCOS2H2E2BA2E",
    "UAWBXLSZVZHNDIURY52F6WETFCFZLXYUEFJAHRXDW7D2K4445IY4BVXP",
  ],
];
const kinds = Object.keys(nkeyPrefixes) as NkeyKind[];
const raw32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = Buffer.from("a nonce");

/** Text with a right checksum over any bytes. */
function withCrc(bytes: Uint8Array): string {
  const crc = crc16(bytes);
  return encodeBase32(Uint8Array.of(...bytes, crc & 0xff, crc >> 8));
}

describe("base32 and crc16", () => {
  test("known answers", () => {
    expect(encodeBase32(Buffer.from("foobar"))).toBe("MZXW6YTBOI");
    expect(crc16(Buffer.from("123456789"))).toBe(0x31c3);
  });
  test("what was encoded is decoded, and no other text is taken", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes);
      }),
    );
    for (const text of [
      "A",
      "MZXW6YTBO",
      "MZXW6YTBOJ",
      "mzxw6ytboi",
      "MZXW6YTB1I",
      "MZXW6YTBOI======",
      "MZXW 6YTBOI",
      "éé",
    ]) {
      expect(decodeBase32(text)).toBeUndefined();
    }
  });
});

describe("nkeys", () => {
  test.each(known)("the public key of a known %s seed", (kind, seed, publicKey) => {
    const pair = KeyPair.fromSeed(seed)!;
    expect(pair.kind).toBe(kind);
    expect(pair.publicKey).toBe(publicKey);
    expect(pair.seed).toBe(seed);
    expect(isPublicKey(publicKey, kind)).toBe(true);
  });

  test("a signature is good for its key and message only", () => {
    const [pair, other] = [KeyPair.fromSeed(known[0]![1])!, KeyPair.fromSeed(known[5]![1])!];
    const signature = pair.sign(message);
    expect(verify(pair.publicKey, message, signature)).toBe(true);
    expect(verify(other.publicKey, message, signature)).toBe(false);
    expect(verify(pair.publicKey, Buffer.from("a nonc"), signature)).toBe(false);
    expect(verify(pair.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verify(pair.publicKey, message, new Uint8Array(64))).toBe(false);
    expect(verify("", message, signature)).toBe(false);
  });

  test("each kind begins with its letter, and public key and seed of any bytes come back", () => {
    const letters = { server: "N", cluster: "C", operator: "O", account: "A", user: "U", curve: "X" };
    fc.assert(
      fc.property(fc.constantFrom(...kinds), raw32, (kind, raw) => {
        const publicKey = encodePublicKey(kind, raw);
        const seed = encodeSeed(kind, raw);
        expect(publicKey).toHaveLength(56);
        expect(publicKey[0]).toBe(letters[kind]);
        expect(seed.slice(0, 2)).toBe(`S${letters[kind]}`);
        expect(decodePublicKey(publicKey)).toEqual({ kind, raw });
        expect(decodeSeed(seed)).toEqual({ kind, raw });
      }),
    );
  });

  test("a server key signs; a curve key is made from the same kind of bytes and does not", () => {
    const server = new KeyPair("server", new Uint8Array(32).fill(7));
    expect(server.publicKey).toMatch(/^N[A-Z2-7]{55}$/);
    expect(verify(server.publicKey, message, server.sign(message))).toBe(true);
    // RFC 7748, 6.1: Alice.
    const secret = Buffer.from("77076d0a7318a57d3c16c17251b26645c6742ebd7f4d0f4b7c5d5e4f6b1f1b2a", "hex");
    const curve = new KeyPair("curve", secret);
    expect(curve.publicKey).toMatch(/^X[A-Z2-7]{55}$/);
    expect(() => curve.sign(message)).toThrow();
    expect(verify(curve.publicKey, message, new Uint8Array(64))).toBe(false);
  });

  test("RFC 8032: the signature of the first test vector", () => {
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const pair = new KeyPair("user", seed);
    expect(Buffer.from(pair.sign(new Uint8Array(0))).toString("hex")).toBe(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
  });

  test("a private key has 64 bytes", () => {
    const bytes = Uint8Array.of(15 << 3, ...new Uint8Array(64).fill(9));
    expect(decodePrivateKey(withCrc(bytes))).toEqual(new Uint8Array(64).fill(9));
    expect(decodePrivateKey(withCrc(bytes.subarray(1)))).toBeUndefined();
    expect(decodePrivateKey(known[0]![1])).toBeUndefined();
  });
});

describe("GHSA-g33f-6538-grxh: keys of a wrong length, prefix or checksum are refused and never throw", () => {
  test("every length but the right one, with a right checksum", () => {
    for (let length = 0; length < 80; length++) {
      const text = withCrc(Uint8Array.of(nkeyPrefixes.user, ...new Uint8Array(length)));
      expect(decodePublicKey(text) !== undefined).toBe(length === 32);
      expect(verify(text, message, new Uint8Array(64).fill(1))).toBe(false);
      const seed = withCrc(Uint8Array.of((18 << 3) | 5, 0, ...new Uint8Array(length)));
      expect(decodeSeed(seed) !== undefined).toBe(length === 32);
    }
  });
  test("every prefix byte that is no kind", () => {
    for (let prefix = 0; prefix < 256; prefix++) {
      const isKind = kinds.some((kind) => nkeyPrefixes[kind] === prefix);
      expect(decodePublicKey(withCrc(Uint8Array.of(prefix, ...new Uint8Array(32)))) !== undefined).toBe(isKind);
    }
    for (let first = 0; first < 256; first++) {
      for (const second of [0, 1, 7, 0x40, 0x41, 0x80, 0xb8, 0xff]) {
        const kind = ((first & 7) << 5) | (second >> 3);
        const isSeed = first >> 3 === 18 && (second & 7) === 0 && kinds.some((each) => nkeyPrefixes[each] === kind);
        const text = withCrc(Uint8Array.of(first, second, ...new Uint8Array(32)));
        expect(decodeSeed(text) !== undefined).toBe(isSeed);
      }
    }
  });
  test("any changed character", () => {
    const text = known[0]![2];
    for (let i = 0; i < text.length; i++) {
      for (const char of ["A", "7", "1", "a", "=", " ", "\0", "\u0130"]) {
        if (text[i] === char) continue;
        expect(decodePublicKey(text.slice(0, i) + char + text.slice(i + 1))).toBeUndefined();
      }
    }
  });
  test("any text at all", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), fc.uint8Array(), (text, signature) => {
        expect(decodePublicKey(text)).toBeUndefined();
        expect(decodeSeed(text)).toBeUndefined();
        expect(decodePrivateKey(text)).toBeUndefined();
        expect(KeyPair.fromSeed(text)).toBeUndefined();
        expect(verify(text, message, signature)).toBe(false);
      }),
    );
  });
  test("points that are not on the curve or of small order verify nothing", () => {
    for (const raw of [new Uint8Array(32), new Uint8Array(32).fill(0xff), Uint8Array.of(1, ...new Uint8Array(31))]) {
      const key = encodePublicKey("user", raw);
      expect(verify(key, message, new Uint8Array(64).fill(0xff))).toBe(false);
    }
  });
});
