// What streams ask of the server around them.

import type { Bus } from "../account/bus.ts";
import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { ApiError } from "../errors/api.ts";

/** What all streams of a server share. */
export interface JetStreamSurroundings {
  readonly world: World;
  readonly log: Log;
  /** As in INFO and advisories. */
  readonly serverName: string;
  readonly serverId: string;
  /** The version of nats-server that clients are told. */
  readonly version: string;
  /** Empty without one. */
  readonly domain: string;
  /** What of one stream may wait for the disk before publishes are refused. */
  readonly maxBufferedMsgs: number;
  readonly maxBufferedBytes: number;
  /** Bytes that may wait for one client: what a batch of direct gets sends without `max_bytes`. */
  readonly maxPendingBytes: number;
  /** Runs `fire` at the end of this turn, before connections are flushed; never inside the call. */
  readonly beforeFlush: (fire: () => void) => void;
  /** Runs `fire` at the start of a later turn: how long work is cut in slices. */
  readonly nextTurn: (fire: () => void) => void;
}

/** What a stream asks of its account. */
export interface StreamAccount {
  readonly name: string;
  readonly bus: Bus;
  /** Why `bytes` more may not be stored now: the limits of the server (10023) and of the account (10028, 10047). */
  refusal(storage: "memory" | "file", bytes: number): ApiError | undefined;
  /** The stream counts `bytes` more than it said before; negative for less. */
  count(storage: "memory" | "file", bytes: number): void;
}
