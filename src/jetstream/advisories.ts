// What JetStream tells whoever listens: advisories on `$JS.EVENT.ADVISORY.>`.
//
// One is made only when somebody subscribes to its subject. Owns nothing.

import type { Bus, ClientInfo } from "../account/bus.ts";
import { byteString } from "../base/bytes.ts";
import {
  decodeText,
  encode,
  type Encodable,
  int,
  int64,
  JsonError,
  type Kind,
  omitEmpty,
  record,
  text,
  uint64,
  nullable,
} from "../base/json.ts";
import { nuid } from "../base/nuid.ts";
import type { World } from "../base/world.ts";
import { moment } from "./config/moment.ts";

const EVENTS = "$JS.EVENT.";
const PREFIX = `${EVENTS}ADVISORY.`;
const TYPES = "io.nats.jetstream.";
const TYPE_PREFIX = "advisory.v1.";
/** What every event begins with. */
export const eventHead = { type: text, id: text, timestamp: moment };
const head = eventHead;

const clientKind = record({
  start: omitEmpty(nullable(moment)),
  host: omitEmpty(text),
  id: omitEmpty(uint64),
  acc: omitEmpty(text),
  svc: omitEmpty(text),
  user: omitEmpty(text),
  name: omitEmpty(text),
  lang: omitEmpty(text),
  ver: omitEmpty(text),
  rtt: omitEmpty(int64),
  server: omitEmpty(text),
  kind: omitEmpty(text),
  client_type: omitEmpty(text),
});
const auditKind = record({
  ...head,
  server: text,
  client: nullable(clientKind),
  subject: text,
  request: omitEmpty(text),
  response: text,
  domain: omitEmpty(text),
});
const streamActionKind = record({ ...head, stream: text, action: text, domain: omitEmpty(text) });
const consumerActionKind = record({ ...head, stream: text, consumer: text, action: text, domain: omitEmpty(text) });
const limitReachedKind = record({ ...head, server: text, domain: omitEmpty(text), dropped: int });

/** A client of another account, which sends its requests through the account `service`. */
export interface ForeignClient {
  /** What the account tells of it, as JSON. */
  readonly told: string;
  readonly service: string;
}
export type Requester = ClientInfo | ForeignClient;

/** Who publishes them. */
export interface AdvisorySource {
  readonly world: World;
  readonly serverName: string;
  /** Empty without one. */
  readonly domain: string;
}

export type StreamAction = "create" | "delete" | "modify";
const pastOf = { create: "CREATED", delete: "DELETED", modify: "UPDATED" } as const;

export class Advisories {
  readonly #source: AdvisorySource;

  constructor(source: AdvisorySource) {
    this.#source = source;
  }

  /** A stream was made, changed or removed. */
  stream(bus: Bus, stream: string, action: StreamAction): void {
    const { domain } = this.#source;
    this.#publish(bus, `STREAM.${pastOf[action]}.${stream}`, "stream_action", streamActionKind, {
      stream,
      action,
      domain,
    });
  }

  /** A consumer was made or removed. */
  consumer(bus: Bus, stream: string, consumer: string, action: "create" | "delete"): void {
    const { domain } = this.#source;
    this.#publish(bus, `CONSUMER.${pastOf[action]}.${stream}.${consumer}`, "consumer_action", consumerActionKind, {
      stream,
      consumer,
      action,
      domain,
    });
  }

  /** An API request was answered. */
  audit(bus: Bus, client: Requester | undefined, subject: string, request: string, response: () => string): void {
    const { serverName: server, domain } = this.#source;
    if (!bus.hasInterest(byteString(`${PREFIX}API`))) return;
    this.#publish(bus, "API", "api_audit", auditKind, {
      server,
      client: client === undefined ? undefined : "told" in client ? this.#toldOf(client) : this.#shown(client),
      subject,
      request,
      response: response(),
      domain,
    });
  }

  /** Of a client of another account no more is shown than the account lets its services know. */
  #toldOf({ told, service }: ForeignClient): Encodable<typeof clientKind> {
    const client = decodeText(clientKind, told);
    if (client instanceof JsonError) return { svc: service };
    return { ...client, svc: service, server: client.server === "" ? this.#source.serverName : client.server };
  }

  /** So many API requests waited that all were dropped. */
  limitReached(bus: Bus, dropped: number): void {
    const { serverName: server, domain } = this.#source;
    this.#publish(bus, "API.LIMIT_REACHED", "api_limit_reached", limitReachedKind, { server, domain, dropped });
  }

  #publish<D, E>(bus: Bus, name: string, type: string, kind: Kind<D, E>, fields: object): void {
    this.event(bus, `ADVISORY.${name}`, TYPE_PREFIX + type, kind, fields);
  }

  /** The domain, as events have it. */
  get domain(): string {
    return this.#source.domain;
  }

  /** Any event: its subject behind `$JS.EVENT.`, its type behind `io.nats.jetstream.`, its fields behind `eventHead`. */
  event<D, E>(bus: Bus, name: string, type: string, kind: Kind<D, E>, fields: object): void {
    const subject = byteString(EVENTS + name);
    if (!bus.hasInterest(subject)) return;
    const { world } = this.#source;
    const advisory = {
      type: TYPES + type,
      id: nuid((below) => world.random(below)),
      timestamp: { sec: world.wallSec(), nanos: world.wallNanos() },
      ...fields,
    };
    bus.publishText(subject, encode(kind, advisory as E));
  }

  #shown(client: ClientInfo) {
    return {
      start: client.start,
      host: client.host,
      id: client.id,
      acc: client.account,
      user: client.user,
      name: client.name,
      lang: client.lang,
      ver: client.version,
      rtt: client.rttNanos,
      server: this.#source.serverName,
      kind: "Client",
      client_type: client.clientType,
    };
  }
}
