// Requests of this account to services of others that have no answer yet, by
// their reply: when nobody here waits for the answer any more, the request is
// over.
//
//     _INBOX.x ─→ _INBOX.x.1, _INBOX.x.2 …     (by the reply without its last token)
//
// A subscription to `_INBOX.x.*` that ends looks at one group only. Other
// patterns look at a bounded number of requests; what they miss times out.

import type { ByteString } from "../base/bytes.ts";
import { hasWildcard, subjectMatches } from "../subject/subject.ts";
import type { PendingRequest } from "./responses.ts";
import type { Router } from "./router.ts";

/** Empty groups are kept for the next request until there are so many groups. */
const MOST_GROUPS = 256;
const MOST_LOOKED_AT = 10_000;

type Group = Map<ByteString, PendingRequest>;

export class Awaited {
  readonly #router: Router;
  readonly #groups = new Map<string, Group>();
  #count = 0;

  constructor(router: Router) {
    this.#router = router;
  }

  /** Requests that wait. */
  get count(): number {
    return this.#count;
  }

  add(request: PendingRequest): void {
    this.#count++;
    const name = groupName(request.reply);
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new Map()));
    request.twin = group.get(request.reply);
    group.set(request.reply, request);
    if (this.#count === 1) this.#router.awaited = this;
  }

  remove(request: PendingRequest): void {
    const name = groupName(request.reply);
    const group = this.#groups.get(name);
    let at = group?.get(request.reply);
    if (group === undefined || at === undefined) return;
    if (at === request) {
      if (request.twin === undefined) group.delete(request.reply);
      else group.set(request.reply, request.twin);
    } else {
      while (at.twin !== undefined && at.twin !== request) at = at.twin;
      if (at.twin === undefined) return;
      at.twin = request.twin;
    }
    request.twin = undefined;
    this.#count--;
    if (group.size === 0 && this.#groups.size > MOST_GROUPS) this.#groups.delete(name);
    if (this.#count === 0) this.#router.awaited = undefined;
  }

  /** A subscription to `subject` has ended. */
  onRemoved(subject: ByteString): void {
    if (!hasWildcard(subject)) {
      this.#check(this.#groups.get(groupName(subject))?.get(subject), subject);
      return;
    }
    const before = groupName(subject);
    const isNear = subject.endsWith(".*") && !hasWildcard(before as ByteString);
    const groups = isNear ? [this.#groups.get(before)] : this.#groups.values();
    let left = MOST_LOOKED_AT;
    for (const group of groups) {
      for (const [reply, request] of group ?? []) {
        if (left-- <= 0) return;
        this.#router.effort++;
        if (subjectMatches(subject, reply)) this.#check(request, reply);
      }
    }
  }

  #check(first: PendingRequest | undefined, reply: ByteString): void {
    if (first === undefined || this.#router.hasInterest(reply)) return;
    for (let at: PendingRequest | undefined = first; at !== undefined;) {
      const next: PendingRequest | undefined = at.twin;
      at.owner.close(at, "lost");
      at = next;
    }
  }
}

function groupName(reply: string): string {
  const dot = reply.lastIndexOf(".");
  return dot < 0 ? "" : reply.slice(0, dot);
}
