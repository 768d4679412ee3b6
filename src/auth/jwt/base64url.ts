// Base64 of URLs without padding, read as leniently as Go reads it: line breaks
// anywhere, and bits left over at the end, are passed over; padding is an error.

import { JwtError } from "./jwt_error.ts";

export function decodeBase64Url(input: string): Buffer | JwtError {
  const bad = input.search(/[^A-Za-z0-9_\-\r\n]/);
  if (bad >= 0) return illegalAt(bad);
  const digits = input.replace(/[\r\n]+/g, "");
  if (digits.length % 4 === 1) return illegalAt(input.length - 1);
  return Buffer.from(digits, "base64url");
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** A signature of CONNECT: base64 of URLs without padding, else standard base64 with it. */
export function decodeSignature(input: string): Buffer | undefined {
  const bytes = decodeBase64Url(input);
  if (!(bytes instanceof JwtError)) return bytes;
  const digits = input.replace(/[\r\n]+/g, "");
  const isStandard = digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits);
  return isStandard ? Buffer.from(digits, "base64") : undefined;
}

function illegalAt(at: number): JwtError {
  return new JwtError(`illegal base64 data at input byte ${at}`);
}
