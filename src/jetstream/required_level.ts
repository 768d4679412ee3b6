// `Nats-Required-Api-Level`: what a client counts on this server to know.

import { headerValue } from "./header_value.ts";

/** The level this server has. */
export const API_LEVEL = 4;

/** Whether the header block bytes[from, to) asks for more than this server has, or for what is no level. */
export function asksForHigherLevel(bytes: Uint8Array, from: number, to: number): boolean {
  const level = headerValue(bytes, "Nats-Required-Api-Level", from, to);
  return level !== undefined && level !== "" && !(/^[+-]?\d+$/.test(level) && Number(level) <= API_LEVEL);
}
