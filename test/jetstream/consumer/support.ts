// A consumer on fake time: a real bus, a client that reads what it is sent, and
// a memory store that tells the consumer what a stream would.

import { byteString } from "../../../src/base/bytes.ts";
import { NO_CONSUMER_CONFIG, type ConsumerConfig } from "../../../src/jetstream/config/consumer_config.ts";
import type { StreamConfig } from "../../../src/jetstream/config/stream_config.ts";
import { Advisories } from "../../../src/jetstream/advisories.ts";
import { ackRules } from "../../../src/jetstream/consumer/ack_rules.ts";
import { AckState } from "../../../src/jetstream/consumer/ack_state.ts";
import { Consumer } from "../../../src/jetstream/consumer/consumer.ts";
import { ConsumerTurns } from "../../../src/jetstream/consumer/consumer_turns.ts";
import type { ConsumerStream, ConsumerSurroundings } from "../../../src/jetstream/consumer/parts.ts";
import { monotonicTimer, wallTimer } from "../../../src/jetstream/consumer/shared_clocks.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";
import type { MemoryStore } from "../../../src/store/memory/memory_store.ts";
import { configOf, headerBlock, Rig, type RigOptions } from "../stream/support.ts";

const SECOND = 1_000_000_000n;

/** A configuration as checks leave it: pull, explicit acks. */
export function consumerConfig(changes: Partial<ConsumerConfig> = {}): ConsumerConfig {
  const isPull = (changes.deliver_subject ?? "") === "";
  return {
    ...NO_CONSUMER_CONFIG,
    durable_name: "C",
    name: "C",
    ack_policy: "explicit",
    ack_wait: 30n * SECOND,
    max_deliver: -1n,
    max_waiting: isPull ? 512n : 0n,
    max_ack_pending: changes.ack_policy === "none" ? 0n : 1000n,
    ...changes,
  };
}

