// An API request on its way to its answer: exactly one of `answer`, `refuse`
// and `drop` is called, once, now or in a later turn.

import { assert } from "../../base/assert.ts";
import { type ByteString, shown } from "../../base/bytes.ts";
import { encode, encodeSlices, type Kind } from "../../base/json.ts";
import { ApiError, apiError } from "../../errors/api.ts";
import type { Advisories } from "../advisories.ts";
import type { ApiRequest } from "./request.ts";

const NO_REPLY = "" as ByteString;
const NO_HEADERS = new Uint8Array(0);
const TYPE_PREFIX = "io.nats.jetstream.api.v1.";
/** Twice what may wait for a client by default: longer responses reach nobody. */
const LONGEST = 128 * 1024 * 1024;

/** What calls share. */
export interface CallHost {
  readonly advisories: Advisories;
  /** The server ends: what fails fails because of that, and the next start knows better. */
  readonly isClosed: boolean;
  /** Runs `fire` in a later turn. */
  nextTurn(fire: () => void): void;
  /** Runs `fire` after a while, or sooner when many wait so. */
  holdBack(call: ApiCall, delayMs: number, fire: () => void): void;
  /** A request was answered; counted by its account and the server. */
  onAnswered(call: ApiCall, isError: boolean): void;
  /** It is over, answered or not. */
  onDone(call: ApiCall): void;
}

export class ApiCall {
  readonly request: ApiRequest;
  readonly #host: CallHost;
  readonly #refusalKind: Kind<unknown, object>;
  #type: string;
  #isDone = false;

  /** `refusalKind` writes `{type, error}` and the fields that a refused response has too. */
  constructor(request: ApiRequest, type: string, refusalKind: Kind<unknown, object>, host: CallHost) {
    this.request = request;
    this.#type = TYPE_PREFIX + type;
    this.#refusalKind = refusalKind;
    this.#host = host;
  }

  get type(): string {
    return this.#type;
  }
  /** Answers as a response of another type. */
  answerAs(type: string): void {
    this.#type = TYPE_PREFIX + type;
  }

  /** The response; counted, and told to who audits. */
  answer<D, E>(kind: Kind<D, E>, fields: Omit<E, "type" | "error">): void {
    this.#end();
    this.#send(Buffer.from(encode(kind, { type: this.#type, ...fields } as E)), false);
  }

  /** The same for what may be long: it is written over several turns, and refused when it becomes too long. */
  answerSlowly<D, E>(kind: Kind<D, E>, fields: Omit<E, "type" | "error">): void {
    this.#end(false);
    const slices = encodeSlices(kind, { type: this.#type, ...fields } as E);
    // As bytes: putting millions of characters together would take the end of them a turn too long.
    const parts: Buffer[] = [];
    let length = 0;
    const goOn = (): void => {
      const next = slices.next();
      if (next.done === true) {
        this.#host.onDone(this);
        this.#send(Buffer.concat(parts, length), false);
        return;
      }
      const part = Buffer.from(next.value);
      parts.push(part);
      length += part.length;
      if (length <= LONGEST) this.#host.nextTurn(goOn);
      else {
        this.#host.onDone(this);
        this.#sendRefusal(apiError("streamGeneral", { err: "the response is too long" }));
      }
    };
    goOn();
  }

  /** A response that is not counted, nor told to anybody. */
  answerQuietly<D, E>(kind: Kind<D, E>, fields: Omit<E, "type" | "error">): void {
    this.#end();
    const { asker, reply } = this.request;
    if (reply !== "") asker.bus.publishText(reply, encode(kind, { type: this.#type, ...fields } as E));
  }

  /** An error response that is not counted, nor told to anybody. */
  refuseQuietly(error: ApiError): void {
    this.#end();
    const { asker, reply } = this.request;
    const response = { ...(this.#refusalKind.zero as object), type: this.#type, error };
    if (reply !== "") asker.bus.publishText(reply, encode(this.#refusalKind, response));
  }

  /** An error response; none when the server ends. */
  refuse(error: ApiError): void {
    this.#end();
    if (!this.#host.isClosed) this.#sendRefusal(error);
  }

  /** An error response, held back for a while, in which the request is over for everybody else. */
  refuseAfter(delayMs: number, error: ApiError): void {
    this.#end();
    this.#host.holdBack(this, delayMs, () => this.#sendRefusal(error));
  }

  /** Answers with a result, or refuses with what it failed with. */
  settle<T>(result: T | ApiError, answer: (result: T) => void): void {
    if (result instanceof ApiError) this.refuse(result);
    else answer(result);
  }

  /** No response. */
  drop(): void {
    this.#end();
  }

  #end(isOver = true): void {
    assert(!this.#isDone, "a request is answered once");
    this.#isDone = true;
    if (isOver) this.#host.onDone(this);
  }

  #sendRefusal(error: ApiError): void {
    const response = { ...(this.#refusalKind.zero as object), type: this.#type, error };
    this.#send(Buffer.from(encode(this.#refusalKind, response)), true);
  }

  #send(response: Buffer, isError: boolean): void {
    const { asker, reply, client, subject, body } = this.request;
    this.#host.onAnswered(this, isError);
    if (reply !== "") asker.bus.publishParts(reply, NO_REPLY, NO_HEADERS, response);
    const request = Buffer.from(body).toString();
    this.#host.advisories.audit(asker.bus, client, shown(subject), request, () => response.toString());
  }
}
