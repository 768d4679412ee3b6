// Why a connection was closed: the words of `reason` in /connz, of logs and of
// disconnect events. Tools compare them: they are part of the protocol.

export const closeReasons = {
  clientClosed: "Client Closed",
  authenticationTimeout: "Authentication Timeout",
  authenticationFailure: "Authentication Failure",
  tlsHandshakeFailure: "TLS Handshake Failure",
  slowConsumerPendingBytes: "Slow Consumer (Pending Bytes)",
  slowConsumerWriteDeadline: "Slow Consumer (Write Deadline)",
  writeError: "Write Error",
  readError: "Read Error",
  parseError: "Parse Error",
  staleConnection: "Stale Connection",
  protocolViolation: "Protocol Violation",
  badClientProtocolVersion: "Bad Client Protocol Version",
  maximumConnectionsExceeded: "Maximum Connections Exceeded",
  maximumAccountConnectionsExceeded: "Maximum Account Connections Exceeded",
  maximumPayloadExceeded: "Maximum Message Payload Exceeded",
  maximumControlLineExceeded: "Maximum Control Line Exceeded",
  maximumSubscriptionsExceeded: "Maximum Subscriptions Exceeded",
  serverShutdown: "Server Shutdown",
  authenticationExpired: "Authentication Expired",
  missingAccount: "Missing Account",
  revocation: "Credentials Revoked",
  headerViolation: "Message Header Violation",
  noRespondersRequiresHeaders: "No Responders Requires Headers",
  kicked: "Kicked",
  proxyNotTrusted: "Proxy Not Trusted",
  proxyRequired: "Proxy Required",
} as const;

export type CloseReason = keyof typeof closeReasons;

/** The status of WebSocket's close frame for a reason. Source: mqtt-websocket facts B3. */
export function webSocketStatus(reason: CloseReason): number {
  switch (reason) {
    case "clientClosed":
      return 1000;
    case "authenticationTimeout":
    case "authenticationFailure":
    case "slowConsumerPendingBytes":
    case "slowConsumerWriteDeadline":
    case "maximumConnectionsExceeded":
    case "maximumAccountConnectionsExceeded":
    case "maximumControlLineExceeded":
    case "maximumSubscriptionsExceeded":
    case "missingAccount":
    case "revocation":
    case "proxyNotTrusted":
    case "proxyRequired":
    case "authenticationExpired":
      return 1008;
    case "tlsHandshakeFailure":
      return 1015;
    case "parseError":
    case "protocolViolation":
    case "badClientProtocolVersion":
      return 1002;
    case "maximumPayloadExceeded":
      return 1009;
    case "writeError":
    case "readError":
    case "staleConnection":
    case "serverShutdown":
      return 1001;
    default:
      return 1011;
  }
}
