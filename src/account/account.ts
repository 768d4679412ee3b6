// One subject space: its name, its routing and its numbers.

import type { Env } from "../base/world.ts";
import { Bus } from "./bus.ts";
import { InnerQueue } from "./inner_queue.ts";
import { Router } from "./router.ts";

/** Undefined is no limit. */
export interface AccountLimits {
  readonly maxConnections: number | undefined;
  readonly maxSubscriptions: number | undefined;
  readonly maxPayload: number | undefined;
}

export const unlimited: AccountLimits = {
  maxConnections: undefined,
  maxSubscriptions: undefined,
  maxPayload: undefined,
};

export class Account {
  readonly name: string;
  readonly router: Router;
  /** Its messages as the server's own parts see them. */
  readonly bus: Bus;
  readonly limits: AccountLimits;
  /** Messages and their bytes received from connections. */
  inMsgs = 0;
  inBytes = 0;
  slowConsumers = 0;
  /** Connections bound to it now, and ever. */
  connections = 0;
  totalConnections = 0;

  /** `inner` is one for all accounts of a server. */
  constructor(name: string, env: Env, limits: AccountLimits = unlimited, inner: InnerQueue = new InnerQueue()) {
    this.name = name;
    this.router = new Router(env, inner);
    this.bus = new Bus(this.router, inner);
    this.limits = limits;
  }
}

/** The smaller of two limits, of which `limit` is none when 0 or less and `other` when negative or undefined. */
export function tighter(limit: number, other: number | undefined): number {
  if (other === undefined || other < 0) return limit;
  return limit <= 0 ? other : Math.min(limit, other);
}
