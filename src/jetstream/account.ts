// JetStream of one account: its streams by name, what they use and reserve,
// and how they come, change and go.
//
//     create ─→ checks ─→ place ─→ store ─→ Stream, open ─→ answered
//     remove ─→ Stream closed ─→ store abandoned ─→ place removed ─→ answered
//
// Changes of one stream happen one after the other. Owns the streams. Knows
// nothing of requests: api/ turns those into calls here.

import type { Bus } from "../account/bus.ts";
import { ApiError, apiError } from "../errors/api.ts";
import { THINGS_A_SLICE, type Work } from "../base/work.ts";
import type { Advisories } from "./advisories.ts";
import { checkingStreamConfig } from "./config/stream_checks.ts";
import type { StreamConfig, StreamConfigRequest } from "./config/stream_config.ts";
import { acceptCreate, checkStandalone, sameStreamConfig } from "./config/stream_create.ts";
import { storeLimits } from "./config/stream_limits.ts";
import type { StreamRules } from "./config/stream_rules.ts";
import { acceptUpdate, checkUpdate, type LimitedConsumer, violatedLimits } from "./config/stream_update.ts";
import type { ConsumerRules } from "./config/consumer_rules.ts";
import type { ConsumerSurroundings } from "./consumer/parts.ts";
import { ConsumerAdmin } from "./consumer_admin.ts";
import { type AccountLimits, bytesFor, consumersMisfit, misfit, reservedBy, type Space } from "./limits.ts";
import { Stream } from "./stream.ts";
import { EventsLater } from "./events_later.ts";
import type { Offline, OpenedStore, StreamPlaces, StreamRecord } from "./stream_places.ts";
import type { StreamSurroundings } from "./stream/parts.ts";
import { SubjectClaims } from "./subject_claims.ts";
import type { StreamAccount } from "./surroundings.ts";
import { WorkLine } from "./work_line.ts";

export type Storage = "memory" | "file";

/** What all accounts of a server share. */
export interface SharedSpace {
  /** Bytes of that storage for all accounts: at most, and used. */
  most(storage: Storage): number;
  used(storage: Storage): number;
  /** Some account uses `bytes` more. */
  count(storage: Storage, bytes: number): void;
  /** Reserved by the streams of all accounts. */
  reserved(storage: Storage): number;
  reserve(storage: Storage, bytes: number): void;
  /** The server has no room left: said once in a while, when a publish was refused. */
  exceeded(storage: Storage): void;
}

/** A stream that runs. */
interface Running {
  readonly stream: Stream;
  readonly opened: OpenedStore;
  readonly admin: ConsumerAdmin;
}

type Done<T> = (result: T | ApiError) => void;

export interface JetStreamAccountOptions {
  readonly name: string;
  readonly bus: Bus;
  readonly limits: AccountLimits;
  readonly rules: StreamRules;
  readonly space: SharedSpace;
  readonly places: Readonly<Record<Storage, StreamPlaces>>;
  readonly surroundings: ConsumerSurroundings & StreamSurroundings;
  readonly advisories: Advisories;
  /** Limits of the server for consumers; 0 or less is none. */
  readonly maxAckPending: number;
  readonly maxRequestBatch: number;
  /** The largest payload that a client may publish, in bytes. */
  readonly maxPayload: number;
}

export class JetStreamAccount implements StreamAccount {
  readonly name: string;
  readonly bus: Bus;
  limits: AccountLimits;
  #rules: StreamRules;
  /** API requests answered, and those of them that were refused. */
  apiTotal = 0;
  apiErrors = 0;
  readonly #options: JetStreamAccountOptions;
  readonly #running = new Map<string, Running>();
  /** Why they cannot be loaded, by name; they stay on disk as they are. */
  readonly #offline = new Map<string, Offline>();
  /** Those being made: their subjects and bytes are taken already. */
  readonly #making = new Map<string, StreamConfig>();
  readonly #claims = new SubjectClaims();
  /** Whoever looks at streams, room and subjects, to take some of it, is alone meanwhile. */
  readonly #line: WorkLine;
  /** Who waits for a change of a stream to end; a name is in it while one is going on. */
  readonly #changing = new Map<string, (() => void)[]>();
  readonly #used = { memory: 0, file: 0 };
  #isClosed = false;

  constructor(options: JetStreamAccountOptions) {
    this.#options = options;
    this.name = options.name;
    this.bus = options.bus;
    this.limits = options.limits;
    this.#rules = options.rules;
    this.#line = new WorkLine(options.surroundings.nextTurn);
  }

  /** Goes on with other limits. What is there stays, however much it is. */
  setLimits(limits: AccountLimits, rules: StreamRules): void {
    this.limits = limits;
    this.#rules = rules;
  }

