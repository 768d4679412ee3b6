import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { readCertificate, subjectText } from "../../src/io/certificate.ts";
import { cipherList, curveList, ianaCipher, opensslCipher, tlsSettings } from "../../src/io/tls_settings.ts";
import { certPair, certPem } from "../support/certs.ts";

const certs = [certPair("server")];

test("wrong files are named in nats-server's words", () => {
  const { cert } = certPair("server");
  const { key } = certPair("client");
  const pair = "error parsing X509 certificate/key pair";
  expect(() => tlsSettings({ certs: [{ cert, key }] })).toThrow(`${pair}: tls: private key does not match public key`);
  expect(() => tlsSettings({ certs: [...certs, { cert, key }] })).toThrow(`${pair} 2/2: tls: private key does not`);
  expect(() => tlsSettings({ certs: [{ cert: "", key }] })).toThrow(
    `${pair}: tls: failed to find any PEM data in certificate input`,
  );
  expect(() => tlsSettings({ certs: [{ cert, key: "x" }] })).toThrow(
    `${pair}: tls: failed to find any PEM data in key input`,
  );
  expect(() => tlsSettings({ certs, ca: "nothing" })).toThrow("failed to parse root ca certificate");
  expect(() => tlsSettings({ certs, cipherSuites: ["constructor"] })).toThrow("unrecognized cipher constructor");
  expect(() => tlsSettings({ certs, curves: ["P1"] })).toThrow("unrecognized curve preference P1");
});

test("names go both ways", () => {
  expect(opensslCipher("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")).toBe("ECDHE-RSA-AES128-GCM-SHA256");
  expect(ianaCipher("ECDHE-RSA-AES128-GCM-SHA256")).toBe("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  expect(ianaCipher("TLS_AES_256_GCM_SHA384")).toBe("TLS_AES_256_GCM_SHA384");
  const all = tlsSettings({ certs });
  expect(cipherList(all)).toMatch(/^TLS_AES_128_GCM_SHA256:.*:ECDHE-RSA-AES256-SHA$/);
  expect(curveList(all)).toBe("X25519:P-256:P-384:P-521");
  const few = tlsSettings({
    certs,
    cipherSuites: ["TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
    curves: ["CurveP521"],
  });
  expect(cipherList(few)).toBe(
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:AES128-GCM-SHA256",
  );
  expect(curveList(few)).toBe("P-521");
});

test("a certificate is read as Go reads it", () => {
  const read = (name: Parameters<typeof certPem>[0]) => readCertificate(new X509Certificate(certPem(name)).raw);
  // The texts are those of Go 1.25's pkix.Name.String().
  expect(read("client-dn").subjectText).toBe(
    `CN=Zoë,OU=\\ #spaced\\ +OU=R\\\\D\\;=,O=Plus\\+Minus\\, \\"Inc.\\" \\<x\\>,1.2.840.113549.1.9.1=#0c10626f62406578616d706c652e74657374,` +
      `0.9.2342.19200300.100.1.1=#1303623062,0.9.2342.19200300.100.1.25=#13076578616d706c65,0.9.2342.19200300.100.1.25=#13036f7267`,
  );
  expect(read("client-dn").subject).toEqual([
    [["DC", "org"]],
    [["DC", "example"]],
    [["O", 'Plus+Minus, "Inc." <x>']],
    [["OU", " #spaced "]],
    [["OU", "R\\D;="]],
    [
      ["CN", "bob"],
      ["0.9.2342.19200300.100.1.1", "b0b"],
    ],
    [["1.2.840.113549.1.9.1", "bob@example.test"]],
    [["CN", "Zoë"]],
  ]);
  const server = new X509Certificate(certPem("server"));
  expect(read("server")).toMatchObject({
    dnsNames: ["localhost"],
    certSha256: server.fingerprint256.replaceAll(":", "").toLowerCase(),
  });
});

test("a subject is gathered and ordered as Go does it", () => {
  const text = (...pairs: [string, string][]): string => subjectText(pairs.map((pair) => [pair]));
  expect(
    text(["CN", "a"], ["CN", "b"], ["SERIALNUMBER", "1"], ["C", "US"], ["ST", "Cal"], ["L", "SF"], ["2.5.4.12", "Dr"]),
  ).toBe("SERIALNUMBER=1,CN=b,L=SF,ST=Cal,C=US,2.5.4.12=#13024472");
  expect(text(["OU", "one"], ["OU", "two"], ["O", "x"], ["CN", " lead "])).toBe("CN=\\ lead\\ ,OU=one+OU=two,O=x");
  expect(text(["2.5.4.13", "über"])).toBe("2.5.4.13=#0c05c3bc626572");
  expect(text(["CN", ""], ["O", "#1"])).toBe("O=\\#1");
});

test("what is no certificate is refused", () => {
  const { raw } = new X509Certificate(certPem("client"));
  for (let length = 0; length < 700; length += 7) expect(() => readCertificate(raw.subarray(0, length))).toThrow();
});
