// How a message came into an account: the services it was sent through, the
// last one first. No service is taken twice, so nothing goes round for ever.

/** What a service is told of who asks. */
export interface Detail {
  /** Everything about the connection, not only its account. */
  readonly isShared: boolean;
  /** The server it is connected to. */
  readonly hasPlace: boolean;
  /** The account that the request went through last; empty when it came from the requester's own. */
  readonly service: string;
}

export class Crossing {
  readonly previous: Crossing | undefined;
  /** Identity of the export. */
  readonly through: object;
  readonly detail: Detail;
  /** Whether the last import shares. */
  readonly shares: boolean;
  readonly depth: number;

  constructor(previous: Crossing | undefined, through: object, detail: Detail, shares: boolean) {
    this.previous = previous;
    this.through = through;
    this.detail = detail;
    this.shares = shares;
    this.depth = previous === undefined ? 1 : previous.depth + 1;
  }

  /** Whether it went through this export already. */
  has(through: object): boolean {
    if (this.through === through) return true;
    let at = this.previous;
    while (at !== undefined && at.through !== through) at = at.previous;
    return at !== undefined;
  }
}
