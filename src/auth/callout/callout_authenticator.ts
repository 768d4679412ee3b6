// Leaves the decision who may connect to a service: everybody but its own
// users is asked about, whatever the authenticator behind this one said.
//
//     CONNECT ─→ inner verdict ─→ exempt? ─→ yes: that
//                                        └─→ no: request ─→ service ─→ answer ─→ identity
//
// Owns nothing. Source: auth facts §6.

import type { Env } from "../../base/world.ts";
import { byteString } from "../../base/bytes.ts";
import type { TransportKind } from "../../base/transport.ts";
import type { Permissions as PermissionOptions } from "../../config/options.ts";
import { quoted } from "../../errors/protocol.ts";
import type { Credentials, Identity, ReloadableAuthenticator, Verdict } from "../authenticator.ts";
import { connectionTypesOf } from "../jwt/connection_types.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import type { Zones } from "../jwt/time_windows.ts";
import { KeyPair } from "../nkey.ts";
import { CALLOUT_SUBJECT, type CalloutAnswer, encodeCalloutRequest, readCalloutAnswer } from "../operator/callout.ts";
import type { TrustedAccount } from "../operator/trusted_account.ts";
import { PermissionRules } from "../permission_rules.ts";
import { Permissions } from "../permissions.ts";
import { calloutDetails, type CalloutServer, nameOf, type ShownUser } from "./request.ts";

/** Who is asked about a connection, and what is held against the answer. */
export interface Desk {
  /** The account of the service. */
  readonly account: string;
  /** Who is to answer: an account's public key. */
  readonly issuer: string;
  /** The service's curve key; empty when nothing is sealed. */
  readonly xkey: string;
  /** The account of the service in operator mode. */
  readonly trusted: TrustedAccount | undefined;
  /** Who an answer lets in, or why nobody. Never rejects. */
  place(answer: GoodAnswer, credentials: Credentials): Identity | string | Promise<Identity | string>;
}
export type GoodAnswer = Extract<CalloutAnswer, { readonly ok: true }>;

/** Sends a request to a service and waits for its answer, at most so long; undefined when none came. Never rejects. */
export type Ask = (
  account: string,
  subject: string,
  payload: Uint8Array,
  senderKey: string,
  timeoutMs: number,
) => Promise<Uint8Array | undefined>;

export interface CalloutOptions {
  readonly inner: ReloadableAuthenticator;
  readonly env: Env;
  readonly zones: Zones;
  /** Who is to be asked about a connection of which the inner authenticator thinks that; undefined when nobody is. */
  readonly deskFor: (credentials: Credentials, verdict: Verdict) => Desk | undefined;
  /** Whether somebody is in the account of the service, where nobody may ask it. */
  readonly isOfService: (identity: Identity) => boolean;
  readonly ask: Ask;
  readonly server: () => Omit<CalloutServer, "xkey">;
  readonly signer: KeyPair;
  readonly curve: KeyPair;
  /** Seals and opens; loaded when first needed. */
  readonly box: () => Promise<Box>;
  readonly timeoutMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** For the log. */
  readonly warn: (text: string) => void;
}

/** What xkey.ts does. */
export interface Box {
  seal(own: KeyPair, message: Uint8Array, recipient: string, nonce: Uint8Array): Uint8Array | string;
  open(own: KeyPair, sealed: Uint8Array, sender: string): Uint8Array | string;
}

const SEED_BYTES = 32;
const NONCE_BYTES = 24;

export class CalloutAuthenticator implements ReloadableAuthenticator {
  readonly #options: CalloutOptions;

  constructor(options: CalloutOptions) {
    this.#options = options;
  }

  authRequired(): boolean {
    return true;
  }
  infoAuthRequired(kind: TransportKind): boolean {
    return this.#options.inner.infoAuthRequired(kind);
  }
  get nonceRequired(): boolean {
    return this.#options.inner.nonceRequired;
  }

  authenticate(credentials: Credentials): Verdict | Promise<Verdict> {
    const decide = (verdict: Verdict): Verdict | Promise<Verdict> => {
      // That is not for a service to allow: whatever it said, the connection would end.
      if (!verdict.ok && verdict.reason === "proxyRequired") return verdict;
      const desk = this.#options.deskFor(credentials, verdict);
      return desk === undefined
        ? this.#guarded(verdict)
        : this.#ask(desk, credentials, verdict.ok ? verdict.identity.token : undefined);
    };
    const verdict = this.#options.inner.authenticate(credentials);
    return verdict instanceof Promise ? verdict.then(decide) : decide(verdict);
  }

  /** Nobody is asked about a connection without CONNECT. */
  authenticateAnonymous(): undefined {
    return undefined;
  }
  renew(identity: Identity, kind: TransportKind, isProxied?: boolean): Identity | undefined {
    const { inner, env, isOfService } = this.#options;
    // Nobody but the service could say.
    if (identity.answered !== undefined) return undefined;
    const renewed = inner.renew(identity, kind, isProxied);
    return renewed !== undefined && isOfService(renewed) ? withoutAsking(renewed, env) : renewed;
  }
  accountOf(): undefined {
    return undefined;
  }

