// What becomes of one traced message: where it came in, what it was mapped to,
// which accounts it went into and who got it. Told as one event when it is
// over. Source: message tracing of nats-server (ADR-41).
//
// Owns the events of one message. Knows nothing of how they came about.

import type { ByteString } from "../base/bytes.ts";
import { shown } from "../base/bytes.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { bool, encode, int, list, map, omitEmpty, record, text, uint64 } from "../base/json.ts";
import type { Env } from "../base/world.ts";
import type { FrameTrace, StreamTrace } from "../proto/frame.ts";
import type { ClientInfo } from "./receiver.ts";
import type { Subscription } from "./subscription.ts";

const head = { type: text, ts: text };
const ingressKind = record({
  ...head,
  kind: int,
  cid: uint64,
  name: omitEmpty(text),
  acc: text,
  subj: text,
  error: omitEmpty(text),
});
const mappingKind = record({ ...head, to: text });
const streamExportKind = record({ ...head, acc: text, to: text });
const serviceImportKind = record({ ...head, acc: text, from: text, to: text });
const jetStreamKind = record({
  ...head,
  stream: text,
  subject: omitEmpty(text),
  nointerest: omitEmpty(bool),
  error: omitEmpty(text),
});
const egressKind = record({
  ...head,
  kind: int,
  cid: uint64,
  name: omitEmpty(text),
  acc: omitEmpty(text),
  sub: omitEmpty(text),
  queue: omitEmpty(text),
  error: omitEmpty(text),
});
const requestKind = record({ header: omitEmpty(map(list(text))), msgsize: omitEmpty(int) });

/** Connections of clients, as events number them. */
const CLIENT = 0;

/** Why somebody who subscribes does not get it, in nats-server's words. */
export const notDelivered = {
  noEcho: "Not delivered because of no echo",
  denied: "Not delivered because subscription denies this subject",
  subClosed: "Not delivered because subscription is closed",
  clientClosed: "Not delivered because client is closed",
  slow: "Not delivered because fast producer not stalled and consumer is slow",
} as const;

/** The headers of a traced message. */
export type TraceHeaders = ReadonlyMap<string, readonly string[]>;

export class Trace implements FrameTrace {
  /** Nobody is to get the message: only who would have got it is told. */
  readonly isOnly: boolean;
  /** The account it came in by, where the event goes. */
  readonly account: string;
  readonly destination: ByteString;
  /** Accept-Encoding of the message. */
  readonly accepted: string;
  /** Whose services `$JS.API` and `$SYS.REQ` are. */
  readonly systemAccount: string;
  readonly #env: Env;
  readonly #headers: TraceHeaders;
  readonly #size: number;
  readonly #ingress: { readonly ts: string; readonly cid: number; readonly name: string; readonly subject: string };
  #error = "";
  readonly #events: (() => string)[] = [];

  constructor(
    env: Env,
    account: string,
    destination: ByteString,
    isOnly: boolean,
    headers: TraceHeaders,
    size: number,
    systemAccount: string,
    from: { readonly cid: number; readonly name: string; readonly subject: ByteString },
  ) {
    this.systemAccount = systemAccount;
    this.#env = env;
    this.account = account;
    this.destination = destination;
    this.isOnly = isOnly;
    this.accepted = headers.get("Accept-Encoding")?.[0] ?? "";
    this.#headers = headers;
    this.#size = size;
    this.#ingress = { ts: this.#now(), cid: from.cid, name: from.name, subject: shown(from.subject) };
  }

  /** The message was refused as it came in. */
  refused(error: string): void {
    this.#error = error;
  }
  mapped(to: ByteString): void {
    this.#add(encode(mappingKind, { type: "sm", ts: this.#now(), to: shown(to) }));
  }
  /** It goes to a subscription of `account`, by a stream import. */
  streamExport(account: string, to: ByteString): void {
    this.#add(encode(streamExportKind, { type: "se", ts: this.#now(), acc: account, to: shown(to) }));
  }
  serviceImport(account: string, from: ByteString, to: ByteString): void {
    const subjects = { from: shown(from), to: shown(to) };
    this.#add(encode(serviceImportKind, { type: "si", ts: this.#now(), acc: account, ...subjects }));
  }
  /** It goes to a client, or would but for `error`. */
  egress(info: ClientInfo, sub: Subscription, error = ""): void {
    const acc = info.account === this.account ? "" : info.account;
    const to = { cid: info.id, name: info.name, acc, sub: shown(sub.subject), queue: shown(sub.queue ?? NONE), error };
    this.#add(encode(egressKind, { type: "eg", ts: this.#now(), kind: CLIENT, ...to }));
  }
  /** It reaches a stream. */
  stream(name: string): StreamTrace {
    let subject = "";
    let nointerest = false;
    let error = "";
    let ts = this.#now();
    this.#events.push(() => encode(jetStreamKind, { type: "js", ts, stream: name, subject, nointerest, error }));
    return {
      isOnly: this.isOnly,
      passed: (to, isWanted) => {
        ts = this.#now();
        subject = shown(to);
        nointerest = !isWanted;
      },
      refused: (why) => {
        error = why;
      },
    };
  }

  /** The event, but for who tells it: the members behind `server`, with the closing brace. */
  text(): string {
    const { ts, cid, name, subject } = this.#ingress;
    const ingress = { ts, cid, name, acc: this.account, subj: subject, error: this.#error };
    const events = [
      encode(ingressKind, { type: "in", kind: CLIENT, ...ingress }),
      ...this.#events.map((event) => event()),
    ];
    const request = encode(requestKind, { header: this.#headers, msgsize: this.#size });
    return `"request":${request},"events":[${events.join(",")}]}`;
  }

  #add(event: string): void {
    this.#events.push(() => event);
  }
  #now(): string {
    return rfc3339Nano(this.#env.wallSec(), this.#env.wallNanos());
  }
}

const NONE = "" as ByteString;
