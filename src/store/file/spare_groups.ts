// Empty groups of the file stores of a server, for the next ones to be written:
// their buffers have grown already, and lie in the processor's cache.
//
// Owns how much memory is kept for that. Knows nothing of who uses them.

import { WriteGroup } from "./write_group.ts";

const MOST_BYTES = 8 << 20;

export class SpareGroups {
  readonly #groups: WriteGroup[] = [];
  #bytes = 0;

  /** Memory held, in bytes. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** An empty group: the one that was given last, or a new one. */
  take(): WriteGroup {
    const group = this.#groups.pop();
    if (group === undefined) return new WriteGroup();
    this.#bytes -= group.heldBytes;
    return group;
  }

  /** The group is not used any more; it is kept unless it or all of them are too large. */
  give(group: WriteGroup): void {
    if (!group.reset() || this.#bytes + group.heldBytes > MOST_BYTES) return;
    this.#groups.push(group);
    this.#bytes += group.heldBytes;
  }
}
