// How the consumers of a stream come, change and go, each change durable
// before it is answered; consumer_changes.ts says which of them go on together.
//
//     create ─→ decided ─→ place ─→ Consumer, added ─→ answered
//     remove ─→ ended ─→ place removed ─→ answered
//
// Knows nothing of requests: api/consumer_calls.ts turns those into calls here.

import { byteString } from "../base/bytes.ts";
import type { Moment } from "../base/nanos.ts";
import { ApiError, apiError } from "../errors/api.ts";
import type { ConsumerAction, ConsumerConfig } from "./config/consumer_config.ts";
import { decideConsumer, type ConsumerDecision } from "./config/consumer_create.ts";
import { inUtc } from "./config/consumer_moment.ts";
import { withConsumerLevel } from "./config/consumer_metadata.ts";
import { randomConsumerName } from "./config/consumer_name.ts";
import type { ConsumerRules, StreamConsumers } from "./config/consumer_rules.ts";
import { Consumer } from "./consumer/consumer.ts";
import { ConsumerChanges } from "./consumer_changes.ts";
import type { ConsumerRecord, ConsumerSurroundings } from "./consumer/parts.ts";
import { type ConsumedStream, Consumers } from "./consumers.ts";
import type { AckState } from "./consumer/ack_state.ts";
import { type ConsumerPlaces, newAckState, noConsumerPlaces } from "./consumer_places.ts";
import type { Stream } from "./stream.ts";

type Done<T> = (result: T | ApiError) => void;

/** Deliver policies that mean another message each time they are asked. */
const startsFromNow: ReadonlySet<string> = new Set(["last", "new", "last_per_subject"]);

export interface ConsumerAdminOptions {
  readonly surroundings: ConsumerSurroundings;
  readonly stream: Stream;
  readonly bus: ConsumedStream["bus"];
  readonly accountName: string;
  /** The largest payload that a client may publish. */
  readonly maxPayload: number;
  /** What configurations are held to now. */
  readonly rules: () => ConsumerRules;
  readonly places: ConsumerPlaces;
}

export class ConsumerAdmin implements StreamConsumers {
  readonly consumers: Consumers;
  readonly #options: ConsumerAdminOptions;
  /** Why they cannot be served, by name. */
  readonly #offline = new Map<string, string>();
  readonly #changes = new ConsumerChanges();
  /** Consumers being made: their names, and how many will count. */
  readonly #making = new Set<string>();
  #coming = 0;

  constructor(options: ConsumerAdminOptions) {
    const { surroundings, stream, bus } = options;
    this.#options = options;
    const consumed: ConsumedStream = {
      name: stream.name,
      account: options.accountName,
      get maxMsgsPerSubject() {
        return Number(stream.config.max_msgs_per_subject);
      },
      get maxMsgBytes() {
        const { max_msg_size: most } = stream.config;
        return most > 0 ? most : options.maxPayload;
      },
      get retention() {
        return stream.config.retention;
      },
      store: stream.store,
      bus,
      removeMsg: (seq, erase, done) => stream.removeMsg(seq, erase, () => done()),
    };
    this.consumers = new Consumers(surroundings, consumed, (name) => this.remove(name, () => undefined));
    stream.watcher = this.consumers;
    stream.hasInterest = (bytes, from, to) => this.consumers.wants(bytes, from, to);
  }

  // ---- what the checks of a configuration ask

  configOf(name: string): ConsumerConfig | undefined {
    return this.consumers.get(name)?.config;
  }
  get limitable(): number {
    return this.consumers.limitable + this.#coming;
  }
  overlaps(name: string, filters: readonly string[]): boolean {
    return this.consumers.overlaps(name, filters);
  }
  hasInterest(subject: string): boolean {
    return subject !== "" && this.#options.bus.hasInterest(byteString(subject));
  }
  offlineReason(name: string): string | undefined {
    return this.#offline.get(name);
  }
  offline(): ReadonlyMap<string, string> {
    return this.#offline;
  }

  // ---- changes

