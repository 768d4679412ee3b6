// How an answer is packed: what the request's Accept-Encoding asks for.

import { byteStringOf } from "../base/bytes.ts";
import { S2Encoder } from "../base/s2.ts";

/** `identity`: something was asked for that nobody here knows. */
export type Encoding = "gzip" | "snappy" | "identity";

/** Packs bytes, in place or elsewhere; `done` owns what it gets. */
export interface Encoders {
  encode(encoding: Encoding, bytes: Uint8Array, done: (bytes: Uint8Array) => void): void;
}

/** What a request asks for; undefined when it asks for nothing. */
export function encodingOf(accepted: string): Encoding | undefined {
  const asked = accepted.toLowerCase();
  if (asked === "") return undefined;
  if (asked.includes("snappy") || asked.includes("s2")) return "snappy";
  return asked.includes("gzip") ? "gzip" : "identity";
}

/** A Snappy stream. */
export function snappy(bytes: Uint8Array): Uint8Array {
  const encoder = new S2Encoder(true);
  encoder.write(bytes);
  return encoder.taken();
}

/** The header block of an answer. */
export function contentEncoding(encoding: Encoding): Uint8Array {
  return Buffer.from(`NATS/1.0\r\nContent-Encoding: ${encoding}\r\n\r\n`);
}

/** The value of a header in a block of them, blanks trimmed; empty when it is not there. */
export function headerOf(block: Uint8Array, key: string): string {
  for (const line of byteStringOf(block, 0, block.length).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && line.slice(0, colon) === key) return line.slice(colon + 1).trim();
  }
  return "";
}