  get streamCount(): number {
    return this.#running.size + this.#offline.size;
  }
  get memoryUsed(): number {
    return this.#used.memory;
  }
  get fileUsed(): number {
    return this.#used.file;
  }
  /** Consumers of all streams. */
  get consumerCount(): number {
    let count = 0;
    for (const { stream } of this.#running.values()) count += stream.consumerCount;
    return count;
  }
  stream(name: string): Stream | undefined {
    return this.#running.get(name)?.stream;
  }
  consumersOf(name: string): ConsumerAdmin | undefined {
    return this.#running.get(name)?.admin;
  }
  /** Damage that was found when its store was opened. */
  lostOf(name: string): OpenedStore["lost"] {
    return this.#running.get(name)?.opened.lost;
  }
  offlineReason(name: string): string | undefined {
    return this.#offline.get(name)?.reason;
  }
  /** Streams that run, by ascending name. */
  streams(): Stream[] {
    return [...this.#running.values()].map(({ stream }) => stream).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
  *offline(): IterableIterator<[name: string, reason: string]> {
    for (const [name, { reason }] of this.#offline) yield [name, reason];
  }
  /** What is known of an offline stream; undefined when it could not be read. */
  offlineRecord(name: string): StreamRecord | undefined {
    return this.#offline.get(name)?.record;
  }
  /** Bytes reserved by max_bytes, but for the stream `except`. */
  reserved(storage: Storage, except = ""): number {
    let bytes = 0;
    for (const { config } of this.#configs(except)) if (config.storage === storage) bytes += reservedBy(config);
    return bytes;
  }

  // ---- for streams

  refusal(storage: Storage, bytes: number): ApiError | undefined {
    const { space } = this.#options;
    if (space.used(storage) > space.most(storage)) {
      space.exceeded(storage);
      return apiError("insufficientResources");
    }
    const most = storage === "memory" ? this.limits.maxMemory : this.limits.maxStore;
    return most >= 0 && this.#used[storage] + bytes > most ? apiError("accountResourcesExceeded") : undefined;
  }

  count(storage: Storage, bytes: number): void {
    this.#used[storage] += bytes;
    this.#options.space.count(storage, bytes);
  }

  // ---- changes

  /**
   * Makes a stream, or finds that there is the same one already. `done` when it
   * is durable. `namesStorage`: the request says which; space is looked at twice then.
   */
  create(request: StreamConfigRequest, name: string, namesStorage: () => boolean, done: Done<Stream>): void {
    this.#exclusively(name, (release) => {
      const answer = released(release, done);
      this.#line.run(attempt(this.#take(request, name, namesStorage)), (taken) => {
        if (taken instanceof ApiError || taken instanceof Stream) answer(taken);
        else this.#create(taken, answer);
      });
    });
  }

  /** What the request comes to: a configuration whose subjects and bytes are taken from now on, or the stream that is there. */
  *#take(request: StreamConfigRequest, name: string, namesStorage: () => boolean): Work<StreamConfig | Stream> {
    if (isLong(request)) yield;
    const asked = acceptCreate(request, name);
    this.#checkRoom(asked, namesStorage());
    const config = yield* checkingStreamConfig(asked, this.#rules, request.pedantic);
    checkStandalone(config);
    const existing = this.#running.get(name);
    if (existing !== undefined) {
      if (sameStreamConfig(config, existing.stream.config)) return existing.stream;
      throw apiError("streamNameExists");
    }
    if (this.#offline.has(name)) throw apiError("streamNameExists");
    const refused = this.#isClosed ? apiError("notEnabled") : this.#unfit(config);
    if (refused !== undefined) throw refused;
    yield* this.#claim(config);
    this.#making.set(name, config);
    return config;
  }

  #create(config: StreamConfig, done: Done<Stream>): void {
    const { name } = config;
    const { world } = this.#options.surroundings;
    const record = { config, created: { sec: world.wallSec(), nanos: world.wallNanos() } };
    const finish: Done<Stream> = (result) => {
      this.#making.delete(name);
      if (!(result instanceof ApiError)) done(result);
      else this.#line.run(this.#claims.release(name, config.subjects), () => done(result));
    };
    this.#placesOf(config).create(record, (failure) => {
      if (failure !== undefined) this.#failedToMake(name, failure, finish);
      else this.#start(record, finish, true);
    });
  }

  #failedToMake(name: string, failure: string, done: Done<Stream>): void {
    this.#options.surroundings.log.warn(`Stream create failed for '${this.name} > ${name}': ${failure}`);
    done(apiError("streamCreate", { err: "error creating store for stream" }));
  }

  /** Opens the store of a stream whose place was found, and runs it. */
  start(record: StreamRecord, done: Done<Stream>): void {
    const { name, subjects } = record.config;
    this.#line.run(this.#claims.claim(name, subjects), () => this.#start(record, done, false));
  }

  /** New ones are told about. */
  #start(record: StreamRecord, done: Done<Stream>, isNew: boolean): void {
    const { config } = record;
    const { surroundings, advisories } = this.#options;
    const events = new EventsLater();
    this.#placesOf(config).open(record, storeLimits(config), events, (opened) => {
      if (typeof opened === "string") {
        this.#failedToMake(config.name, opened, done);
        return;
      }
      const stream = new Stream(surroundings, this, record, (listener) => {
        events.listener = listener;
        return opened.store;
      });
      const admin = this.#administer(stream);
      this.#running.set(config.name, { stream, opened, admin });
      this.#options.space.reserve(config.storage, reservedBy(config));
      // Consumers first: what comes in is for them.
      admin.restore(() => {
        stream.open(() => {
          if (isNew) advisories.stream(this.bus, config.name, "create");
          done(stream);
        });
      });
    });
  }

  #administer(stream: Stream): ConsumerAdmin {
    const { surroundings, maxAckPending, maxRequestBatch, maxPayload } = this.#options;
    const rules = (): ConsumerRules => ({
      stream: stream.config,
      maxAckPending,
      maxRequestBatch,
      account: this.limits,
    });
    return new ConsumerAdmin({
      surroundings,
      stream,
      bus: this.bus,
      accountName: this.name,
      maxPayload,
      rules,
      places: this.#placesOf(stream.config).consumersOf(stream.name, rules),
    });
  }

  /** A stream that was found and cannot be served. */
  keepOffline(name: string, offline: Offline): void {
    this.#offline.set(name, offline);
  }

  /** Changes the configuration. `done` when it is durable and in force. */
  update(request: StreamConfigRequest, name: string, done: Done<Stream>): void {
    this.#exclusively(name, (release) => {
      const answer = released(release, done);
      this.#line.run(attempt(this.#takeMore(request, name)), (taken) => {
        if (taken instanceof ApiError) answer(taken);
        else this.#update(this.stream(name)!, taken, answer);
      });
    });
  }

  /** The configuration that a request comes to; what is new in it is taken from now on. */
  *#takeMore(request: StreamConfigRequest, name: string): Work<StreamConfig> {
    if (isLong(request)) yield;
    const asked = yield* acceptUpdate(request, name, this.#rules);
    const reason = this.offlineReason(name);
    const stream = this.stream(name);
    if (reason !== undefined) throw apiError("streamOfflineReason", { err: reason });
    if (stream === undefined) throw apiError("streamNotFound");
    const old = stream.config;
    const config = checkUpdate(old, asked);
    const refused = this.#unfitUpdate(old, config) ?? violatedLimits(old, config, limitedBy(this.consumersOf(name)!));
    if (refused !== undefined) throw refused;
    yield* this.#claim(config);
    return config;
  }

  #update(stream: Stream, config: StreamConfig, done: Done<Stream>): void {
    const { name, config: old } = stream;
    // Until it is done the subjects of both are taken.
    const settle = (now: StreamConfig, before: StreamConfig, result: Stream | ApiError): void => {
      const { subjects } = now;
      this.#line.run(this.#claims.release(name, before.subjects, subjects), () => done(result));
    };
    this.#placesOf(config).update({ config, created: stream.created }, (failure) => {
      if (failure !== undefined) {
        settle(old, config, apiError("streamUpdate", { err: failure }));
        return;
      }
      this.#options.space.reserve(config.storage, reservedBy(config) - reservedBy(old));
      stream.update(config, () => {
        this.#options.advisories.stream(this.bus, name, "modify");
        settle(config, old, stream);
      });
    });
  }

  /** Removes a stream with everything in it. `done` when that is durable. */
  remove(name: string, done: Done<undefined>): void {
    this.#exclusively(name, (release) => this.#remove(name, released(release, done)));
  }

  #remove(name: string, done: Done<undefined>): void {
    const running = this.#running.get(name);
    const reason = this.offlineReason(name);
    if (running === undefined && reason === undefined) {
      done(apiError("streamNotFound"));
      return;
    }
    if (running === undefined) {
      done(apiError("streamOfflineReason", { err: reason! }));
      return;
    }
    const { stream, opened } = running;
    const { config } = stream;
    this.#running.delete(name);
    opened.abandon();
    let left = 2;
    const gone = (): void => {
      if (--left === 0) this.#removeLeft(running, done);
    };
    stream.abandon(gone);
    this.#line.run(this.#claims.release(name, config.subjects), gone);
  }

  /** The rest of a stream that takes no messages any more. */
  #removeLeft({ stream, admin }: Running, done: Done<undefined>): void {
    const { advisories, space } = this.#options;
    const { name, config } = stream;
    // What it used is free now: an answer that comes before its files are gone does not count it.
    const freed = stream.usedBytes;
    this.count(config.storage, -freed);
    space.reserve(config.storage, -reservedBy(config));
    admin.close("stream deleted", () => {
      this.#placesOf(config).remove(name, (failure) => {
        this.count(config.storage, freed - stream.usedBytes);
        if (failure !== undefined) {
          this.#goOn({ config, created: stream.created }, () => done(apiError("streamDelete", { err: failure })));
          return;
        }
        advisories.stream(this.bus, name, "delete");
        done(undefined);
      });
    });
  }

  /** A stream that could not be removed is opened again: its files are all there. */
  #goOn(record: StreamRecord, done: () => void): void {
    if (this.#isClosed) {
      done();
      return;
    }
    const { name } = record.config;
    this.start(record, (result) => {
      if (result instanceof ApiError) this.keepOffline(name, { reason: result.description, record: undefined });
      done();
    });
  }

  /** Ends all streams; `done` when what they had staged is durable and everything is closed. */
  close(done: () => void): void {
    this.#isClosed = true;
    let left = this.#running.size + 1;
    const closed = (): void => {
      if (--left === 0) done();
    };
    for (const { stream, opened, admin } of this.#running.values()) {
      left++;
      stream.close(closed);
      admin.close("shutdown", () => opened.close(closed));
    }
    closed();
  }

  // ---- checks

  #placesOf({ storage }: StreamConfig): StreamPlaces {
    return this.#options.places[storage];
  }

  *#configs(except: string): Generator<{ readonly name: string; readonly config: StreamConfig }> {
    for (const [name, { stream }] of this.#running) if (name !== except) yield { name, config: stream.config };
    for (const [name, config] of this.#making) if (name !== except) yield { name, config };
  }

  /** Before anything else is looked at: as many streams, and as much space, as the account has. */
  #checkRoom(config: StreamConfig, namesStorage: boolean): void {
    const { maxStreams } = this.limits;
    let others = 0;
    for (const { name } of this.#configs(config.name)) if (name !== config.name) others++;
    if (maxStreams > 0 && others >= maxStreams) throw apiError("maximumStreamsLimit");
    const refused = namesStorage ? this.#unfit(config) : consumersMisfit(config, this.limits);
    if (refused !== undefined) throw refused;
  }

  #unfit(config: StreamConfig): ApiError | undefined {
    const { storage, name } = config;
    return misfit(config, bytesFor(config), this.limits, this.reserved(storage, name), this.#serverSpace(storage));
  }

  /** Only what max_bytes grew by is new. */
  #unfitUpdate(old: StreamConfig, config: StreamConfig): ApiError | undefined {
    const { storage, name } = config;
    const grown = Math.max(0, reservedBy(config) - reservedBy(old));
    const reserved = this.reserved(storage, name) + reservedBy(config) - grown;
    return misfit(config, grown, this.limits, reserved, this.#serverSpace(storage));
  }

  #serverSpace(storage: Storage): Space {
    const { space } = this.#options;
    return { most: space.most(storage), reserved: space.reserved(storage) };
  }

  /** Takes its subjects. Throws when another stream has some of them. */
  *#claim({ name, subjects }: StreamConfig): Work<void> {
    const isTaken = yield* this.#claims.taken(name, subjects);
    if (isTaken === false) yield* this.#claims.claim(name, subjects);
    else throw isTaken === true ? apiError("streamSubjectOverlap") : apiError("insufficientResources");
  }

  /** Runs `change` when no other change of that stream is going on; it must call `release` once. */
  #exclusively(name: string, change: (release: () => void) => void): void {
    const release = (): void => {
      const next = this.#changing.get(name)!.shift();
      if (next === undefined) this.#changing.delete(name);
      else next();
    };
    const waiting = this.#changing.get(name);
    if (waiting !== undefined) {
      waiting.push(() => change(release));
      return;
    }
    this.#changing.set(name, []);
    change(release);
  }
}

/** What limits of a stream bind of its consumers. */
function limitedBy(admin: ConsumerAdmin): LimitedConsumer[] {
  return admin.consumers.list().map(({ name, config }) => ({
    name,
    inactiveThreshold: config.inactive_threshold,
    maxAckPending: config.max_ack_pending,
  }));
}

/** What `work` comes to, or the refusal it throws. */
function* attempt<T>(work: Work<T>): Work<T | ApiError> {
  try {
    return yield* work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** To read it took all of a slice. */
function isLong({ subjects }: StreamConfigRequest): boolean {
  return subjects.length >= THINGS_A_SLICE;
}

/** `done`, after the next change may begin. */
function released<T>(release: () => void, done: Done<T>): Done<T> {
  return (result) => {
    done(result);
    release();
  };
}
