// TLS options with file names → settings with their contents.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsOptions } from "../config/options.ts";
import { systemWords, type SystemError } from "../io/system_text.ts";
import { type TlsPair, type TlsSettings, tlsSettings, TlsSettingsError } from "../io/tls_settings.ts";

/** Reads the certificates and keys. Throws a TlsSettingsError in nats-server's words. */
export function readTls(options: TlsOptions, allowNonTls: boolean): TlsSettings {
  const pairs =
    options.certs.length > 0 ? options.certs : [{ cert_file: options.cert_file, key_file: options.key_file }];
  const certs: TlsPair[] = [];
  for (const { cert_file, key_file } of pairs) {
    if (cert_file === undefined && key_file === undefined) continue;
    if (cert_file === undefined) throw new TlsSettingsError("missing 'cert_file' in TLS configuration");
    if (key_file === undefined) throw new TlsSettingsError("missing 'key_file' in TLS configuration");
    certs.push({ cert: readPem(cert_file), key: readPem(key_file) });
  }
  const { pinned_certs } = options;
  return tlsSettings({
    certs,
    ca: options.ca_file === undefined ? undefined : readCa(options.ca_file),
    verify: options.verify || options.verify_and_map,
    handshakeFirst: options.handshake_first,
    allowNonTls,
    timeoutMs: options.timeout,
    cipherSuites: options.cipher_suites ?? [],
    curves: options.curve_preferences ?? [],
    minVersion: options.min_version === "1.3" ? "1.3" : "1.2",
    pinnedCerts:
      pinned_certs === undefined || pinned_certs.length === 0
        ? undefined
        : new Set(pinned_certs.map((pin) => pin.toLowerCase())),
    connectionRateLimit: options.connection_rate_limit,
  });
}

/** When the first certificate ends, as RFC 3339. */
export function certNotAfter(settings: TlsSettings): string | undefined {
  const first = settings.certs[0];
  if (first === undefined) return undefined;
  return new Date(new X509Certificate(first.cert).validTo).toISOString().replace(".000Z", "Z");
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new TlsSettingsError(
      `error parsing X509 certificate/key pair: open ${file}: ${systemWords(error as SystemError)}`,
    );
  }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new TlsSettingsError(`open ${file}: ${systemWords(error as SystemError)}`);
  }
}
