// Sealed messages between two curve keys ("X…"), as nkeys seals them for the authorization callout.
//
//   "xkv1" | nonce, 24 bytes | NaCl box: Poly1305 tag, 16 bytes, and XSalsa20 of the message
//
// node:crypto has no XSalsa20, so this is where tweetnacl is used. Loading it
// costs milliseconds: import this file when a callout needs it, not at start.
// Source: auth facts §6.

import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import nacl from "tweetnacl";
import { assert } from "../base/assert.ts";
import { decodePublicKey, decodeSeed, type KeyPair } from "./nkey.ts";

/** Bytes of a nonce, each of which is used once. */
export const XKEY_NONCE_BYTES = 24;

const VERSION = Buffer.from("xkv1", "latin1");
const HEAD_BYTES = VERSION.length + XKEY_NONCE_BYTES;

/** Why a message was not opened, or not sealed. */
export type XkeyFault = "recipient" | "sender" | "version" | "short" | "forged";

/** Faults in the words of nkeys. */
export const xkeyFaultTexts: Readonly<Record<XkeyFault, string>> = {
  recipient: "nkeys: not a valid recipient public curve key",
  sender: "nkeys: not a valid sender public curve key",
  version: "nkeys: encrypted input wrong version",
  short: "nkeys: encrypted input is not valid",
  forged: "nkeys: could not decrypt input",
};

/** Seals `message` for the holder of `recipient`. `nonce` is unpredictable and never used again. */
export function seal(own: KeyPair, message: Uint8Array, recipient: string, nonce: Uint8Array): Buffer | XkeyFault {
  assert(nonce.length === XKEY_NONCE_BYTES, "a nonce is 24 bytes");
  const key = sharedKey(own, recipient);
  if (key === undefined) return "recipient";
  return Buffer.concat([VERSION, nonce, nacl.box.after(message, nonce, key)]);
}

/** What the holder of `sender` sealed for us. */
export function open(own: KeyPair, sealed: Uint8Array, sender: string): Buffer | XkeyFault {
  if (sealed.length <= HEAD_BYTES) return "short";
  if (VERSION.compare(sealed, 0, VERSION.length) !== 0) return "version";
  const key = sharedKey(own, sender);
  if (key === undefined) return "sender";
  const nonce = sealed.subarray(VERSION.length, HEAD_BYTES);
  const message = nacl.box.open.after(sealed.subarray(HEAD_BYTES), nonce, key);
  return message === null ? "forged" : Buffer.from(message);
}

/** Undefined when the other is no curve key, or one with which everybody would share the same secret. */
function sharedKey(own: KeyPair, other: string): Uint8Array | undefined {
  const secret = decodeSeed(own.seed);
  assert(secret?.kind === "curve", "only curve keys seal and open");
  const key = decodePublicKey(other);
  if (key?.kind !== "curve" || !hasSecret(secret.raw, key.raw)) return undefined;
  return nacl.box.before(key.raw, secret.raw);
}

const PKCS8_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_X25519 = Buffer.from("302a300506032b656e032100", "hex");

/** Points of small order give a secret of zeros, which OpenSSL refuses. */
function hasSecret(secret: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    diffieHellman({
      privateKey: createPrivateKey({ key: Buffer.concat([PKCS8_X25519, secret]), format: "der", type: "pkcs8" }),
      publicKey: createPublicKey({ key: Buffer.concat([SPKI_X25519, publicKey]), format: "der", type: "spki" }),
    });
    return true;
  } catch {
    return false;
  }
}
