// Test certificates, made once per checkout: an authority, a server, a client, and a client of a stranger's authority.
//
// Written by hand over Node's keys and signatures, so that no openssl is needed.

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bits, boolean, der, explicit, ia5, integer, octets, oid, sequence, set, time, utf8 } from "./der.mjs";
import { cacheDir } from "./target.mjs";

/** Paths of the certificates; makes them when absent. @returns {Record<string, string>} */
export function certs() {
  const dir = path.join(cacheDir, "certs");
  if (!existsSync(dir)) make(dir);
  const file = (name) => path.join(dir, `${name}.pem`);
  return {
    ca: file("ca"),
    server: file("server"),
    serverKey: file("server-key"),
    client: file("client"),
    clientKey: file("client-key"),
    stranger: file("stranger"),
    strangerKey: file("stranger-key"),
    read: (name) => readFileSync(file(name), "utf8"),
  };
}

function make(dir) {
  const draft = `${dir}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const write = (name, { pem, key }) => {
    writeFileSync(path.join(draft, `${name}.pem`), pem);
    writeFileSync(path.join(draft, `${name}-key.pem`), key.export({ type: "pkcs8", format: "pem" }));
  };
  const ca = certificate({ name: "Clients CA" });
  const strangers = certificate({ name: "Strangers CA" });
  write("ca", ca);
  write("server", certificate({ name: "localhost", issuer: ca, dns: ["localhost"], ip: [127, 0, 0, 1] }));
  write("client", certificate({ name: "client", issuer: ca, dns: ["client.test"], email: ["derek@nats.test"] }));
  write("stranger", certificate({ name: "client", issuer: strangers, email: ["derek@nats.test"] }));
  try {
    renameSync(draft, dir);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
}

function certificate({ name, issuer, dns = [], ip, email = [] }) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const keyId = createHash("sha1").update(spki).digest();
  const subject = distinguishedName(name);
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x3f) | 0x40;
  const names = [...dns.map((text) => ia5(0x82, text)), ...email.map((text) => ia5(0x81, text))];
  if (ip) names.push(der(0x87, Buffer.from(ip)));
  const extensions = [
    extension("2.5.29.14", octets(keyId)),
    extension("2.5.29.35", sequence(der(0x80, issuer?.keyId ?? keyId))),
    issuer ? extension("2.5.29.19", sequence()) : extension("2.5.29.19", sequence(boolean(true)), true),
  ];
  if (issuer) extensions.push(extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))));
  if (names.length > 0) extensions.push(extension("2.5.29.17", sequence(...names)));
  const body = sequence(
    explicit(0, integer(2)),
    integer(serial),
    algorithm,
    issuer?.subject ?? subject,
    sequence(time(new Date(Date.now() - 86_400_000)), time(new Date(Date.now() + 3650 * 86_400_000))),
    subject,
    spki,
    explicit(3, sequence(...extensions)),
  );
  const signature = sign("sha256", body, issuer?.key ?? privateKey);
  const text = sequence(body, algorithm, bits(signature))
    .toString("base64")
    .match(/.{1,64}/g)
    .join("\n");
  return { pem: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`, key: privateKey, subject, keyId };
}

function distinguishedName(name) {
  const part = (type, text) => set(sequence(oid(type), utf8(text)));
  return sequence(part("2.5.4.10", "Conformance"), part("2.5.4.3", name));
}

function extension(id, value, critical = false) {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}
