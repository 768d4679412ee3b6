// Who clients are in operator mode: by their user tokens.
//
// Turns the verdicts of `logIn` into those of an authenticator. What has to be
// there before a client is served (its account's imports) is for `ready`.

import type { Env } from "../../base/world.ts";
import { byteString } from "../../base/bytes.ts";
import type { TransportKind } from "../../base/transport.ts";
import { quoted } from "../../errors/protocol.ts";
import type { Credentials, Identity, ReloadableAuthenticator, Verdict } from "../authenticator.ts";
import { PermissionRules } from "../permission_rules.ts";
import { Permissions } from "../permissions.ts";
import { logIn, type LoginVerdict, type TokenUser } from "./login.ts";
import type { TrustStore } from "./trust_store.ts";
import type { TrustedAccount } from "./trusted_account.ts";

export interface TokenAuthenticatorOptions {
  readonly store: TrustStore;
  readonly env: Env;
  /** Resolves when everything an account uses is known; at once when it is. */
  readonly ready: (account: TrustedAccount) => Promise<void> | undefined;
}

export class TokenAuthenticator implements ReloadableAuthenticator {
  readonly nonceRequired = true;
  readonly #options: TokenAuthenticatorOptions;

  constructor(options: TokenAuthenticatorOptions) {
    this.#options = options;
  }

  authRequired(): boolean {
    return true;
  }
  infoAuthRequired(): boolean {
    return true;
  }

  authenticate(credentials: Credentials): Verdict | Promise<Verdict> {
    const { store, env, ready } = this.#options;
    const { jwt: token, sig, nonce, kind, type, host, isProxied } = credentials;
    const login = {
      token,
      sig,
      nonce,
      type: type ?? typeOf[kind],
      host: host ?? "",
      isProxied: isProxied === true,
    };
    const decide = (verdict: LoginVerdict): Verdict =>
      verdict.ok ? { ok: true, identity: identityOf(verdict.user, env) } : refused(verdict, credentials);
    const conclude = (verdict: LoginVerdict): Verdict | Promise<Verdict> => {
      const settled = verdict.ok ? ready(verdict.user.account) : undefined;
      if (settled === undefined) return decide(verdict);
      // That took a while, in which the account may have become another.
      return settled.then(() => logIn(login, store, env)).then(decide);
    };
    const verdict = logIn(login, store, env);
    return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict);
  }

  /** Nobody comes without CONNECT. */
  authenticateAnonymous(): undefined {
    return undefined;
  }

  /** A reload of the configuration says nothing of users; but their account may be gone, or not be pinned any more. */
  renew(identity: Identity): Identity | undefined {
    const { store } = this.#options;
    const name = identity.accountName;
    return store.known(name) !== undefined && store.trust.isPinned(name) ? identity : undefined;
  }
  accountOf(): undefined {
    return undefined;
  }
}

const typeOf = {
  tcp: "STANDARD",
  tls: "STANDARD",
  ws: "WEBSOCKET",
  wss: "WEBSOCKET",
  pipe: "IN_PROCESS",
} as const satisfies Record<TransportKind, string>;

/** The identity of a user of a token. `permissions` are of this connection alone. */
export function identityOf(user: TokenUser, env: Env): Identity {
  const rules = PermissionRules.compile(user.permissions);
  return {
    accountName: user.account.publicKey,
    shownName: user.publicKey,
    label: `jwt:${user.publicKey}`,
    nkey: undefined,
    permissions: rules === undefined ? undefined : new Permissions(rules, env),
    limits: { maxSubscriptions: user.maxSubscriptions, maxPayload: user.maxPayload },
    user: undefined,
    secret: undefined,
    token: user,
  };
}

function refused(verdict: LoginVerdict & { readonly ok: false }, { nkey, user }: Credentials): Verdict {
  let who = "";
  if (nkey !== "") who = ` - Nkey ${quoted(byteString(nkey))}`;
  else if (user !== "") who = ` - User ${quoted(byteString(user))}`;
  const { reason, text, isError } = verdict;
  return {
    ok: false,
    reason: reason === "proxyRequired" ? reason : "credentials",
    logText: `authentication error${who}`,
    detail: { text, isError },
  };
}
