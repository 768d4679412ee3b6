// The JetStream API of a server: takes requests from the accounts, serves
// those that do something before those that only ask, a bounded number and a
// bounded time per turn, and drops all that wait when they are too many.
//
// Owns the requests that wait. Knows nothing of what a call does: table.ts.

import type { Frame, Listener, Sender, Subscription } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";
import { ApiError } from "../../errors/api.ts";
import { Advisories } from "../advisories.ts";
import type { JetStreamAccount } from "../account.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { ApiCall, type CallHost } from "./call.ts";
import { ApiRequest } from "./request.ts";
import { type ApiRow, apiRows } from "./table.ts";

const PREFIX = "$JS.API.";
/** Requests served at a time; the others wait. */
const MOST_AT_A_TIME = 16;
/** What serving may take of a turn. */
const TURN_MS = 2;
/** Prefixes that streams and consumers listen to themselves. */
const elsewhere = ["DIRECT.GET.", "CONSUMER.MSG.NEXT.", "CONSUMER.RESET."];

export interface ApiOptions {
  readonly surroundings: JetStreamSurroundings;
  readonly advisories: Advisories;
  readonly strict: boolean;
  /** Requests that may wait, of those that do something and of those that only ask. */
  readonly requestQueueLimit: number;
  readonly infoQueueLimit: number;
  /** Where the server's own advisories go: the system account's, undefined without one. */
  readonly system: JetStreamAccount["bus"] | undefined;
}

interface Waiting {
  readonly call: ApiCall;
  readonly row: ApiRow;
}

export class Api implements CallHost {
  readonly advisories: Advisories;
  /** Requests answered since the start, and those refused. */
  total = 0;
  errors = 0;
  readonly #options: ApiOptions;
  readonly #rows = new Map<string, readonly { readonly row: ApiRow; readonly tokens: readonly string[] }[]>();
  readonly #requests: Waiting[] = [];
  readonly #infos: Waiting[] = [];
  #serving = 0;
  #isServing = false;
  #isPaused = false;
  #turnBegan = 0;
  #isTurnTimed = false;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.advisories = options.advisories;
    for (const row of apiRows) {
      const tokens = row.pattern.split(".");
      const key = tokens[0]!;
      this.#rows.set(key, [...(this.#rows.get(key) ?? []), { row, tokens }]);
    }
  }

  /** Requests taken and not answered. */
  get inflight(): number {
    return this.#serving + this.#requests.length + this.#infos.length;
  }

  /** Takes the requests of an account; also those spelled with the domain. */
  listen(account: JetStreamAccount): Subscription[] {
    const { domain } = this.#options.surroundings;
    const listener = (prefix: string): Listener => ({
      onMsg: (frame, _, sender) => this.#onMsg(account, prefix, frame, sender),
    });
    const subs = [account.bus.subscribe(byteString(`${PREFIX}>`), listener(PREFIX))];
    if (domain !== "") {
      const prefix = `$JS.${domain}.API.`;
      subs.push(account.bus.subscribe(byteString(`${prefix}>`), listener(prefix)));
    }
    return subs;
  }

  nextTurn(fire: () => void): void {
    this.#options.surroundings.nextTurn(fire);
  }

  onAnswered(call: ApiCall, isError: boolean): void {
    const { account } = call.request;
    account.apiTotal++;
    this.total++;
    if (!isError) return;
    account.apiErrors++;
    this.errors++;
  }

  onDone(_call: ApiCall): void {
    this.#serving--;
    this.#serve();
  }

  #onMsg(account: JetStreamAccount, prefix: string, frame: Frame, sender: Sender | undefined): boolean {
    const { source, subjectFrom, subjectTo } = frame;
    const rest = byteStringOf(source, subjectFrom + prefix.length, subjectTo);
    if (elsewhere.some((part) => rest.startsWith(part))) return false;
    const row = this.#find(rest);
    if (row === undefined) return true;
    const { surroundings, strict } = this.#options;
    const warn = (text: string): void => surroundings.log.warn(text);
    const subject = (PREFIX + rest) as ByteString;
    const request = new ApiRequest(account, subject, frame, sender, { strict, warn });
    const call = new ApiCall(request, row.type, row.kind, this);
    const queue = row.isInfo ? this.#infos : this.#requests;
    queue.push({ call, row });
    this.#serve();
    const limit = row.isInfo ? this.#options.infoQueueLimit : this.#options.requestQueueLimit;
    if (queue.length >= limit) this.#dropAll(queue, row.isInfo);
    return true;
  }

  #find(subject: string): ApiRow | undefined {
    const tokens = subject.split(".");
    for (const { row, tokens: pattern } of this.#rows.get(tokens[0]!) ?? []) if (matches(pattern, tokens)) return row;
    return undefined;
  }

  #dropAll(queue: Waiting[], isInfo: boolean): void {
    const dropped = queue.length;
    queue.length = 0;
    const { surroundings, system } = this.#options;
    const name = isInfo ? "JetStream API info queue" : "JetStream API queue";
    surroundings.log.warn(`${name} limit reached, dropping ${dropped} requests`);
    if (system !== undefined) this.advisories.limitReached(system, dropped);
  }

  #serve(): void {
    if (this.#isServing || this.#isPaused) return;
    this.#isServing = true;
    while (this.#serving < MOST_AT_A_TIME) {
      const next = this.#requests[0] ?? this.#infos[0];
      if (next === undefined) break;
      if (this.#isTurnSpent()) {
        this.#isPaused = true;
        this.nextTurn(() => {
          this.#isPaused = false;
          this.#isTurnTimed = false;
          this.#serve();
        });
        break;
      }
      if (this.#requests.length > 0) this.#requests.shift();
      else this.#infos.shift();
      this.#serving++;
      this.#handle(next);
    }
    this.#isServing = false;
  }

  #handle({ call, row }: Waiting): void {
    const { surroundings } = this.#options;
    try {
      call.request.checkLevel();
      row.handle(call, surroundings);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      call.refuse(error);
    }
  }

  /** Whether the requests of this turn have had their share of it. */
  #isTurnSpent(): boolean {
    const { world } = this.#options.surroundings;
    const now = world.nowMs();
    if (!this.#isTurnTimed) {
      this.#isTurnTimed = true;
      this.#turnBegan = now;
      this.#options.surroundings.beforeFlush(() => {
        this.#isTurnTimed = false;
      });
    }
    return now - this.#turnBegan > TURN_MS;
  }
}

function matches(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === ">") return tokens.length > i;
    if (tokens[i] === undefined || tokens[i] === "" || (pattern[i] !== "*" && pattern[i] !== tokens[i])) return false;
  }
  return pattern.length === tokens.length;
}
