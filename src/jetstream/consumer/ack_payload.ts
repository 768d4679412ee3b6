// What the payload of an ack says, as nats-server reads it.

import { bytesOf, type ByteString, byteStringOf } from "../../base/bytes.ts";
import { decodeText, int64, JsonError, record } from "../../base/json.ts";
import { quoted } from "../../errors/protocol.ts";

/** What it says. */
export type AckPayload =
  | { readonly kind: "ack" | "progress" | "unknown" }
  | { readonly kind: "next"; readonly request: Uint8Array }
  | { readonly kind: "term"; readonly reason: string }
  /** Without a delay it is for now; a delay that cannot be read, too. */
  | { readonly kind: "nak"; readonly delayMs: number | undefined; readonly badDelay: string | undefined };

const nakOptions = record({ delay: int64 }, "server.ConsumerNakOptions");
const NAK = "-NAK";
const NEXT = "+NXT";
const TERM = "+TERM";
const SAID = { ack: { kind: "ack" }, progress: { kind: "progress" }, unknown: { kind: "unknown" } } as const;

/** Reads one; `body` is borrowed for the call, and by what it gives. */
export function readAck(body: Uint8Array): AckPayload {
  if (body.length === 0) return SAID.ack;
  const start = byteStringOf(body, 0, Math.min(body.length, TERM.length));
  if (body.length <= TERM.length) {
    if (start === "+ACK" || start === "+OK") return SAID.ack;
    if (start === "+WPI") return SAID.progress;
  }
  if (start.startsWith(NEXT)) return { kind: "next", request: body.subarray(NEXT.length) };
  if (start.startsWith(NAK)) return readNak(body);
  if (start !== TERM) return SAID.unknown;
  return { kind: "term", reason: Buffer.from(body.subarray(TERM.length)).toString("utf8").trim() };
}

function readNak(body: Uint8Array): AckPayload {
  const written = Buffer.from(body.subarray(NAK.length)).toString("utf8").trim();
  if (written === "") return { kind: "nak", delayMs: undefined, badDelay: undefined };
  const delayNanos = written.startsWith("{") ? readOptions(written) : durationNanos(written);
  if (delayNanos !== undefined) return { kind: "nak", delayMs: delayNanos / 1e6, badDelay: undefined };
  const shown = byteStringOf(bytesOf(Buffer.from(written, "utf8").toString("latin1") as ByteString), 0, 256);
  return { kind: "nak", delayMs: undefined, badDelay: quoted(shown) };
}

function readOptions(written: string): number | undefined {
  const read = decodeText(nakOptions, written);
  return read instanceof JsonError ? undefined : read.delay;
}

const unitNanos: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A duration as Go reads it: "1h30m", "-1.5s", "0". */
export function durationNanos(written: string): number | undefined {
  const found = /^([+-]?)(.+)$/s.exec(written);
  if (found === null) return undefined;
  const [, sign, rest] = found as unknown as [string, string, string];
  if (rest === "0") return 0;
  const parts = rest.match(/(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/g);
  if (parts === null || parts.join("") !== rest) return undefined;
  let nanos = 0;
  for (const part of parts) {
    const [, value, unit] = /^([\d.]+)(\D+)$/.exec(part)!;
    nanos += Number(value) * unitNanos[unit!]!;
  }
  if (nanos >= 2 ** 63) return undefined;
  return sign === "-" ? -nanos : nanos;
}
