// One byte stream to a peer, whatever carries it: TCP, TLS, WebSocket or a
// pipe inside the process. Implemented in `io/`, used by sessions.
//
// Bytes arrive in the arena's read area (see arena.ts) and are borrowed: good
// until `onChunk` returns. Bytes leave from the arena or from owned buffers.

/** One end of a network connection. */
export interface PeerAddress {
  readonly ip: string;
  readonly port: number;
}

/** A distinguished name: its RDNs in the certificate's order, each of one or more `[type, value]` pairs. */
export type DistinguishedName = readonly (readonly (readonly [type: string, value: string])[])[];

/** What a client certificate says of its owner. */
export interface PeerCertificate {
  /** The certificate in DER, owned. */
  readonly der: Uint8Array;
  /** Hex SHA-256 of its DER SubjectPublicKeyInfo, lower case. */
  readonly spkiSha256: string;
  /** Hex SHA-256 of the whole certificate, lower case. */
  readonly certSha256: string;
  /** As Go prints it: RFC 2253, most specific RDN first. */
  readonly subjectText: string;
  readonly subject: DistinguishedName;
  readonly emails: readonly string[];
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
}

/** What TLS agreed on. */
export interface TlsInfo {
  /** "1.2" or "1.3". */
  readonly version: string;
  /** The IANA name, e.g. "TLS_AES_128_GCM_SHA256". */
  readonly cipherSuite: string;
  /** The peer's leaf certificate first; empty when it showed none. */
  readonly peerCertificates: readonly PeerCertificate[];
  /** Where they were verified: the DER of each from the leaf to the authority. Only while the connection lives. */
  readonly verifiedChain?: () => readonly Uint8Array[];
  /** The handshake came before INFO. */
  readonly first: boolean;
}

export type TransportKind = "tcp" | "tls" | "ws" | "wss" | "pipe";

/** Why a transport is gone. */
export type TransportEnd = "eof" | "readError" | "writeError" | "tlsHandshake";

/** Who hears of a connection. Methods are never called from inside a call to the transport. */
export interface TransportHandler {
  /** Bytes [from, to) of the arena arrived. Borrowed until this returns. A paused handler is not called. */
  onChunk(from: number, to: number): void;
  /** The last chunk had large messages: more may be read at once. */
  readonly takesLarge?: boolean;
  /** Everything written before is out of our hands: bytes of calls that returned false are free again. */
  onWritten(): void;
  /** The connection is what it will be: TLS is up, or the peer chose plain text. Only where `tlsPending` was true. */
  onSecured(tls: TlsInfo | undefined): void;
  /** The connection is gone. Called once, last; also after `end` and `destroy`. `detail` is the system's text. */
  onGone(why: TransportEnd, detail: string): void;
}

/** The sending half, and the brakes of the receiving one. */
export interface Transport {
  readonly kind: TransportKind;
  /** Undefined for a pipe. */
  readonly remote: PeerAddress | undefined;
  /** Undefined while there is no TLS (yet). */
  readonly tls: TlsInfo | undefined;
  /** INFO goes out in clear text, then the peer starts TLS (or not, with allow_non_tls): wait for `onSecured`. */
  readonly tlsPending: boolean;
  /** The first valid address of X-Forwarded-For, for WebSocket; undefined otherwise. */
  readonly forwardedFor: string | undefined;
  /** Sends arena bytes [from, to). True: they are free at once; false: leave them alone until `onWritten`. */
  write(from: number, to: number): boolean;
  /** Sends bytes that nobody will change any more. Returns as `write` does. */
  writeOwned(bytes: Uint8Array): boolean;
  /** Between `cork` and `uncork` writes are gathered into one system call. */
  cork(): void;
  uncork(): void;
  /** No `onChunk` until `resume`. Both may be called at any time, any number of times. */
  pause(): void;
  resume(): void;
  /** The peer is known now: chunks may be large. Before, at most 4 KB of it are held at a time. */
  trust(): void;
  /** Closes once what was written is out, or after `graceMs`. `wsStatus`/`wsReason` are for WebSocket's close frame. */
  end(graceMs: number, wsStatus?: number, wsReason?: string): void;
  /** Closes at once; what was not written is lost. */
  destroy(): void;
}

/** Told of each new connection, before its first byte is read. */
export type Accept = (transport: Transport) => TransportHandler;

/** An open door. */
export interface Listener {
  /** The port it really listens on. */
  readonly port: number;
  /** The host as configured; "0.0.0.0" also accepts IPv6 where the system has it. */
  readonly host: string;
  /** Takes no new connections; those that exist stay. */
  close(): Promise<void>;
}
