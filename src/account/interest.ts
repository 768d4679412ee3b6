// Who waits for subscribers of a literal subject: the deliver subjects of push
// consumers.
//
// As in nats-server only a subscription to exactly this subject counts, plain
// when no queue group is asked for, else of that group; a wildcard does not.
// Owns the counts. Told of each subscription that comes or goes, at the cost of
// one lookup when anything is watched at all.

import type { ByteString } from "../base/bytes.ts";
import type { Subscription } from "./subscription.ts";

/** One watched address. */
export interface InterestWatch {
  /** Whether somebody subscribes there. */
  readonly isPresent: boolean;
  /** Ends it; harmless when it already ended. */
  close(): void;
}

interface Watched {
  count: number;
  readonly watches: Set<Watch>;
}

interface Watch {
  readonly onChange: () => void;
}

export class Interest {
  readonly #watched = new Map<string, Watched>();

  /** Whether nothing is watched. */
  get isIdle(): boolean {
    return this.#watched.size === 0;
  }

  /**
   * Calls `onChange` whenever the first subscriber came or the last one went,
   * inside the call that changed it: it must not publish. `present` are those
   * who match the subject now.
   */
  watch(
    subject: ByteString,
    queue: ByteString | undefined,
    present: readonly Subscription[],
    onChange: () => void,
  ): InterestWatch {
    const key = keyOf(subject, queue);
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      const count = present.filter((sub) => sub.subject === subject && sub.queue === queue).length;
      this.#watched.set(key, (watched = { count, watches: new Set() }));
    }
    const all = watched;
    const watch: Watch = { onChange };
    all.watches.add(watch);
    return {
      get isPresent() {
        return all.count > 0;
      },
      close: () => {
        all.watches.delete(watch);
        if (all.watches.size === 0 && this.#watched.get(key) === all) this.#watched.delete(key);
      },
    };
  }

  inserted(sub: Subscription): void {
    const watched = this.#watched.get(keyOf(sub.subject, sub.queue));
    if (watched === undefined) return;
    watched.count++;
    if (watched.count === 1) tell(watched);
  }

  removed(sub: Subscription): void {
    const watched = this.#watched.get(keyOf(sub.subject, sub.queue));
    if (watched === undefined) return;
    watched.count--;
    if (watched.count === 0) tell(watched);
  }
}

/** A subject has no blanks. */
function keyOf(subject: ByteString, queue: ByteString | undefined): string {
  return queue === undefined ? subject : `${subject} ${queue}`;
}

function tell({ watches }: Watched): void {
  for (const { onChange } of watches) onChange();
}
