// Integers with units.

/** Value of 8, 8k (8000) or 8kb, 8ki, 8KiB (8192); too large a product wraps around in 64 bits, as in nats-server. */
export function readInteger(text: string): bigint | undefined {
  const [, digits, unit = "", binary = ""] = /^(-?[0-9]+)(?:([kmgtpe])(i?b?))?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const count = BigInt(digits);
  if (count !== BigInt.asIntN(64, count)) return undefined;
  if (unit === "") return count;
  const power = BigInt("kmgtpe".indexOf(unit.toLowerCase()) + 1);
  return BigInt.asIntN(64, count * (binary === "" ? 1000n : 1024n) ** power);
}
