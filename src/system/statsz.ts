// STATSZ: the numbers of this server, for whoever watches many of them.
//
// Told to `$SYS.SERVER.<id>.STATSZ` a quarter of a second after the start, then
// ever more slowly, down to every ten seconds; never more often than once a
// second, and only while somebody listens. Owns that timer.

import type { Bus } from "../account/bus.ts";
import { byteString } from "../base/bytes.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { encode, type Encodable, float, int, int64, omitEmpty, record, text, uint32, uint64 } from "../base/json.ts";
import type { Env, Timer } from "../base/world.ts";
import { jetstreamVarz, jetstreamVarzOf } from "../monitor/jetstream.ts";
import type { MonitorSource } from "../monitor/source.ts";
import { serverInfo, type Speaker } from "./server_info.ts";

const FIRST_MS = 250;
const SLOWEST_MS = 10_000;
const LEAST_MS = 1000;

const flow = record({ msgs: int64, bytes: int64 });
const byKind = record({ clients: uint64, routes: uint64, gateways: uint64, leafs: uint64 });
const stats = record({
  start: text,
  mem: int64,
  cores: int,
  cpu: float,
  connections: int,
  total_connections: uint64,
  active_accounts: int,
  subscriptions: uint32,
  sent: flow,
  sent_to_clients: flow,
  received: flow,
  received_from_clients: flow,
  slow_consumers: int64,
  slow_consumer_stats: omitEmpty(byKind),
  stale_connections: omitEmpty(int64),
  stale_connection_stats: omitEmpty(byKind),
  stalled_clients: omitEmpty(int64),
  active_servers: omitEmpty(int),
  jetstream: omitEmpty(jetstreamVarz),
  gomaxprocs: omitEmpty(int),
});
const message = record({ server: serverInfo, statsz: stats });

function statsOf(source: MonitorSource): Encodable<typeof stats> {
  const numbers = source.numbers();
  const { start } = source;
  let active = 0;
  for (const each of source.accountNumbers()) if (each.connections + each.leafnodes > 0) active++;
  const sent = { msgs: numbers.out_msgs, bytes: numbers.out_bytes };
  const received = { msgs: numbers.in_msgs, bytes: numbers.in_bytes };
  const { slow_consumers: slow, stale_connections: stale } = numbers;
  return {
    start: rfc3339Nano(start.sec, start.nanos),
    mem: numbers.mem,
    cores: numbers.cores,
    cpu: numbers.cpu,
    connections: numbers.connections,
    total_connections: numbers.total_connections,
    active_accounts: active,
    subscriptions: numbers.subscriptions,
    sent,
    sent_to_clients: { msgs: numbers.out_client_msgs, bytes: numbers.out_client_bytes },
    received,
    received_from_clients: { msgs: numbers.in_client_msgs, bytes: numbers.in_client_bytes },
    slow_consumers: slow,
    slow_consumer_stats: slow > 0 ? numbers.slow_consumer_stats : undefined,
    stale_connections: stale,
    stale_connection_stats: (stale ?? 0) > 0 ? numbers.stale_connection_stats : undefined,
    stalled_clients: numbers.stalled_clients,
    active_servers: 1,
    jetstream: jetstreamOf(source),
    gomaxprocs: numbers.gomaxprocs,
  };
}

/** As in /varz, but for the directory. */
function jetstreamOf(source: MonitorSource): Encodable<typeof jetstreamVarz> | undefined {
  if (source.jetstream === undefined) return undefined;
  const view = jetstreamVarzOf(source.jetstream);
  return { ...view, config: view.config === undefined ? undefined : { ...view.config, store_dir: "" } };
}

export interface StatszSource {
  readonly env: Env;
  /** Of the system account. */
  readonly bus: Bus;
  readonly speaker: Speaker;
  readonly monitor: MonitorSource;
}

export class Statsz {
  readonly #source: StatszSource;
  #timer: Timer | undefined = undefined;
  #everyMs = FIRST_MS;
  /** When it was last told, by the monotonic clock. */
  #toldAtMs = -Infinity;

  constructor(source: StatszSource) {
    this.#source = source;
  }

  start(): void {
    this.#arm(this.#everyMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The message, as it is now. */
  text(): string {
    const { speaker, monitor } = this.#source;
    return encode(message, { server: speaker.next(), statsz: statsOf(monitor) });
  }

  /** Tells everybody now, whatever was told before. */
  tell(): void {
    this.#toldAtMs = -Infinity;
    this.#tell();
  }

  #tell(): void {
    const { env, bus, speaker } = this.#source;
    const leastMs = Math.min(LEAST_MS, this.#everyMs);
    const sinceMs = env.nowMs() - this.#toldAtMs;
    if (sinceMs < leastMs) {
      this.#arm(leastMs - sinceMs);
      return;
    }
    this.#toldAtMs = env.nowMs();
    const subject = byteString(`$SYS.SERVER.${speaker.facts.id}.STATSZ`);
    if (bus.hasInterest(subject)) bus.publishText(subject, this.text());
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#source.env.after(delayMs, () => {
      this.#everyMs = Math.min(this.#everyMs * 2, SLOWEST_MS);
      this.#arm(this.#everyMs);
      this.#tell();
    });
  }
}
