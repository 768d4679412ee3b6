// Nkeys: Ed25519 and X25519 keys as text that says what they are for.
//
//   public key   base32( prefix byte | 32 bytes            | crc16, low byte first )   56 characters
//   seed         base32( two prefix bytes | 32 bytes       | crc16, low byte first )   58 characters
//
// The first two bytes of a seed hold the five bits of "S" and the eight of the
// public key's prefix. Nothing here throws on text from outside: what is not
// exactly one of these is undefined or false. Source: auth facts §1, §13.

import { assert } from "../base/assert.ts";
import { decodeBase32, encodeBase32 } from "../base/base32.ts";
import { crc16 } from "../base/crc16.ts";
import { ed25519PublicKey, ed25519Sign, ed25519Verify, x25519PublicKey } from "./ed25519.ts";

export const nkeyPrefixes = {
  server: 13 << 3, // N
  cluster: 2 << 3, // C
  operator: 14 << 3, // O
  account: 0, // A
  user: 20 << 3, // U
  curve: 23 << 3, // X
} as const;
export type NkeyKind = keyof typeof nkeyPrefixes;

const SEED_PREFIX = 18 << 3; // S
const PRIVATE_PREFIX = 15 << 3; // P
const RAW_BYTES = 32;
const CRC_BYTES = 2;
const PUBLIC_KEY_LENGTH = 56;
const SEED_LENGTH = 58;

/** A key as bytes, and what it is for. */
export interface RawNkey {
  readonly kind: NkeyKind;
  /** 32 bytes, owned. */
  readonly raw: Uint8Array;
}

/** The public key `raw` of 32 bytes as text. */
export function encodePublicKey(kind: NkeyKind, raw: Uint8Array): string {
  return encode([nkeyPrefixes[kind]], raw);
}

export function decodePublicKey(text: string): RawNkey | undefined {
  const bytes = decode(text, PUBLIC_KEY_LENGTH);
  const kind = bytes === undefined ? undefined : kindOf(bytes[0]!);
  return bytes === undefined || kind === undefined ? undefined : { kind, raw: bytes.slice(1, 1 + RAW_BYTES) };
}

/** Whether `text` is a public key of this kind. */
export function isPublicKey(text: string, kind: NkeyKind): boolean {
  return decodePublicKey(text)?.kind === kind;
}

/** The seed `raw` of 32 bytes as text. */
export function encodeSeed(kind: NkeyKind, raw: Uint8Array): string {
  const prefix = nkeyPrefixes[kind];
  return encode([SEED_PREFIX | (prefix >> 5), (prefix & 31) << 3], raw);
}

export function decodeSeed(text: string): RawNkey | undefined {
  const bytes = decode(text, SEED_LENGTH);
  if (bytes === undefined) return undefined;
  const [first, second] = [bytes[0]!, bytes[1]!];
  if ((first & 0xf8) !== SEED_PREFIX || (second & 7) !== 0) return undefined;
  const kind = kindOf(((first & 7) << 5) | (second >> 3));
  return kind === undefined ? undefined : { kind, raw: bytes.slice(2, 2 + RAW_BYTES) };
}

/** Undefined unless `text` is a private key, "P…": 64 bytes, seed and public key. */
export function decodePrivateKey(text: string): Uint8Array | undefined {
  const bytes = decode(text, Math.ceil(((1 + 2 * RAW_BYTES + CRC_BYTES) * 8) / 5));
  return bytes?.[0] === PRIVATE_PREFIX ? bytes.slice(1, 1 + 2 * RAW_BYTES) : undefined;
}

/** A key whose seed is known: it can sign, unless it is a curve key. */
export class KeyPair {
  readonly kind: NkeyKind;
  /** As text. */
  readonly publicKey: string;
  readonly #seed: Uint8Array;

  /** `seed` is 32 unpredictable bytes. */
  constructor(kind: NkeyKind, seed: Uint8Array) {
    assert(seed.length === RAW_BYTES, "a seed is 32 bytes");
    this.kind = kind;
    this.#seed = seed.slice();
    this.publicKey = encodePublicKey(kind, kind === "curve" ? x25519PublicKey(seed) : ed25519PublicKey(seed));
  }

  static fromSeed(text: string): KeyPair | undefined {
    const seed = decodeSeed(text);
    return seed === undefined ? undefined : new KeyPair(seed.kind, seed.raw);
  }

  /** The seed as text. It is a secret. */
  get seed(): string {
    return encodeSeed(this.kind, this.#seed);
  }
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    assert(this.kind !== "curve", "curve keys seal, they do not sign");
    return ed25519Sign(this.#seed, message);
  }
}

/** The keys of a server: its id, "N…", and its curve key, "X…". `randomBytes` is the world's. */
export function createServerKeys(randomBytes: (count: number) => Uint8Array): ServerKeys {
  const identity = new KeyPair("server", randomBytes(RAW_BYTES));
  const curve = new KeyPair("curve", randomBytes(RAW_BYTES));
  return { identity, curve, id: identity.publicKey, xkey: curve.publicKey };
}

export interface ServerKeys {
  readonly identity: KeyPair;
  readonly curve: KeyPair;
  readonly id: string;
  readonly xkey: string;
}

/** Whether `signature` over `message` was made with the seed of `publicKey`; false for whatever is not a key. */
export function verify(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  const key = decodePublicKey(publicKey);
  return key !== undefined && key.kind !== "curve" && ed25519Verify(key.raw, message, signature);
}

function encode(prefix: readonly number[], raw: Uint8Array): string {
  assert(raw.length === RAW_BYTES, "a key is 32 bytes");
  const bytes = new Uint8Array(prefix.length + RAW_BYTES + CRC_BYTES);
  bytes.set(prefix);
  bytes.set(raw, prefix.length);
  const end = bytes.length - CRC_BYTES;
  const crc = crc16(bytes, 0, end);
  bytes[end] = crc & 0xff;
  bytes[end + 1] = crc >> 8;
  return encodeBase32(bytes);
}

/** The bytes of a text of just this length whose checksum is right. */
function decode(text: string, length: number): Uint8Array | undefined {
  if (text.length !== length) return undefined;
  const bytes = decodeBase32(text);
  if (bytes === undefined) return undefined;
  const end = bytes.length - CRC_BYTES;
  return crc16(bytes, 0, end) === (bytes[end]! | (bytes[end + 1]! << 8)) ? bytes : undefined;
}

function kindOf(prefix: number): NkeyKind | undefined {
  return (Object.keys(nkeyPrefixes) as NkeyKind[]).find((kind) => nkeyPrefixes[kind] === prefix);
}
