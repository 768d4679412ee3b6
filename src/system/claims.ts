// Tokens of accounts, pushed and asked for by message: what `nsc push` and
// `nsc pull` do, and servers among each other.
//
//     $SYS.REQ.CLAIMS.UPDATE, LIST, DELETE, PACK
//     $SYS.REQ.ACCOUNT.<key>.CLAIMS.UPDATE, LOOKUP, and $SYS.ACCOUNT.<key>.CLAIMS.UPDATE
//
// Reads subjects and writes answers. What is done about it is for whoever keeps the tokens.

import type { Bus, Frame, Subscription } from "../account/bus.ts";
import { type ByteString, byteString, byteStringOf } from "../base/bytes.ts";
import { encode, int, list, omitEmpty, record, text } from "../base/json.ts";
import type { Log } from "../base/log.ts";
import { serverInfo, type Speaker } from "./server_info.ts";

const status = record({ account: omitEmpty(text), code: int, message: omitEmpty(text) });
const fault = record({ account: omitEmpty(text), code: int, description: omitEmpty(text) });
const NONE = "" as ByteString;
/** Tokens and hashes that wait for those before them; those beyond are dropped. */
const MOST_WAITING = 1024;

/** Without `error` an answer of code 200, else of 500. */
export interface ClaimsAnswer {
  /** Empty where the answer names none. */
  readonly account: string;
  readonly message: string;
  readonly error: string | undefined;
}

/** What keeps tokens does with a request. None of these rejects. */
export interface ClaimsKeeper {
  /** `named` is the account in the subject, undefined where it has none. */
  update(token: string, named: string | undefined): Promise<ClaimsAnswer>;
  /** Undefined in what follows: not asked of this kind of keeper. */
  readonly delete?: (token: string) => Promise<ClaimsAnswer>;
  readonly list?: () => readonly string[];
  readonly pack?: (hash: Uint8Array) => Iterable<string>;
  /** Empty when it is not here; undefined: no answer. */
  readonly lookup?: (publicKey: string) => string | undefined;
}

export interface ClaimsSource {
  /** Of the system account. */
  readonly bus: Bus;
  readonly speaker: Speaker;
  readonly log: Log;
  readonly keeper: ClaimsKeeper;
}

interface Request {
  readonly tokens: readonly string[];
  readonly reply: ByteString;
  readonly body: Uint8Array;
}

export class Claims {
  readonly #source: ClaimsSource;
  /** Changes happen in the order they were asked for. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(source: ClaimsSource) {
    this.#source = source;
  }

  listen(): void {
    const { keeper } = this.#source;
    const named = (at: number) => (request: Request) => this.#update(request, request.tokens[at]);
    this.#on("$SYS.ACCOUNT.*.CLAIMS.UPDATE", named(2));
    this.#on("$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE", named(3));
    if (keeper.list === undefined) return;
    this.#on("$SYS.REQ.CLAIMS.UPDATE", (request) => this.#update(request, undefined));
    this.#on("$SYS.REQ.CLAIMS.LIST", (request) => this.#list(request));
    this.#on("$SYS.REQ.CLAIMS.DELETE", (request) => this.#delete(request));
    if (keeper.lookup !== undefined) this.#on("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP", (request) => this.#lookup(request));
    if (keeper.pack !== undefined) this.#on("$SYS.REQ.CLAIMS.PACK", (request) => this.#pack(request));
  }

  #on(subject: string, serve: (request: Request) => Promise<void> | void): void {
    const onMsg = ({ source, ...at }: Frame, _sub: Subscription): boolean => {
      if (this.#waiting >= MOST_WAITING) return true;
      const request: Request = {
        tokens: byteStringOf(source, at.subjectFrom, at.subjectTo).split("."),
        reply: byteStringOf(source, at.replyFrom, at.replyTo),
        body: source.slice(at.payloadFrom + Math.max(0, at.headerBytes), at.payloadTo),
      };
      this.#waiting++;
      this.#last = this.#last.then(() => serve(request)).finally(() => this.#waiting--);
      return true;
    };
    this.#source.bus.subscribe(byteString(subject), { onMsg });
  }

  async #update({ reply, body }: Request, named: string | undefined): Promise<void> {
    this.#answer(reply, await this.#source.keeper.update(Buffer.from(body).toString("utf8"), named));
  }

  async #delete({ reply, body }: Request): Promise<void> {
    const answer = await this.#source.keeper.delete?.(Buffer.from(body).toString("utf8"));
    if (answer !== undefined) this.#answer(reply, answer);
  }

  #answer(reply: ByteString, { account, message, error }: ClaimsAnswer): void {
    const { bus, log, speaker } = this.#source;
    if (error === undefined) log.debug(account === "" ? message : `${message} - ${account}`);
    else log.error(account === "" ? `${message} - ${error}` : `${message} - ${account} - ${error}`);
    if (reply === NONE) return;
    const server = encode(serverInfo, speaker.next());
    const said =
      error === undefined
        ? `"data":${encode(status, { account, code: 200, message })}`
        : `"error":${encode(fault, { account, code: 500, description: `${message} - ${error}` })}`;
    bus.publishText(reply, `{"server":${server},${said}}`);
  }

  #list({ reply }: Request): void {
    const { bus, keeper, speaker } = this.#source;
    if (reply === NONE) return;
    const ids = encode(list(text), keeper.list?.() ?? []);
    bus.publishText(reply, `{"data":${ids},"server":${encode(serverInfo, speaker.next())}}`);
  }

  #lookup({ tokens, reply }: Request): void {
    const token = reply === NONE ? undefined : this.#source.keeper.lookup?.(tokens[3]!);
    if (token !== undefined) this.#source.bus.publishText(reply, token);
  }

  #pack({ reply, body }: Request): void {
    const { bus, keeper } = this.#source;
    if (reply === NONE) return;
    for (const message of keeper.pack?.(body) ?? []) bus.publishText(reply, message);
    bus.publishText(reply, "");
  }
}
