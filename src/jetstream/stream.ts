// One stream: subjects that are captured, messages that are kept, and what can
// be asked of them.
//
//     bus ─→ Ingest ─→ store ─→ committed ─→ PubAcks, republish, consumers
//     API ─→ purge, removeMsg, getMsg          DIRECT.GET ─→ DirectGet
//
// Owns the subscriptions, the store and the group that each turn stages. Knows
// nothing of requests, of who else has which subjects, or of where the store
// keeps its bytes. No call is made back before the call that asked returned,
// unless it says so.

import type { ByteString } from "../base/bytes.ts";
import { byteString } from "../base/bytes.ts";
import type { Moment } from "../base/nanos.ts";
import type { Frame, Listener, Subscription } from "../account/bus.ts";
import { Purge, type PurgeRequest } from "../store/purge.ts";
import { type StoredMsg, type StoreEvents, type StoreState, type StreamStore } from "../store/stream_store.ts";
import type { StreamConfig } from "./config/stream_config.ts";
import { storeLimits } from "./config/stream_limits.ts";
import { Ingest } from "./stream/ingest.ts";
import { MessageGet, type MessageQuery } from "./stream/message_get.ts";
import { StoreGroup } from "./stream/store_group.ts";
import { StreamClock } from "./stream/stream_clock.ts";
import { UsedBytes } from "./stream/used_bytes.ts";
import type { StreamRecord } from "./stream_places.ts";
import type { JetStreamSurroundings, StreamAccount } from "./surroundings.ts";

/** Messages a purge or a lowered limit removes in one turn. */
const SLICE = 2000;

/** What went wrong on the disk. */
export interface StreamFailure {
  readonly failure: string;
}

export class Stream implements Listener {
  readonly name: string;
  readonly created: Moment;
  /** Consumers that are shown; counted by whoever makes them. */
  consumerCount = 0;
  readonly #surroundings: JetStreamSurroundings;
  readonly #account: StreamAccount;
  readonly #store: StreamStore;
  readonly #group: StoreGroup;
  readonly #used: UsedBytes;
  readonly #ingest: Ingest;
  readonly #gets: MessageGet;
  #config: StreamConfig;
  #isOpen = false;
  #subs = new Map<string, Subscription>();

  /** The store is opened by `openStore`, which is given who hears its events from then on. */
  constructor(
    surroundings: JetStreamSurroundings,
    account: StreamAccount,
    record: StreamRecord,
    openStore: (events: StoreEvents) => StreamStore,
  ) {
    const { config } = record;
    this.name = config.name;
    this.created = record.created;
    this.#surroundings = surroundings;
    this.#account = account;
    this.#config = config;
    const store = openStore({
      committed: (upTo) => this.#group.committed(upTo),
      refused: (from, upTo, failure) => this.#group.refused(from, upTo, failure),
      removed: () => undefined,
      compacted: () => undefined,
    });
    this.#store = store;
    this.#group = new StoreGroup(surroundings, store, this.#landed);
    const clock = new StreamClock(surroundings.world, store);
    const used = new UsedBytes(account, config.storage, store);
    this.#used = used;
    this.#ingest = new Ingest({ surroundings, account, store, group: this.#group, clock, used }, config);
    this.#gets = new MessageGet(surroundings, store);
  }

  get config(): StreamConfig {
    return this.#config;
  }
  get store(): StreamStore {
    return this.#store;
  }
  /** Why nothing more can be stored, when so: for /healthz. */
  get failure(): string | undefined {
    return this.#store.failure;
  }
  /** What the account was told that this stream uses. */
  get usedBytes(): number {
    return this.#used.told;
  }
  /** The committed state, as responses show it. */
  state(): StoreState {
    return this.#store.state();
  }

  /**
   * Takes messages from now on. `ready` is called when it does: at once, unless
   * the ids of many messages have to be read first.
   */
  open(ready: () => void = () => undefined): void {
    this.#isOpen = true;
    this.#used.update();
    this.#subscribe();
    ready();
  }

  /** Takes nothing more; what is staged is still answered when it is committed. The store is not closed. */
  close(): void {
    this.#isOpen = false;
    this.#unsubscribe(() => false);
  }

  /** Goes on with another configuration, which was checked and is durable. Lowered limits are applied over turns. */
  update(config: StreamConfig): void {
    this.#config = config;
    this.#ingest.configure(config);
    this.#store.setLimits(storeLimits(config));
    this.#subscribe();
    this.#enforce();
  }

  /** Calls `done` when all that is staged by now is committed (undefined) or refused (why); at once when nothing waits. */
  settled(done: (failure: string | undefined) => void): void {
    this.#group.settled((failure) => this.#account.bus.run(() => done(failure)));
  }

  /** Removes messages, over turns; `done` when that is durable. */
  purge(request: PurgeRequest, done: (purged: number | StreamFailure) => void): void {
    const purge = new Purge(this.#store, request);
    const step = (): void => {
      const more = purge.step(SLICE);
      this.#group.touch();
      if (more) this.#surroundings.nextTurn(step);
      else this.#whenDone(() => purge.purged, done);
    };
    step();
  }

  /** Removes one message, `erase` overwrites it; `done` when that is durable, false when there is none. */
  removeMsg(seq: number, erase: boolean, done: (result: boolean | StreamFailure) => void): void {
    if (!this.#store.stageRemove(seq, erase)) {
      done(false);
      return;
    }
    this.#group.touch();
    this.#whenDone(() => true, done);
  }

  /** Looks for a message; `found` is called with it (borrowed for the call) or undefined, perhaps at once. */
  getMsg(query: MessageQuery, found: (msg: StoredMsg | undefined) => void): void {
    this.#gets.find(query, found);
  }

  /** A message for one of the stream's subjects. */
  onMsg(frame: Frame): boolean {
    if (!this.#isOpen) return false;
    this.#ingest.publish(frame);
    return true;
  }

  #whenDone<T>(result: () => T, done: (result: T | StreamFailure) => void): void {
    this.settled((failure) => done(failure === undefined ? result() : { failure }));
  }

  readonly #landed = (): void => {
    this.#used.update();
    this.#account.bus.run(() => this.#ingest.flush());
  };

  readonly #enforce = (): void => {
    const more = this.#store.enforce(SLICE);
    this.#used.update();
    if (more && this.#isOpen) this.#surroundings.nextTurn(this.#enforce);
  };

  #subscribe(): void {
    const wanted = new Set(this.#config.subjects);
    this.#unsubscribe((subject) => wanted.has(subject));
    for (const subject of wanted) {
      if (this.#subs.has(subject)) continue;
      this.#subs.set(subject, this.#account.bus.subscribe(byteString(subject) as ByteString, this));
    }
  }

  #unsubscribe(stays: (subject: string) => boolean): void {
    for (const [subject, sub] of this.#subs) {
      if (stays(subject)) continue;
      this.#account.bus.unsubscribe(sub);
      this.#subs.delete(subject);
    }
  }
}
