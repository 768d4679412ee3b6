// JetStream in a server: its disk, its accounts, its lines in the log, and how
// it ends. Loaded only when the options ask for it.

import { byteString } from "../base/bytes.ts";
import { DiskError, type Disk } from "../base/disk.ts";
import type { JetStreamOptions } from "../config/options.ts";
import { openStoreDirectory } from "../io/disk_directory.ts";
import { diskFactsOf, FilePlaces } from "../jetstream/file_places.ts";
import { type AccountSetup, JetStream, type RestoreListener, rulesOf } from "../jetstream/jetstream.ts";
import type { AccountLimits } from "../jetstream/limits.ts";
import { MemoryPlaces } from "../jetstream/memory_places.ts";
import type { JetStreamSurroundings } from "../jetstream/surroundings.ts";
import { storedAccounts } from "../store/catalog.ts";
import { MemoryDisk } from "../store/memory_disk.ts";
import type { Core } from "./core.ts";
import { overhearing } from "./overheard.ts";
import type { OnBug } from "./guard.ts";
import {
  logAccountEnabled,
  logAccountRecovered,
  logJetStream,
  logRestored,
  logRestoring,
  logShutdown,
  logStarted,
  logStarting,
  logTemporaryDir,
} from "./jetstream_banner.ts";
import type { IN_MEMORY } from "./jetstream_names.ts";
import {
  jetStreamAccounts,
  type JetStreamSetup,
  overcommitted,
  setUpJetStream,
  thisMachine,
} from "./jetstream_setup.ts";
import { JetStreamViews } from "./jetstream_view.ts";
import { API_LEVEL, NATS_VERSION } from "./version.ts";

/** JetStream while the server runs. */
export interface RunningJetStream {
  /**
   * These accounts have JetStream from now on, with these limits; the streams of others stay on disk. Resolves when the
   * streams of new ones are back.
   */
  setAccounts(limits: ReadonlyMap<string, AccountLimits>): Promise<void>;
  /** Gives all accounts together more bytes, in memory or in files. */
  setMost(storage: "memory" | "file", bytes: number): void;
  /** Ends it: everything staged becomes durable, files are closed. */
  close(): Promise<void>;
}

/** A disk, and how it is given back. */
interface Place {
  readonly disk: Disk;
  close(): Promise<void>;
}

/**
 * Starts JetStream and resolves once every stream is back. Rejects, in
 * nats-server's words, when that cannot be: nothing stays open then.
 */
