// What a certificate says of its owner, as Go's crypto/x509 tells it.
//
// Node's own X509Certificate loses the order and the grouping of the names, so
// the DER is read here. It was checked by OpenSSL before.

import { createHash } from "node:crypto";
import type { DistinguishedName, PeerCertificate } from "../base/transport.ts";
import { childrenOf, DerError, elementAt, OCTET_STRING, oidText, SEQUENCE, stringText, type Element } from "./der.ts";

const DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";
/** The names Go gives to attribute types, and "DC", which nats-server maps users by; others stay dotted numbers. */
const attributeNames: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.17": "POSTALCODE",
  [DOMAIN_COMPONENT]: "DC",
};
/** The order in which Go gathers them; CN and SERIALNUMBER keep their last value only. */
const gathered = ["C", "O", "OU", "ST", "L", "STREET", "POSTALCODE", "CN", "SERIALNUMBER"] as const;
const lastOnly = new Set<string>(["CN", "SERIALNUMBER"]);
const isGathered = new Set<string>(gathered);

const SUBJECT_ALT_NAME = "2.5.29.17";
const EXTENSIONS = 0xa3;
const VERSION = 0xa0;
const RFC822_NAME = 0x81;
const DNS_NAME = 0x82;
const URI = 0x86;

/** Reads a certificate; throws a `DerError` when it is none. */
export function readCertificate(der: Uint8Array): PeerCertificate {
  const { subject, spki, extensions } = partsOf(der);
  const name = distinguishedName(der, subject);
  const names = alternativeNames(der, extensions);
  return {
    der,
    spkiSha256: sha256(der.subarray(spki.start, spki.to)),
    certSha256: sha256(der),
    subjectText: subjectText(name),
    subject: name,
    emails: names.filter(([tag]) => tag === RFC822_NAME).map(([, text]) => text),
    dnsNames: names.filter(([tag]) => tag === DNS_NAME).map(([, text]) => text),
    uris: names.filter(([tag]) => tag === URI).map(([, text]) => text),
  };
}

/**
 * A distinguished name as Go's `pkix.Name.String()` prints it: the nine known types first, gathered and in
 * Go's order, then the others in reverse, their values in hex.
 */
export function subjectText(name: DistinguishedName): string {
  const pairs = name.flat();
  const known = gathered.flatMap((type) => {
    const values = pairs.filter((pair) => pair[0] === type).map(([, value]) => value);
    const shown = lastOnly.has(type) ? values.slice(-1).filter((value) => value !== "") : values;
    return shown.length === 0 ? [] : [shown.map((value) => `${type}=${escaped(value)}`).join("+")];
  });
  const others = pairs
    .filter(([type]) => !isGathered.has(type))
    .map(([type, value]) => `${type === "DC" ? DOMAIN_COMPONENT : type}=#${derHex(value)}`);
  return [...others, ...known].reverse().join(",");
}

interface Parts {
  readonly subject: Element;
  readonly spki: Element;
  readonly extensions: Element | undefined;
}

function partsOf(der: Uint8Array): Parts {
  const [tbs] = childrenOf(der, elementAt(der, 0, der.length));
  if (tbs === undefined) throw new DerError("not a certificate");
  // [version] serial algorithm issuer validity subject spki … [extensions]
  const fields = childrenOf(der, tbs);
  if (fields[0]?.tag === VERSION) fields.shift();
  const [, , , , subject, spki] = fields;
  if (subject?.tag !== SEQUENCE || spki?.tag !== SEQUENCE) throw new DerError("not a certificate");
  return { subject, spki, extensions: fields.find(({ tag }) => tag === EXTENSIONS) };
}

function distinguishedName(der: Uint8Array, name: Element): DistinguishedName {
  return childrenOf(der, name).map((rdn) =>
    childrenOf(der, rdn).map((attribute) => {
      const [type, value] = childrenOf(der, attribute);
      if (type === undefined || value === undefined) throw new DerError("not a name");
      const oid = oidText(der, type);
      return [attributeNames[oid] ?? oid, stringText(der, value) ?? ""] as const;
    }),
  );
}

function alternativeNames(der: Uint8Array, extensions: Element | undefined): [tag: number, text: string][] {
  if (extensions === undefined) return [];
  for (const extension of childrenOf(der, childrenOf(der, extensions)[0]!)) {
    const [id, ...rest] = childrenOf(der, extension); // then perhaps `critical`, then the value
    const value = rest.at(-1);
    if (id === undefined || value?.tag !== OCTET_STRING || oidText(der, id) !== SUBJECT_ALT_NAME) continue;
    return childrenOf(der, elementAt(der, value.from, value.to)).map(({ tag, from, to }) => [
      tag,
      Buffer.from(der.subarray(from, to)).toString("latin1"),
    ]);
  }
  return [];
}

function escaped(value: string): string {
  const characters = Array.from(value);
  return characters
    .map((character, i) => {
      const edge = i === 0 || i === characters.length - 1;
      const escape = `,+"\\<>;`.includes(character) || (character === " " && edge) || (character === "#" && i === 0);
      return escape ? `\\${character}` : character;
    })
    .join("");
}

/** A string as DER in hex: PrintableString where that will do, else UTF8String. */
function derHex(value: string): string {
  const bytes = Buffer.from(value, "utf8");
  const head = [/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? 0x13 : 0x0c];
  if (bytes.length < 0x80) head.push(bytes.length);
  else if (bytes.length < 0x100) head.push(0x81, bytes.length);
  else head.push(0x82, bytes.length >> 8, bytes.length & 0xff);
  return Buffer.concat([Buffer.from(head), bytes]).toString("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
