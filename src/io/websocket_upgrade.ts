// The HTTP request by which a connection becomes a WebSocket: nats-server's
// checks, in its order, with its answers and texts.

import { createHash } from "node:crypto";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import { isIP } from "node:net";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

/** What an upgrade must satisfy. */
export interface UpgradeRules {
  /** The Origin header, if there is one, must name this very host and port. */
  readonly sameOrigin: boolean;
  /** "https://example.test:8443"; empty admits any. */
  readonly allowedOrigins: readonly string[];
  /** More headers of the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The listener speaks TLS. */
  readonly secure: boolean;
}

/** What the request says of the peer. */
export interface Upgrade {
  readonly path: string;
  /** The Cookie header's pairs. */
  readonly cookies: ReadonlyMap<string, string>;
  /** The first address of X-Forwarded-For when it is one. */
  readonly forwardedFor: string | undefined;
  /** A browser: its frames are kept small. */
  readonly browser: boolean;
  /** The client asked to send frames unmasked. */
  readonly noMasking: boolean;
}

/** A request that is refused, or the answer that makes it a WebSocket. */
export type UpgradeResult =
  | { readonly refused: string; readonly response: string }
  | { readonly refused: undefined; readonly response: string; readonly upgrade: Upgrade };

/** Checks a request. `early`: the client has sent more than the request. */
export function checkUpgrade(request: IncomingMessage, early: boolean, rules: UpgradeRules): UpgradeResult {
  const { headers } = request;
  const path = (request.url ?? "/").replace(/[?#].*$/, "");
  if (path.endsWith("/mqtt")) return refuse(404, "mqtt websocket endpoint not enabled");
  if (request.method !== "GET") return refuse(405, "request method must be GET");
  if (!headers.host) return refuse(400, "'Host' missing in request");
  if (!lists(headers.upgrade, "websocket")) return refuse(400, "invalid value for header 'Upgrade'");
  if (!lists(headers.connection, "upgrade")) return refuse(400, "invalid value for header 'Connection'");
  const key = headers["sec-websocket-key"];
  if (!key) return refuse(400, "key missing");
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return refuse(400, "invalid websocket key");
  if (!lists(headers["sec-websocket-version"], "13")) return refuse(400, "invalid version");
  const why = originRefusal(originOf(request), headers.host, rules);
  if (why !== undefined) return refuse(403, `origin not allowed: ${why}`);
  if (early) return refuse(400, "client sent data before handshake is complete");
  const noMasking = headers["nats-no-masking"] === "true";
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${createHash("sha1").update(key).update(GUID).digest("base64")}`,
    ...(noMasking ? ["Nats-No-Masking: true"] : []),
    ...rules.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return {
    refused: undefined,
    response: `${lines.join("\r\n")}\r\n\r\n`,
    upgrade: {
      path,
      cookies: cookiesOf(headers.cookie),
      forwardedFor: forwardedForOf(headers["x-forwarded-for"]),
      browser: headers["user-agent"]?.startsWith("Mozilla/") ?? false,
      noMasking,
    },
  };
}

/** What is said to what is no HTTP request, or comes too late. */
export const badRequest =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request";

function refuse(status: number, refused: string): UpgradeResult {
  const text = `${STATUS_CODES[status] ?? ""}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: text/plain; charset=utf-8",
    "Sec-Websocket-Version: 13",
    "X-Content-Type-Options: nosniff",
    `Content-Length: ${text.length}`,
    "Connection: close",
  ];
  return { refused, response: `${lines.join("\r\n")}\r\n\r\n${text}` };
}

/** Whether a header's comma-separated values hold `value`, in any case. */
function lists(header: string | undefined, value: string): boolean {
  return header?.split(",").some((one) => one.trim().toLowerCase() === value) ?? false;
}

function originOf({ headers }: IncomingMessage): string | undefined {
  const other = headers["sec-websocket-origin"];
  return headers.origin ?? (Array.isArray(other) ? other[0] : other);
}

function originRefusal(origin: string | undefined, host: string, rules: UpgradeRules): string | undefined {
  if (!origin || (!rules.sameOrigin && rules.allowedOrigins.length === 0)) return undefined;
  const given = endpoint(origin);
  if (given === undefined) return `parse ${JSON.stringify(origin)}: invalid URI for request`;
  if (rules.sameOrigin && given !== endpoint(`${rules.secure ? "https" : "http"}://${host}`)) return "not same origin";
  const allowed = rules.allowedOrigins;
  if (allowed.length > 0 && !allowed.some((one) => endpoint(one) === given)) return "not in the allowed list";
  return undefined;
}

/** "scheme://host:port" in one spelling; undefined when it is no http URL. */
function endpoint(url: string): string | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function forwardedForOf(header: string | string[] | undefined): string | undefined {
  const [first] = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",");
  const ip = first!.trim();
  return isIP(ip) === 0 ? undefined : ip;
}

function cookiesOf(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    const value = pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, "$1");
    if (name !== "" && !cookies.has(name)) cookies.set(name, value);
  }
  return cookies;
}
