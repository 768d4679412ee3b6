// Base32 with the alphabet of RFC 4648, without padding: the letters of nkeys.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const NO_DIGIT = 0xff;

const digits = new Uint8Array(256).fill(NO_DIGIT);
for (let i = 0; i < ALPHABET.length; i++) digits[ALPHABET.charCodeAt(i)] = i;

export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < bytes.length; i++) {
    held = ((held << 8) | bytes[i]!) & 0xfff;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      text += ALPHABET[(held >> heldBits) & 31]!;
    }
  }
  if (heldBits > 0) text += ALPHABET[(held << (5 - heldBits)) & 31]!;
  return text;
}

/** The bytes, or undefined when `text` is not what `encodeBase32` makes of them: one spelling for each. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = digits[text.charCodeAt(i)] ?? NO_DIGIT;
    if (digit === NO_DIGIT) return undefined;
    held = ((held << 5) | digit) & 0xfff;
    heldBits += 5;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes[at++] = held >> heldBits;
  }
  const isCanonical = heldBits < 5 && (held & ((1 << heldBits) - 1)) === 0;
  return isCanonical ? bytes : undefined;
}
