// The system account of a server that is only values: real accounts and buses,
// a fake clock, and a listener that keeps what it hears.

import { Account } from "../../src/account/account.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { type ByteString, byteString, byteStringOf, shown } from "../../src/base/bytes.ts";
import type { Log } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import type { AccountNumbers } from "../../src/monitor/source.ts";
import * as answers from "../../src/system/answers.ts";
import type { ClaimsKeeper } from "../../src/system/claims.ts";
import type { Encoding } from "../../src/system/encoding.ts";
import type { SystemActions } from "../../src/system/requests.ts";
import type { ServerFacts } from "../../src/system/server_info.ts";
import { System } from "../../src/system/system.ts";
import { fakeSource } from "../monitor/fake_source.ts";
import { FakeWorld } from "../support/fake_world.ts";

export const SERVER_ID = "NX";

export interface Heard {
  readonly subject: string;
  readonly header: string;
  readonly body: Uint8Array;
  /** The body, parsed. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: Record<string, any>;
}

export interface RigOptions {
  readonly facts?: Partial<ServerFacts>;
  readonly source?: Parameters<typeof fakeSource>[0];
  readonly actions?: Partial<SystemActions>;
  readonly claims?: ClaimsKeeper;
}

export class Rig {
  readonly world = new FakeWorld();
  readonly sys: Account;
  readonly a: Account;
  readonly system: System;
  /** What was logged: "ERR text", one a line. */
  readonly log: string[] = [];
  /** What there is of accounts. */
  readonly numbers = new Map<string, AccountNumbers>();
  readonly packed: Encoding[] = [];
  readonly #flushes: (() => void)[] = [];
  #asked = 0;

  constructor(options: RigOptions = {}) {
    const inner = new InnerQueue();
    this.sys = new Account("SYS", this.world, undefined, inner);
    this.a = new Account("A", this.world, undefined, inner);
    const accounts = new Map([this.sys, this.a].map((each) => [each.name, each]));
    const facts: ServerFacts = {
      name: "one",
      id: SERVER_ID,
      host: "127.0.0.1",
      domain: "",
      version: "2.14.5",
      tags: ["red", "blue"],
      metadata: new Map(),
      featureFlags: new Map(),
      hasJetStream: false,
      ...options.facts,
    };
    const note = (level: string) => (text: string) => void this.log.push(`${level} ${text}`);
    const log: Log = { ...silentLog, error: note("ERR"), warn: note("WRN"), debug: note("DBG") };
    this.system = new System({
      world: this.world,
      log,
      bus: this.sys.bus,
      name: "SYS",
      globalAccount: "$G",
      monitor: fakeSource({ accounts: ["$G", "SYS", "A"], ...options.source }),
      pageRequests: new Map(),
      actions: {
        reload: (done) => done(undefined),
        kick: () => undefined,
        lameDuck: () => undefined,
        userInfo: () => undefined,
        // oxlint-disable-next-line require-yield
        *subscribers() {
          return 0;
        },
        profile: (_name, _nanos, done) => done("none"),
        ...options.actions,
      },
      encoders: {
        encode: (encoding, bytes, done) => {
          this.packed.push(encoding);
          done(bytes);
        },
      },
      ...(options.claims === undefined ? {} : { claims: options.claims }),
      // At once, as no promise is.
      // oxlint-disable-next-line unicorn/no-thenable
      loadAnswers: () => ({ then: (use: (loaded: typeof answers) => void) => use(answers) }) as never,
      facts: () => facts,
      numbersOf: (account) => this.numbers.get(account),
      busOf: (account) => accounts.get(account)?.bus,
      beforeFlush: (fire) => void this.#flushes.push(fire),
    });
    this.system.serve("A", this.a.bus);
  }

  /** Ends this turn, and those it asks for. */
  settle(): void {
    while (this.#flushes.length > 0) {
      for (const fire of this.#flushes.splice(0)) fire();
      this.world.settle();
    }
  }

  /** Ends one turn. */
  endTurn(): void {
    for (const fire of this.#flushes.splice(0)) fire();
  }

  /** Listens in the system account, or in another one. */
  hear(subject: string, account = this.sys): Heard[] {
    const heard: Heard[] = [];
    account.bus.subscribe(byteString(subject), {
      onMsg: ({ source, subjectFrom, subjectTo, payloadFrom, payloadTo, headerBytes }) => {
        const headerTo = payloadFrom + Math.max(0, headerBytes);
        const body = source.slice(headerTo, payloadTo);
        heard.push({
          subject: shown(byteStringOf(source, subjectFrom, subjectTo)),
          header: byteStringOf(source, payloadFrom, headerTo),
          body,
          get json() {
            return JSON.parse(Buffer.from(body).toString("utf8")) as Heard["json"];
          },
        });
        return true;
      },
    });
    return heard;
  }

  /** Publishes in an account, and lets turns go by. */
  tell(subject: string, body: string | Uint8Array = "", account = this.sys): void {
    account.bus.publishParts(byteString(subject), "" as ByteString, new Uint8Array(0), Buffer.from(body));
    this.settle();
  }

  /** Sends a request; what was answered comes as it is said. */
  request(subject: string, body: string | Uint8Array = "", header = "", account = this.sys): Heard[] {
    const reply = `box.${++this.#asked}`;
    const heard = this.hear(reply, account);
    account.bus.publishParts(byteString(subject), byteString(reply), Buffer.from(header), Buffer.from(body));
    return heard;
  }

  /** The answers to a request. */
  ask(subject: string, body: string | Uint8Array = "", header = "", account = this.sys): Heard[] {
    const heard = this.request(subject, body, header, account);
    this.settle();
    return heard;
  }
}

export function numbersOf(name: string, connections: number, more: Partial<AccountNumbers> = {}): AccountNumbers {
  const none = { msgs: 0, bytes: 0 };
  return {
    name,
    connections,
    totalConnections: connections,
    leafnodes: 0,
    subscriptions: 0,
    sent: none,
    received: none,
    slowConsumers: 0,
    ...more,
  };
}
