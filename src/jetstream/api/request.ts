// One request to the JetStream API: its bytes, copied, and how they are read.

import type { Bus, Frame, Sender } from "../../account/bus.ts";
import { type ByteString, byteStringOf, shown } from "../../base/bytes.ts";
import { decode, decodeAll, JsonError, type Kind } from "../../base/json.ts";
import { any } from "../../base/json_any.ts";
import { apiError } from "../../errors/api.ts";
import type { Requester } from "../advisories.ts";
import { headerValue } from "../header_value.ts";
import type { JetStreamAccount } from "../account.ts";

/** The highest API level this server speaks. */
export const API_LEVEL = 4;
/** A request without bytes of its own. */
const HELD = 512;
const REQUEST_INFO = "Nats-Request-Info";
const REQUIRED_LEVEL = "Nats-Required-Api-Level";

/** How the bodies of requests are read, and who hears of bad ones. */
export interface RequestRules {
  /** What is wrong with a body is an error; else it is logged, and read leniently. */
  readonly strict: boolean;
  warn(text: string): void;
}

/** Who asks: an account, with its JetStream if it has any. */
export interface Asker {
  readonly name: string;
  readonly bus: Bus;
  /** Its JetStream now; undefined without. */
  readonly jetstream: JetStreamAccount | undefined;
  /** Without JetStream of its own: whether it imports that of another account, which answers then. */
  asksAnother(): boolean;
}

export class ApiRequest {
  readonly asker: Asker;
  readonly subject: ByteString;
  readonly tokens: readonly string[];
  /** The stream that the subject names; empty when it names none. */
  readonly stream: string;
  /** Empty without one. */
  readonly reply: ByteString;
  /** Owned; empty without headers. */
  readonly header: Uint8Array;
  /** Owned. */
  readonly body: Uint8Array;
  /** Undefined when the server itself asks. */
  readonly client: Requester | undefined;
  readonly #rules: RequestRules;

  /** Copies what the frame has; `subject` is it without a domain, its token `streamAt` a stream's name. */
  constructor(
    asker: Asker,
    subject: ByteString,
    streamAt: number,
    frame: Frame,
    sender: Sender | undefined,
    rules: RequestRules,
  ) {
    const { source, replyFrom, replyTo, payloadFrom, payloadTo } = frame;
    const bodyFrom = payloadFrom + Math.max(0, frame.headerBytes);
    this.asker = asker;
    this.subject = subject;
    this.tokens = subject.split(".");
    this.stream = shown((this.tokens[streamAt] ?? "") as ByteString);
    this.reply = byteStringOf(source, replyFrom, replyTo);
    this.header = Uint8Array.prototype.slice.call(source, payloadFrom, bodyFrom);
    this.body = Uint8Array.prototype.slice.call(source, bodyFrom, payloadTo);
    const info = sender?.hooks.info();
    // What another account does not share of its clients is not known here either.
    const isForeign = info !== undefined && info.account !== asker.name;
    this.client = isForeign ? { told: headerValue(this.header, REQUEST_INFO) ?? "", service: asker.name } : info;
    this.#rules = rules;
  }

  /** Memory it holds, about. */
  get heldBytes(): number {
    return HELD + this.subject.length + this.reply.length + this.header.length + this.body.length;
  }

  /** JetStream of the account that asks. Throws when it has none. */
  get account(): JetStreamAccount {
    const { jetstream } = this.asker;
    if (jetstream === undefined) throw apiError("notEnabledForAccount");
    return jetstream;
  }

  /** Throws when it asks for more than this server can. */
  checkLevel(): void {
    const level = headerValue(this.header, REQUIRED_LEVEL);
    if (level === undefined || level === "") return;
    if (!/^[+-]?\d+$/.test(level) || Number(level) > API_LEVEL) throw apiError("requiredApiLevel");
  }

  /** The body by a table; nothing at all is the table's zero. Throws when it is refused. */
  decode<D, E>(kind: Kind<D, E>): D {
    const { body } = this;
    const got = decodeAll(kind, body, 0, body.length, { strict: true });
    if (!(got instanceof JsonError)) return got;
    const text = got.offset === undefined ? got.text : `${got.text} at offset ${got.offset}`;
    this.#rules.warn(`Invalid JetStream request '${this.asker.name} > ${shown(this.subject)}': ${text}`);
    if (this.#rules.strict) throw apiError("invalidJson", { err: text });
    const lenient = decode(kind, body);
    if (lenient instanceof JsonError) throw apiError("invalidJson", { err: lenient.text });
    return lenient;
  }

  /** The same where anything that does not look like JSON is no body. */
  decodeOptional<D, E>(kind: Kind<D, E>): D {
    const first = this.body.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
    return first === 0x7b || first === 0x5b ? this.decode(kind) : kind.zero;
  }

  /** Whether the body, which was read already, has a value for a field of the table. */
  mentions<D extends object, E>(kind: Kind<D, E>, field: keyof D): boolean {
    const got = decodeAll(kind, this.body, 0, this.body.length);
    return !(got instanceof JsonError) && got[field] !== undefined;
  }

  /** Nothing was asked: no bytes, or an object without keys. */
  get isEmpty(): boolean {
    if (this.body.length === 0) return true;
    const got = decode(any, this.body);
    if (got instanceof JsonError || typeof got !== "object" || got === null || Array.isArray(got)) return false;
    return Object.keys(got).length === 0;
  }
}
