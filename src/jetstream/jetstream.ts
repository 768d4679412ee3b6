// JetStream of a server: its accounts, the space they share, and the API.
//
//     open ─→ each account: find streams ─→ start each ─→ listen to the API
//
// Owns the accounts and the server's numbers. Knows no disk: places come in.

import type { Bus } from "../account/bus.ts";
import { ApiError } from "../errors/api.ts";
import { JetStreamAccount, type JetStreamAccountOptions, type SharedSpace, type Storage } from "./account.ts";
import { Advisories } from "./advisories.ts";
import { Api, type Overhear } from "./api/api.ts";
import { SystemApi } from "./api/system_api.ts";
import type { StreamRules } from "./config/stream_rules.ts";
import { ConsumerTurns } from "./consumer/consumer_turns.ts";
import { monotonicTimer, wallTimer } from "./consumer/shared_clocks.ts";
import type { AccountLimits } from "./limits.ts";
import { shortHash } from "./short_hash.ts";
import type { FoundStream, StreamPlaces } from "./stream_places.ts";
import { DirectJobs } from "./stream/direct_jobs.ts";
import type { JetStreamSurroundings } from "./surroundings.ts";

/** How often at most the log says that there is no room left. */
const EXCEEDED_EVERY_MS = 10_000;

export interface AccountSetup {
  readonly name: string;
  readonly bus: Bus;
  readonly limits: AccountLimits;
  readonly places: Readonly<Record<Storage, StreamPlaces>>;
}

export interface JetStreamOptions {
  readonly surroundings: JetStreamSurroundings;
  readonly accounts: readonly AccountSetup[];
  /** Accounts without JetStream, which are told so; the system account is not among them. */
  readonly others: readonly { readonly name: string; readonly bus: Bus }[];
  /** Whether an account imports the JetStream of another one. */
  readonly asksAnother: (account: string) => boolean;
  /** Where the server's own advisories go; undefined without a system account. */
  readonly system: Bus | undefined;
  /** Who else wants to know what is asked. */
  readonly overhear?: Overhear | undefined;
  /** Bytes. */
  readonly maxMemory: number;
  readonly maxFile: number;
  readonly strict: boolean;
  readonly requestQueueLimit: number;
  readonly infoQueueLimit: number;
  /** Nanoseconds; 0 is no limit. */
  readonly maxDuplicateWindow: bigint;
  /** Of a consumer; 0 or less is no limit. */
  readonly maxAckPending: number;
  readonly maxRequestBatch: number;
  /** The largest payload that a client may publish, in bytes. */
  readonly maxPayload: number;
  /** Reply subjects of acks in their second form. */
  readonly ackVersion2: boolean;
}

/** What the log is told while streams come back. */
export interface RestoreListener {
  onAccount(account: JetStreamAccount, streams: number): void;
  onStream(account: JetStreamAccount, stream: string): void;
  onStreamRestored(account: JetStreamAccount, stream: string, msgs: number, tookMs: number): void;
  onAccountRestored(account: JetStreamAccount): void;
}

export class JetStream {
  readonly accounts = new Map<string, JetStreamAccount>();
  readonly api: Api;
  readonly space: ServerSpace;
  readonly #options: JetStreamOptions;
  readonly #advisories: Advisories;
  readonly #shared: Omit<JetStreamAccountOptions["surroundings"], "accountHash">;
  /** Accounts whose requests are heard, with JetStream or without. */
  readonly #heard = new Set<string>();
  #endSystemApi: () => void = () => {};

