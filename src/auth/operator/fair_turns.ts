// Turns at something of which there is little, shared out by who asks.
//
// Anybody may ask, before anybody knows who it is. So one asker has few turns at
// a time, and those that wait take them one asker after the other: whoever asks
// for a thousand only keeps itself waiting. Owns no timers: whoever waits too
// long is not here to be told.

export interface TurnLimits {
  /** Turns at the same time. */
  readonly all: number;
  /** Of one asker. */
  readonly each: number;
  /** How many of one asker wait, and how many of all. */
  readonly waitingOfEach: number;
  readonly waitingOfAll: number;
}

interface Asker {
  taken: number;
  readonly waiting: (() => void)[];
}

export class FairTurns {
  readonly #limits: TurnLimits;
  /** Who has a turn or waits for one; who had one last is last. */
  readonly #askers = new Map<string, Asker>();
  #taken = 0;
  #waiting = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Takes a turn if there is one now; `leave` gives it back. */
  enter(name: string): boolean {
    const asker = this.#askers.get(name);
    if (asker !== undefined && (asker.waiting.length > 0 || !this.#isFree(asker))) return false;
    if (this.#taken >= this.#limits.all) return false;
    this.#take(name, asker ?? { taken: 0, waiting: [] });
    return true;
  }

  /** Resolves with a turn taken; undefined when too many wait already. */
  wait(name: string): Promise<void> | undefined {
    const asker = this.#askers.get(name) ?? { taken: 0, waiting: [] };
    const { waitingOfEach, waitingOfAll } = this.#limits;
    if (asker.waiting.length >= waitingOfEach || this.#waiting >= waitingOfAll) return undefined;
    this.#askers.set(name, asker);
    this.#waiting++;
    return new Promise((resolve) => asker.waiting.push(resolve));
  }

  /** Gives a turn back, to whoever waits. */
  leave(name: string): void {
    const asker = this.#askers.get(name);
    if (asker === undefined) return;
    asker.taken--;
    this.#taken--;
    if (asker.taken === 0 && asker.waiting.length === 0) this.#askers.delete(name);
    this.#handOn();
  }

  #handOn(): void {
    if (this.#waiting === 0) return;
    for (const [name, asker] of this.#askers) {
      if (asker.waiting.length === 0 || !this.#isFree(asker)) continue;
      this.#waiting--;
      this.#take(name, asker);
      asker.waiting.shift()!();
      return;
    }
  }

  #take(name: string, asker: Asker): void {
    asker.taken++;
    this.#taken++;
    this.#askers.delete(name);
    this.#askers.set(name, asker);
  }

  #isFree({ taken }: Asker): boolean {
    return taken < this.#limits.each;
  }
}
