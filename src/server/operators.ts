// Operator mode: accounts and users come as tokens that a trusted operator
// signed. Keeps the accounts of the core as their tokens say.
//
//     token ─→ TrustStore ─→ onChange ─→ Account, what it shares, what it may store, who may stay

import type { Account } from "../account/account.ts";
import type { Identity } from "../auth/authenticator.ts";
import { withoutAsking } from "../auth/callout/callout_authenticator.ts";
import { checkActivation } from "../auth/operator/activation.ts";
import { type AccountResolver, MemoryResolver } from "../auth/operator/account_resolver.ts";
import { limitOf } from "../auth/operator/claim_permissions.ts";
import { ClaimsDesk } from "../auth/operator/claims_desk.ts";
import { type ClaimedStorage, mappingsOf, sharingOf, storageOf } from "../auth/operator/claimed_rules.ts";
import { DirectoryResolver, type PeerLookup } from "../auth/operator/directory_resolver.ts";
import { FETCH_TIMEOUT_MS } from "../auth/operator/url_resolver.ts";
import type { TokenUser } from "../auth/operator/login.ts";
import { renew } from "../auth/operator/renewal.ts";
import { identityOf, TokenAuthenticator } from "../auth/operator/token_authenticator.ts";
import type { ServerKeys } from "../auth/nkey.ts";
import type { Trust } from "../auth/operator/trust.ts";
import { TrustStore } from "../auth/operator/trust_store.ts";
import type { TrustedAccount } from "../auth/operator/trusted_account.ts";
import { JwtError } from "../auth/jwt/jwt_error.ts";
import { type AccountClaims, accountClaims } from "../auth/jwt/account_claims.ts";
import { operatorClaims } from "../auth/jwt/operator_claims.ts";
import { decodeAccountClaims } from "../auth/jwt/token.ts";
import { validateAccount } from "../auth/jwt/validate_account.ts";
import type { Log } from "../base/log.ts";
import type { Timer, World } from "../base/world.ts";
import type { ServerOptions } from "../config/options.ts";
import { ConfigError } from "../config/problems.ts";
import type { StoreDirectory } from "../io/disk_directory.ts";
import { TimeZones } from "../io/time_zones.ts";
import { type JsonPart, partOf } from "../monitor/json_part.ts";
import type { Permissions } from "../auth/permissions.ts";
import { byteString } from "../base/bytes.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { isSubset } from "../subject/subject.ts";
import type { ImportRule, SharingRules } from "../subject/sharing.ts";
import type { ClaimsAnswer, ClaimsKeeper } from "../system/claims.ts";
import { withClaimedCallout } from "./callout.ts";
import { askerOf } from "./asker.ts";
import type { Core } from "./core.ts";
import type { ClaimedAccounts, ClaimedDetail } from "./sharing.ts";
import { LinkedAccounts } from "./linked_accounts.ts";
import { logOperators } from "./operators_banner.ts";
import { checkPreload, openResolver, preload, reach } from "./token_resolver.ts";
import { TokenSync } from "./token_sync.ts";
import { kindOf, type Trusted } from "./trusted.ts";

/** Milliseconds between the start and a look at whether an account has expired, and between such looks. */
const EXPIRY_CHECK_MS = 1000;

export class Operators implements ClaimedAccounts {
  readonly store: TrustStore;
  readonly authenticator: TokenAuthenticator;
  /** The tokens of the operators, for /varz. */
  readonly tokens: readonly string[];
  #resolver: AccountResolver;
  readonly #directory: StoreDirectory | undefined;
  #options: ServerOptions;
  readonly #world: World;
  readonly #linked: LinkedAccounts;
  /** When the first token of an account's imports ends. */
  readonly #activationEnds = new Map<string, { readonly sec: number; readonly timer: Timer }>();
  readonly #log: Log;
  #core: Core | undefined = undefined;
  #sync: TokenSync | undefined = undefined;
  /** What accounts may store changed. */
  #onStorage: (() => void) | undefined = undefined;

