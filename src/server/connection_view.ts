// A connection as monitoring shows it.

import type { ConnectionView, SubscriptionView } from "../monitor/source.ts";
import { closeReasons } from "../errors/close_reason.ts";
import { claimedName } from "../session/label.ts";
import type { Session } from "../session/session.ts";

/** Subscriptions of a closed connection that are remembered. */
const MOST_KEPT = 1000;

/** An open connection: a picture of now; its subscriptions are read when they are asked for. */
export function viewOf(session: Session): ConnectionView {
  const { transport, options, identity, receiver, outbound, subscriptions } = session;
  const { kind, remote } = transport;
  const reason = session.closeReason;
  return {
    cid: session.cid,
    type: kind === "ws" || kind === "wss" ? "websocket" : "nats",
    ip: remote?.ip ?? "",
    port: remote?.port ?? 0,
    start: { sec: session.startSec, nanos: session.startNanos },
    lastActivity: { sec: session.lastSec, nanos: session.lastNanos },
    stop: reason === undefined ? undefined : { sec: session.stopSec, nanos: session.stopNanos },
    reason: reason === undefined ? "" : closeReasons[reason],
    rttNanos: Math.round(session.rttMs * 1e6),
    pendingBytes: outbound.pendingBytes,
    inMsgs: session.inMsgs,
    outMsgs: receiver.outMsgs,
    inBytes: session.inBytes,
    outBytes: receiver.outBytes,
    stalls: outbound.stalls,
    subscriptionCount: subscriptions.count,
    subscriptions,
    name: options?.name ?? "",
    lang: options?.lang ?? "",
    version: options?.version ?? "",
    tls: session.tls,
    authorizedUser: identity?.shownName ?? (options === undefined ? "" : claimedName(options).shown),
    account: session.account?.name,
    nameTag: session.account?.nameTag ?? "",
    jwt: identity?.token?.token ?? "",
    isBearer: identity?.token?.isBearer === true,
    issuerKey: issuerOf(identity),
    tags: identity?.token?.tags ?? [],
    mqttClient: "",
    proxyKey: session.proxyKey,
  };
}

/** The same of a connection that has just closed, before it gives up its subscriptions: everything is copied. */
export function closedViewOf(session: Session): ConnectionView {
  const subscriptions: SubscriptionView[] = [];
  for (const { subject, queue, sid, delivered, max } of session.subscriptions) {
    if (subscriptions.length === MOST_KEPT) break;
    subscriptions.push({ subject, queue, sid, delivered, max });
  }
  return { ...viewOf(session), subscriptions };
}

/** The key that signed for a user: its account's, or one of that account's; of a service's answer the account it went to. */
function issuerOf(identity: Session["identity"]): string {
  if (identity?.answered !== undefined) return identity.accountName;
  return identity?.token === undefined ? "" : (identity.token.signingKey ?? identity.token.account.publicKey);
}
