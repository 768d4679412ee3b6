// A stream on fake time: a real bus, clients that read what they are sent, and
// a memory store, or one whose groups land when the test says so.

import { Bus } from "../../../src/account/bus.ts";
import { InnerQueue } from "../../../src/account/inner_queue.ts";
import { Receiver } from "../../../src/account/receiver.ts";
import { Router } from "../../../src/account/router.ts";
import { Subscription } from "../../../src/account/subscription.ts";
import { byteString } from "../../../src/base/bytes.ts";
import { silentLog } from "../../../src/base/log.ts";
import type { ApiError } from "../../../src/errors/api.ts";
import { emptyStreamConfig, type StreamConfig } from "../../../src/jetstream/config/stream_config.ts";
import { storeLimits } from "../../../src/jetstream/config/stream_limits.ts";
import { Stream } from "../../../src/jetstream/stream.ts";
import { DirectJobs } from "../../../src/jetstream/stream/direct_jobs.ts";
import type { StreamSurroundings } from "../../../src/jetstream/stream/parts.ts";
import type { JetStreamSurroundings } from "../../../src/jetstream/surroundings.ts";
import { Outbound } from "../../../src/outbound/outbound.ts";
import { Turn } from "../../../src/outbound/turn.ts";
import { MemoryStore } from "../../../src/store/memory/memory_store.ts";
import { unknownClient } from "../../support/clients.ts";
import { FakeTransport } from "../../support/fake_transport.ts";
import { FakeWorld } from "../../support/fake_world.ts";

const ignore = (): void => {};
const NONE = new Uint8Array(0);

/** A configuration as checks leave it: -1 for no limit. */
export function configOf(changes: Partial<StreamConfig> = {}): StreamConfig {
  return {
    ...emptyStreamConfig("S"),
    subjects: ["s.>"],
    max_consumers: -1n,
    max_msgs: -1n,
    max_bytes: -1n,
    max_msgs_per_subject: -1n,
    max_msg_size: -1,
    num_replicas: 1,
    duplicate_window: 120_000_000_000n,
    storage: "memory",
    allow_direct: true,
    ...changes,
  };
}

export interface RigOptions {
  readonly domain?: string;
  /** Groups land when `land` is called, as on a disk, and not at the end of their turn. */
  readonly slow?: boolean;
  readonly maxBufferedMsgs?: number;
  readonly maxBufferedBytes?: number;
  readonly maxPendingBytes?: number;
}

/** An account with one client that hears `inbox.>` and whatever `hear` adds. */
export class Rig {
  readonly world = new FakeWorld({ seed: 1 });
  readonly turn: Turn;
  readonly bus: Bus;
  readonly router: Router;
  readonly surroundings: StreamSurroundings;
  readonly warnings: string[] = [];
  /** What the account answers to a stream that wants to store. */
  refusal: ApiError | undefined = undefined;
  readonly used = { memory: 0, file: 0 };
  readonly #slow: boolean;
  readonly #transport: FakeTransport;
  readonly #receiver: Receiver;
  #waiting: (() => void)[] = [];

