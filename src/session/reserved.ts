// Subjects that belong to the servers: clients may not publish to them, nor
// name them as a reply. Source: protocol facts §5 and §7.

const UNDERSCORE = 0x5f;
const DOLLAR = 0x24;

/** `_GR_.` (gateway replies) and `$NRG.` (raft). */
export function isReservedSubject(source: Uint8Array, from: number, to: number): boolean {
  const first = source[from];
  if (first === UNDERSCORE) return starts(source, from, to, "_GR_.");
  if (first === DOLLAR) return starts(source, from, to, "$NRG.");
  return false;
}

/** `_R_.` (service replies), `_GR_.` and `$JS.ACK.`. */
export function isReservedReply(source: Uint8Array, from: number, to: number): boolean {
  const first = source[from];
  if (first === UNDERSCORE) return starts(source, from, to, "_R_.") || starts(source, from, to, "_GR_.");
  if (first === DOLLAR) return starts(source, from, to, "$JS.ACK.");
  return false;
}

function starts(source: Uint8Array, from: number, to: number, prefix: string): boolean {
  if (to - from < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (source[from + i] !== prefix.charCodeAt(i)) return false;
  return true;
}
