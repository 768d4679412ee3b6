// What nats-server 2.14.5 answers to the same certificates and users, see conformance/facts/auth.md.

import { describe, expect, test } from "vitest";
import { userOfCertificate } from "../../src/auth/certificate_map.ts";
import { parseDistinguishedName } from "../../src/auth/distinguished_name.ts";
import { UserTable } from "../../src/auth/users.ts";
import type { DistinguishedName, PeerCertificate } from "../../src/base/transport.ts";

export function certificate(subject: DistinguishedName, names: Partial<PeerCertificate> = {}): PeerCertificate {
  const empty = { emails: [], dnsNames: [], uris: [], spkiSha256: "", certSha256: "", subjectText: "" };
  return { der: new Uint8Array(0), subject, ...empty, ...names };
}
/** "C=US/O=Ex/OU=Ops+CN=joe", in the order of the certificate. */
function subject(text: string): DistinguishedName {
  return text.split("/").map((rdn) => rdn.split("+").map((pair) => pair.split("=") as [string, string]));
}
function mapped(cert: PeerCertificate, ...users: string[]): string | undefined {
  const table = new UserTable({ users: users.map((user) => ({ user })), default_permissions: undefined }, []);
  return userOfCertificate(table, cert)?.name;
}
const plain = certificate(subject("C=US/O=Ex/OU=Ops/CN=joe"));
const domain = certificate(subject("DC=com/DC=example/OU=A/OU=B/CN=joe"));
const multi = certificate(subject("O=Ex/OU=Ops+CN=joe"));
const comma = certificate(subject("O=Ex/CN=joe, the"));
const doubled = certificate(subject("OU=X/OU=X/CN=joe"));
const twoNames = certificate(subject("O=Ex/CN=alice/CN=joe"));
const alternative = certificate(subject("CN=joe"), {
  emails: ["j@x.io"],
  dnsNames: ["a.x.io"],
  uris: ["spiffe://x/y"],
});
const withMail = certificate(subject("CN=joe/1.2.840.113549.1.9.1=j@x.io"));

describe("CVE-2026-33248: a certificate is the user it names and no other", () => {
  test.each([
    ["in order", plain, "CN=joe,OU=Ops,O=Ex,C=US"],
    ["in any other order", plain, "C=US,O=Ex,OU=Ops,CN=joe"],
    ["shuffled", plain, "OU=Ops,CN=joe,C=US,O=Ex"],
    ["types in any case", plain, "cn=joe,ou=Ops,o=Ex,c=US"],
    ["with spaces", plain, "CN=joe, OU=Ops, O=Ex, C=US"],
    ["with escapes", plain, "CN=j\\6fe,OU=Ops,O=Ex,C=US"],
    ["domain components", domain, "CN=joe,OU=B,OU=A,DC=example,DC=com"],
    ["domain components in another order", domain, "CN=joe,OU=B,OU=A,DC=com,DC=example"],
    ["as Go writes it, then its domain components", domain, "CN=joe,OU=A+OU=B,DC=com,DC=example"],
    ["as Go writes it", domain, "CN=joe,OU=A+OU=B"],
    ["an RDN of several values", multi, "OU=Ops+CN=joe,O=Ex"],
    ["its values in another order", multi, "CN=joe+OU=Ops,O=Ex"],
    ["in another order", multi, "O=Ex,CN=joe+OU=Ops"],
    ["as Go writes it, one by one", multi, "CN=joe,OU=Ops,O=Ex"],
    ["an escaped comma", comma, "CN=joe\\, the,O=Ex"],
    ["a comma in hex", comma, "CN=joe\\2c the,O=Ex"],
    ["a value twice", doubled, "CN=joe,OU=X,OU=X"],
    ["a value twice as Go writes it", doubled, "CN=joe,OU=X+OU=X"],
    ["two common names", twoNames, "CN=joe,CN=alice,O=Ex"],
    ["two common names in another order", twoNames, "CN=alice,CN=joe,O=Ex"],
    ["the last of two common names, as Go writes it", twoNames, "CN=joe,O=Ex"],
    ["a mail address", alternative, "j@x.io"],
    ["a DNS name", alternative, "a.x.io"],
    ["a URI", alternative, "spiffe://x/y"],
    ["a subject besides other names", alternative, "CN=joe"],
    ["what is left when a type has no name", withMail, "CN=joe"],
  ])("%s: it is", (_, cert, user) => {
    expect(mapped(cert, "someone", user)).toBe(user);
  });

  test.each([
    ["another value", plain, "CN=Joe,OU=Ops,O=Ex,C=US"],
    ["one value less", plain, "CN=joe,OU=Ops,O=Ex"],
    ["only one value", plain, "CN=joe"],
    ["a bare value", plain, "joe"],
    ["a value twice that is there once", plain, "CN=joe,CN=joe,OU=Ops,O=Ex,C=US"],
    ["a type by number", plain, "2.5.4.3=joe,OU=Ops,O=Ex,C=US"],
    ["RDNs put together", plain, "CN=joe+OU=Ops,O=Ex,C=US"],
    ["RDNs put together with domain components", domain, "CN=joe,OU=B+OU=A,DC=example,DC=com"],
    ["without its domain components", domain, "CN=joe,OU=A,OU=B"],
    ["one value twice, the other not", domain, "CN=joe,OU=A,OU=A,DC=example,DC=com"],
    ["a quoted value", comma, 'CN="joe, the",O=Ex'],
    ["a comma that is not escaped", comma, "CN=joe, the,O=Ex"],
    ["a value once that is there twice", doubled, "CN=joe,OU=X"],
    ["the first of two common names", twoNames, "CN=alice,O=Ex"],
    ["a mail address in another case", alternative, "J@x.io"],
    ["a type without a name", withMail, "1.2.840.113549.1.9.1=#13066a40782e696f,CN=joe"],
    ["an empty subject", certificate([]), ""],
  ])("%s: it is not", (_, cert, user) => {
    expect(mapped(cert, "someone", user)).toBeUndefined();
  });

  test("mail addresses come first, then DNS names, URIs and the subject; in order before any order", () => {
    expect(mapped(alternative, "CN=joe", "spiffe://x/y", "a.x.io", "j@x.io")).toBe("j@x.io");
    expect(mapped(alternative, "CN=joe", "spiffe://x/y", "a.x.io")).toBe("a.x.io");
    expect(mapped(alternative, "CN=joe", "spiffe://x/y")).toBe("spiffe://x/y");
    expect(mapped(plain, "C=US,O=Ex,OU=Ops,CN=joe", "CN=joe,OU=Ops,O=Ex,C=US")).toBe("CN=joe,OU=Ops,O=Ex,C=US");
  });
});

test("texts that are no distinguished names", () => {
  for (const text of [
    "",
    "joe",
    "CN",
    "=joe",
    "CN=",
    "CN=a,",
    ",CN=a",
    "CN=a\\",
    "CN=a\\x",
    "CN=a,,O=b",
    "1.=a",
    "CN=a\\ff",
  ]) {
    expect(parseDistinguishedName(text)).toBeUndefined();
  }
  expect(parseDistinguishedName("CN=a\\ ")).toEqual([[["CN", "a "]]]);
  expect(parseDistinguishedName("CN=Malm\\c3\\b6 , O = x\\=y ")).toEqual([[["CN", "Malmö"]], [["O", "x=y"]]]);
});
