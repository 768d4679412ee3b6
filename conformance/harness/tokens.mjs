// Tokens of transcripts: claims in, a signed token out, with keys that are named by kind and number.
//
//   account1 by operator1 {"name":"A","nats":{…}}     the kind goes by the key; without `by` it signs itself
//   activation account2 by account1 {…}               other kinds are named
//
// Limits that are not given are none, unless claims say "bare". `"$now+3"` is a second.

import { createHash } from "node:crypto";
import nacl from "tweetnacl";
import { publicCurveKey, publicNkey, rawPublicKey, rawSeed, seedFrom, signWithSeed } from "./nkey.mjs";

/** The second in which tokens are issued unless they say another one. */
const ISSUED_SEC = 1_700_000_000;
const noLimits = {
  account: {
    limits: { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  },
  user: { subs: -1, data: -1, payload: -1 },
};

/** Makes the token that a line asks for. @param {string} line */
export function tokenOf(line) {
  const [, kindOrKey, rest] = /^(\S+) ([^]*)$/.exec(`${line} {}`);
  const isNamed = /^(activation|generic|authorization_response)$/.test(kindOrKey);
  const words = isNamed ? rest : `${kindOrKey} ${rest}`;
  const [, subject, , issuer = subject, json] = /^(\S+)( by (\S+))? ([^]*)$/.exec(words.replace(/ \{\}$/, "")) ?? [];
  const kind = isNamed ? kindOrKey : subject.replace(/\d+$/, "");
  const claims = JSON.parse(json || "{}", (_, value) => secondOf(value));
  return signed(kind, { sub: publicOf(subject), ...claims }, issuer);
}

/** A token of `kind`, signed by a named key. @param {string} kind @param {object} claims @param {string} issuer */
export function signed(kind, { bare, nats, ...claims }, issuer) {
  const limits = bare ? {} : (noLimits[kind] ?? {});
  const body = {
    iat: ISSUED_SEC,
    iss: publicOf(issuer),
    ...claims,
    nats: merged({ ...limits, ...typeOf(kind) }, nats ?? {}),
  };
  body.jti ??= createHash("sha512-256").update(JSON.stringify(body)).digest("hex");
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(body)}`;
  return `${text}.${signWithSeed(seedFrom(issuer), text)}`;
}

function typeOf(kind) {
  return kind === "generic" ? { version: 2 } : { type: kind, version: 2 };
}

function merged(one, other) {
  const limits = one.limits || other.limits ? { limits: { ...one.limits, ...other.limits } } : {};
  return { ...one, ...other, ...limits };
}

function secondOf(value) {
  const found = typeof value === "string" && /^\$now([+-]\d+)?$/.exec(value);
  return found ? Math.floor(Date.now() / 1000) + Number(found[1] ?? 0) : value;
}

/** What is in a token. @param {string} token */
export function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
}

/** A public key by its name, or itself. @param {string} name */
export function publicOf(name) {
  if (/^curve\d+$/.test(name)) return curveKeyOf(name);
  return /\d$/.test(name) && name.length < 20 ? publicNkey(seedFrom(name)) : name;
}

/** The public curve key of `curve7`. @param {string} name */
export function curveKeyOf(name) {
  return publicCurveKey(nacl.box.keyPair.fromSecretKey(rawSeed(seedFrom(name))).publicKey);
}

/** Opens what `sender` sealed for a named curve key. @param {Buffer} sealed @param {string} sender @param {string} name */
export function opened(sealed, sender, name) {
  const nonce = sealed.subarray(4, 28);
  const plain = nacl.box.open(sealed.subarray(28), nonce, rawPublicKey(sender), rawSeed(seedFrom(name)));
  if (plain === null || sealed.subarray(0, 4).toString() !== "xkv1") throw new Error("what came cannot be opened");
  return Buffer.from(plain);
}

/** Seals `plain` for the holder of `recipient`. @param {Buffer} plain @param {string} recipient @param {string} name */
export function sealed(plain, recipient, name) {
  const nonce = nacl.randomBytes(24);
  const box = nacl.box(plain, nonce, rawPublicKey(recipient), rawSeed(seedFrom(name)));
  return Buffer.concat([Buffer.from("xkv1"), nonce, box]);
}