  async #ask(desk: Desk, credentials: Credentials, shown: ShownUser | undefined): Promise<Verdict> {
    const { env, zones, ask, server, signer, curve, box, timeoutMs, randomBytes } = this.#options;
    const { account, xkey } = desk;
    const userKey = new KeyPair("user", randomBytes(SEED_BYTES)).publicKey;
    const sealing = xkey === "" ? undefined : await box();
    const asking = { ...server(), xkey: sealing === undefined ? "" : curve.publicKey };
    const details = calloutDetails(credentials, userKey, asking, shown);
    const now = env.wallSec();
    const token = encodeCalloutRequest(desk.issuer, details, now + Math.floor(timeoutMs() / 1000), signer, now);
    if (token instanceof JwtError) return this.#refused(desk, credentials, token.text);
    const plain = Buffer.from(token, "latin1");
    const payload = sealing?.seal(curve, plain, xkey, randomBytes(NONCE_BYTES)) ?? plain;
    if (typeof payload === "string") {
      return this.#refused(
        desk,
        credentials,
        `Error encrypting auth request claim on account "${account}": ${payload}`,
      );
    }
    const answered = await ask(account, CALLOUT_SUBJECT, payload, asking.xkey, timeoutMs());
    if (answered === undefined) return refused(desk, credentials, "");
    const answer = readCalloutAnswer(
      answered,
      {
        userKey,
        serverId: asking.id,
        accountName: account,
        issuer: desk.trusted === undefined ? desk.issuer : undefined,
        account: desk.trusted,
        open: sealing === undefined ? undefined : (sealed) => sealing.open(curve, sealed, xkey),
        isProxied: credentials.isProxied === true,
      },
      { zones },
      env,
    );
    if (!answer.ok) return this.#refused(desk, credentials, answer.text);
    const identity = await desk.place(answer, credentials);
    if (typeof identity === "string") return this.#refused(desk, credentials, identity);
    return this.#guarded({ ok: true, identity });
  }

  #refused(desk: Desk, credentials: Credentials, why: string): Verdict {
    this.#options.warn(why);
    return refused(desk, credentials, why);
  }

  #guarded(verdict: Verdict): Verdict {
    if (!verdict.ok || !this.#options.isOfService(verdict.identity)) return verdict;
    return { ...verdict, identity: withoutAsking(verdict.identity, this.#options.env) };
  }
}

/** The same identity, which may not publish requests for the service; what was counted stays counted. */
export function withoutAsking(identity: Identity, env: Env): Identity {
  const { permissions } = identity;
  const source = permissions?.rules.source ?? {};
  const { allow, deny = [] } = source.publish ?? {};
  if (deny.includes(CALLOUT_SUBJECT)) return identity;
  const rules = PermissionRules.compile({ ...source, publish: { allow, deny: [...deny, CALLOUT_SUBJECT] } })!;
  if (permissions === undefined) return { ...identity, permissions: new Permissions(rules, env) };
  permissions.replace(rules);
  return identity;
}

/** Of an answer's user; its permissions are of this connection alone. */
export function answeredIdentity(
  account: string,
  { claims, expiresInMs }: GoodAnswer,
  permissions: PermissionOptions | undefined,
  credentials: Credentials,
  env: Env,
): Identity | string {
  const types = connectionTypesOf(claims.nats.allowed_connection_types) ?? new Set();
  const { kind } = credentials;
  const type = credentials.type ?? typeOf[kind];
  if (types.size > 0 && !types.has(type)) return "Connection type not allowed";
  const rules = PermissionRules.compile(permissions);
  const name = claims.name === "" ? nameOf(credentials) : claims.name;
  return {
    accountName: account,
    shownName: name,
    label: `user:${name}`,
    nkey: undefined,
    permissions: rules === undefined ? undefined : new Permissions(rules, env),
    limits: undefined,
    user: undefined,
    secret: undefined,
    answered: { userKey: claims.sub, issuedAtSec: claims.iat },
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
  };
}
const typeOf = {
  tcp: "STANDARD",
  tls: "STANDARD",
  ws: "WEBSOCKET",
  wss: "WEBSOCKET",
  pipe: "IN_PROCESS",
} as const satisfies Record<TransportKind, string>;

function refused({ account }: Desk, { nkey, user }: Credentials, why: string): Verdict {
  let who = "";
  if (nkey !== "") who = ` - Nkey ${quoted(byteString(nkey))}`;
  else if (user !== "") who = ` - User ${quoted(byteString(user))}`;
  return { ok: false, reason: "credentials", logText: `authentication error${who}`, told: { account, reason: why } };
}
