// Whether a text is a public nkey of some kind. What nkeys do is for `auth`.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const letters = { user: "U", account: "A", operator: "O", curve: "X" } as const;

/** True for a well-formed public key of this kind: base32 of kind, 32 bytes and their CRC-16. */
export function isPublicNkey(text: string, kind: keyof typeof letters): boolean {
  return text.startsWith(letters[kind]) && isNkey(text);
}

/** True for any well-formed public nkey. */
export function isNkey(text: string): boolean {
  const bytes = fromBase32(text);
  return bytes?.length === 35 && crc16(bytes.subarray(0, 33)) === bytes.readUInt16LE(33);
}

/** True for a well-formed seed, "S…". */
export function isNkeySeed(text: string): boolean {
  const bytes = fromBase32(text);
  return text.startsWith("S") && bytes?.length === 36 && crc16(bytes.subarray(0, 34)) === bytes.readUInt16LE(34);
}

function fromBase32(text: string): Buffer | undefined {
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (const c of text) {
    const value = ALPHABET.indexOf(c);
    if (value < 0) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    out.push((bits >> count) & 0xff);
  }
  return Buffer.from(out);
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
