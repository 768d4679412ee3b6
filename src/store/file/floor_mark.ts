// A tombstone that says more: everything up to its sequence is gone.
//
// Limits leave no trace on disk, they would do the same again. But when something
// else is removed after them, they would not: there is room again. So a group that
// removes something says where the stream begins by then. The mark is a
// tombstone with a subject, which nats-server takes for one of that sequence alone.

export const FLOOR_MARK: Uint8Array = Buffer.from("first");

/** Whether a tombstone with the subject bytes[from, to) is one. */
export function isFloorMark(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== FLOOR_MARK.length) return false;
  for (let i = 0; i < FLOOR_MARK.length; i++) if (bytes[from + i] !== FLOOR_MARK[i]) return false;
  return true;
}
