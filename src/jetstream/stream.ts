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

import type { Frame, Listener, Subscription } from "../account/bus.ts";
import { type ByteString, byteString } from "../base/bytes.ts";
import type { Moment } from "../base/nanos.ts";
import { Pace, run, type Work } from "../base/work.ts";
import { Purge, type PurgeRequest } from "../store/purge.ts";
import type { StoredMsg, StoreEvents, StoreState, StreamStore } from "../store/stream_store.ts";
import { SubjectFilter } from "../store/subject_filter.ts";
import { SubjectTransform, subjectTransform } from "../subject/transform.ts";
import type { StreamConfig } from "./config/stream_config.ts";
import { storeLimits } from "./config/stream_limits.ts";
import { DIRECT_GET, DirectGet } from "./stream/direct_get.ts";
import { DirectReply } from "./stream/direct_reply.ts";
import { Duplicates } from "./stream/duplicates.ts";
import { Ingest } from "./stream/ingest.ts";
import { IngestTransform } from "./stream/ingest_transform.ts";
import { LimitsTimer } from "./stream/limits_timer.ts";
import { MessageGet, type MessageQuery } from "./stream/message_get.ts";
import type { StreamSurroundings } from "./stream/parts.ts";
import { RareWarning } from "./stream/rare_warning.ts";
import { Republish } from "./stream/republish.ts";
import { StoreGroup } from "./stream/store_group.ts";
import { StreamClock } from "./stream/stream_clock.ts";
import { forASlice } from "./stream/time_slice.ts";
import { UsedBytes } from "./stream/used_bytes.ts";
import type { StreamRecord } from "./stream_places.ts";
import type { StreamAccount } from "./surroundings.ts";

/** Messages a purge looks at in one step of a slice. */
const PURGE_STEP = 50;
/** What a slice stages is removed when its group commits, all of it in one go: that costs several times as much. */
const PURGE_STEPS = 8;
/** All servers of an account answer direct gets together. */
const DIRECT_GET_QUEUE = "_sys_" as ByteString;

/** Who is told what becomes of the messages. */
export interface StreamWatcher {
  /** Messages were committed, or sequences skipped. */
  onLanded(): void;
  /** A message is gone; inside an event of the store, the subject is borrowed. */
  onRemoved(seq: number, subject: Uint8Array, from: number, to: number): void;
  /** Everything below `first` is gone; inside an event of the store. */
  onCompacted(first: number): void;
  /** A purge of messages matching `pattern` is over; each was told of. */
  onPurged(pattern: ByteString): void;
}

/** What went wrong on the disk. */
export interface StreamFailure {
  readonly failure: string;
}

export class Stream implements Listener {
  readonly readsTrace = true;
  readonly name: string;
  readonly created: Moment;
  /** Consumers that are shown; counted by whoever makes them. */
  consumerCount = 0;
  /** Whether a consumer wants this literal subject: what interest retention asks. Set by whoever has the consumers. */
  hasInterest: (bytes: Uint8Array, from: number, to: number) => boolean = () => false;
  /** Its consumers, once it has them. */
  watcher: StreamWatcher | undefined = undefined;
  readonly #surroundings: StreamSurroundings;
  readonly #account: StreamAccount;
  readonly #store: StreamStore;
  readonly #group: StoreGroup;
  readonly #used: UsedBytes;
  readonly #duplicates: Duplicates;
  readonly #limits: LimitsTimer;
  readonly #ingest: Ingest;
  readonly #gets: MessageGet;
  readonly #direct: DirectGet;
  #config: StreamConfig;
  #isOpen = false;
  /** An unused stream says that it begins at 1 when it was asked to, or was purged; else at 0. */
  #startsAtOne: boolean;
  /** Since the last group landed. */
  #hasRefused = false;
  readonly #subs = new Map<string, Subscription>();
  /** Changes of what is subscribed to that began: over turns where subjects are many, and only the last one goes on. */
  #resubscriptions = 0;
  #directSubs: Subscription[] = [];