  private constructor(
    options: ServerOptions,
    trust: Trust,
    tokens: readonly string[],
    resolver: AccountResolver,
    directory: StoreDirectory | undefined,
    world: World,
    log: Log,
  ) {
    this.tokens = tokens;
    this.#options = options;
    this.#resolver = resolver;
    this.#directory = directory;
    this.#world = world;
    this.#log = log;
    this.store = new TrustStore(trust, resolver, world, new TimeZones(), (after, before) =>
      this.#onChange(after, before),
    );
    this.#linked = new LinkedAccounts(this.store, world);
    this.authenticator = new TokenAuthenticator({
      store: this.store,
      env: world,
      ready: (account) => this.#linked.ready(account),
    });
  }

  /** Opens where tokens are kept. Rejects with a ConfigError in nats-server's text. */
  static async open(
    { trust, tokens, options, resolver: wanted, mustAnswer }: Trusted,
    world: World,
    log: Log,
  ): Promise<Operators> {
    let made: Operators | undefined = undefined as Operators | undefined;
    const { resolver, directory } = openResolver(wanted, options.resolver_tls, world, (key, token) =>
      made?.onSaved(key, token),
    );
    made = new Operators(options, trust, tokens, resolver, directory, world, log);
    try {
      if (mustAnswer) await reach(resolver);
      checkPreload(resolver, options.resolver_preload);
      await preload(resolver, options.resolver_preload, log);
    } catch (error) {
      await directory?.close();
      throw error;
    }
    return made;
  }

  get trust(): Trust {
    return this.store.trust;
  }

