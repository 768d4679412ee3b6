// The accounts that an account imports from: looked up before its clients are served.
//
// One that is nowhere costs a look-up that may take seconds. So for each token
// of an account there is one search, which all its clients wait for, and for a
// while no other.

import type { TrustedAccount } from "../auth/operator/trusted_account.ts";
import type { TrustStore } from "../auth/operator/trust_store.ts";
import { JwtError } from "../auth/jwt/jwt_error.ts";
import { sharingOf } from "../auth/operator/claimed_rules.ts";
import type { Env } from "../base/world.ts";

/** Accounts that are looked up, one through the other, for one that connects. */
const MOST_LINKED = 1000;
/** Clients do not wait for more of them after so long. */
const LONGEST_MS = 10_000;
/** What was not found is looked up again after so long. */
const AGAIN_MS = 60_000;

interface Search {
  readonly sinceMs: number;
  /** Undefined once it is over. */
  underway: Promise<void> | undefined;
}

export class LinkedAccounts {
  readonly #store: TrustStore;
  readonly #env: Env;
  /** By the account as one token has it. */
  readonly #searches = new WeakMap<TrustedAccount, Search>();

  constructor(store: TrustStore, env: Env) {
    this.#store = store;
    this.#env = env;
  }

  /** Resolves when what `account` imports from is known, as far as it is to be found; undefined when it is by now. */
  ready(account: TrustedAccount): Promise<void> | undefined {
    if (this.#missing(account).length === 0) return undefined;
    const sinceMs = this.#env.nowMs();
    const before = this.#searches.get(account);
    if (before !== undefined && (before.underway !== undefined || sinceMs - before.sinceMs < AGAIN_MS)) {
      return before.underway;
    }
    const search: Search = { sinceMs, underway: undefined };
    this.#searches.set(account, search);
    search.underway = this.#look(account, sinceMs + LONGEST_MS, new Set()).finally(() => (search.underway = undefined));
    return search.underway;
  }

  #missing({ claims }: TrustedAccount): string[] {
    const keys = sharingOf(claims).imports.map((rule) => rule.account);
    return keys.filter((key) => this.#store.known(key) === undefined);
  }

  async #look(account: TrustedAccount, untilMs: number, seen: Set<string>): Promise<void> {
    for (const key of this.#missing(account)) {
      if (seen.has(key) || seen.size >= MOST_LINKED) continue;
      if (this.#env.nowMs() >= untilMs) return;
      seen.add(key);
      const found = await this.#store.lookup(key);
      if (!(found instanceof JwtError)) await this.#look(found, untilMs, seen);
    }
  }
}
