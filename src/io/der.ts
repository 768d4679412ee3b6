// A reader of DER: tags, lengths, and what certificates are made of.
//
// Input is a certificate that OpenSSL has parsed, or a file of the operator;
// still every length is checked.

export const BOOLEAN = 0x01;
export const OCTET_STRING = 0x04;
export const OID = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** One element: its tag byte, where it begins and where its contents lie. */
export interface Element {
  readonly tag: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

export class DerError extends Error {
  override name = "DerError";
}

/** The element at `at`; `end` is where its surroundings end. */
export function elementAt(der: Uint8Array, at: number, end: number): Element {
  const tag = der[at];
  let length = der[at + 1];
  if (tag === undefined || length === undefined || at + 2 > end) throw new DerError("truncated");
  if ((tag & 0x1f) === 0x1f) throw new DerError("long tag");
  let from = at + 2;
  if (length >= 0x80) {
    const count = length - 0x80;
    if (count === 0 || count > 4 || from + count > end) throw new DerError("bad length");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + der[from++]!;
  }
  if (length > end - from) throw new DerError("truncated");
  return { tag, start: at, from, to: from + length };
}

/** The elements within another one, in order. */
export function childrenOf(der: Uint8Array, parent: Element): Element[] {
  const children: Element[] = [];
  for (let at = parent.from; at < parent.to;) {
    const child = elementAt(der, at, parent.to);
    children.push(child);
    at = child.to;
  }
  return children;
}

/** An object identifier in dotted form: "2.5.4.3". */
export function oidText(der: Uint8Array, { tag, from, to }: Element): string {
  if (tag !== OID || to === from || der[to - 1]! >= 0x80) throw new DerError("not an object identifier");
  const parts: number[] = [];
  let part = 0;
  for (let i = from; i < to; i++) {
    part = part * 128 + (der[i]! & 0x7f);
    if (part > Number.MAX_SAFE_INTEGER) throw new DerError("object identifier too large");
    if (der[i]! >= 0x80) continue;
    if (parts.length === 0)
      parts.push(Math.min(2, Math.floor(part / 40)), part - 40 * Math.min(2, Math.floor(part / 40)));
    else parts.push(part);
    part = 0;
  }
  return parts.join(".");
}

/** The text of any of ASN.1's string types; undefined for what is no string. */
export function stringText(der: Uint8Array, { tag, from, to }: Element): string | undefined {
  const bytes = Buffer.from(der.buffer, der.byteOffset + from, to - from);
  switch (tag) {
    case 0x0c: // UTF8String
      return bytes.toString("utf8");
    case 0x12: // NumericString
    case 0x13: // PrintableString
    case 0x14: // T61String
    case 0x16: // IA5String
      return bytes.toString("latin1");
    case 0x1e: // BMPString
      return Buffer.from(bytes.subarray(0, bytes.length & ~1))
        .swap16()
        .toString("utf16le");
    default:
      return undefined;
  }
}
