// The system account's side of a server: what it tells, and what it answers.
//
// Put together here: events, STATSZ, requests. Owns none of the accounts.

import type { Bus } from "../account/bus.ts";
import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { AccountNumbers, ConnectionView, MonitorSource } from "../monitor/source.ts";
import { Claims, type ClaimsKeeper } from "./claims.ts";
import { type Encoders } from "./encoding.ts";
import { Events } from "./events.ts";
import { Requests, type SystemActions } from "./requests.ts";
import { type ServerFacts, Speaker } from "./server_info.ts";
import { Statsz } from "./statsz.ts";

export interface SystemSource {
  readonly world: World;
  readonly log: Log;
  /** The system account. */
  readonly bus: Bus;
  readonly name: string;
  readonly globalAccount: string;
  readonly monitor: MonitorSource;
  readonly pageRequests: ReadonlyMap<string, number>;
  readonly actions: SystemActions;
  readonly encoders: Encoders;
  /** Keeps tokens, in operator mode. */
  readonly claims?: ClaimsKeeper;
  facts(): ServerFacts;
  numbersOf(account: string): AccountNumbers | undefined;
  /** Runs `fire` at the end of this turn, before connections are flushed. */
  beforeFlush(fire: () => void): void;
}

export class System {
  readonly #events: Events;
  readonly #statsz: Statsz;
  readonly #requests: Requests;

  constructor(source: SystemSource) {
    const { world: env, log, bus, monitor, pageRequests, actions, encoders, name, globalAccount } = source;
    const speaker = new Speaker(() => source.facts(), env);
    const beforeFlush = (fire: () => void): void => source.beforeFlush(fire);
    const numbersOf = (account: string): AccountNumbers | undefined => source.numbersOf(account);
    this.#events = new Events({ env, bus, speaker, globalAccount, beforeFlush, numbersOf });
    this.#statsz = new Statsz({ env, bus, speaker, monitor });
    this.#requests = new Requests(
      {
        env,
        log,
        speaker,
        monitor,
        pageRequests,
        actions,
        encoders,
        systemAccount: name,
        beforeFlush,
        nextTurn: (fire) => env.atTurnEnd(fire),
      },
      this.#events,
      this.#statsz,
    );
    this.#requests.listen(bus);
    if (source.claims !== undefined) new Claims({ bus, speaker, log, keeper: source.claims }).listen();
  }

  /** Begins to tell its numbers. */
  start(): void {
    this.#statsz.start();
  }

  /** Lets an account ask about itself. */
  serve(account: string, bus: Bus): void {
    this.#requests.listenIn({ account, bus });
  }

  onConnected(view: ConnectionView): void {
    this.#events.onConnected(view);
  }
  onDisconnected(view: ConnectionView, wasRefused: boolean): void {
    this.#events.onDisconnected(view, wasRefused);
  }
  /** Tells its numbers now: something about the server has changed. */
  tellStats(): void {
    this.#statsz.tell();
  }
  onLameDuck(): void {
    this.#events.onLameDuck();
  }

  /** The last word; after it nothing is told or answered. */
  shutdown(): void {
    this.#statsz.stop();
    this.#requests.stop();
    this.#events.onShutdown();
  }
}
