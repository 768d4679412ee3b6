// The accounts of a server in operator mode: what a resolver had to say of them, once a trusted operator signed it.
//
// Owns: the accounts that were resolved, each in its newest form. An account
// is asked for once and stays; it is asked for again after it expired, and
// changed by `update` when a newer token comes. What hangs on an account
// (connections, imports, limits) is told by `onChange`. Knows no sockets.
// Anybody can name accounts: whose tokens are somewhere else is asked in turns
// that addresses take one after the other.

import type { Env } from "../../base/world.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import { decodeAccountClaims } from "../jwt/token.ts";
import type { Zones } from "../jwt/time_windows.ts";
import { validateAccount } from "../jwt/validate_account.ts";
import { isPublicKey } from "../nkey.ts";
import { networkOf } from "../jwt/source_address.ts";
import { type AccountResolver, fetchAccount } from "./account_resolver.ts";
import { FairTurns } from "./fair_turns.ts";
import type { Trust } from "./trust.ts";
import { TrustedAccount } from "./trusted_account.ts";

/** Errors of accounts, in nats-server's words. */
export const ACCOUNT_EXPIRED = "account expired";
export const ACCOUNT_INVALID = "account validation failed";
/** Accounts asked for at the same time, for all and for one address; more of them wait. */
export const MAX_FETCHES = 256;
export const MAX_FETCHES_OF_ONE = 32;
/** So many wait for their turn; who asks for one more is refused. */
export const MAX_WAITING_OF_ONE = 256;
const MAX_WAITING = 8192;

/** `before` is undefined for an account that was not known. */
export type AccountChanged = (after: TrustedAccount, before: TrustedAccount | undefined) => void;

interface Held {
  readonly account: TrustedAccount;
  readonly updatedMs: number;
  /** Deleted at its resolver: it is as good as expired. */
  readonly isRemoved: boolean;
}

