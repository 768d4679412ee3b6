// Who a system message is from: the `server` object that every event and
// response begins with.

import { bool, int, map, type Encodable, list, omitEmpty, record, text, uint64 } from "../base/json.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import type { Env } from "../base/world.ts";

/** In nats-server's order. Source: config-and-ops facts 6. */
export const serverInfo = record({
  name: text,
  host: text,
  id: text,
  cluster: omitEmpty(text),
  domain: omitEmpty(text),
  ver: text,
  tags: omitEmpty(list(text)),
  metadata: omitEmpty(map(text)),
  feature_flags: omitEmpty(map(bool)),
  jetstream: bool,
  flags: int,
  seq: uint64,
  time: text,
});
export type ServerInfoFields = Encodable<typeof serverInfo>;

/** JetStream runs; stream snapshots are binary; Raft may run in accounts. */
const JETSTREAM_FLAGS = 1 | 2 | 4;

/** What is known of this server; what a reload may change is read anew for each message. */
export interface ServerFacts {
  readonly name: string;
  readonly id: string;
  readonly host: string;
  /** Of JetStream; empty without one. */
  readonly domain: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly featureFlags: ReadonlyMap<string, boolean>;
  readonly hasJetStream: boolean;
}

/** Counts what this server says. */
export class Speaker {
  readonly #facts: () => ServerFacts;
  readonly #env: Env;
  #seq = 0;

  constructor(facts: () => ServerFacts, env: Env) {
    this.#facts = facts;
    this.#env = env;
  }

  get facts(): ServerFacts {
    return this.#facts();
  }

  /** The `server` of the message that is sent next. */
  next(): ServerInfoFields {
    const facts = this.#facts();
    return {
      name: facts.name,
      host: facts.host,
      id: facts.id,
      domain: facts.domain,
      ver: facts.version,
      tags: facts.tags,
      metadata: facts.metadata,
      feature_flags: facts.featureFlags,
      jetstream: facts.hasJetStream,
      flags: facts.hasJetStream ? JETSTREAM_FLAGS : 0,
      seq: ++this.#seq,
      time: rfc3339Nano(this.#env.wallSec(), this.#env.wallNanos()),
    };
  }
}
