// Where a client stands: its account, who it is there, what that lets it do, and
// until when.
//
// Owns these and the timer of their end. Knows nothing of logins: the session
// says who the client is, and what it may do is told to those who mind it.

import type { Account } from "../account/account.ts";
import type { Receiver } from "../account/receiver.ts";
import type { Identity } from "../auth/authenticator.ts";
import { byteString } from "../base/bytes.ts";
import type { Timer } from "../base/world.ts";
import type { CloseReason } from "../errors/close_reason.ts";
import { type ClosingError, quoted as q } from "../errors/protocol.ts";
import type { Subscriptions } from "../peer/subscriptions.ts";
import type { Complaints } from "./complaints.ts";
import type { SessionHost, SessionSettings } from "./host.ts";
import type { Publishing } from "./publishing.ts";

/** Between the error of one with too many subscriptions and its end. */
const LAST_WORD_MS = 20;

/** The connection, as far as its standing is concerned. */
export interface Standee {
  readonly settings: SessionSettings;
  readonly receiver: Receiver;
  readonly subscriptions: Subscriptions;
  readonly isClosed: boolean;
  close(reason: CloseReason): void;
  closeWithError(error: ClosingError): void;
}

export class Standing {
  /** A plain field: every message asks for it. */
  account: Account | undefined = undefined;
  identity: Identity | undefined = undefined;
  /** When its credentials end, on the monotonic clock; undefined for never. */
  expiresAtMs: number | undefined = undefined;
  /** How many subscriptions it may have. */
  maxSubscriptions = Infinity;

  readonly #host: SessionHost;
  readonly #session: Standee;
  readonly #limits: { maxPayload: number };
  readonly #publishing: Publishing;
  readonly #complaints: Complaints;
  #expiryTimer: Timer | undefined = undefined;

  /** Sets what `limits` says, now and whenever that changes. */
  constructor(
    host: SessionHost,
    session: Standee,
    limits: { maxPayload: number },
    publishing: Publishing,
    complaints: Complaints,
  ) {
    this.#host = host;
    this.#session = session;
    this.#limits = limits;
    this.#publishing = publishing;
    this.#complaints = complaints;
    this.limit();
  }

  /** What INFO says of it. */
  get info(): { readonly remote_account: string; readonly acc_is_sys: boolean } {
    const name = this.account?.name ?? "";
    return { remote_account: name, acc_is_sys: name !== "" && name === this.#host.systemAccount };
  }

  /** It is known who it is: it goes to the account of that user, for as long as the credentials say. */
  accept(identity: Identity): void {
    this.#adopt(identity);
    this.bind(identity.accountName);
    this.#expiryTimer?.cancel();
    this.expiresAtMs = undefined;
    const expiresInMs = identity.expiresInMs ?? identity.token?.expiresInMs;
    if (expiresInMs === undefined || this.#session.isClosed) return;
    const { world } = this.#host;
    this.expiresAtMs = world.nowMs() + expiresInMs;
    this.#expiryTimer = world.wallAfter(expiresInMs, () => this.#session.closeWithError("userAuthenticationExpired"));
  }

  /** Goes to an account, and leaves the one before; who cannot be taken there is sent away. */
  bind(accountName: string): void {
    const account = this.#host.account(accountName);
    if (account === undefined) {
      this.#session.closeWithError("authorizationViolation");
      return;
    }
    if (this.account !== undefined) {
      this.clearSubscriptions();
      this.account.connections--;
    }
    const { maxConnections } = account.limits;
    this.account = account;
    this.#session.receiver.infoLines.clear();
    account.connections++;
    account.totalConnections++;
    if (maxConnections !== undefined && maxConnections >= 0 && account.connections > maxConnections) {
      this.#session.closeWithError("maximumAccountConnections");
      return;
    }
    this.limit();
    this.#leaveAtLimit();
  }

  /** Goes on as the same user under other rules. Subscriptions they do not allow end, and the client is told. */
  become(identity: Identity): void {
    this.#adopt(identity);
    this.limit();
    this.#leaveAtLimit();
    const { account } = this;
    const { permissions } = identity;
    if (account === undefined || permissions === undefined) return;
    const { subscriptions } = this.#session;
    for (const sub of subscriptions) {
      const { subject, queue, sid } = sub;
      if (permissions.canSubscribe(subject, queue)) continue;
      subscriptions.remove(account.router, sub);
      this.#complaints.removed(subject, queue, sid);
      const group = queue === undefined ? "" : ` using queue ${q(queue)}`;
      const { nkey, shownName } = identity;
      const who = nkey === undefined ? `User ${q(byteString(shownName))}` : `Nkey ${q(byteString(nkey))}`;
      this.#host.log.notice(`Removed sub ${q(subject)}${group} (sid ${q(sid)}) for ${who} - not authorized`);
    }
    account.router.invalidate();
  }

  /** What it may send: as the listener, its account or its user says, whichever is least. */
  limit(): void {
    const [account, user] = [this.account?.limits, this.identity?.limits];
    const { maxPayload, maxSubscriptions } = this.#session.settings;
    this.#limits.maxPayload = least(maxPayload, account?.maxPayload, user?.maxPayload) ?? -1;
    const subscriptions = least(maxSubscriptions || undefined, account?.maxSubscriptions, user?.maxSubscriptions);
    this.maxSubscriptions = subscriptions ?? Infinity;
  }

  /** The connection is closed: its account counts it no more, and still has its subscriptions. */
  end(): void {
    this.#expiryTimer?.cancel();
    if (this.account !== undefined) this.account.connections--;
  }

  /** Ends all its subscriptions. */
  clearSubscriptions(): void {
    if (this.account === undefined) return;
    this.#session.subscriptions.clear(this.account.router, (fire) => this.#host.turn.hold(fire));
  }

  /** It came, or its limits changed: who has as many subscriptions as it may have is one too many, as with nats-server. */
  #leaveAtLimit(): void {
    const session = this.#session;
    if (session.isClosed || session.subscriptions.count < this.maxSubscriptions) return;
    const { world } = this.#host;
    world.after(0, () => {
      if (session.isClosed) return;
      this.#complaints.subscriptions();
      world.after(LAST_WORD_MS, () => session.close("maximumSubscriptionsExceeded"));
    });
  }

  #adopt(identity: Identity): void {
    const { permissions } = identity;
    const { receiver } = this.#session;
    this.identity = identity;
    this.#publishing.permissions = permissions;
    receiver.filtersDeliveries = permissions?.filtersDeliveries ?? false;
    receiver.tracksReplies = permissions?.tracksReplies ?? false;
  }
}

/** The least of some limits; undefined when none of them is one: they are undefined or negative. */
function least(...limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined && limit >= 0) as number[];
  return given.length === 0 ? undefined : Math.min(...given);
}