export async function openJetStream(
  core: Core,
  options: JetStreamOptions,
  withoutDir: "temporary" | typeof IN_MEMORY,
  onBug: OnBug,
  claimed?: { storage(): Map<string, AccountLimits>; load(names: Iterable<string>): Promise<void> },
): Promise<RunningJetStream> {
  const { log, world } = core;
  const began = world.nowMs();
  logStarting(log);
  const setup = setUpJetStream(options, thisMachine, withoutDir);
  const { config } = setup;
  if (setup.isTemporary) logTemporaryDir(log);
  const place = openPlace(core, setup, onBug);
  // Accounts of tokens are known once they were asked for: those that have something here are.
  await claimed?.load(namesIn(place.disk));
  const limits = claimed?.storage() ?? jetStreamAccounts(core.options);
  const tooMuch = overcommitted(limits, config);
  if (tooMuch !== undefined) {
    await place.close();
    throw new Error(tooMuch);
  }
  logJetStream(log, { ...config, apiLevel: API_LEVEL });
  const surroundings = surroundingsOf(core, setup);
  const memory = new MemoryPlaces(world, surroundings.beforeFlush);
  const facts = diskFactsOf(
    place.disk,
    config.syncAlways || config.storeDir === "",
    config.syncIntervalNanos,
    surroundings,
  );
  const maxDuplicateWindow = BigInt(setup.limits.maxDuplicateWindowNanos);
  const setupOf = (name: string, accountLimits: AccountLimits): AccountSetup => {
    const file = new FilePlaces(name, facts, rulesOf(accountLimits, maxDuplicateWindow), surroundings);
    return { name, bus: core.accounts.get(name)!.bus, limits: accountLimits, places: { memory, file } };
  };
  const accounts = [...limits].map(([name, accountLimits]) => setupOf(name, accountLimits));
  const overhear = overhearing(core);
  const jetstream = new JetStream({
    surroundings,
    accounts,
    others: [...core.accounts.values()].filter(({ name }) => !limits.has(name) && name !== core.systemAccount),
    asksAnother: (name) => core.exchange.imports(name, byteString("$JS.API.INFO")),
    system: core.systemAccount === undefined ? undefined : core.accounts.get(core.systemAccount)?.bus,
    overhear: overhear && ((subject, frame, sender, account) => overhear(subject, frame, sender, account, true)),
    maxMemory: config.maxMemory,
    maxFile: config.maxStorage,
    strict: config.strict,
    requestQueueLimit: setup.queues.requests,
    infoQueueLimit: setup.queues.infoRequests,
    maxDuplicateWindow,
    maxAckPending: setup.limits.maxAckPending,
    maxRequestBatch: setup.limits.maxRequestBatch,
    maxPayload: core.options.max_payload,
    ackVersion2: core.options.feature_flags["js_ack_fc_v2"] ?? false,
  });
  await new Promise<void>((resolve) => jetstream.open(restoreLines(core), resolve));
  const views = new JetStreamViews(jetstream, setup, place.disk, surroundings, (name) => core.accounts.has(name));
  core.jetstreamView = views;
  logStarted(log, world.nowMs() - began);
  let changing: Promise<void> = Promise.resolve();
  const setAccounts = async (wanted: ReadonlyMap<string, AccountLimits>): Promise<void> => {
    for (const name of jetstream.accounts.keys()) {
      if (!wanted.has(name)) await new Promise<void>((resolve) => jetstream.disable(name, resolve));
    }
    for (const account of core.accounts.values()) if (account.name !== core.systemAccount) jetstream.hear(account);
    for (const [name, accountLimits] of wanted) {
      if (!core.accounts.has(name)) continue;
      if (jetstream.accounts.has(name)) jetstream.setLimits(name, accountLimits);
      else {
        const setup = setupOf(name, accountLimits);
        await new Promise<void>((resolve) => jetstream.enable(setup, restoreLines(core), resolve));
      }
    }
  };
  return {
    setAccounts: (wanted) => (changing = changing.then(() => setAccounts(wanted))),
    setMost(storage, bytes) {
      jetstream.space.setMost(storage, bytes);
      views.setMost(storage, bytes);
    },
    async close() {
      await changing;
      logShutdown(log, false);
      await new Promise<void>((resolve) => jetstream.close(resolve));
      await place.close();
      core.jetstreamView = undefined;
      logShutdown(log, true);
    },
  };
}

/** The accounts that have streams on this disk. */
function namesIn(disk: Disk): readonly string[] {
  const names = storedAccounts(disk);
  return names instanceof DiskError ? [] : names;
}

function openPlace(core: Core, { config }: JetStreamSetup, onBug: OnBug): Place {
  // What was handed to the system ends in this turn: the answers that wait for it are flushed with it.
  const later = (fire: () => void): void => core.turn.beforeFlush(fire);
  if (config.storeDir === "") return { disk: new MemoryDisk(later), close: () => Promise.resolve() };
  const opened = openStoreDirectory(config.storeDir, {
    later,
    enter: (fire) => {
      try {
        fire();
      } catch (error) {
        onBug(error);
      }
    },
  });
  if (opened instanceof DiskError) throw new Error(`Can't start JetStream: ${opened.text}`);
  return opened;
}

function surroundingsOf(core: Core, { config, queues }: JetStreamSetup): JetStreamSurroundings {
  const { world, log, identity, turn } = core;
  return {
    world,
    log,
    serverName: identity.name,
    serverId: identity.id,
    version: NATS_VERSION,
    domain: config.domain,
    maxBufferedMsgs: queues.maxBufferedMsgs,
    maxBufferedBytes: queues.maxBufferedBytes,
    maxPendingBytes: core.options.max_pending,
    beforeFlush: (fire) => turn.beforeFlush(fire),
    nextTurn: (fire) => world.atTurnEnd(fire),
  };
}

function restoreLines({ log }: Core): RestoreListener {
  return {
    onAccount: (account, streams) => {
      const { maxMemory, maxStore } = account.limits;
      logAccountEnabled(log, account.name, { maxMemory, maxStorage: maxStore }, streams > 0);
    },
    onStream: (account, stream) => logRestoring(log, account.name, stream),
    onStreamRestored: (account, stream, msgs, tookMs) => logRestored(log, account.name, stream, msgs, tookMs),
    onAccountRestored: (account) => logAccountRecovered(log, account.name),
  };
}
