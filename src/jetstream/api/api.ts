// The JetStream API of a server: takes requests from the accounts, serves
// those that do something before those that only ask, a bounded number and a
// bounded time per turn, and drops all that wait when they are too many or hold
// too many bytes.
//
// Owns the requests that wait, and the refusals that do. Knows nothing of what a call does: table.ts.

import type { Bus, Frame, Sender } from "../../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../../base/bytes.ts";
import { ApiError, apiError } from "../../errors/api.ts";
import type { Advisories } from "../advisories.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import { ApiCall, type CallHost } from "./call.ts";
import { ApiRequest, type Asker } from "./request.ts";
import { type ApiRow, apiRows } from "./table.ts";

const PREFIX = "$JS.API.";
/** Requests served at a time; the others wait. */
const MOST_AT_A_TIME = 16;
/** What the requests of a queue may hold. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Refusals that are held back; those beyond are not. */
const MOST_HELD_BACK = 1000;
const MOST_HELD_BACK_BYTES = 16 * 1024 * 1024;
/** What serving may take of a turn. */
const TURN_MS = 2;
/** Streams and consumers listen to these themselves: where none does, nobody is there. */
const elsewhere = ["DIRECT.GET.", "CONSUMER.MSG.NEXT."];

export interface ApiOptions {
  readonly surroundings: JetStreamSurroundings;
  readonly advisories: Advisories;
  readonly strict: boolean;
  /** Requests that may wait, of those that do something and of those that only ask. */
  readonly requestQueueLimit: number;
  readonly infoQueueLimit: number;
  /** Where the server's own advisories go: the system account's, undefined without one. */
  readonly system: Bus | undefined;
  readonly overhear: Overhear | undefined;
}

/** Somebody else may want to know what is asked of the API, and by which account; borrows the frame. */
export type Overhear = (subject: ByteString, frame: Frame, sender: Sender | undefined, account: string) => void;

/** A row, its pattern in tokens, and which token of a subject names the stream. */
interface Known {
  readonly row: ApiRow;
  readonly tokens: readonly string[];
  readonly streamAt: number;
}

interface Waiting {
  readonly call: ApiCall;
  readonly row: ApiRow;
}