  /** The store is opened by `openStore`, which is given who hears its events from then on. */
  constructor(
    surroundings: StreamSurroundings,
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
    this.#startsAtOne = config.first_seq === 1n;
    const store = openStore({
      committed: (upTo) => this.#group.committed(upTo),
      refused: (from, upTo, failure) => this.#refused(from, upTo, failure),
      removed: (seq, subject, from, to) => this.watcher?.onRemoved(seq, subject, from, to),
      compacted: (first) => this.watcher?.onCompacted(first),
    });
    this.#store = store;
    this.#group = new StoreGroup(surroundings, store, this.#landed);
    this.#used = new UsedBytes(account, config.storage, store);
    const where = `'${account.name}' > '${config.name}'`;
    this.#duplicates = new Duplicates(surroundings, store, config.duplicate_window, where);
    this.#limits = new LimitsTimer(surroundings, store, storeLimits(config), () => this.#used.update());
    this.#ingest = new Ingest(
      {
        surroundings,
        account,
        store,
        group: this.#group,
        clock: new StreamClock(surroundings.world, store),
        used: this.#used,
        duplicates: this.#duplicates,
        hasInterest: (bytes, from, to) => this.hasInterest(bytes, from, to),
        rollUpTo: (subject) => this.#purgeAll(subject),
      },
      this.#rules(config),
    );
    this.#gets = new MessageGet(surroundings, store);
    this.#direct = new DirectGet(surroundings, store, new DirectReply(account.bus, config.name), config);
  }

  /** Until it is closed; then nothing can be asked of it. */
  get isOpen(): boolean {
    return this.#isOpen;
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
    const state = this.#store.state();
    return state.firstSeq === 0 && this.#startsAtOne ? { ...state, firstSeq: 1 } : state;
  }

  /**
   * Takes messages once the ids of those within the duplicate window are known,
   * which `ready` is told: at once, unless many have to be read. Everything else
   * works from now on.
   */
  open(ready: () => void = () => undefined): void {
    this.#isOpen = true;
    this.#used.update();
    this.#limits.open();
    this.#subscribeDirect();
    this.#duplicates.rebuild(() => {
      if (this.#isOpen) this.#subscribe(ready);
      else ready();
    });
  }

  /**
   * Takes nothing more; what is staged is still answered when it is committed. The store is not closed. `done` when it
   * has left all its subjects, over turns if they are many.
   */
  close(done: () => void = () => undefined): void {
    this.#isOpen = false;
    this.#unsubscribeDirect();
    this.#limits.close();
    this.#duplicates.close();
    this.#direct.close();
    this.#gets.close();
    run(this.#surroundings.nextTurn, this.#resubscribe([]), done);
  }

  /** Its store is gone: closes, and tells those who wait for it. */
  abandon(done: () => void = () => undefined): void {
    this.close(done);
    this.#group.abandon("stream deleted", () => this.#account.bus.run(() => this.#ingest.flush()));
  }

  /**
   * Goes on with another configuration, which was checked and is durable. `done`
   * when it takes its new subjects and lowered limits are applied to what is there: over turns, if that is much.
   */
  update(config: StreamConfig, done: () => void = () => undefined): void {
    const limits = storeLimits(config);
    this.#config = config;
    this.#ingest.configure(this.#rules(config));
    this.#duplicates.setWindow(config.duplicate_window);
    this.#store.setLimits(limits);
    const trim = (): void => this.#limits.setLimits(limits, done);
    if (!this.#isOpen) {
      trim();
      return;
    }
    this.#unsubscribeDirect();
    this.#subscribeDirect();
    this.#subscribe(trim);
  }

  /** Calls `done` when all that is staged by now is committed (undefined) or refused (why); at once when nothing waits. */
  settled(done: (failure: string | undefined) => void): void {
    this.#group.settled((failure) => this.#account.bus.run(() => done(failure)));
  }

  /** Removes messages, over turns; `done` when that is durable. */
  purge(request: PurgeRequest, done: (purged: number | StreamFailure) => void): void {
    const purge = new Purge(this.#store, request);
    if (request.filter.all) this.#startsAtOne = true;
    const step = (): void => {
      if (!this.#isOpen) {
        done({ failure: "stream closed" });
        return;
      }
      const more = forASlice(this.#surroundings.world, () => purge.step(PURGE_STEP), PURGE_STEPS);
      this.#group.touch();
      if (more) this.#surroundings.nextTurn(step);
      else this.#whenDone(purged, done);
    };
    const purged = (): number => {
      for (const pattern of request.filter.patterns) this.watcher?.onPurged(pattern);
      return purge.purged;
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

  // ---- groups

  #refused(from: number, upTo: number, failure: string): void {
    this.#group.refused(from, upTo, failure);
    this.#duplicates.refused(from, upTo);
    this.#hasRefused = true;
  }

  readonly #landed = (): void => {
    if (this.#hasRefused) this.#ingest.refused();
    this.#hasRefused = false;
    this.#used.update();
    this.#limits.arm();
    this.#account.bus.run(() => {
      this.#ingest.flush();
      this.watcher?.onLanded();
    });
  };

  /** A rollup whose own message nobody wanted. */
  #purgeAll(subject: ByteString): void {
    this.purge({ filter: new SubjectFilter([subject]), below: 0, keep: 0 }, () => undefined);
  }

  // ---- configuration

  #rules(config: StreamConfig): ConstructorParameters<typeof Ingest>[1] {
    const { world } = this.#surroundings;
    const random = (below: number): number => world.random(below);
    const { subject_transform: transform, republish } = config;
    const ingest = transform === undefined ? undefined : transformOf(transform);
    const again = republish === undefined ? undefined : transformOf(republish);
    const warnings = new RareWarning(this.#surroundings);
    return {
      config,
      transform: ingest === undefined ? undefined : new IngestTransform(ingest, random),
      republish:
        again === undefined
          ? undefined
          : new Republish(again, {
              headersOnly: republish!.headers_only,
              account: this.#account.name,
              stream: config.name,
              random,
              warnings,
            }),
    };
  }

  #subscribe(done: () => void): void {
    run(this.#surroundings.nextTurn, this.#resubscribe(this.#config.subjects), done);
  }

  /** Leaves all subjects but these, then takes those of them that are new. */
  *#resubscribe(subjects: readonly string[]): Work<void> {
    const turn = ++this.#resubscriptions;
    const pace = new Pace();
    const wanted = new Set<string>();
    for (const subject of subjects) {
      wanted.add(subject);
      if (pace.spend()) yield;
      if (turn !== this.#resubscriptions) return;
    }
    const { bus } = this.#account;
    for (const [subject, sub] of this.#subs) {
      if (!wanted.has(subject)) {
        bus.unsubscribe(sub);
        this.#subs.delete(subject);
      }
      if (pace.spend()) yield;
      if (turn !== this.#resubscriptions) return;
    }
    for (const subject of wanted) {
      if (!this.#subs.has(subject)) this.#subs.set(subject, bus.subscribe(byteString(subject), this));
      if (pace.spend()) yield;
      if (turn !== this.#resubscriptions) return;
    }
  }

  #subscribeDirect(): void {
    if (!this.#config.allow_direct) return;
    const subject = byteString(`${DIRECT_GET}${this.name}`);
    this.#directSubs = [subject, `${subject}.>` as ByteString].map((one) =>
      this.#account.bus.subscribe(one, this.#direct, DIRECT_GET_QUEUE),
    );
  }

  #unsubscribeDirect(): void {
    for (const sub of this.#directSubs) this.#account.bus.unsubscribe(sub);
    this.#directSubs = [];
  }
}

/** The transform of a configuration, which was checked. */
function transformOf({ src, dest }: { readonly src: string; readonly dest: string }): SubjectTransform | undefined {
  const transform = subjectTransform(byteString(src), byteString(dest));
  return transform instanceof SubjectTransform ? transform : undefined;
}
