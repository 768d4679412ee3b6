// The authorization service of a server: who is asked about whom, in
// configuration mode and in operator mode, and how the question gets there.

import type { ReloadableAuthenticator } from "../auth/authenticator.ts";
import {
  answeredIdentity,
  type Box,
  CalloutAuthenticator,
  type CalloutOptions,
  type Desk,
} from "../auth/callout/callout_authenticator.ts";
import { nameOf } from "../auth/callout/request.ts";
import { JwtError } from "../auth/jwt/jwt_error.ts";
import type { ServerKeys } from "../auth/nkey.ts";
import { CALLOUT_XKEY_HEADER, placeCalloutUser } from "../auth/operator/callout.ts";
import { permissionsOf } from "../auth/operator/claim_permissions.ts";
import type { TrustedAccount } from "../auth/operator/trusted_account.ts";
import { ACCOUNT_EXPIRED, type TrustStore } from "../auth/operator/trust_store.ts";
import type { AuthorizationOptions } from "../config/options.ts";
import { TimeZones } from "../io/time_zones.ts";
import { askerOf } from "./asker.ts";
import { GLOBAL_ACCOUNT, type Core } from "./core.ts";
import { NATS_VERSION } from "./version.ts";

type AuthCallout = NonNullable<AuthorizationOptions["auth_callout"]>;

/** `inner`, and the service of `callout` in front of it. */
export function withCallout(
  core: Core,
  keys: ServerKeys,
  inner: ReloadableAuthenticator,
  callout: AuthCallout,
): ReloadableAuthenticator {
  const zones = new TimeZones();
  const { issuer, account, auth_users, allowed_accounts, xkey } = callout;
  const exempt = new Set(auth_users);
  const allowed = new Set(allowed_accounts);
  const desk: Desk = {
    account,
    issuer,
    xkey: xkey ?? "",
    trusted: undefined,
    place(answer, credentials) {
      const { placement, claims } = answer;
      if (core.accounts.has(placement)) {
        return answeredIdentity(placement, answer, permissionsOf(claims.nats), credentials, core.world);
      }
      return `No valid account "${placement}" for auth callout response on account "${account}": account missing`;
    },
  };
  return new CalloutAuthenticator({
    ...commonOf(core, keys),
    inner,
    zones,
    isOfService: (identity) => identity.accountName === account,
    deskFor(credentials, verdict) {
      const bound = verdict.ok ? verdict.identity.accountName : GLOBAL_ACCOUNT;
      if (bound !== GLOBAL_ACCOUNT && allowed.size > 0 && !allowed.has(bound)) return undefined;
      // Who it is, not whom it names: a certificate may have said otherwise.
      const known = verdict.ok ? verdict.identity.user : undefined;
      return exempt.has(known?.name ?? nameOf(credentials)) ? undefined : desk;
    },
  });
}

/** The same in operator mode: accounts say in their tokens who decides about their users. */
export function withClaimedCallout(
  core: Core,
  keys: ServerKeys,
  inner: ReloadableAuthenticator,
  store: TrustStore,
): ReloadableAuthenticator {
  const deskOf = (account: TrustedAccount): Desk => ({
    account: account.publicKey,
    issuer: account.publicKey,
    xkey: account.claims.nats.authorization.xkey,
    trusted: account,
    async place(answer, credentials) {
      const { placement } = answer;
      const target = await store.lookup(placement);
      if (target instanceof JwtError || store.isExpired(placement)) {
        const why = target instanceof JwtError ? target.text : ACCOUNT_EXPIRED;
        return `No valid account "${placement}" for auth callout response on account "${account.publicKey}": ${why}`;
      }
      const user = placeCalloutUser(answer, target);
      if (user instanceof JwtError) return user.text;
      return answeredIdentity(placement, answer, user.permissions, credentials, core.world);
    },
  });
  return new CalloutAuthenticator({
    ...commonOf(core, keys),
    inner,
    zones: store.zones,
    isOfService: (identity) => store.known(identity.accountName)?.hasCallout === true,
    deskFor(_, verdict) {
      // A token that is not good says nothing of who brings it: a service would believe what stands in it.
      if (!verdict.ok) return undefined;
      const { accountName, shownName } = verdict.identity;
      const account = store.known(accountName);
      if (account?.hasCallout !== true) return undefined;
      return account.claims.nats.authorization.auth_users.includes(shownName) ? undefined : deskOf(account);
    },
  });
}

type Common = Omit<CalloutOptions, "inner" | "zones" | "deskFor" | "isOfService">;

function commonOf(core: Core, keys: ServerKeys): Common {
  const { world, log } = core;
  const asking = askerOf(core);
  return {
    env: world,
    ask(account, subject, payload, senderKey, timeoutMs) {
      const header = senderKey === "" ? {} : { header: `${CALLOUT_XKEY_HEADER}: ${senderKey}` };
      return asking({ account, subject, payload, timeoutMs, ...header });
    },
    server: () => ({
      name: core.identity.name,
      host: core.client?.host ?? core.options.host,
      id: core.identity.id,
      version: NATS_VERSION,
      tags: core.options.server_tags,
    }),
    signer: keys.identity,
    curve: keys.curve,
    box: (): Promise<Box> => import("../auth/xkey.ts"),
    timeoutMs: () => core.options.authorization.timeout,
    randomBytes: (count) => world.randomBytes(count),
    warn: (text) => log.warn(text),
  };
}
