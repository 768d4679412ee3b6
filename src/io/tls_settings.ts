// TLS of one listener: certificates, verification, and names as nats-server
// spells them.
//
// Checks the files' contents and says in Go's words what is wrong with them.
// Needs no socket and does not load node:tls.

import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate chain and its key, both PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** Everything a TLS listener is told. */
export interface TlsSettings {
  /** The first whose names match what the client asks for serves, else the first. */
  readonly certs: readonly TlsPair[];
  /** PEM of the authorities for client certificates; undefined means the usual ones of the web. */
  readonly ca: string | undefined;
  /** A client certificate is required, and checked. */
  readonly verify: boolean;
  /** True: TLS before INFO. Milliseconds: wait so long for the client to begin, then INFO in clear. */
  readonly handshakeFirst: boolean | number;
  /** Clients may stay in clear text. */
  readonly allowNonTls: boolean;
  /** For the whole handshake. */
  readonly timeoutMs: number;
  /** IANA names of TLS 1.2 suites, best first; those of 1.3 are always on. Empty means the secure ones. */
  readonly cipherSuites: readonly string[];
  /** "CurveP256", "CurveP384", "CurveP521", "X25519"; empty means all. */
  readonly curves: readonly string[];
  readonly minVersion: "1.2" | "1.3";
  /** Lower-case hex SHA-256 of the client certificates' SubjectPublicKeyInfo; undefined admits any. */
  readonly pinnedCerts: ReadonlySet<string> | undefined;
  /** Handshakes begun per second; 0 is without limit. */
  readonly connectionRateLimit: number;
}

/** The files or options cannot be used; the message is Go's. */
export class TlsSettingsError extends Error {
  override name = "TlsSettingsError";
}

/** Fills in what nats-server assumes, and checks certificates, keys and names. Throws a `TlsSettingsError`. */
export function tlsSettings(given: Partial<TlsSettings> & Pick<TlsSettings, "certs">): TlsSettings {
  const settings: TlsSettings = {
    ca: undefined,
    verify: false,
    handshakeFirst: false,
    allowNonTls: false,
    timeoutMs: 2000,
    cipherSuites: [],
    curves: [],
    minVersion: "1.2",
    pinnedCerts: undefined,
    connectionRateLimit: 0,
    ...given,
  };
  for (const [i, pair] of settings.certs.entries()) {
    checkPair(pair, settings.certs.length === 1 ? "" : ` ${i + 1}/${settings.certs.length}`);
  }
  if (settings.ca !== undefined) checkAuthorities(settings.ca);
  for (const name of settings.cipherSuites) {
    if (opensslCipher(name) === undefined) throw new TlsSettingsError(`unrecognized cipher ${name}`);
  }
  for (const name of settings.curves) {
    if (opensslCurve(name) === undefined) throw new TlsSettingsError(`unrecognized curve preference ${name}`);
  }
  return settings;
}

/** TLS 1.2 suites by IANA name, in Go's order of preference. */
const ciphers: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  // The rest is insecure and only on request.
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: "ECDHE-ECDSA-AES128-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: "ECDHE-RSA-AES128-SHA256",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  TLS_RSA_WITH_AES_128_CBC_SHA256: "AES128-SHA256",
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: "ECDHE-RSA-DES-CBC3-SHA",
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: "DES-CBC3-SHA",
  TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: "ECDHE-ECDSA-RC4-SHA",
  TLS_ECDHE_RSA_WITH_RC4_128_SHA: "ECDHE-RSA-RC4-SHA",
  TLS_RSA_WITH_RC4_128_SHA: "RC4-SHA",
};
const SECURE_CIPHERS = 10;
/** OpenSSL and IANA name these alike. */
const ciphersOf13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

const curves: Readonly<Record<string, string>> = {
  X25519: "X25519",
  CurveP256: "P-256",
  CurveP384: "P-384",
  CurveP521: "P-521",
};

/** OpenSSL's name of a cipher suite; undefined when nats-server does not know it either. */
export function opensslCipher(ianaName: string): string | undefined {
  return ciphersOf13.includes(ianaName) ? ianaName : own(ciphers, ianaName);
}

/** The IANA name of a cipher suite; the name itself when it is none of ours. */
export function ianaCipher(opensslName: string): string {
  return Object.keys(ciphers).find((iana) => ciphers[iana] === opensslName) ?? opensslName;
}

/** OpenSSL's name of a curve; undefined when it is unknown. */
export function opensslCurve(goName: string): string | undefined {
  return own(curves, goName);
}

/** The cipher list of OpenSSL for these settings. */
export function cipherList({ cipherSuites }: TlsSettings): string {
  const of12 = cipherSuites.length === 0 ? Object.keys(ciphers).slice(0, SECURE_CIPHERS) : cipherSuites;
  const names = of12.filter((name) => !ciphersOf13.includes(name)).map((name) => opensslCipher(name));
  return [...ciphersOf13, ...names].join(":");
}

/** The list of curves of OpenSSL for these settings. */
export function curveList(settings: TlsSettings): string {
  const names = settings.curves.length === 0 ? Object.keys(curves) : settings.curves;
  return names.map((name) => opensslCurve(name)).join(":");
}

function checkPair({ cert, key }: TlsPair, which: string): void {
  const fail = (why: string): never => {
    throw new TlsSettingsError(`error parsing X509 certificate/key pair${which}: ${why}`);
  };
  if (!cert.includes("-----BEGIN CERTIFICATE-----")) fail("tls: failed to find any PEM data in certificate input");
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) fail("tls: failed to find any PEM data in key input");
  let matches = false;
  try {
    matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    fail((error as Error).message);
  }
  if (!matches) fail("tls: private key does not match public key");
}

function checkAuthorities(ca: string): void {
  const found = ca.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const usable = found.some((pem) => {
    try {
      return new X509Certificate(pem).raw.length > 0;
    } catch {
      return false;
    }
  });
  if (!usable) throw new TlsSettingsError("failed to parse root ca certificate");
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
