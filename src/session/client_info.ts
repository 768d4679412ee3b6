// A session as advisories show it.

import type { ClientInfo } from "../account/receiver.ts";
import type { Session } from "./session.ts";

/** Who is connected here, now. */
export function clientInfoOf(session: Session): ClientInfo {
  const { transport, options, identity } = session;
  return {
    start: { sec: session.startSec, nanos: session.startNanos },
    host: transport.remote?.ip ?? "",
    id: session.cid,
    account: session.account?.name ?? "",
    user: identity?.shownName ?? "",
    name: options?.name ?? "",
    lang: options?.lang ?? "",
    version: options?.version ?? "",
    rttNanos: Math.round(session.rttMs * 1e6),
    clientType: transport.kind === "ws" || transport.kind === "wss" ? "websocket" : "nats",
  };
}