export class TrustStore {
  readonly zones: Zones;
  #trust: Trust;
  #resolver: AccountResolver;
  readonly #env: Env;
  readonly #onChange: AccountChanged;
  readonly #held = new Map<string, Held>();
  readonly #fetching = new Map<string, Promise<TrustedAccount | JwtError>>();
  readonly #turns = new FairTurns({
    all: MAX_FETCHES,
    each: MAX_FETCHES_OF_ONE,
    waitingOfEach: MAX_WAITING_OF_ONE,
    waitingOfAll: MAX_WAITING,
  });
  /** Those that wait for a turn, by who asks and for what. */
  readonly #waiting = new Map<string, Promise<TrustedAccount | JwtError>>();

  /** `onChange` is called before `lookup` or `update` answer. */
  constructor(trust: Trust, resolver: AccountResolver, env: Env, zones: Zones, onChange: AccountChanged = ignore) {
    this.#trust = trust;
    this.zones = zones;
    this.#resolver = resolver;
    this.#env = env;
    this.#onChange = onChange;
  }

  get trust(): Trust {
    return this.#trust;
  }
  /** Others are trusted from now on, and others asked. What is known stays. */
  replace(trust: Trust, resolver: AccountResolver): void {
    this.#trust = trust;
    this.#resolver = resolver;
  }

  /** The account as it is known now, expired or not; undefined when nobody asked for it. */
  known(publicKey: string): TrustedAccount | undefined {
    return this.#held.get(publicKey)?.account;
  }
  /** Every account that is known. */
  all(): TrustedAccount[] {
    return [...this.#held.values()].map(({ account }) => account);
  }
  /** Whether it must not be used any more: it expired, or was deleted. */
  isExpired(publicKey: string): boolean {
    const held = this.#held.get(publicKey);
    return held !== undefined && this.#isOver(held);
  }

  /**
   * An account, at once when it is known and not expired. An error is nats-server's text. Never rejects. `host` is the
   * address of the client that names it; the server itself has none.
   */
  lookup(publicKey: string, host = ""): TrustedAccount | Promise<TrustedAccount | JwtError> | JwtError {
    const here = this.#here(publicKey);
    if (here !== undefined) return here;
    const asker = networkOf(host);
    if (this.#turns.enter(asker)) return this.#start(publicKey, asker);
    // Who has made up many accounts does not keep out those whose tokens are here.
    const own = isPublicKey(publicKey, "account") ? this.#resolver.own(publicKey) : undefined;
    if (own !== undefined) return this.update(publicKey, own);
    return this.#lookUpLater(publicKey, asker) ?? new JwtError("too many accounts are being looked up");
  }

  /**
   * A token came for an account: the account it makes, or why it is not taken. The same token again changes nothing.
   * Whether it is newer is for the resolver to know.
   */
  update(publicKey: string, token: string): TrustedAccount | JwtError {
    const held = this.#held.get(publicKey);
    if (held !== undefined && held.account.token === token && !held.isRemoved) return held.account;
    const account = this.verify(token);
    if (account instanceof JwtError) return account;
    if (account.publicKey !== publicKey) return new JwtError(ACCOUNT_INVALID);
    this.#held.set(publicKey, { account, updatedMs: this.#env.nowMs(), isRemoved: false });
    this.#onChange(account, held?.account);
    return account;
  }

  /** It was deleted at its resolver. Returns it, when it was known: whoever is connected to it has to go. */
  remove(publicKey: string): TrustedAccount | undefined {
    const held = this.#held.get(publicKey);
    if (held === undefined) return undefined;
    this.#held.set(publicKey, { account: held.account, updatedMs: this.#env.nowMs(), isRemoved: true });
    return held.account;
  }

  /** Nothing is known of it any more. */
  forget(publicKey: string): void {
    this.#held.delete(publicKey);
  }

  /** The account a token makes, if a trusted operator signed it and it is good now. Keeps nothing. */
  verify(token: string): TrustedAccount | JwtError {
    const claims = decodeAccountClaims(token);
    if (claims instanceof JwtError) return claims;
    if (!this.trust.isTrusted(claims.iss)) return new JwtError(ACCOUNT_INVALID);
    const today = { nowSec: this.#env.wallSec(), zones: this.zones };
    if (validateAccount(claims, today).blocks(true)) return new JwtError(ACCOUNT_INVALID);
    return new TrustedAccount(claims, token, this.trust.isStrict(claims.iss));
  }

  /** What is to be said of an account without asking for it. */
  #here(publicKey: string): TrustedAccount | Promise<TrustedAccount | JwtError> | JwtError | undefined {
    const held = this.#held.get(publicKey);
    if (held !== undefined && !this.#isOver(held)) return held.account;
    if (held !== undefined && this.#env.nowMs() - held.updatedMs < TOO_SOON_MS) return new JwtError(ACCOUNT_EXPIRED);
    return this.#fetching.get(publicKey);
  }

  /** Asks for an account; the asker has a turn. */
  #start(publicKey: string, asker: string): Promise<TrustedAccount | JwtError> {
    const fetched = this.#fetch(publicKey).finally(() => {
      this.#fetching.delete(publicKey);
      this.#turns.leave(asker);
    });
    this.#fetching.set(publicKey, fetched);
    return fetched;
  }

  /** The same when the asker has its turn. Nobody waits in the line of another: that may be long. */
  #lookUpLater(publicKey: string, asker: string): Promise<TrustedAccount | JwtError> | undefined {
    const name = `${asker} ${publicKey}`;
    const before = this.#waiting.get(name);
    if (before !== undefined) return before;
    const found = this.#turns.wait(asker)?.then(() => {
      this.#waiting.delete(name);
      const here = this.#here(publicKey);
      if (here === undefined) return this.#start(publicKey, asker);
      this.#turns.leave(asker);
      return here;
    });
    if (found !== undefined) this.#waiting.set(name, found);
    return found;
  }

  async #fetch(publicKey: string): Promise<TrustedAccount | JwtError> {
    const resolver = this.#resolver;
    const before = this.#held.get(publicKey);
    const token = await fetchAccount(resolver, publicKey);
    if (resolver !== this.#resolver) return this.#fetch(publicKey);
    // What became of it meanwhile is newer than what was asked for.
    const held = this.#held.get(publicKey);
    if (held !== before) return held === undefined || this.#isOver(held) ? new JwtError(ACCOUNT_EXPIRED) : held.account;
    const result = token instanceof JwtError ? token : this.update(publicKey, token);
    // Of one that was known the only thing to say is that it expired.
    if (result instanceof JwtError && this.#held.has(publicKey)) return new JwtError(ACCOUNT_EXPIRED);
    return result;
  }

  #isOver({ account, isRemoved }: Held): boolean {
    return isRemoved || account.isExpired(this.#env.wallSec());
  }
}

/** An expired account is not asked for again this soon after it was updated. */
const TOO_SOON_MS = 1000;

function ignore(): void {}
