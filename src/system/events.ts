// What happens to connections, told to the system account as it happens.
//
//     $SYS.ACCOUNT.<account>.CONNECT, DISCONNECT     each client
//     $SYS.ACCOUNT.<account>.SERVER.CONNS            how many there are now, and every 30 s
//     $SYS.SERVER.ACCOUNT.<account>.CONNS            the same, its old name
//     $SYS.SERVER.<id>.CLIENT.AUTH.ERR               a login was refused
//     $SYS.SERVER.<id>.LAMEDUCK, SHUTDOWN            the server is going
//
// An event is made only when somebody listens, and sent at the end of the turn:
// what it tells of may happen in the middle of a delivery. Owns the timers.

import type { Bus } from "../account/bus.ts";
import { byteString } from "../base/bytes.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { encode, type Encodable, int64, type Kind, list, omitEmpty, record, text, uint64 } from "../base/json.ts";
import { nuid } from "../base/nuid.ts";
import type { Env, Timer } from "../base/world.ts";
import { accountStatFields, accountStatOf } from "../monitor/accstatz.ts";
import type { AccountNumbers, ConnectionView, Moment } from "../monitor/source.ts";
import { serverInfo, type ServerInfoFields, type Speaker } from "./server_info.ts";

const TYPES = "io.nats.server.advisory.v1.";
/** How often the number of connections is told without a change. */
const HEARTBEAT_MS = 30_000;

const head = { type: text, id: text, timestamp: text, server: serverInfo };
const client = record({
  start: text,
  host: omitEmpty(text),
  id: uint64,
  acc: omitEmpty(text),
  user: omitEmpty(text),
  name: omitEmpty(text),
  lang: omitEmpty(text),
  ver: omitEmpty(text),
  rtt: omitEmpty(int64),
  stop: omitEmpty(text),
  jwt: omitEmpty(text),
  issuer_key: omitEmpty(text),
  name_tag: omitEmpty(text),
  tags: omitEmpty(list(text)),
  kind: text,
  client_type: text,
  client_id: omitEmpty(text),
});
const flow = record({ msgs: int64, bytes: int64 });
const connected = record({ ...head, client });
const disconnected = record({ ...head, client, sent: flow, received: flow, reason: text });

const connections = record({ ...head, ...accountStatFields });

/** How a connection ended: after it was served, because its login failed, or because its account was full. */
export type Ending = "left" | "refused" | "tooMany";

/** Who else hears of a refused login, and why it was. */
export interface Told {
  readonly account: string;
  readonly reason: string;
}

export interface EventSource {
  readonly env: Env;
  /** Of the system account. */
  readonly bus: Bus;
  readonly speaker: Speaker;
  /** The account of connections that have none yet; its connections are not counted aloud. */
  readonly globalAccount: string;
  /** Runs `fire` at the end of this turn, before connections are flushed. */
  readonly beforeFlush: (fire: () => void) => void;
  readonly busOf: (account: string) => Bus | undefined;
  readonly numbersOf: (account: string) => AccountNumbers | undefined;
}

export class Events {
  readonly #source: EventSource;
  /** Accounts whose connections are told again and again. */
  readonly #heartbeats = new Map<string, Timer>();
  #isStopped = false;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** A client has logged in. */
  onConnected(view: ConnectionView): void {
    const account = view.account ?? this.#source.globalAccount;
    this.#countConnections(account);
    this.#tellConnected(view, account);
  }

