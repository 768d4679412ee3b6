// How long a service took for one request, told on the subject its export
// names. Source: auth-accounts facts §5.

import { rfc3339Nano } from "../base/gotime.ts";
import { encode, int, list, map, nullable, omitEmpty, record, text } from "../base/json.ts";
import type { Env } from "../base/world.ts";
import type { ClientInfo, Receiver } from "./receiver.ts";
import { clientInfoKind, type Place, shownClient } from "./request_info.ts";
import type { SamplingHeaders } from "./sampling_headers.ts";

const measurementKind = record({
  type: text,
  id: text,
  timestamp: text,
  status: int,
  description: omitEmpty(text),
  requestor: omitEmpty(nullable(clientInfoKind)),
  responder: omitEmpty(nullable(clientInfoKind)),
  header: omitEmpty(map(list(text))),
  start: text,
  service: int,
  system: int,
  total: int,
});
const TYPE = "io.nats.server.metric.v1.service_latency";

const failures = {
  badRequest: [400, "Bad Request"],
  lost: [408, "Request Timeout"],
  noDelivery: [503, "Service Unavailable"],
  timeout: [504, "Service Timeout"],
} as const;

/** What a measurement needs to be told. */
export interface Meter {
  readonly env: Env;
  readonly place: Place;
  /** A new unique id. */
  nextId(): string;
  /** Publishes text in an account at the end of the turn. */
  publish(account: string, subject: string, text: string): void;
}

/** Where the measurements of a service go. */
export interface MeasuredService {
  readonly account: string;
  readonly subject: string;
}

export class Measurement {
  readonly #meter: Meter;
  readonly #service: MeasuredService;
  readonly #requester: Receiver | undefined;
  readonly #account: string;
  readonly #shares: boolean;
  readonly #header: SamplingHeaders;
  readonly #startedMs: number;
  readonly #startSec: number;
  readonly #startNanos: number;
  #isTold = false;

  /** Begins with the request. `account` is the requester's. */
  constructor(
    meter: Meter,
    service: MeasuredService,
    requester: Receiver | undefined,
    account: string,
    shares: boolean,
    header: SamplingHeaders,
  ) {
    this.#meter = meter;
    this.#service = service;
    this.#requester = requester;
    this.#account = account;
    this.#shares = shares;
    this.#header = header;
    this.#startedMs = meter.env.nowMs();
    this.#startSec = meter.env.wallSec();
    this.#startNanos = meter.env.wallNanos();
  }

  /** The service has answered; the first answer counts. */
  answered(responder: Receiver | undefined): void {
    if (this.#isTold) return;
    const now = this.#meter.env.nowMs();
    const info = responder?.hooks.info();
    const answeredNanos = Math.round((now - this.#startedMs) * 1e6);
    const responderNanos = info?.rttNanos ?? 0;
    const requesterNanos = this.#requester?.hooks.info().rttNanos ?? 0;
    const systemNanos = responderNanos > 0 ? Math.round((this.#meter.env.nowMs() - now) * 1e6) : 0;
    this.#tell(200, "", info, {
      service: Math.max(0, answeredNanos - responderNanos),
      system: systemNanos,
      total: requesterNanos + answeredNanos + systemNanos,
    });
  }

  /** The request ends without an answer. */
  fail(why: keyof typeof failures): void {
    if (this.#isTold) return;
    const [status, description] = failures[why];
    this.#tell(status, description, undefined, { service: 0, system: 0, total: 0 });
  }

  #tell(
    status: number,
    description: string,
    responder: ClientInfo | undefined,
    times: { readonly service: number; readonly system: number; readonly total: number },
  ): void {
    this.#isTold = true;
    const { env, place } = this.#meter;
    const requester = this.#requester?.hooks.info();
    const detail = { isShared: this.#shares, hasPlace: false, service: "" };
    const rttNanos = requester?.rttNanos ?? 0;
    const value = {
      type: TYPE,
      id: this.#meter.nextId(),
      timestamp: rfc3339Nano(env.wallSec(), env.wallNanos()),
      status,
      description,
      requestor: requester === undefined ? { acc: this.#account } : shownClient(requester, detail, place),
      responder: responder && shownClient(responder, { ...detail, isShared: true }, place),
      header: this.#header,
      start: before(this.#startSec, this.#startNanos, rttNanos),
      ...times,
    };
    const { account, subject } = this.#service;
    this.#meter.publish(account, subject, encode(measurementKind, value));
  }
}

function before(sec: number, nanos: number, earlierNanos: number): string {
  const total = nanos - earlierNanos;
  const borrowed = total < 0 ? Math.ceil(-total / 1e9) : 0;
  return rfc3339Nano(sec - borrowed, total + borrowed * 1e9);
}
