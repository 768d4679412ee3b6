// TLS handshakes on sockets somebody else accepted.
//
// One engine per listener and settings: its own contexts, ticket keys and
// session id context, so that a session of one listener means nothing to
// another one, which may trust other authorities (CVE-2025-68121).

import { randomBytes, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type DetailedPeerCertificate,
  type SecureContext,
  type Server,
  type TLSSocket,
} from "node:tls";
import type { PeerCertificate, TlsInfo } from "../base/transport.ts";
import { readCertificate } from "./certificate.ts";
import * as natives from "./natives.ts";
import { systemText, type SystemError } from "./system_text.ts";
import { cipherList, curveList, ianaCipher, type TlsSettings } from "./tls_settings.ts";

/** The first byte of a TLS record that begins a handshake. */
const HANDSHAKE_RECORD = 0x16;
/** More of a client's chain is of no use to anybody. */
const MOST_CERTIFICATES = 16;

/** What came of a handshake. */
export type Handshaken =
  | { readonly socket: TLSSocket; readonly tls: TlsInfo; readonly failed: undefined }
  | { readonly socket: undefined; readonly failed: string };

export class TlsEngine {
  readonly settings: TlsSettings;
  readonly #server: Server;
  /** Sockets in the middle of it. */
  readonly #waiting = new Map<Socket, (done: Handshaken) => void>();
  #windowMs = -Infinity;
  #begunInWindow = 0;

  constructor(settings: TlsSettings) {
    this.settings = settings;
    const shared = contextOptions(settings);
    const [first, ...others] = settings.certs.map((pair) => ({
      names: new X509Certificate(pair.cert),
      context: createSecureContext({ ...shared, ...pair }),
    }));
    const byName = (name: string): SecureContext | undefined =>
      first === undefined || first.names.checkHost(name) !== undefined
        ? first?.context
        : (others.find(({ names }) => names.checkHost(name) !== undefined)?.context ?? first.context);
    const pick = (name: string, answer: (error: Error | null, context?: SecureContext) => void): void =>
      answer(null, byName(name));
    // Never listens: sockets are put into it.
    this.#server = createServer({
      ...shared,
      ...settings.certs[0],
      requestCert: settings.verify,
      rejectUnauthorized: settings.verify,
      allowHalfOpen: true,
      pauseOnConnect: true,
      handshakeTimeout: Math.max(1, settings.timeoutMs) + 60_000, // ours comes first
      ...(others.length === 0 ? {} : { SNICallback: pick }),
    });
    this.#server.on("secureConnection", (socket) => this.#onSecure(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#onError(error, socket));
  }

  /** Counts a handshake about to begin; false when this second has had its share. */
  allow(): boolean {
    const { connectionRateLimit } = this.settings;
    if (connectionRateLimit === 0) return true;
    const nowMs = natives.nowMs();
    if (nowMs - this.#windowMs >= 1000) {
      this.#windowMs = nowMs;
      this.#begunInWindow = 0;
    }
    return ++this.#begunInWindow <= connectionRateLimit;
  }

  /**
   * Handshakes on `raw`, whose first bytes were put back. Calls `done` once, in a later turn; a failed socket is
   * destroyed.
   */
  handshake(raw: Socket, withinMs: number, done: (result: Handshaken) => void): void {
    const timeoutText = `read tcp ${addressesOf(raw)}: i/o timeout`;
    const timer = natives.setTimeout(() => settle({ socket: undefined, failed: timeoutText }), withinMs);
    const settle = (result: Handshaken): void => {
      if (!this.#waiting.delete(raw)) return;
      natives.clearTimeout(timer);
      raw.off("close", onClose);
      if (result.socket === undefined) raw.destroy();
      done(result);
    };
    // A reason, if there is one, is told within this turn; this is for a socket that just goes.
    const onClose = (): void => void natives.setImmediate(() => settle({ socket: undefined, failed: "EOF" }));
    this.#waiting.set(raw, settle);
    raw.on("close", onClose);
    this.#server.emit("connection", raw);
  }

  #onSecure(socket: TLSSocket): void {
    const done = this.#waitingFor(socket);
    if (done === undefined) {
      socket.destroy();
      return;
    }
    const certificates = peerCertificates(socket);
    const failed = this.#refusal(socket, certificates);
    if (failed === undefined) {
      const info = tlsInfo(socket, certificates);
      const isVerified = this.settings.verify && certificates.length > 0;
      const tls = isVerified ? { ...info, verifiedChain: chainReader(socket) } : info;
      done({ socket, tls, failed: undefined });
    } else {
      socket.on("error", () => {});
      done({ socket: undefined, failed });
    }
  }
  #onError(error: SystemError, socket: TLSSocket): void {
    this.#waitingFor(socket)?.({ socket: undefined, failed: goText(error, socket) });
    socket.destroy();
  }
  #refusal(socket: TLSSocket, certificates: readonly PeerCertificate[]): string | undefined {
    const { verify, pinnedCerts } = this.settings;
    if (verify && !socket.authorized) return goText(new Error("unauthorized"), socket);
    if (pinnedCerts === undefined) return undefined;
    const [leaf] = certificates;
    return leaf !== undefined && pinnedCerts.has(leaf.spkiSha256) ? undefined : "certificate not pinned";
  }
  /** Node says which socket a TLS socket is on in a private property; one without is nobody's and goes. */
  #waitingFor(socket: TLSSocket): ((done: Handshaken) => void) | undefined {
    const { _parent: raw } = socket as unknown as { _parent?: Socket };
    return raw === undefined ? undefined : this.#waiting.get(raw);
  }
}