  #tellConnected(view: ConnectionView, account: string): void {
    this.#send(`$SYS.ACCOUNT.${account}.CONNECT`, "client_connect", connected, () => ({
      client: clientOf(view, account, undefined),
    }));
  }

  /** A connection has ended; of a refused login `told` is the account that hears of it, for that reason. */
  onDisconnected(view: ConnectionView, how: Ending, told?: Told): void {
    const { globalAccount, speaker } = this.#source;
    const account = view.account ?? globalAccount;
    const event = (): object => ({
      client: clientOf(view, account, view.stop),
      sent: { msgs: view.inMsgs, bytes: view.inBytes },
      received: { msgs: view.outMsgs, bytes: view.outBytes },
      reason: view.reason,
    });
    if (how === "refused") {
      this.#tellAccount(view, account, told);
      this.#send(`$SYS.SERVER.${speaker.facts.id}.CLIENT.AUTH.ERR`, "client_disconnect", disconnected, event);
    } else if (how === "tooMany") this.#tellConnected(view, account);
    else this.#countConnections(account);
    this.#send(`$SYS.ACCOUNT.${account}.DISCONNECT`, "client_disconnect", disconnected, event);
  }

  hasConnections(account: string): boolean {
    return (this.#source.numbersOf(account)?.connections ?? 0) > 0;
  }

  /** The answer to a question for the connections of `account`; undefined when it has none. */
  connectionsOf(account: string): string | undefined {
    const numbers = this.#source.numbersOf(account);
    return numbers === undefined || numbers.connections === 0 ? undefined : this.#connectionsText(numbers, this.#id());
  }

  /** Lame duck mode has begun. Told at once: little may come after it. */
  onLameDuck(): void {
    this.#sayGoing("LAMEDUCK");
  }

  /** The server ends: the last word. Nothing is said after it. */
  onShutdown(): void {
    if (this.#isStopped) return;
    this.#sayGoing("SHUTDOWN");
    this.stop();
  }

  /** Ends it without a word. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#heartbeats.values()) timer.cancel();
    this.#heartbeats.clear();
  }

  #sayGoing(what: string): void {
    const { bus, speaker } = this.#source;
    const subject = byteString(`$SYS.SERVER.${speaker.facts.id}.${what}`);
    if (bus.hasInterest(subject)) bus.publishText(subject, encode(serverInfo, speaker.next()));
  }

  #countConnections(account: string): void {
    const { env, globalAccount } = this.#source;
    if (account === globalAccount || this.#isStopped) return;
    this.#heartbeats.get(account)?.cancel();
    this.#heartbeats.delete(account);
    if ((this.#source.numbersOf(account)?.connections ?? 0) > 0) {
      this.#heartbeats.set(
        account,
        env.after(HEARTBEAT_MS, () => this.#countConnections(account)),
      );
    }
    this.#tellConnections(account);
  }

  #tellConnections(account: string): void {
    const { bus, beforeFlush, numbersOf } = this.#source;
    const subjects = [`$SYS.SERVER.ACCOUNT.${account}.CONNS`, `$SYS.ACCOUNT.${account}.SERVER.CONNS`]
      .map(byteString)
      .filter((subject) => bus.hasInterest(subject));
    if (subjects.length === 0) return;
    const id = this.#id();
    beforeFlush(() => {
      // What leaves with a connection has left by now.
      const numbers = numbersOf(account);
      if (numbers === undefined) return;
      for (const subject of subjects) bus.publishText(subject, this.#connectionsText(numbers, id));
    });
  }

  #connectionsText(numbers: AccountNumbers, id: string): string {
    return encode(connections, { ...this.#head("account_connections", id), ...accountStatOf(numbers) });
  }

  /** The account that a login was refused for hears of it, too. */
  #tellAccount(view: ConnectionView, bound: string, told: Told | undefined): void {
    const { account = bound, reason = view.reason } = told ?? {};
    const bus = this.#source.busOf(account);
    if (bus === undefined) return;
    const event = (): object => ({
      client: { ...clientOf(view, account, view.stop), name_tag: bound },
      sent: { msgs: 0, bytes: 0 },
      received: { msgs: 0, bytes: 0 },
      reason,
    });
    this.#send("$SYS.ACCOUNT.CLIENT.AUTH.ERR", "client_disconnect", disconnected, event, bus);
  }

  #send<D, E extends object>(
    subjectText: string,
    type: string,
    kind: Kind<D, E>,
    fields: () => object,
    bus = this.#source.bus,
  ): void {
    const { beforeFlush } = this.#source;
    const subject = byteString(subjectText);
    if (this.#isStopped || !bus.hasInterest(subject)) return;
    const now = this.#now();
    beforeFlush(() => {
      const event = { ...this.#head(type, this.#id(), now), ...fields() };
      bus.publishText(subject, encode(kind, event as unknown as E));
    });
  }

  #head(type: string, id: string, timestamp = this.#now()): Head {
    return { type: TYPES + type, id, timestamp, server: this.#source.speaker.next() };
  }
  #id(): string {
    return nuid((below) => this.#source.env.random(below));
  }
  #now(): string {
    return rfc3339Nano(this.#source.env.wallSec(), this.#source.env.wallNanos());
  }
}
interface Head {
  readonly type: string;
  readonly id: string;
  readonly timestamp: string;
  readonly server: ServerInfoFields;
}

function clientOf(view: ConnectionView, account: string, stop: Moment | undefined): Encodable<typeof client> {
  return {
    start: rfc3339Nano(view.start.sec, view.start.nanos),
    host: view.ip,
    id: view.cid,
    acc: account,
    user: view.authorizedUser,
    name: view.name,
    lang: view.lang,
    ver: view.version,
    rtt: stop === undefined ? 0 : view.rttNanos,
    stop: stop === undefined ? undefined : rfc3339Nano(stop.sec, stop.nanos),
    // Whoever reads a bearer token may come with it.
    jwt: view.isBearer === true ? "" : view.jwt,
    issuer_key: view.issuerKey,
    name_tag: view.nameTag === "" ? account : view.nameTag,
    tags: view.tags,
    kind: "Client",
    client_type: view.type,
    client_id: view.mqttClient,
  };
}
