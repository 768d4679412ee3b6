// The `tls` block, the same for every listener, and what its files must hold.

import { X509Certificate, createPrivateKey } from "node:crypto";

import { goDuration, messageOf } from "../go.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Resolved, Row } from "../rows.ts";
import { block, bool, custom, int, readBlock, str } from "../rows.ts";
import type { ConfigSource } from "../source.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { ciphers, curves, insecureCiphers } from "./tls_names.ts";

const AUTO_MS = 50;
const wrongFile = (name: string): string => `error parsing tls config, expected '${name}' to be filename`;
const wrongBool = (name: string): string => `error parsing tls config, expected '${name}' to be a boolean`;
const file = (doc: string): Row<string | undefined> => str({ doc, reload: "live", mismatch: wrongFile });
const flag = (doc: string, reload: "live" | "restart" = "live"): Row<boolean> =>
  bool({ fallback: false, doc, reload, mismatch: wrongBool });

const pairRows = {
  cert_file: file("File with a certificate and its chain, PEM."),
  key_file: file("File with its private key, PEM."),
};
export interface CertPair {
  readonly cert_file: string;
  readonly key_file: string;
}

/** A time in seconds, or a duration. Texts of errors differ by block: `what` is "tls config". */
export function seconds(
  what: string,
  spec: { readonly fallback: number; readonly shown: string; readonly doc: string },
): Row<number>;
export function seconds(
  what: string,
  spec: { readonly fallback?: undefined; readonly doc: string },
): Row<number | undefined>;
export function seconds(
  what: string,
  spec: { readonly fallback?: number | undefined; readonly shown?: string; readonly doc: string },
): Row<number | undefined> {
  return custom<number | undefined>("duration", spec.fallback, { ...spec, reload: "live" }, (node, name) => {
    const before = `error parsing ${what}, '${name}'`;
    if (node.kind === "int" || node.kind === "float") return Number(node.value) * 1000;
    if (node.kind !== "string") throw new OptionError(`${before} wrong type`);
    const parsed = goDuration(node.value);
    if (typeof parsed !== "number") throw new OptionError(`${before} ${parsed.complaint}`);
    return parsed;
  });
}

function nameList(doc: string, known: ReadonlySet<string>, unknown: string): Row<readonly string[] | undefined> {
  return custom<readonly string[] | undefined>("list of texts", undefined, { doc, reload: "live" }, (node, name) => {
    const list = textList(node);
    if (list.length === 0) throw new OptionError(`error parsing tls config, '${name}' cannot be empty`);
    for (const { text, at } of list) if (!known.has(text)) throw new OptionError(`${unknown} ${text}`, { at });
    return list.map(({ text }) => text);
  });
}

