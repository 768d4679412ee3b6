// Assertions: relations that hold unless this program has a bug.

/** A bug. It ends the server: the command exits 1, an embedded server rejects `closed`. */
export class BugError extends Error {
  override name = "BugError";
}

/** Throws a BugError with `relation` when it does not hold. */
export function assert(holds: boolean, relation: string): asserts holds {
  if (!holds) throw new BugError(`assertion failed: ${relation}`);
}
