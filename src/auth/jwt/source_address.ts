// Whether a peer's address is in one of a token's CIDRs. Addresses of IPv4 written as IPv6 are IPv4.

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** True also when there is no CIDR. A peer without an address, or a CIDR that is none, is refused. */
export function isAllowedSource(cidrs: readonly string[], host: string): boolean {
  if (cidrs.length === 0) return true;
  const address = parseAddress(host);
  if (address === undefined) return false;
  for (const cidr of cidrs) {
    const network = parseCidr(cidr);
    if (network === undefined) return false;
    if (contains(network, unmapped(address))) return true;
  }
  return false;
}

export function isCidr(cidr: string): boolean {
  return parseCidr(cidr) !== undefined;
}

/** Whose an address is, as far as it shows: one of IPv4 is a peer's alone, of IPv6 it has the 64 bits below a network. */
export function networkOf(host: string): string {
  const address = parseAddress(host);
  if (address === undefined) return host;
  const short = unmapped(address);
  return Buffer.from(short.subarray(0, 8)).toString("hex");
}

function contains({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((bytes[whole]! ^ address[whole]!) & (0xff << (8 - rest)) & 0xff) === 0;
}

function parseCidr(cidr: string): Network | undefined {
  const slash = cidr.indexOf("/");
  const address = slash < 0 ? undefined : parseAddress(cidr.slice(0, slash));
  const digits = cidr.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(digits)) return undefined;
  const bits = Number(digits);
  if (bits > address.length * 8) return undefined;
  const bytes = new Uint8Array(address.length);
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    bytes[i] = address[i]! & (0xff << (8 - kept));
  }
  const short = unmapped(bytes);
  return { bytes: short, bits: short === bytes ? bits : Math.max(0, bits - 96) };
}

/** 4 or 16 bytes, as Go's net.ParseIP: no leading zeros, no zone. */
function parseAddress(input: string): Uint8Array | undefined {
  return input.includes(":") ? parseV6(input) : parseV4(input);
}

function parseV4(input: string): Uint8Array | undefined {
  const parts = input.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

function parseV6(input: string): Uint8Array | undefined {
  let head = input;
  const tail: number[] = [];
  const lastColon = input.lastIndexOf(":");
  if (input.includes(".")) {
    const v4 = parseV4(input.slice(lastColon + 1));
    if (v4 === undefined) return undefined;
    tail.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    // The colon in front of it stays only as the second of a pair.
    head = input.slice(0, input[lastColon - 1] === ":" ? lastColon + 1 : lastColon);
  }
  const halves = head.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map(groupsOf);
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const after = [...(right ?? []), ...tail];
  const missing = 8 - left.length - after.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...left, ...Array<number>(missing).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(half: string): number[] | undefined {
  if (half === "") return [];
  const groups = half.split(":");
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** The IPv4 address that one of IPv6 stands for. */
function unmapped(address: Uint8Array): Uint8Array {
  if (address.length === 4) return address;
  const isMapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
  return isMapped ? address.subarray(12) : address;
}