/** What a client's first byte says of it. */
export type FirstByte = "hello" | "clear" | "silent" | "gone";

/** Waits for the first bytes of `raw`, looks at them and puts them back; leaves it paused. */
export function firstByte(raw: Socket, withinMs: number, done: (first: FirstByte) => void): void {
  const settle = (first: FirstByte): void => {
    natives.clearTimeout(timer);
    raw.off("data", onData).off("end", onGone).off("close", onGone);
    raw.pause();
    done(first);
  };
  const onData = (bytes: Buffer): void => {
    raw.pause();
    raw.unshift(bytes);
    settle(bytes[0] === HANDSHAKE_RECORD ? "hello" : "clear");
  };
  const onGone = (): void => settle("gone");
  const timer = natives.setTimeout(() => settle("silent"), Math.max(1, withinMs));
  raw.on("data", onData).on("end", onGone).on("close", onGone);
  raw.resume();
}

/** "local->remote", as Go shows a connection in its errors. */
export function addressesOf(raw: Socket): string {
  const show = (ip = "", port = 0): string => {
    const address = ip.replace(/^::ffff:/, "");
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  };
  return `${show(raw.localAddress, raw.localPort)}->${show(raw.remoteAddress, raw.remotePort)}`;
}

function contextOptions(settings: TlsSettings) {
  return {
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    // As in Go, any certificate of the file may end a chain, also one that is not self-signed.
    allowPartialTrustChain: true,
    minVersion: settings.minVersion === "1.3" ? ("TLSv1.3" as const) : ("TLSv1.2" as const),
    ciphers: cipherList(settings),
    honorCipherOrder: true,
    ecdhCurve: curveList(settings),
    sessionIdContext: randomBytes(16).toString("hex"),
  };
}

function tlsInfo(socket: TLSSocket, certificates: readonly PeerCertificate[]): TlsInfo {
  const cipher = socket.getCipher();
  return {
    version: (socket.getProtocol() ?? "").replace("TLSv", ""),
    cipherSuite: cipher.standardName ?? ianaCipher(cipher.name),
    peerCertificates: certificates,
    first: false,
  };
}

/**
 * The chain as the client sent it. Node 24 keeps only the leaf of that; there the issuers are those OpenSSL found,
 * without the self-signed one at the end, which clients need not send.
 */
function peerCertificates(socket: TLSSocket): PeerCertificate[] {
  const sent: Uint8Array[] = [];
  for (let next = socket.getPeerX509Certificate(); next !== undefined; next = next.issuerCertificate) {
    if (sent.push(next.raw) === MOST_CERTIFICATES) break;
  }
  if (sent.length === 1) sent.push(...issuersOf(socket));
  return sent.map((der) => readCertificate(der));
}

/** Reads it when it is asked for. What is known of a connection outlives it, and must not keep its socket. */
function chainReader(socket: TLSSocket): () => Uint8Array[] {
  const held = new WeakRef(socket);
  return () => {
    const found = held.deref();
    return found === undefined ? [] : verifiedChain(found);
  };
}

/** What a client showed and the authority that it ends at, which it need not show. */
function verifiedChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.push(next.raw) < MOST_CERTIFICATES && next.issuerCertificate !== next) {
    next = next.issuerCertificate;
  }
  return chain;
}

function issuersOf(socket: TLSSocket): Uint8Array[] {
  const issuers: Uint8Array[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true).issuerCertificate;
  while (next?.raw !== undefined && next.issuerCertificate !== next && issuers.length < MOST_CERTIFICATES) {
    issuers.push(next.raw);
    next = next.issuerCertificate;
  }
  return issuers;
}

const NOT_KNOWN = "x509: certificate signed by unknown authority";
const NOT_NOW = "x509: certificate has expired or is not yet valid";
/** Go's words for what OpenSSL found. */
const verifyTexts: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: NOT_KNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_KNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_KNOWN,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_KNOWN,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_KNOWN,
  CERT_HAS_EXPIRED: NOT_NOW,
  CERT_NOT_YET_VALID: NOT_NOW,
  INVALID_PURPOSE: "x509: certificate specifies an incompatible key usage",
};
const handshakeTexts: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "tls: client didn't provide a certificate",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tls: client offered only unsupported versions",
  ERR_SSL_NO_SHARED_CIPHER: "tls: no cipher suite supported by both client and server",
  ERR_SSL_NO_SUITABLE_KEY_SHARE: "tls: no ECDHE curve supported by both client and server",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "remote error: tls: unknown certificate authority",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "remote error: tls: bad certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "remote error: tls: unknown certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "remote error: tls: expired certificate",
  ECONNRESET: "EOF",
};

function goText(error: SystemError, socket: TLSSocket): string {
  // Node's types promise an Error; it is the code.
  const refused = socket.authorizationError as unknown as string | null | undefined;
  if (typeof refused === "string") {
    return `tls: failed to verify certificate: ${verifyTexts[refused] ?? `x509: ${refused}`}`;
  }
  const known = error.code === undefined ? undefined : handshakeTexts[error.code];
  if (known !== undefined) return known;
  const { reason } = error as { reason?: string };
  return reason === undefined ? systemText(error) : `tls: ${reason}`;
}
