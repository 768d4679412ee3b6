// What a peer is told in `-ERR`, whether the connection closes after it, and
// for which reason. Clients compare the texts: they are part of the protocol.

import type { CloseReason } from "./close_reason.ts";

/** A peer's mistake. `closes` names the close reason; undefined keeps the connection. */
export interface ProtocolErrorSpec {
  readonly text: string;
  readonly closes: CloseReason | undefined;
}

export const protocolErrors = {
  unknownOperation: { text: "Unknown Protocol Operation", closes: "protocolViolation" },
  maximumControlLine: { text: "maximum control line exceeded", closes: "maximumControlLineExceeded" },
  userAuthenticationExpired: { text: "User Authentication Expired", closes: "authenticationExpired" },
  accountAuthenticationExpired: { text: "Account Authentication Expired", closes: "authenticationExpired" },
  userAuthenticationRevoked: { text: "User Authentication Revoked", closes: "revocation" },
  authorizationViolation: { text: "Authorization Violation", closes: "authenticationFailure" },
  authenticationTimeout: { text: "Authentication Timeout", closes: "authenticationTimeout" },
  maximumConnections: { text: "maximum connections exceeded", closes: "maximumConnectionsExceeded" },
  maximumAccountConnections: {
    text: "maximum account active connections exceeded",
    closes: "maximumAccountConnectionsExceeded",
  },
  connectionThrottling: {
    text: "Connection throttling is active. Please try again later.",
    closes: "maximumConnectionsExceeded",
  },
  invalidClientProtocol: { text: "invalid client protocol", closes: "badClientProtocolVersion" },
  noRespondersRequiresHeaders: {
    text: "no responders requires headers support",
    closes: "noRespondersRequiresHeaders",
  },
  tlsRequired: { text: "Secure Connection - TLS Required", closes: "tlsHandshakeFailure" },
  maximumPayload: { text: "Maximum Payload Violation", closes: "maximumPayloadExceeded" },
  invalidPublishSubject: { text: "Invalid Publish Subject", closes: undefined },
  invalidSubject: { text: "Invalid Subject", closes: undefined },
  maximumSubscriptions: { text: "maximum subscriptions exceeded", closes: undefined },
  publishPermission: { text: "Permissions Violation for Publish to {subject}", closes: undefined },
  replyPermission: { text: "Permissions Violation for Publish with Reply of {subject}", closes: undefined },
  subscribePermission: { text: "Permissions Violation for Subscription to {subject}", closes: undefined },
  queuePermission: {
    text: "Permissions Violation for Subscription to {subject} using queue {queue}",
    closes: undefined,
  },
  removedSubscription: { text: "Permissions Violation for Subscription to {subject} (sid {sid})", closes: undefined },
  removedQueueSubscription: {
    text: "Permissions Violation for Subscription to {subject} using queue {queue} (sid {sid})",
    closes: undefined,
  },
  subscriptionTokens: {
    text: "Permissions Violation for Subscription to {subject}, too many tokens",
    closes: undefined,
  },
  staleConnection: { text: "Stale Connection", closes: "staleConnection" },
} as const satisfies Record<string, ProtocolErrorSpec>;

export type ProtocolError = keyof typeof protocolErrors;

/** Errors that end the connection. */
export type ClosingError = {
  [Name in ProtocolError]: (typeof protocolErrors)[Name]["closes"] extends string ? Name : never;
}[ProtocolError];

type Holes<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never;
type HolesOf<Name extends ProtocolError> = Holes<(typeof protocolErrors)[Name]["text"]>;

/** The text with its holes filled by values quoted as Go's %q does. `protocolErrorText("publishPermission", { subject })`. */
export function protocolErrorText<Name extends ProtocolError>(
  name: Name,
  ...values: [HolesOf<Name>] extends [never] ? [] : [Readonly<Record<HolesOf<Name>, string>>]
): string {
  const given: Readonly<Record<string, string>> = values[0] ?? {};
  return protocolErrors[name].text.replaceAll(/\{(\w+)\}/g, (_, hole: string) => quoted(given[hole] ?? ""));
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** A byte string in double quotes as Go prints it with %q: printable UTF-8 as it is, the rest escaped. */
export function quoted(byteString: string): string {
  const bytes = Buffer.from(byteString, "latin1");
  let out = '"';
  for (let i = 0; i < bytes.length;) {
    const length = utf8Length(bytes, i);
    if (length === 0) {
      out += `\\x${bytes[i]!.toString(16).padStart(2, "0")}`;
      i++;
      continue;
    }
    const char = bytes.toString("utf8", i, i + length);
    const code = char.codePointAt(0)!;
    const escape = escapes[char];
    if (escape !== undefined) out += escape;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (isPrintable(char)) out += char;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += `\\U${code.toString(16).padStart(8, "0")}`;
    i += length;
  }
  return `${out}"`;
}

/** Letters, marks, numbers, punctuation, symbols and the plain space, as Go's IsPrint. */
function isPrintable(char: string): boolean {
  return char === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

/** Length of the valid UTF-8 sequence at `at`; 0 when there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}
