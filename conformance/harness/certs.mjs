// Test certificates, made by openssl once per checkout into .cache/conformance-certs.
//
// One authority (ca) signs: server, client (mail and DNS names), dn (subject only), plain (no client use).
// A second authority (otherca) signs stranger.

import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const leaves = {
  server: {
    ca: "ca",
    subject: "/CN=localhost",
    ext: "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth",
  },
  server2: {
    ca: "ca",
    subject: "/CN=localhost",
    ext: "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth",
  },
  client: {
    ca: "ca",
    subject: "/CN=client.example",
    ext: "subjectAltName=email:derek@nats.example,DNS:app.nats.example\nextendedKeyUsage=clientAuth",
  },
  dns: {
    ca: "ca",
    subject: "/CN=dns.example",
    ext: "subjectAltName=DNS:only.nats.example\nextendedKeyUsage=clientAuth",
  },
  dn: { ca: "ca", subject: "/C=US/O=Example/OU=Ops/CN=dn-user", ext: "extendedKeyUsage=clientAuth" },
  stranger: { ca: "otherca", subject: "/CN=stranger", ext: "extendedKeyUsage=clientAuth" },
};

/** Makes the certificates when they are absent and returns their directory. @param {string} cacheDir */
export function ensureCerts(cacheDir) {
  const dir = path.join(cacheDir, "conformance-certs");
  if (existsSync(dir)) return dir;
  const draft = `${dir}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const openssl = (...args) => execFileSync("openssl", args, { cwd: draft, stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const ca of ["ca", "otherca"]) {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${ca}-key.pem`,
      "-out",
      `${ca}.pem`,
      "-days",
      "3650",
      "-subj",
      `/CN=${ca}`,
    );
  }
  for (const [name, { ca, subject, ext }] of Object.entries(leaves)) {
    writeFileSync(path.join(draft, "ext"), `${ext}\n`);
    openssl("req", ...newKey, "-keyout", `${name}-key.pem`, "-out", "csr", "-subj", subject);
    const signer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}-key.pem`, "-CAcreateserial"];
    openssl("x509", "-req", "-in", "csr", ...signer, "-out", `${name}.pem`, "-days", "3650", "-extfile", "ext");
  }
  rmSync(path.join(draft, "csr"));
  renameSync(draft, dir);
  return dir;
}

/** Hex SHA-256 of a certificate's public key, as `pinned_certs` wants it. @param {string} file */
export function keyFingerprint(file) {
  const spki = new X509Certificate(readFileSync(file)).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}