  constructor(options: RigOptions = {}) {
    const { world } = this;
    const inner = new InnerQueue();
    this.#slow = options.slow ?? false;
    this.router = new Router(world, inner);
    this.bus = new Bus(this.router, inner);
    this.turn = new Turn((fire) => world.atTurnEnd(fire));
    const around: JetStreamSurroundings = {
      world,
      log: { ...silentLog, warn: (text) => this.warnings.push(text) },
      serverName: "server",
      serverId: "ID",
      version: "2.14.5",
      domain: options.domain ?? "",
      beforeFlush: (fire) => this.turn.beforeFlush(fire),
      maxBufferedMsgs: options.maxBufferedMsgs ?? 100_000,
      maxBufferedBytes: options.maxBufferedBytes ?? 1 << 27,
      maxPendingBytes: options.maxPendingBytes ?? 1 << 26,
      nextTurn: (fire) => world.after(0, fire),
    };
    this.surroundings = { ...around, directJobs: new DirectJobs(around) };
    this.#transport = new FakeTransport(world);
    const outbound = new Outbound(
      this.turn,
      world,
      this.#transport,
      { onPendingExceeded: ignore, onWriteDeadline: ignore },
      { maxPendingBytes: 1 << 28, writeDeadlineMs: 0 },
    );
    const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: unknownClient };
    this.#receiver = new Receiver(outbound, hooks, ignore);
    this.#receiver.headers = true;
    this.hear("inbox.>");
  }

  /** The client also gets what is published there. */
  hear(subject: string, queue?: string): Subscription {
    const group = queue === undefined ? undefined : byteString(queue);
    const sub = new Subscription(this.#receiver, byteString(subject), group, byteString("1"));
    this.router.insert(sub);
    return sub;
  }

  /** From now on the client reads nothing. */
  hold(): void {
    this.#transport.hold();
  }
  /** It reads again. */
  release(): void {
    this.#transport.release();
    this.#receiver.outbound.onWritten();
  }

  /** How often the client was written to. */
  get writes(): number {
    return this.#transport.writes;
  }

  /** A memory store as a stream of this configuration has it. */
  store(config: StreamConfig): (events: ConstructorParameters<typeof MemoryStore>[0]["events"]) => MemoryStore {
    const later = (fire: () => void): void => {
      if (this.#slow) this.#waiting.push(fire);
      else this.turn.beforeFlush(fire);
    };
    return (events) => new MemoryStore({ limits: storeLimits(config), seed: 7, later, events });
  }

  /** A stream of that configuration, open. */
  open(changes: Partial<StreamConfig> = {}, openStore?: ConstructorParameters<typeof Stream>[3]): Stream {
    const config = configOf(changes);
    const account = {
      name: "A",
      bus: this.bus,
      refusal: () => this.refusal,
      count: (storage: "memory" | "file", bytes: number) => {
        this.used[storage] += bytes;
      },
    };
    const created = { sec: 1, nanos: 2 };
    const stream = new Stream(this.surroundings, account, { config, created }, openStore ?? this.store(config));
    stream.open();
    return stream;
  }

  /** What was staged is submitted, and lands, group by group. */
  land(): void {
    this.world.settle();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fire of waiting) fire();
    this.world.settle();
  }

  /** Publishes; `headers` are lines, or a whole block that begins with NATS. */
  publish(subject: string, body = "", headers: readonly string[] | string = [], reply = "inbox.1"): void {
    this.bus.publishParts(byteString(subject), byteString(reply), headerBlock(headers), Buffer.from(body));
  }

  /** Publishes and waits for the end of the turn: the bodies of what the client was sent. */
  ask(subject: string, body = "", headers: readonly string[] | string = []): string[] {
    this.publish(subject, body, headers);
    return this.bodies();
  }

  /** All that the client was sent since the last call, as on the wire, in lines. */
  read(): string {
    this.world.settle();
    return this.#transport.take();
  }

  messages(): Received[] {
    return parse(this.read());
  }
  bodies(): string[] {
    return this.messages().map(({ body }) => body);
  }
}

export interface Received {
  readonly subject: string;
  readonly header: string;
  readonly body: string;
}

export function headerBlock(headers: readonly string[] | string): Uint8Array {
  if (typeof headers === "string") return Buffer.from(headers, "latin1");
  return headers.length === 0 ? NONE : Buffer.from(`NATS/1.0\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`);
}

function parse(wire: string): Received[] {
  const received: Received[] = [];
  const bytes = Buffer.from(wire, "latin1");
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const words = bytes.toString("latin1", at, end).split(" ");
    const total = Number(words.at(-1));
    const header = words[0] === "HMSG" ? Number(words.at(-2)) : 0;
    const from = end + 2;
    received.push({
      subject: words[1]!,
      header: bytes.toString("latin1", from, from + header),
      body: bytes.toString("latin1", from + header, from + total),
    });
    at = from + total + 2;
  }
  return received;
}