  /**
   * What other options mean for those who are trusted; called, it is taken over. A text: why it cannot be.
   * Accounts that a memory resolver does not have any more are forgotten.
   */
  async reload({ trust, options, resolver: wanted, mustAnswer }: Trusted): Promise<string | (() => void)> {
    const before = this.#options.resolver;
    // What a directory holds belongs to who pushed it there, not to a configuration.
    if (kindOf(before) === "directory" || kindOf(wanted) === "directory") {
      const isSame = JSON.stringify(before) === JSON.stringify(wanted);
      if (!isSame) return "config reload not supported for AccountResolver: another directory needs a restart";
      checkPreload(this.#resolver, options.resolver_preload);
      return () => {
        this.#replace(trust, options, this.#resolver);
        void preload(this.#resolver, options.resolver_preload, this.#log);
      };
    }
    const { resolver } = openResolver(wanted, options.resolver_tls, this.#world, () => {});
    if (mustAnswer) await reach(resolver);
    checkPreload(resolver, options.resolver_preload);
    await preload(resolver, options.resolver_preload, this.#log);
    return () => {
      this.#replace(trust, options, resolver);
      if (resolver instanceof MemoryResolver) this.#readAgain(resolver);
    };
  }

  #replace(trust: Trust, options: ServerOptions, resolver: AccountResolver): void {
    this.#options = options;
    this.#resolver = resolver;
    this.store.replace(trust, resolver);
  }

  /** Every account becomes what its token says now. */
  #readAgain(resolver: MemoryResolver): void {
    for (const { publicKey } of this.store.all()) {
      const token = resolver.own(publicKey);
      const updated = token === undefined ? undefined : this.store.update(publicKey, token);
      if (updated !== undefined && !(updated instanceof JwtError)) continue;
      const why = token === undefined ? "removed" : "bad claims";
      this.#log.notice(`Reloaded: deleting account [${why}]: ${JSON.stringify(publicKey)}`);
      if (publicKey === this.trust.systemAccount) continue;
      this.store.forget(publicKey);
      this.#core?.applySharingOf(publicKey, this);
    }
  }

  /** Decides who may connect to `core`, and makes its accounts. Rejects when there is no system account. */
  async attach(core: Core, keys: ServerKeys): Promise<void> {
    this.#core = core;
    core.claimed = this;
    core.authenticator = withClaimedCallout(core, keys, this.authenticator, this.store);
    logOperators(this.trust.operators, this.#log);
    const { systemAccount } = this.trust;
    if (systemAccount === "") return;
    const found = await this.store.lookup(systemAccount);
    if (found instanceof JwtError) throw new ConfigError(`error resolving system account: ${found.text}`);
    if (this.#resolver instanceof DirectoryResolver) this.#attachDirectory(core, this.#resolver, systemAccount);
    await this.#linked.ready(found);
    this.#checkExpiry();
  }

  /** From now on others are asked for tokens, and a full directory is kept like theirs. */
  #attachDirectory(core: Core, resolver: DirectoryResolver, systemAccount: string): void {
    resolver.attach(this.#lookupIn(core, systemAccount));
    const { resolver: options } = this.#options;
    const bus = core.accounts.get(systemAccount)?.bus;
    if (options?.type === "full" && bus !== undefined) {
      this.#sync = new TokenSync(core, bus, resolver.directory, options.interval);
      this.#sync.start();
    }
  }

  /** Asks whoever listens in the system account for the token of another one. */
  #lookupIn(core: Core, systemAccount: string): PeerLookup {
    const asking = askerOf(core);
    return async (key) => {
      const subject = `$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`;
      const bus = core.accounts.get(systemAccount)?.bus;
      const { resolver } = this.#options;
      const given = resolver?.type === "full" || resolver?.type === "cache" ? resolver.timeout : 0;
      const isHeard = bus?.hasInterest(byteString(subject)) === true;
      const answer = isHeard
        ? await asking({ account: systemAccount, subject, timeoutMs: given || FETCH_TIMEOUT_MS })
        : undefined;
      if (answer === undefined) return new JwtError("fetching jwt timed out");
      return answer.length === 0 ? new JwtError("account jwt not found") : Buffer.from(answer).toString("utf8");
    };
  }

  /** Loads accounts that have something stored here. */
  async load(names: Iterable<string>): Promise<void> {
    for (const name of names) {
      const found = await this.store.lookup(name);
      if (found instanceof JwtError) this.#log.warn(`Account ${name} could not be looked up: ${found.text}`);
    }
  }

  /** What the operators' tokens say. */
  claims(): readonly JsonPart[] {
    return this.trust.operators.map((each) => partOf(operatorClaims, each));
  }

  detailOf(name: string): ClaimedDetail | undefined {
    const account = this.store.known(name);
    if (account === undefined) return undefined;
    const { claims, token, tags } = account;
    return {
      jwt: token,
      issuer_key: claims.iss,
      tags,
      decoded_jwt: partOf(accountClaims, claims),
      validation_result_jwt: this.#issuesOf(claims),
      expired: this.store.isExpired(name),
      revoked_user: new Map([...claims.nats.revocations].map(([user, sec]) => [user, rfc3339Nano(sec, 0)])),
    };
  }

  /** Warnings, and times that are over: an account with errors is not here. */
  #issuesOf(claims: AccountClaims): ClaimedDetail["validation_result_jwt"] {
    const { all } = validateAccount(claims, { nowSec: this.#world.wallSec(), zones: this.store.zones });
    return all.map(({ text, level }) => ({
      description: text,
      blocking: level === "error",
      time_check: level === "time",
    }));
  }

  /** What the accounts that are known may store. */
  storage(): Map<string, ClaimedStorage> {
    const limits = new Map<string, ClaimedStorage>();
    for (const { publicKey, claims } of this.store.all()) {
      const storage = publicKey === this.trust.systemAccount ? undefined : storageOf(claims);
      if (storage !== undefined) limits.set(publicKey, storage);
    }
    return limits;
  }
  mayStore(name: string): boolean {
    const account = this.store.known(name);
    return account !== undefined && storageOf(account.claims) !== undefined;
  }
  onStorage(changed: (() => void) | undefined): void {
    this.#onStorage = changed;
  }

  /** What keeps tokens does with requests by message. */
  keeper(): ClaimsKeeper {
    const resolver = this.#resolver;
    if (!(resolver instanceof DirectoryResolver)) {
      return { update: (token, named) => Promise.resolve(this.#update(token, named ?? "")) };
    }
    const { resolver: options } = this.#options;
    const kind = options?.type === "cache" ? "cache" : "full";
    const desk = new ClaimsDesk(resolver.directory, this.#world, this.store.zones, {
      kind,
      operator: this.trust.operators[0]!,
      systemAccount: this.trust.systemAccount,
      isKnown: (key) => this.store.known(key) !== undefined,
      onDeleted: (key) => this.#remove(key),
      allowsDelete: kind === "cache" || (options?.type === "full" && options.allow_delete),
    });
    return {
      update: (token, named) => desk.update(token, named),
      delete: (token) => desk.delete(token),
      list: () => desk.list(),
      ...(kind === "cache" ? {} : { pack: (hash) => desk.pack(hash), lookup: (key) => desk.lookup(key) }),
    };
  }

  async close(): Promise<void> {
    this.#sync?.close();
    if (this.#resolver instanceof DirectoryResolver) await this.#resolver.directory.close();
    await this.#directory?.close();
  }

  /** A resolver has a new token. */
  onSaved(key: string, token: string): void {
    if (this.store.known(key) === undefined) return;
    const updated = this.store.update(key, token);
    if (updated instanceof JwtError)
      this.#log.error(`DirResolver - Update for account "${key}" resulted in error ${updated.text}`);
  }

  /** A token that was pushed to a resolver that keeps none. */
  #update(token: string, key: string): ClaimsAnswer {
    const failed = (error: string, message = "jwt update resulted in error"): ClaimsAnswer => ({
      account: key,
      message,
      error,
    });
    if (token === "") return failed("request body is empty", "jwt update error");
    const claims = decodeAccountClaims(token);
    if (claims instanceof JwtError) return failed(claims.text);
    if (claims.sub !== key) return failed("subject does not match jwt content");
    if (this.store.known(key) === undefined) return { account: key, message: "jwt update skipped", error: undefined };
    const updated = this.store.update(key, token);
    return updated instanceof JwtError
      ? failed(updated.text)
      : { account: key, message: "jwt updated", error: undefined };
  }

  #remove(key: string): void {
    const gone = this.store.remove(key);
    if (gone === undefined) return;
    for (const session of this.#core?.sessions.values() ?? []) {
      if (session.account?.name === key) session.closeWithError("accountAuthenticationExpired");
    }
  }

  #onChange(after: TrustedAccount, before: TrustedAccount | undefined): void {
    const core = this.#core;
    if (core === undefined) return;
    const { conn, payload, subs } = after.claims.nats.limits;
    const account = core.adoptAccount(after.publicKey, {
      maxConnections: limitOf(conn),
      maxPayload: limitOf(payload),
      maxSubscriptions: limitOf(subs),
    });
    account.nameTag = after.name === "" ? after.publicKey : after.name;
    core.applySharingOf(after.publicKey, this);
    this.#onStorage?.();
    if (before !== undefined) this.#dismiss(core, account, after);
  }

  /** Whoever may not stay under the new token is told; the others go on under it. */
  #dismiss(core: Core, account: Account, after: TrustedAccount): void {
    const { maxConnections = -1 } = account.limits;
    let kept = 0;
    for (const session of core.sessions.values()) {
      if (session.account !== account) continue;
      const { token: user, answered } = session.identity ?? {};
      if (answered !== undefined && after.isRevoked(answered.userKey, answered.issuedAtSec)) {
        session.closeWithError("userAuthenticationRevoked");
      }
      if (user === undefined || session.isClosed) continue;
      const renewed = renew(user, after);
      if (renewed === "revoked") session.closeWithError("userAuthenticationRevoked");
      else if (renewed === "bearer") session.refuse();
      else if (renewed === "signingKey") session.close("authenticationFailure");
      else if (maxConnections >= 0 && ++kept > maxConnections) session.closeWithError("maximumAccountConnections");
      else session.become(this.#identityOf(renewed, user, session.identity?.permissions));
    }
  }

  /** The user `after` a new token of its account; `kept` are the permissions of its connection. */
  #identityOf(after: TokenUser, before: TokenUser, kept: Permissions | undefined): Identity {
    const { hasCallout } = after.account;
    const isSame = after.permissions === before.permissions && hasCallout === before.account.hasCallout;
    const identity = identityOf(after, this.#world);
    // The counts of answers that were allowed stay, where the rules do.
    const renewed = isSame && kept !== undefined ? { ...identity, permissions: kept } : identity;
    return hasCallout ? withoutAsking(renewed, this.#world) : renewed;
  }

  /** What the accounts that are known share. */
  sharing(): Map<string, SharingRules> {
    return new Map(this.store.all().map(({ publicKey, claims }) => [publicKey, sharingOf(claims)]));
  }

  sharingOf(name: string): SharingRules {
    const account = this.store.known(name);
    return account === undefined ? { exports: [], imports: [] } : sharingOf(account.claims);
  }

  traceOf(name: string): { readonly dest: string; readonly sampling: number } | undefined {
    const trace = this.store.known(name)?.claims.nats.trace;
    return trace === undefined || trace.dest === "" ? undefined : { dest: trace.dest, sampling: trace.sampling };
  }

  /** Whether the token of an import lets the account in. */
  readonly activates = (importer: string, rule: ImportRule): boolean => {
    const exporter = this.store.known(rule.account);
    const claimed = this.store
      .known(importer)
      ?.claims.nats.imports.find(
        (each) => each !== undefined && each.token === rule.token && each.account === rule.account,
      );
    if (exporter === undefined || claimed === undefined) return false;
    const through = exporter.claims.nats.exports.find(
      (each) => each?.type === claimed.type && isSubset(byteString(claimed.subject), byteString(each.subject)),
    );
    const today = { nowSec: this.#world.wallSec(), zones: this.store.zones };
    const activation = checkActivation(claimed, importer, exporter, through?.revocations ?? new Map(), today);
    if (activation.ok && activation.expiresAtSec !== undefined) this.#lookAgain(importer, activation.expiresAtSec);
    return activation.ok;
  };

  /** A token of an import ends at `sec`: what the account imports is looked at again then. */
  #lookAgain(importer: string, sec: number): void {
    const before = this.#activationEnds.get(importer);
    if (before !== undefined && before.sec <= sec) return;
    before?.timer.cancel();
    const world = this.#world;
    const delayMs = (sec - world.wallSec()) * 1000 - world.wallNanos() / 1e6;
    const timer = world.wallAfter(Math.max(1, delayMs), () => {
      this.#activationEnds.delete(importer);
      if (this.#core?.isClosing === false) this.#core.applySharingOf(importer, this);
    });
    this.#activationEnds.set(importer, { sec, timer });
  }

  mappings(name: string): ReturnType<typeof mappingsOf> {
    const account = this.store.known(name);
    return account === undefined ? [] : mappingsOf(account.claims);
  }

  /** Ends the connections of accounts that have expired, within a second of it. */
  #checkExpiry(): void {
    this.#world.after(EXPIRY_CHECK_MS, () => {
      const core = this.#core;
      if (core === undefined || core.isClosing) return;
      for (const session of core.sessions.values()) {
        const name = session.account?.name;
        if (name !== undefined && this.store.isExpired(name)) session.closeWithError("accountAuthenticationExpired");
      }
      this.#checkExpiry();
    });
  }
}
