// One subject space: its name, its routing and its numbers.

import { WIDE } from "../base/counts.ts";
import type { Env } from "../base/world.ts";
import { Awaited } from "./awaited.ts";
import { Bus } from "./bus.ts";
import { InnerQueue } from "./inner_queue.ts";
import type { Mappings } from "./mappings.ts";
import { Responses, type ServiceSide } from "./responses.ts";
import { Router } from "./router.ts";
import { StreamImports } from "./stream_imports.ts";

/** Undefined and negative is no limit; 0 lets nothing through. */
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

export class Account implements ServiceSide {
  readonly name: string;
  readonly router: Router;
  /** Undefined without any. */
  mappings: Mappings | undefined = undefined;
  /** Where traces of messages with a sampled trace parent go, and of how many percent of these. */
  traceDestination: { readonly dest: string; readonly sampling: number } | undefined = undefined;
  /** What other accounts asked of it, what it asked of them, and whose streams it gets. */
  readonly responses: Responses;
  readonly awaited: Awaited;
  readonly streamImports: StreamImports;
  /** Its messages as the server's own parts see them. */
  readonly bus: Bus;
  /** What people call it. */
  nameTag: string;
  limits: AccountLimits;
  /** Messages and their bytes received from connections. */
  inMsgs = WIDE;
  inBytes = WIDE;
  slowConsumers = 0;
  /** Connections bound to it now, and ever. */
  connections = 0;
  totalConnections = 0;

  /** `inner` is one for all accounts of a server, `serverHash` eight letters of its own. */
  constructor(
    name: string,
    env: Env,
    limits: AccountLimits = unlimited,
    inner: InnerQueue = new InnerQueue(),
    serverHash = "00000000",
  ) {
    this.name = name;
    this.nameTag = name;
    this.router = new Router(env, inner);
    this.bus = new Bus(this.router, inner);
    this.responses = new Responses(env, this.router, serverHash, () => this);
    this.awaited = new Awaited(this.router);
    this.streamImports = new StreamImports(name, this.router, (below) => env.random(below));
    this.limits = limits;
    this.inMsgs = 0;
    this.inBytes = 0;
  }
}
