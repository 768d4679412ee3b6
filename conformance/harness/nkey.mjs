// NKeys for transcripts: public key of a seed, and the signature of a nonce.
//
// A seed is base32 of two prefix bytes, 32 bytes of ed25519 seed and a CRC-16.

import { createPrivateKey, createPublicKey, sign } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

/** @param {string} seed */
function openSeed(seed) {
  const raw = decodeBase32(seed);
  const kind = ((raw[0] & 7) << 5) | (raw[1] >> 3);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, raw.subarray(2, 34)]), format: "der", type: "pkcs8" });
  return { kind, key };
}

/** The public key (`U…` for a user seed). @param {string} seed */
export function publicNkey(seed) {
  const { kind, key } = openSeed(seed);
  const raw = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const body = Buffer.concat([Buffer.from([kind]), raw]);
  const crc = crc16(body);
  return encodeBase32(Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]));
}

/** Signature of `text`, by default in base64url. @param {string} seed @param {string} text */
export function signWithSeed(seed, text, encoding = "base64url") {
  return sign(null, Buffer.from(text), openSeed(seed).key).toString(encoding);
}

const kinds = { operator: 14, account: 0, user: 20, server: 13, curve: 23 };

/** A seed made of 32 equal bytes, so transcripts can name users and others without secrets. @param {number} fill */
export function seedOf(fill, name = "user") {
  const kind = kinds[name] << 3;
  const body = Buffer.concat([Buffer.from([(18 << 3) | (kind >> 5), (kind & 31) << 3]), Buffer.alloc(32, fill)]);
  const crc = crc16(body);
  return encodeBase32(Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]));
}

/** The seed that `account7` (of 32 bytes 7) or `seed7` (of a user) names; a seed itself. @param {string} text */
export function seedFrom(text) {
  const found = /^(seed|operator|account|user|server|curve)(\d+)$/.exec(text);
  if (!found) return text;
  return seedOf(Number(found[2]), found[1] === "seed" ? "user" : found[1]);
}

/** The 32 bytes within a seed. @param {string} seed */
export function rawSeed(seed) {
  return decodeBase32(seed).subarray(2, 34);
}

/** The public key of a curve key pair. @param {Uint8Array} raw */
export function publicCurveKey(raw) {
  const body = Buffer.concat([Buffer.from([kinds.curve << 3]), raw]);
  const crc = crc16(body);
  return encodeBase32(Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])]));
}

/** The 32 bytes within a public key. @param {string} key */
export function rawPublicKey(key) {
  return decodeBase32(key).subarray(1, 33);
}

/** @param {Buffer} bytes */
function crc16(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff) >>> 0;
  }
  return crc;
}

/** @param {Buffer} bytes */
function encodeBase32(bytes) {
  let [out, bits, value] = ["", 0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) out += alphabet[(value >> (bits -= 5)) & 31];
  }
  return bits > 0 ? out + alphabet[(value << (5 - bits)) & 31] : out;
}

/** @param {string} text */
function decodeBase32(text) {
  const out = [];
  let [bits, value] = [0, 0];
  for (const letter of text) {
    value = ((value << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) out.push((value >> (bits -= 8)) & 0xff);
  }
  return Buffer.from(out);
}
