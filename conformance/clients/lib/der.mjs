// The few pieces of DER that a certificate is made of.

/** A tag, its length and its content. @param {number} tag @param {...Buffer} parts */
export function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const size = body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

export const sequence = (...parts) => der(0x30, ...parts);
export const set = (...parts) => der(0x31, ...parts);
export const utf8 = (text) => der(0x0c, Buffer.from(text));
export const ia5 = (tag, text) => der(tag, Buffer.from(text));
export const octets = (bytes) => der(0x04, bytes);
export const bits = (bytes, unused = 0) => der(0x03, Buffer.from([unused]), bytes);
export const boolean = (value) => der(0x01, Buffer.from([value ? 0xff : 0]));
/** A positive number whose highest bit is clear. */
export const integer = (bytes) => der(0x02, Buffer.isBuffer(bytes) ? bytes : Buffer.from([bytes]));
export const explicit = (n, ...parts) => der(0xa0 + n, ...parts);

/** @param {string} dotted */
export function oid(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const group = [part & 127];
    for (let left = part >> 7; left > 0; left >>= 7) group.unshift((left & 127) | 128);
    bytes.push(...group);
  }
  return der(0x06, Buffer.from(bytes));
}

/** @param {Date} date */
export function time(date) {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return date.getUTCFullYear() < 2050 ? ia5(0x17, `${digits.slice(2)}Z`) : ia5(0x18, `${digits}Z`);
}