export class Api implements CallHost {
  readonly advisories: Advisories;
  isClosed = false;
  /** Requests answered since the start, and those refused. */
  total = 0;
  errors = 0;
  readonly #options: ApiOptions;
  readonly #ends: (() => void)[] = [];
  readonly #rows = new Map<string, readonly Known[]>();
  readonly #requests = new Queue();
  readonly #infos = new Queue();
  #heldBack = 0;
  #heldBackBytes = 0;
  #serving = 0;
  #isServing = false;
  #isSoon = false;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.advisories = options.advisories;
    for (const row of apiRows) {
      const tokens = row.pattern.split(".");
      const key = tokens[0]!;
      const streamAt = PREFIX.split(".").length - 1 + tokens.indexOf("*");
      this.#rows.set(key, [...(this.#rows.get(key) ?? []), { row, tokens, streamAt }]);
    }
  }

  /** Requests taken and not answered. */
  get inflight(): number {
    return this.#serving + this.#requests.length + this.#infos.length;
  }

  /** Takes the requests of an account. Those spelled with the domain are mapped to these before they come here. */
  listen(asker: Asker): void {
    const { bus } = asker;
    const sub = bus.subscribe(byteString(`${PREFIX}>`), {
      onMsg: (frame, _, sender) => this.#onMsg(asker, frame, sender),
    });
    this.#ends.push(() => bus.unsubscribe(sub));
  }

  /** Hears nobody any more, and forgets what waits. */
  close(): void {
    this.isClosed = true;
    this.#requests.clear();
    this.#infos.clear();
    for (const end of this.#ends) end();
    this.#ends.length = 0;
  }

  nextTurn(fire: () => void): void {
    this.#options.surroundings.nextTurn(fire);
  }

  /** Does not count as being served meanwhile. */
  holdBack({ request }: ApiCall, delayMs: number, fire: () => void): void {
    const { heldBytes } = request;
    if (this.#heldBack >= MOST_HELD_BACK || this.#heldBackBytes + heldBytes > MOST_HELD_BACK_BYTES) {
      this.nextTurn(fire);
      return;
    }
    this.#heldBack++;
    this.#heldBackBytes += heldBytes;
    this.#options.surroundings.world.after(delayMs, () => {
      this.#heldBack--;
      this.#heldBackBytes -= heldBytes;
      fire();
    });
  }

  onAnswered(call: ApiCall, isError: boolean): void {
    const account = call.request.asker.jetstream;
    if (account === undefined) return;
    account.apiTotal++;
    this.total++;
    if (!isError) return;
    account.apiErrors++;
    this.errors++;
  }

  onDone(_call: ApiCall): void {
    this.#serving--;
    if (!this.#isServing) this.#serveSoon();
  }

  #onMsg(asker: Asker, frame: Frame, sender: Sender | undefined): boolean {
    if (asker.jetstream === undefined && asker.asksAnother()) return false;
    const { source, subjectFrom, subjectTo } = frame;
    const rest = byteStringOf(source, subjectFrom + PREFIX.length, subjectTo);
    if (elsewhere.some((part) => rest.startsWith(part))) return false;
    const { surroundings, strict, overhear } = this.#options;
    const subject = (PREFIX + rest) as ByteString;
    overhear?.(subject, frame, sender, asker.name);
    const found = this.#find(rest);
    if (found === undefined) return true;
    const { row, streamAt } = found;
    const warn = (text: string): void => surroundings.log.warn(text);
    const request = new ApiRequest(asker, subject, streamAt, frame, sender, { strict, warn });
    const call = new ApiCall(request, row.type, row.kind, this);
    const queue = row.isInfo ? this.#infos : this.#requests;
    queue.push({ call, row });
    this.#serveSoon();
    const limit = row.isInfo ? this.#options.infoQueueLimit : this.#options.requestQueueLimit;
    if (queue.length >= limit || queue.bytes > MOST_BYTES) this.#dropAll(queue, row.isInfo);
    return true;
  }

  #find(subject: string): Known | undefined {
    const tokens = subject.split(".");
    return this.#rows.get(tokens[0]!)?.find((known) => matches(known.tokens, tokens));
  }

  #dropAll(queue: Queue, isInfo: boolean): void {
    const dropped = queue.length;
    queue.clear();
    const { surroundings, system } = this.#options;
    surroundings.log.warn(`JetStream API ${isInfo ? "info " : ""}queue limit reached, dropping ${dropped} requests`);
    if (system !== undefined) this.advisories.limitReached(system, dropped);
  }

  #serveSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#options.surroundings.beforeFlush(() => {
      this.#isSoon = false;
      this.#serve();
    });
  }

  /** Serves what waits, until this turn has had enough. */
  #serve(): void {
    const { world } = this.#options.surroundings;
    const until = world.nowMs() + TURN_MS;
    this.#isServing = true;
    while (this.#serving < MOST_AT_A_TIME) {
      const next = this.#requests.shift() ?? this.#infos.shift();
      if (next === undefined) break;
      this.#serving++;
      this.#handle(next);
      if (world.nowMs() > until) {
        this.nextTurn(() => this.#serve());
        break;
      }
    }
    this.#isServing = false;
  }

  #handle({ call, row }: Waiting): void {
    const { surroundings } = this.#options;
    try {
      if (!row.isForAll) {
        call.request.checkLevel();
        if (call.request.asker.jetstream === undefined) throw apiError("notEnabledForAccount");
      }
      row.handle(call, surroundings);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      call.refuse(error);
    }
  }
}

/** Requests in the order they came. */
class Queue {
  #waiting: Waiting[] = [];
  /** What they hold. */
  bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }
  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.bytes += waiting.call.request.heldBytes;
  }
  shift(): Waiting | undefined {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.bytes -= waiting.call.request.heldBytes;
    return waiting;
  }
  clear(): void {
    this.#waiting = [];
    this.bytes = 0;
  }
}

function matches(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === ">") return tokens.length > i;
    if (tokens[i] === undefined || tokens[i] === "" || (pattern[i] !== "*" && pattern[i] !== tokens[i])) return false;
  }
  return pattern.length === tokens.length;
}
