// What a session needs of the server it belongs to.

import type { Account } from "../account/account.ts";
import type { Trace } from "../account/trace.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { Turn } from "../outbound/turn.ts";
import type { PingSettings } from "../peer/pings.ts";
import type { ServerInfo } from "../proto/info.ts";
import type { Session } from "./session.ts";

/** Limits and manners of one listener's sessions; durations in milliseconds, sizes in bytes. */
export interface SessionSettings extends PingSettings {
  readonly maxControlLine: number;
  readonly maxPayload: number;
  readonly maxPendingBytes: number;
  readonly writeDeadlineMs: number;
  /** 0 is no limit. */
  readonly maxSubscriptions: number;
  readonly maxSubscriptionTokens: number;
  readonly authTimeoutMs: number;
  readonly headers: boolean;
  /** Drop for a congested receiver instead of making its producers wait. */
  readonly noStall: boolean;
  /** Longest payload shown in a trace; 0 is any. */
  readonly maxTracedBytes: number;
  readonly traceHeaders: boolean;
}

export interface SessionHost {
  readonly world: World;
  readonly log: Log;
  readonly turn: Turn;
  readonly authenticator: Authenticator;
  /** Keys of the proxies that are trusted. */
  readonly trustedProxies: readonly string[];
  /** Undefined without one. */
  readonly systemAccount: string | undefined;
  /** Set while the server is in lame duck mode or stopping. */
  readonly isClosing: boolean;
  /** The next connection id. */
  nextCid(): number;
  /** INFO as this session sees it, but for what only the session knows. */
  infoFor(session: Session): ServerInfo;
  account(name: string): Account | undefined;
  /** Notes a new connection; false when there are too many. */
  onOpened(session: Session): boolean;
  /** It has logged in, and is served from now on. */
  onConnected(session: Session): void;
  /** It is closed; its account counts it no more, and still has its subscriptions. */
  onClosed(session: Session): void;
  /** Its transport is gone too; called once, after `onClosed`. */
  onGone(session: Session): void;
  onSlowConsumer(session: Session): void;
  onStaleConnection(session: Session): void;
  /** A message is traced, and this is what became of it. */
  onTraced(account: Account, trace: Trace): void;
  /** A producer was made to wait. */
  onStalled(session: Session): void;
}
