// `sample_freq`: the share of acks that are measured, in percent, with or
// without the sign.

import { byteString } from "../../base/bytes.ts";
import { apiError } from "../../errors/api.ts";
import { quoted } from "../../errors/protocol.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** Throws the ApiError when it is no whole number of percent; above 100 is fine. */
export function checkSampling(frequency: string): void {
  if (frequency === "") return;
  const digits = frequency.replace(/%$/, "");
  const refuse = (err: string): unknown => apiError("consumerInvalidSampling", { err });
  const number = `strconv.Atoi: parsing ${quoted(byteString(digits))}`;
  if (!/^[+-]?\d+$/.test(digits)) throw refuse(`${number}: invalid syntax`);
  // Longer ones do not fit; BigInt would take its time to say so.
  const short = digits.replace(/^([+-]?)0+(?=\d)/, "$1");
  const value = short.length > 20 ? MAX_INT64 + 1n : BigInt(short.replace("+", ""));
  const isNegative = digits.startsWith("-");
  if (short.length > 20 || value > MAX_INT64 || value < -MAX_INT64 - 1n) throw refuse(`${number}: value out of range`);
  if (isNegative && value < 0n) throw refuse("<nil>");
}

/** Of 100 acks, how many are measured. */
export function samplePercent(frequency: string): number {
  return Math.max(0, Number(frequency.replace(/%$/, "")));
}
