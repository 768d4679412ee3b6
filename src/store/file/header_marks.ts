// Whether a message says that it expires or is to be sent later: `index.db`
// counts such messages for each block, so that nats-server knows where to look.

const TTL = Buffer.from("Nats-TTL:");
const SCHEDULE = Buffer.from("Nats-Schedule:");
const CR = 0x0d;
const LF = 0x0a;
/** The byte in which the two names and most others differ, and where it is. */
const DASH = 0x2d;
const DASH_AT = 4;

/** What headers say. */
export const MARK = { ttl: 1, schedule: 2 } as const;

/** Which of `MARK` the headers bytes[from, to) have, added up; a name counts where a line begins behind the first. */
export function headerMarks(bytes: Uint8Array, from: number, to: number): number {
  let marks = 0;
  const last = to - TTL.length;
  for (let at = from + 2; at <= last; at++) {
    if (bytes[at + DASH_AT] !== DASH || bytes[at - 1] !== LF || bytes[at - 2] !== CR) continue;
    if (spells(bytes, at, to, TTL)) marks |= MARK.ttl;
    else if (spells(bytes, at, to, SCHEDULE)) marks |= MARK.schedule;
  }
  return marks;
}

function spells(bytes: Uint8Array, at: number, to: number, name: Uint8Array): boolean {
  if (at + name.length > to) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}