  constructor(options: JetStreamOptions) {
    this.#options = options;
    const { surroundings } = options;
    const { world } = surroundings;
    const advisories = new Advisories(surroundings);
    this.#advisories = advisories;
    this.#shared = {
      ...surroundings,
      advisories,
      ackVersion2: options.ackVersion2,
      turns: new ConsumerTurns(surroundings),
      directJobs: new DirectJobs(surroundings),
      wallTimer: wallTimer(world),
      timer: monotonicTimer(world),
    };
    this.space = new ServerSpace(options);
    this.api = new Api({
      surroundings,
      advisories,
      strict: options.strict,
      requestQueueLimit: options.requestQueueLimit,
      infoQueueLimit: options.infoQueueLimit,
      system: options.system,
      overhear: options.overhear,
    });
    for (const setup of options.accounts) this.#add(setup);
  }

  #add({ name, bus, limits, places }: AccountSetup): JetStreamAccount {
    const options = this.#options;
    const account = new JetStreamAccount({
      name,
      bus,
      limits,
      rules: rulesOf(limits, options.maxDuplicateWindow),
      space: this.space,
      places,
      surroundings: { ...this.#shared, accountHash: shortHash(name) },
      advisories: this.#advisories,
      maxAckPending: options.maxAckPending,
      maxRequestBatch: options.maxRequestBatch,
      maxPayload: options.maxPayload,
    });
    this.accounts.set(name, account);
    return account;
  }

  /** Another account has JetStream from now on; `done` when its streams are back. */
  enable(setup: AccountSetup, listener: RestoreListener, done: () => void): void {
    const account = this.#add(setup);
    this.hear(setup);
    setup.places.file.find((found) => this.#restore(account, found, listener, done));
  }

  /** An account has JetStream no more; what it stored stays where it is. `done` when all of it is closed. */
  disable(name: string, done: () => void): void {
    const account = this.accounts.get(name);
    this.accounts.delete(name);
    if (account === undefined) done();
    else account.close(done);
  }

  /** Changes what an account may use. */
  setLimits(name: string, limits: AccountLimits): void {
    this.accounts.get(name)?.setLimits(limits, rulesOf(limits, this.#options.maxDuplicateWindow));
  }

  /** Hears the requests of an account, with JetStream or without; once. */
  hear({ name, bus }: { readonly name: string; readonly bus: Bus }): void {
    if (this.#heard.has(name)) return;
    this.#heard.add(name);
    const { accounts } = this;
    this.api.listen({
      name,
      bus,
      get jetstream() {
        return accounts.get(name);
      },
      asksAnother: () => this.#options.asksAnother(name),
    });
  }

  /** Brings every stream back, account by account, then answers requests. */
  open(listener: RestoreListener, done: () => void): void {
    const accounts = [...this.#options.accounts];
    const next = (): void => {
      const setup = accounts.shift();
      if (setup === undefined) {
        this.#listen();
        done();
        return;
      }
      const account = this.accounts.get(setup.name)!;
      setup.places.file.find((found) => this.#restore(account, found, listener, next));
    };
    next();
  }

  #listen(): void {
    const { others, system } = this.#options;
    for (const account of this.accounts.values()) this.hear(account);
    for (const other of others) this.hear(other);
    if (system !== undefined)
      this.#endSystemApi = new SystemApi(system, this.accounts, this.#options.surroundings).listen();
  }

  #restore(
    account: JetStreamAccount,
    found: readonly FoundStream[],
    listener: RestoreListener,
    done: () => void,
  ): void {
    const { log, world } = this.#options.surroundings;
    const left = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    listener.onAccount(account, left.length);
    const next = (): void => {
      const stream = left.shift();
      if (stream === undefined) {
        listener.onAccountRestored(account);
        done();
        return;
      }
      const { name, record } = stream;
      if ("reason" in record) {
        log.warn(`Stream '${account.name} > ${name}' is offline: ${record.reason}`);
        account.keepOffline(name, record);
        next();
        return;
      }
      listener.onStream(account, name);
      const began = world.nowMs();
      account.start(record, (result) => {
        if (result instanceof ApiError) account.keepOffline(name, { reason: result.description, record: undefined });
        else listener.onStreamRestored(account, name, result.state().msgs, world.nowMs() - began);
        next();
      });
    };
    next();
  }

  /** Ends all streams; `done` when everything staged is durable and closed. */
  close(done: () => void): void {
    this.api.close();
    this.#endSystemApi();
    let left = this.accounts.size + 1;
    const closed = (): void => {
      if (--left === 0) done();
    };
    for (const account of this.accounts.values()) account.close(closed);
    closed();
  }
}

/** What configurations of an account's streams are held to; the window in nanoseconds, 0 for no limit. */
export function rulesOf(limits: AccountLimits, maxDuplicateWindow: bigint): StreamRules {
  const { maxBytesRequired, memoryMaxStreamBytes, storeMaxStreamBytes } = limits;
  return {
    maxDuplicateWindow,
    maxBytesRule: (storage) => ({
      required: maxBytesRequired,
      limit: BigInt(Math.max(0, storage === "memory" ? memoryMaxStreamBytes : storeMaxStreamBytes)),
    }),
  };
}

/** The bytes that all accounts share. */
export class ServerSpace implements SharedSpace {
  readonly #options: JetStreamOptions;
  readonly #most: Record<Storage, number>;
  readonly #used = { memory: 0, file: 0 };
  readonly #reserved = { memory: 0, file: 0 };
  #warnedAtMs = -Infinity;

  constructor(options: JetStreamOptions) {
    this.#options = options;
    this.#most = { memory: options.maxMemory, file: options.maxFile };
  }

  most(storage: Storage): number {
    return this.#most[storage];
  }
  /** Gives all accounts together that many bytes from now on. */
  setMost(storage: Storage, bytes: number): void {
    this.#most[storage] = bytes;
  }
  used(storage: Storage): number {
    return this.#used[storage];
  }
  count(storage: Storage, bytes: number): void {
    this.#used[storage] += bytes;
  }
  reserved(storage: Storage): number {
    return this.#reserved[storage];
  }
  reserve(storage: Storage, bytes: number): void {
    this.#reserved[storage] += bytes;
  }

  exceeded(storage: Storage): void {
    const { log, world } = this.#options.surroundings;
    if (world.nowMs() - this.#warnedAtMs < EXCEEDED_EVERY_MS) return;
    this.#warnedAtMs = world.nowMs();
    const name = storage === "memory" ? "memory" : "file";
    log.error(`JetStream ${name} resource limits exceeded for server`);
  }
}