/** What a client was sent, its headers in lines. */
export interface Sent {
  readonly subject: string;
  readonly reply: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export class ConsumerRig extends Rig {
  readonly kept: MemoryStore;
  readonly consumerSurroundings: ConsumerSurroundings;
  readonly consumers: Consumer[] = [];
  readonly removed: string[] = [];
  readonly finished: string[] = [];
  /** Calls that wait for the disk, when `slowDisk`. */
  readonly confirms: (() => void)[] = [];
  slowDisk = false;
  touched = 0;
  readonly #storedMsg = new StoredMsg();
  toldUpTo = 0;

  constructor(stream: Partial<StreamConfig> = {}, options: RigOptions = {}) {
    super(options);
    const { world } = this;
    this.kept = this.store(configOf(stream))({
      committed: () => undefined,
      refused: () => undefined,
      removed: (seq, subject, from, to) => {
        for (const consumer of this.consumers) consumer.onRemoved(seq, subject, from, to);
      },
      compacted: (first) => {
        for (const consumer of this.consumers) consumer.onCompacted(first);
      },
    });
    this.consumerSurroundings = {
      ...this.surroundings,
      advisories: new Advisories({ world, serverName: "server", domain: options.domain ?? "" }),
      ackVersion2: false,
      accountHash: "ACCHASH1",
      turns: new ConsumerTurns(this.surroundings),
      wallTimer: wallTimer(world),
      timer: monotonicTimer(world),
    };
  }

  /** Stores messages: "subject body", committed at the end of the turn, and tells the consumers. */
  put(...subjects: string[]): void {
    for (const text of subjects) this.stage(text);
    this.world.settle();
  }

  stage(text: string, headers: readonly string[] = []): void {
    const [subject, ...body] = text.split(" ");
    const msg = this.#storedMsg;
    msg.sec = this.world.wallSec();
    msg.nanos = this.world.wallNanos();
    msg.subject = Buffer.from(subject!);
    msg.subjectTo = msg.subject.length;
    msg.header = headerBlock(headers);
    msg.headerTo = msg.header.length;
    msg.body = Buffer.from(body.join(" "));
    msg.bodyTo = msg.body.length;
    this.kept.stage(msg, "plain");
    this.#submit();
  }

  remove(seq: number): void {
    this.kept.stageRemove(seq, false);
    this.#submit();
    this.world.settle();
  }

  compact(first: number): void {
    this.kept.stageCompact(first);
    this.#submit();
    this.world.settle();
  }

  /** A consumer of that configuration, open. */
  consumer(changes: Partial<ConsumerConfig> = {}, state?: AckState): Consumer {
    const config = consumerConfig(changes);
    const rig = this as { readonly toldUpTo: number };
    const stream: ConsumerStream = {
      name: "S",
      account: "A",
      bus: this.bus,
      store: this.kept,
      get toldUpTo() {
        return rig.toldUpTo;
      },
      maxMsgsPerSubject: 0,
      maxMsgBytes: 1024 * 1024,
      finished: (consumer, seq, durable) => {
        this.finished.push(`${consumer} ${seq}`);
        if (durable !== undefined) this.#onDisk(durable);
      },
      finishedRun: (consumer, seqs, count) => {
        for (const seq of seqs.subarray(0, count)) this.finished.push(`${consumer} ${seq}`);
      },
      remove: (name) => {
        this.removed.push(name);
        this.consumers.find((one) => one.name === name)?.close("deleted");
      },
    };
    const keeper = {
      touch: () => void this.touched++,
      confirm: (done: () => void) => this.#onDisk(done),
    };
    const record = { config, name: config.name, created: { sec: 1, nanos: 2 } };
    const acks = state ?? new AckState(ackRules(config), 0);
    const consumer = new Consumer(this.consumerSurroundings, stream, record, acks, keeper);
    this.consumers.push(consumer);
    let isReady = false;
    consumer.open(() => (isReady = true));
    this.world.settle();
    if (!isReady) throw new Error("it does not open");
    return consumer;
  }

  /** Sends a pull request; `inbox.1` unless told. */
  pull(body: object | string = "", reply = "inbox.1", name = "C"): void {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const subject = byteString(`$JS.API.CONSUMER.MSG.NEXT.S.${name}`);
    this.bus.publishParts(subject, byteString(reply), new Uint8Array(0), Buffer.from(text));
  }

  /** Says something of a delivered message. */
  ack(message: Sent | string, payload = "+ACK", reply = ""): void {
    const subject = typeof message === "string" ? message : message.reply;
    this.bus.publishParts(byteString(subject), byteString(reply), new Uint8Array(0), Buffer.from(payload));
  }

  /** What the client was sent since the last call. */
  sent(): Sent[] {
    return parse(this.read());
  }
  /** The same, short: the status or the body; "!" stands before advisories. */
  got(): string[] {
    return this.sent().map(({ headers, body }) => headers[0]?.replace(/^NATS\/1.0 ?/, "") || body);
  }

  /** Listens on addresses from now on: "address status-or-body" of each message, in order. */
  listen(...addresses: string[]): string[] {
    const heard: string[] = [];
    for (const address of addresses) {
      this.bus.subscribe(byteString(address), {
        onMsg: ({ source, payloadFrom, payloadTo, headerBytes }) => {
          const text = Buffer.from(source).toString("latin1", payloadFrom, payloadTo);
          const body = text.slice(Math.max(0, headerBytes));
          heard.push(`${address} ${body === "" ? text.split("\r\n")[0]!.replace("NATS/1.0 ", "") : body}`);
          return true;
        },
      });
    }
    return heard;
  }

  /** The advisories and metrics published from now on, without what differs each time. */
  events(): object[] {
    const events: object[] = [];
    this.bus.subscribe(byteString("$JS.EVENT.>"), {
      onMsg: ({ source, subjectFrom, subjectTo, payloadFrom, payloadTo }) => {
        const text = Buffer.from(source);
        const event = JSON.parse(text.toString("utf8", payloadFrom, payloadTo)) as Record<string, unknown>;
        const { id, timestamp, ...rest } = event;
        if (!/^[0-9A-Za-z]{22}$/.test(String(id)) || typeof timestamp !== "string") throw new Error("no event");
        const subject = text.toString("latin1", subjectFrom, subjectTo).replace("$JS.EVENT.", "");
        events.push({ on: subject, ...rest });
        return true;
      },
    });
    return events;
  }

  #submit(): void {
    this.surroundings.beforeFlush(() => {
      this.kept.submit();
      this.surroundings.beforeFlush(() => this.#tell());
    });
  }

  #tell(): void {
    const { lastSeq } = this.kept.state();
    const msg = new StoredMsg();
    for (let seq = this.toldUpTo + 1; seq <= lastSeq; seq++) {
      if (!this.kept.load(seq, msg)) continue;
      for (const consumer of this.consumers) {
        if (!consumer.wants(msg.subject, msg.subjectFrom, msg.subjectTo)) continue;
        consumer.onStored(seq, msg.subject, msg.subjectFrom, msg.subjectTo);
      }
    }
    this.toldUpTo = lastSeq;
  }

  #onDisk(done: () => void): void {
    if (this.slowDisk) this.confirms.push(done);
    else done();
  }
}

function parse(wire: string): Sent[] {
  const sent: Sent[] = [];
  const bytes = Buffer.from(wire, "latin1");
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const words = bytes.toString("latin1", at, end).split(" ");
    const isHeader = words[0] === "HMSG";
    const total = Number(words.at(-1));
    const header = isHeader ? Number(words.at(-2)) : 0;
    const from = end + 2;
    const lines = bytes
      .toString("latin1", from, from + header)
      .split("\r\n")
      .filter((line) => line !== "");
    sent.push({
      subject: words[1]!,
      reply: words.length === (isHeader ? 6 : 5) ? words[3]! : "",
      headers: lines,
      body: bytes.toString("latin1", from + header, from + total),
    });
    at = from + total + 2;
  }
  return sent;
}
