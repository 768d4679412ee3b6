// The system account's side of a server: what it tells, and what it answers.
//
// Put together here: events, STATSZ, requests. Owns none of the accounts.

import type { Bus } from "../account/bus.ts";
import type { ByteString } from "../base/bytes.ts";
import { encode } from "../base/json.ts";
import type { Log } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { AccountNumbers, ConnectionView, MonitorSource } from "../monitor/source.ts";
import { Claims, type ClaimsKeeper } from "./claims.ts";
import { contentEncoding, type Encoders, encodingOf } from "./encoding.ts";
import { type Ending, Events, type Told } from "./events.ts";
import { Requests, type RequestSource, type SystemActions } from "./requests.ts";
import { type ServerFacts, serverInfo, Speaker } from "./server_info.ts";
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
  readonly loadAnswers: RequestSource["loadAnswers"];
  readonly overhear?: RequestSource["overhear"];
  /** Keeps tokens, in operator mode. */
  readonly claims?: ClaimsKeeper;
  facts(): ServerFacts;
  numbersOf(account: string): AccountNumbers | undefined;
  busOf(account: string): Bus | undefined;
  /** Runs `fire` at the end of this turn, before connections are flushed. */
  beforeFlush(fire: () => void): void;
}

export class System {
  readonly #events: Events;
  readonly #statsz: Statsz;
  readonly #requests: Requests;
  readonly #speaker: Speaker;
  readonly #encoders: Encoders;

  constructor(source: SystemSource) {
    const { world: env, log, bus, monitor, pageRequests, actions, encoders, globalAccount } = source;
    const speaker = new Speaker(() => source.facts(), env);
    this.#speaker = speaker;
    this.#encoders = encoders;
    const beforeFlush = (fire: () => void): void => source.beforeFlush(fire);
    const numbersOf = (account: string): AccountNumbers | undefined => source.numbersOf(account);
    const busOf = (account: string): Bus | undefined => source.busOf(account);
    this.#events = new Events({ env, bus, speaker, globalAccount, beforeFlush, numbersOf, busOf });
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
        loadAnswers: source.loadAnswers,
        overhear: source.overhear,
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
  onDisconnected(view: ConnectionView, how: Ending, told?: Told): void {
    this.#events.onDisconnected(view, how, told);
  }
  /** Tells its numbers now: something about the server has changed. */
  tellStats(): void {
    this.#statsz.tell();
  }
  /**
   * Publishes an object in an account: `rest` are its members behind `server`,
   * with the closing brace. Packed as `accepted` asks.
   */
  tell(bus: Bus, subject: ByteString, rest: string, accepted: string): void {
    const text = `{"server":${encode(serverInfo, this.#speaker.next())},${rest}`;
    const encoding = encodingOf(accepted);
    if (encoding === undefined) bus.publishText(subject, text);
    else {
      this.#encoders.encode(encoding, Buffer.from(text), (bytes) =>
        bus.publishParts(subject, "" as ByteString, contentEncoding(encoding), bytes),
      );
    }
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
