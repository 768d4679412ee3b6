// Whether a message says that it expires or is to be sent later: `index.db`
// counts such messages for each block, so that nats-server knows where to look.

const TTL = Buffer.from("\r\nNats-TTL:");
const SCHEDULE = Buffer.from("\r\nNats-Schedule:");

/** Whether the headers bytes[from, to) have a TTL. */
export function hasTtl(bytes: Uint8Array, from: number, to: number): boolean {
  return has(bytes, from, to, TTL);
}

/** Whether the headers bytes[from, to) have a schedule. */
export function hasSchedule(bytes: Uint8Array, from: number, to: number): boolean {
  return has(bytes, from, to, SCHEDULE);
}

function has(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  const last = to - name.length;
  for (let at = from; at <= last; at++) {
    at = bytes.indexOf(0x0d, at);
    if (at < 0 || at > last) return false;
    let i = 1;
    for (; i < name.length && bytes[at + i] === name[i]; i++);
    if (i === name.length) return true;
  }
  return false;
}