function textList(node: Node): { readonly text: string; readonly at: Node["at"] }[] {
  if (node.kind !== "array") {
    throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not []interface {}`);
  }
  return node.value.map((item) => {
    if (item.kind === "string") return { text: item.value, at: item.at };
    throw new OptionError(`interface conversion: interface {} is ${goType(item)}, not string`, { at: item.at });
  });
}

const knownUrlsRow = (links: boolean): Row<boolean> =>
  custom(
    "boolean",
    false,
    {
      doc: "As verify, and the certificate must name a host of a configured URL; for clusters and gateways.",
      reload: "live",
    },
    (node, name) => {
      if (node.kind !== "bool") throw new OptionError(wrongBool(name));
      if (!links) throw new OptionError("verify_cert_and_check_known_urls not supported in this context");
      return node.value;
    },
  );

const windows = (doc: string): Row<string | undefined> =>
  str({
    doc: `${doc} Windows only.`,
    reload: "live",
    status: "refused",
    why: "certificate stores exist on Windows only, and this server does not read them",
    mismatch: (name) => `expected '${name}' to be a valid non-empty string`,
  });

export const tlsRows = {
  ...pairRows,
  ca_file: file("File with the authorities that clients' certificates are checked against, PEM."),
  insecure: flag("Does not check the other side of a connection this server opens."),
  verify: flag("Demands a certificate of every client and checks it."),
  verify_and_map: flag("As verify, and the certificate says which user it is.", "restart"),
  verify_cert_and_check_known_urls: knownUrlsRow(false),
  cipher_suites: nameList("Names of the cipher suites for TLS 1.2, best first.", ciphers, "unrecognized cipher"),
  curve_preferences: nameList("Names of the key exchange curves, best first.", curves, "unrecognized curve preference"),
  timeout: seconds("tls config", { fallback: 2000, doc: "Time for the handshake.", shown: "2s" }),
  connection_rate_limit: int({
    fallback: 0,
    doc: "New TLS connections taken each second; 0 is any number.",
    reload: "restart",
    mismatch: (name) => `error parsing tls config, '${name}' wrong type`,
  }),
  pinned_certs: custom<readonly string[]>(
    "list of texts",
    [],
    { doc: "SHA-256 sums of the public keys that clients may show, in hex.", reload: "live" },
    readPins,
  ),
  handshake_first: custom<boolean | number>(
    'boolean, "auto" or duration',
    false,
    {
      doc: 'TLS before INFO; "auto" (50ms) or a duration waits that long for a client to begin.',
      reload: "live",
      aliases: ["first", "immediate"],
    },
    readHandshakeFirst,
  ),
  certs: custom<readonly CertPair[]>(
    "list of blocks",
    [],
    {
      doc: "Several certificates, each with cert_file and key_file; the name the client asks for picks one.",
      reload: "live",
      aliases: ["certificates"],
      rows: pairRows,
    },
    readCerts,
  ),
  min_version: custom<"1.2" | "1.3">(
    '"1.2" or "1.3"',
    "1.2",
    { doc: "Oldest version of TLS spoken.", reload: "live" },
    readMinVersion,
  ),
  allow_insecure_cipher_suites: flag("Lets cipher_suites name suites that are known to be weak."),
  ocsp_peer: custom<boolean>(
    "boolean or block",
    false,
    {
      doc: "Asks the issuer whether a client's certificate was revoked.",
      reload: "live",
      status: "refused",
      why: "OCSP is not checked, and clients with revoked certificates would be let in",
      enables: (on: boolean) => on,
    },
    readOcspPeer,
  ),
  cert_store: windows("Certificate store to take the certificate from."),
  cert_match_by: windows("What cert_match compares."),
  cert_match: windows("Which certificate of the store."),
  cert_match_skip_invalid: custom<boolean>(
    "boolean",
    false,
    { doc: "Passes over certificates that are not valid now. Windows only.", reload: "live", status: "later" },
    (node, name) => {
      if (node.kind !== "bool") throw new OptionError(`expected '${name}' to be a boolean`);
      return node.value;
    },
  ),
  ca_certs_match: custom<undefined>(
    "list of texts",
    undefined,
    {
      doc: "Which authorities of the store. Windows only.",
      reload: "live",
      status: "later",
      why: "certificate stores exist on Windows only",
    },
    () => undefined,
  ),
};
const linkTlsRows = { ...tlsRows, verify_cert_and_check_known_urls: knownUrlsRow(true) };

/**
 * `handshake_first` is false, true, or the milliseconds to wait for a TLS hello before sending INFO in clear.
 * Without cert_file and certs there is no TLS on this listener, only what allow_non_tls announces.
 */
export type TlsOptions = Resolved<typeof tlsRows>;

const unknownTls = { unknown: (name: string) => `error parsing tls config, unknown field ${quote(name)}` };

/** A `tls` row; `links` is for clusters and gateways, where certificates can be held against URLs. */
export function tlsBlock(doc: string, links = false): Row<TlsOptions | undefined> {
  const rows = links ? linkTlsRows : tlsRows;
  const row = block(rows, { doc, reload: "live", ...unknownTls });
  return {
    ...row,
    read(node, name, reading) {
      const tls = row.read(node, name, reading);
      if (tls !== undefined) checkTlsFiles(tls, reading.source);
      return tls;
    },
  };
}

function readPins(node: Node): readonly string[] {
  if (node.kind !== "array") {
    throw new OptionError(
      "error parsing tls config, expected 'pinned_certs' to be a list of hex-encoded sha256 of DER encoded SubjectPublicKeyInfo",
    );
  }
  return textList(node).map(({ text, at }) => {
    const pin = text.toLowerCase();
    if (/^[0-9a-f]{64}$/.test(pin)) return pin;
    const why = `'pinned_certs' key ${text} does not look like hex-encoded sha256 of DER encoded SubjectPublicKeyInfo`;
    throw new OptionError(`error parsing tls config, ${why}`, { at });
  });
}

function readHandshakeFirst(node: Node, name: string): boolean | number {
  if (node.kind === "bool") return node.value;
  if (node.kind !== "string") {
    throw new OptionError(`field ${quote(name)} should be a boolean or a string, got ${goType(node)}`);
  }
  const word = node.value.trim().toLowerCase();
  if (word === "true" || word === "on") return true;
  if (word === "false" || word === "off") return false;
  if (word === "auto" || word === "auto_fallback") return AUTO_MS;
  const parsed = goDuration(node.value);
  if (typeof parsed !== "number") throw new OptionError(`field ${quote(name)}'s value ${quote(node.value)} is invalid`);
  return parsed;
}

function readCerts(node: Node, _name: string, reading: Reading): readonly CertPair[] {
  const before = "error parsing certificates config:";
  if (node.kind !== "array") throw new OptionError(`${before} unsupported type map[string]interface {}`);
  return node.value.map((item) => {
    if (item.kind !== "map") throw new OptionError(`${before} unsupported type ${goType(item)}`, { at: item.at });
    const unknown = (name: string): string => `error parsing tls certs config, unknown field ${quote(name)}`;
    const { cert_file, key_file } = readBlock(
      pairRows,
      item,
      { ...reading, path: `${reading.path}certs.` },
      { unknown },
    );
    if (cert_file === undefined || key_file === undefined) {
      const at = [...item.value.values()].at(-1)?.at ?? item.at;
      throw new OptionError(`${before} both 'cert_file' and 'cert_key' options are required`, { at });
    }
    return { cert_file, key_file };
  });
}

function readMinVersion(node: Node): "1.2" | "1.3" {
  if (node.kind !== "string") {
    throw new OptionError(`error parsing tls config: 'min_version' wrong type: ${goValue(node)}`);
  }
  const { value } = node;
  if (value === "1.2" || value === "1.3") return value;
  if (value === "1.0" || value === "1.1") {
    throw new OptionError(`error parsing tls config: unsupported TLS version: TLS ${value}`);
  }
  throw new OptionError(`error parsing tls config: unknown version: ${value}`);
}

const ocspPeerNames = [
  "verify",
  "ca_timeout",
  "allowed_clockskew",
  "warn_only",
  "unknown_is_good",
  "allow_when_ca_unreachable",
  "cache_ttl_when_next_update_unset",
];

function readOcspPeer(node: Node, _name: string, reading: Reading): boolean {
  if (node.kind === "bool") return node.value;
  if (node.kind !== "map")
    throw new OptionError("error parsing ocsp peer config: unsupported type map[string]interface {}");
  let on = false;
  for (const entry of node.value.values()) {
    const name = entry.key.toLowerCase();
    if (!ocspPeerNames.includes(name)) {
      reading.problems.error(entry.at, `error parsing tls peer config, unknown field [${quote(entry.key)}]`);
    }
    if (name === "verify" && entry.node.kind === "bool") on = entry.node.value;
  }
  return on;
}

/** Throws OptionError unless the files of the block are there and fit together. */
export function checkTlsFiles(tls: TlsOptions, source: ConfigSource): void {
  const weak = (tls.cipher_suites ?? []).filter((name) => insecureCiphers.has(name));
  if (weak.length > 0 && !tls.allow_insecure_cipher_suites) {
    const what = "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set";
    throw new OptionError(`${what}: ${weak.join(", ")}`);
  }
  const { cert_file, key_file, certs } = tls;
  if (cert_file !== undefined && certs.length > 0) {
    throw new OptionError("error parsing tls config, cannot combine 'cert_file' option with 'certs' option");
  }
  if (cert_file !== undefined && key_file === undefined)
    throw new OptionError("missing 'key_file' in TLS configuration");
  if (key_file !== undefined && cert_file === undefined)
    throw new OptionError("missing 'cert_file' in TLS configuration");
  const before = "error parsing X509 certificate/key pair";
  if (cert_file !== undefined && key_file !== undefined) checkPair({ cert_file, key_file }, before, source);
  certs.forEach((pair, i) => checkPair(pair, `${before} ${i + 1}/${certs.length}`, source));
  if (tls.ca_file !== undefined && !/-----BEGIN CERTIFICATE-----/.test(readOr("", tls.ca_file, source))) {
    throw new OptionError("failed to parse root ca certificate");
  }
}

function readOr(before: string, path: string, source: ConfigSource): string {
  try {
    return source.read(path);
  } catch (err) {
    throw new OptionError(before + messageOf(err));
  }
}

function checkPair(pair: CertPair, before: string, source: ConfigSource): void {
  const cert = readOr(`${before}: `, pair.cert_file, source);
  const key = readOr(`${before}: `, pair.key_file, source);
  const fail = (why: string): OptionError => new OptionError(`${before}: tls: ${why}`);
  if (!cert.includes("-----BEGIN ")) throw fail("failed to find any PEM data in certificate input");
  if (!/-----BEGIN CERTIFICATE-----/.test(cert)) {
    const also = /PRIVATE KEY-----/.test(cert) ? ", but did find a private key; PEM inputs may have been switched" : "";
    throw fail(`failed to find certificate PEM data in certificate input${also}`);
  }
  if (!key.includes("-----BEGIN ")) throw fail("failed to find any PEM data in key input");
  if (!/PRIVATE KEY-----/.test(key)) throw fail("found a certificate rather than a key in the PEM for the private key");
  let matches: boolean;
  try {
    const certificate = new X509Certificate(cert);
    const secret = createPrivateKey(key);
    if (certificate.publicKey.asymmetricKeyType !== secret.asymmetricKeyType) {
      throw fail("private key type does not match public key type");
    }
    matches = certificate.checkPrivateKey(secret);
  } catch (err) {
    throw err instanceof OptionError ? err : fail(`failed to parse certificate or private key: ${messageOf(err)}`);
  }
  if (!matches) throw fail("private key does not match public key");
}
