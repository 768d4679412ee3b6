// Byte strings: bytes as a JavaScript string with one character per byte.
//
// Subjects, queue names and sids are bytes. Outside the message path they are
// held in this form, so that they compare, concatenate and key a Map. What
// came from JSON or a configuration file is encoded as UTF-8 first, so it is
// the same subject as on the wire.

declare const bytesTag: unique symbol;
/** One character (0 to 255) per byte. */
export type ByteString = string & { readonly [bytesTag]: true };

type Slice = (this: Uint8Array, from?: number, to?: number) => string;
interface Slices {
  readonly latin1Slice: Slice;
  readonly utf8Slice: Slice;
}
/** Buffer's own slices: they take any Uint8Array and skip `toString`'s look at the encoding's name. */
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slices;

/** Encodes text as UTF-8 bytes. */
export function byteString(text: string): ByteString {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return latin1Slice.call(Buffer.from(text, "utf8")) as ByteString;
  }
  return text as ByteString;
}

/** The bytes [from, to) as a byte string; the copy is owned. */
export function byteStringOf(bytes: Uint8Array, from: number, to: number): ByteString {
  return latin1Slice.call(bytes, from, to) as ByteString;
}

/** For people and JSON: UTF-8 decoded; what is not UTF-8 shows as U+FFFD. */
export function shown(bytes: ByteString): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 0x7f) return utf8Slice.call(Buffer.from(bytes, "latin1"));
  }
  return bytes;
}

/** The bytes themselves, owned by the caller. */
export function bytesOf(text: ByteString): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Whether bytes [from, to) spell `text`. */
export function bytesEqual(bytes: Uint8Array, from: number, to: number, text: ByteString): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}