  /** Brings back what was there at the start. */
  restore(done: () => void): void {
    const { stream, surroundings } = this.#options;
    const { log } = surroundings;
    this.#options.places.find((found) => {
      const left = [...found];
      const next = (): void => {
        const one = left.shift();
        if (one === undefined) {
          this.#count();
          // Of what is offline nobody knows what it needs.
          if (this.#offline.size === 0) this.consumers.sweepAtStart();
          done();
        } else if (typeof one.found === "string") {
          this.#offline.set(one.name, one.found);
          log.warn(`Consumer '${stream.name} > ${one.name}' is offline: ${one.found}`);
          next();
        } else this.#start(one.found.record, one.found.state, false, next);
      };
      next();
    });
  }

  /** Makes a consumer, or changes it, or finds that it is the same. `asked` comes from acceptConsumerCreate. */
  create(asked: ConsumerConfig, action: ConsumerAction, pedantic: boolean, done: Done<Consumer>): void {
    const begin = (release: () => void): void => {
      const finish: Done<Consumer> = (result) => {
        done(result);
        release();
      };
      const reason = this.#offline.get(asked.name);
      if (reason !== undefined) {
        finish(apiError("consumerOfflineReason", { err: reason }));
        return;
      }
      const decision = this.#decide(asked, action, pedantic);
      if (decision instanceof ApiError && this.#changes.going > 1) {
        // One that is being made may be the reason, and it may still fail.
        this.#changes.runNext("alone", asked.name, begin);
        release();
      } else if (decision instanceof ApiError) finish(decision);
      else if (decision.old === undefined) this.#make(decision, finish);
      else this.#change(decision.name, decision.config, finish);
    };
    // What two consumers of a work queue may want together is asked of those that are there.
    const kind = this.#options.stream.config.retention === "workqueue" ? "alone" : "make";
    this.#changes.run(kind, asked.name, begin);
  }

  #decide(asked: ConsumerConfig, action: ConsumerAction, pedantic: boolean): ConsumerDecision | ApiError {
    try {
      return decideConsumer(asked, action, pedantic, this.#options.rules(), this);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  #make({ name: asked, config }: ConsumerDecision, done: Done<Consumer>): void {
    const { surroundings, stream } = this.#options;
    const { world, log } = surroundings;
    const name =
      asked !== ""
        ? asked
        : randomConsumerName(
            (below) => world.random(below),
            (taken) => this.consumers.get(taken) !== undefined || this.#making.has(taken),
          );
    const counts = config.direct ? 0 : 1;
    this.#making.add(name);
    this.#coming += counts;
    const record = { name, config, created: { sec: world.wallSec(), nanos: world.wallNanos() } };
    this.#placesOf(record).create(record, (failure) => {
      this.#making.delete(name);
      this.#coming -= counts;
      if (failure !== undefined) {
        log.warn(`Consumer create failed for '${stream.name} > ${name}': ${failure}`);
        done(apiError("consumerCreate", { err: "error creating store for consumer" }));
        return;
      }
      this.#start(record, newAckState(record), true, (consumer) => {
        this.#count();
        this.#tell(name, config, "create");
        done(consumer);
      });
    });
  }

  #start(record: ConsumerRecord, state: AckState, isNew: boolean, done: (consumer: Consumer) => void): void {
    const keeper = this.#placesOf(record).keep(record, state, isNew);
    const consumer = new Consumer(this.#options.surroundings, this.consumers, record, state, keeper);
    this.consumers.add(consumer, () => {
      // Where it begins is found by what the stream is now: a restart would find another place.
      if (isNew && startsFromNow.has(record.config.deliver_policy)) keeper.confirm(() => done(consumer));
      else done(consumer);
    });
  }

  #placesOf({ config }: ConsumerRecord): ConsumerPlaces {
    return config.mem_storage ? noConsumerPlaces : this.#options.places;
  }

  #change(name: string, config: ConsumerConfig, done: Done<Consumer>): void {
    const consumer = this.consumers.get(name)!;
    const record = { name, config, created: consumer.created };
    this.#placesOf(record).update(record, (failure) => {
      if (failure !== undefined) {
        done(apiError("consumerCreate", { err: failure }));
        return;
      }
      this.consumers.update(consumer, config);
      done(consumer);
    });
  }

  /** Pauses until then; undefined resumes. */
  pause(name: string, until: Moment | undefined, done: Done<Consumer>): void {
    this.#changes.run("make", name, (release) => {
      const consumer = this.consumers.get(name);
      const finish: Done<Consumer> = (result) => {
        done(result);
        release();
      };
      if (consumer === undefined) {
        finish(apiError("consumerNotFound"));
        return;
      }
      const config = withConsumerLevel({
        ...consumer.config,
        pause_until: until === undefined ? undefined : inUtc(until),
      });
      this.#change(name, config, (result) => {
        if (result instanceof Consumer) result.pause(until);
        finish(result);
      });
    });
  }

  /** Removes a consumer with its state. */
  remove(name: string, done: Done<undefined>): void {
    this.#changes.run("remove", name, (release) => {
      const finish: Done<undefined> = (result) => {
        done(result);
        release();
      };
      const consumer = this.consumers.get(name);
      if (consumer === undefined) {
        finish(apiError("consumerNotFound"));
        return;
      }
      const { config, created } = consumer;
      this.consumers.end(consumer, "deleted");
      this.#count();
      const record = { name, config, created };
      this.#placesOf(record).remove(record, (failure) => {
        if (failure !== undefined) {
          finish(apiError("streamGeneral", { err: failure }));
          return;
        }
        this.#tell(name, config, "delete");
        finish(undefined);
      });
    });
  }

  /** Ends all of them; `done` when what they know is written. */
  close(end: "stream deleted" | "shutdown", done: () => void): void {
    const ended = this.consumers.list();
    this.consumers.close(end);
    if (end === "stream deleted") for (const { name, config } of ended) this.#tell(name, config, "delete");
    if (end === "shutdown") this.#options.places.close(done);
    else this.#options.places.abandon(done);
  }

  #tell(name: string, { direct }: ConsumerConfig, action: "create" | "delete"): void {
    const { surroundings, stream, bus } = this.#options;
    if (!direct) surroundings.advisories.consumer(bus, stream.name, name, action);
  }

  #count(): void {
    this.#options.stream.consumerCount = this.consumers.limitable;
  }
}
