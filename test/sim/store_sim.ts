// The simulation of the file store: one seed is one life of a store on a disk that keeps its promises and no more.
//
//     cut       power cuts and kills at any moment, also while it is opened
//     fail      besides, any call fails, or the disk fills up
//     rot       besides, bits flip in files while it is stopped: only what was hit may be lost
//     lazy      commits only written: kills lose nothing, a clean stop neither
//     reads     while it runs nothing can be read for some calls, again and again: nothing is lost, nothing counted wrong
//
// The same seed does the same again.

import { DiskError } from "../../src/base/disk.ts";
import { isFloorMark } from "../../src/store/file/floor_mark.ts";
import { scanBlock } from "../../src/store/format/block_scan.ts";
import { blockRecords, isCompressed } from "../../src/store/format/compressed_block.ts";
import { blockHasher } from "../../src/store/format/keys.ts";
import { blockIndexOf } from "../../src/store/format/layout.ts";
import type { Hasher } from "../../src/base/highway_hash.ts";
import type { RecordReader } from "../../src/store/format/record.ts";
import { NO_LIMITS, type StoreLimits } from "../../src/store/stream_store.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { describeBlocks } from "./describe_blocks.ts";
import { Broken, hold, messagesOf } from "./ledger.ts";
import { StoreLife } from "./store_life.ts";

export const MODES = ["cut", "fail", "rot", "lazy"] as const;
/** Any seed may be run in the mode "reads" besides. */
export type Mode = (typeof MODES)[number] | "reads";

export interface Outcome {
  readonly mode: Mode;
  readonly life: StoreLife;
  /** Opened and settled, and not used since. */
  readonly messages: number;
}

/** The mode that a seed is run in when nobody asks for another. */
export function modeOf(seed: number): Mode {
  return MODES[seed % MODES.length]!;
}

/** Runs one seed to its end; throws when a rule does not hold, with the seed in the text. */
export function simulate(seed: number, mode = modeOf(seed), trace?: (line: string) => void): Outcome {
  const disk = new FakeDisk({ seed: Math.imul(seed, 0x9e3779b1) + 1, capacity: capacityOf(seed, mode) });
  const life = new StoreLife(
    disk,
    {
      stream: `S${seed}`,
      limits: limitsOf(disk, mode),
      blockBytes: [150, 400, 2000, 20_000][disk.random(4)]!,
      how: mode === "lazy" ? "written" : "synced",
      firstSeq: disk.random(10) === 0 ? 1000 : 0,
      compression: disk.random(3) === 0 ? "s2" : "none",
    },
    trace,
  );
  trace?.(JSON.stringify(life.options));
  const told: string[] = [];
  try {
    reopen(life, mode, told);
    for (let part = 1 + disk.random(4); part > 0; part--) {
      told.push(live(life, mode));
      reopen(life, mode, told);
    }
    checkInvariants(life);
    return { mode, life, messages: life.store.state().msgs };
  } catch (error) {
    const text = error instanceof Broken ? error.message : (error as Error).stack;
    throw new Error(`seed ${seed} (${mode}): ${text}\n  ${told.join(", ")}\n  ${life.logged.join("\n  ")}`, {
      cause: error,
    });
  }
}

/** From an opened store to one that is not running. What happened. */
function live(life: StoreLife, mode: Mode): string {
  life.trace?.("lives");
  const { disk } = life;
  const steps = disk.random(120);
  let failing = "";
  if (mode === "fail" && disk.random(2) === 0) {
    const at = 1 + disk.random(60);
    failing = ` with a failure at call ${at}`;
    disk.failAt(at, disk.random(3) === 0 ? "ENOSPC" : "EIO");
  }
  for (let left = steps; left > 0; left--) {
    if (mode === "reads" && disk.random(8) === 0) disk.failReads(1 + disk.random(disk.random(4) === 0 ? 60 : 8));
    life.act();
  }
  if (disk.random(2) === 0) {
    life.store.submit();
    life.settle();
    disk.heal();
    // A disk that did not tell is asked again some calls later.
    if (mode === "reads") for (let calls = 0; calls < 100; calls++) life.store.state();
    // Where bytes could not be erased, the whole group is answered with that.
    life.ledger.check(life.store, mode !== "fail" && mode !== "reads");
    checkInvariants(life);
  }
  const end = disk.random(3);
  if (end === 0) {
    const said = life.close();
    disk.heal();
    return `${steps} steps${failing}, closed: ${said ?? "well"}`;
  }
  disk.heal();
  const how = mode === "lazy" || end === 1 ? "kill" : "cut";
  life.trace?.(how);
  life.end(how);
  return `${steps} steps${failing}, ${how}`;
}

function reopen(life: StoreLife, mode: Mode, told: string[]): void {
  const { disk, ledger } = life;
  if (mode === "rot" && disk.random(2) === 0) told.push(rot(life));
  // Sometimes it does not get far.
  while (disk.random(4) === 0) {
    if (mode === "fail") disk.failAt(1 + disk.random(30));
    life.open(disk.random(40));
    disk.heal();
    const how = mode === "lazy" || disk.random(2) === 0 ? "kill" : "cut";
    life.end(how);
    told.push(`opened in part, ${how}`);
  }
  life.trace?.("opens");
  describe(life);
  const opened = life.open();
  if (opened !== undefined && !(opened instanceof DiskError))
    life.trace?.(`  ${JSON.stringify(opened.state())} ${[...messagesOf(opened).keys()].join()}`);
  hold(
    opened !== undefined && !(opened instanceof DiskError),
    () => `it does not open: ${(opened as DiskError | undefined)?.text}`,
  );
  ledger.excuse(life.store, life.options.limits);
  ledger.check(life.store, false);
  checkLost(life);
  ledger.adopt(life.store);
  // An index vouches for damaged records as long as it is believed.
  if (ledger.rotten.size > 0) ledger.lastConfirmed = Math.min(ledger.lastConfirmed, highestTold(life));
  // What was found is durable by now.
  if (disk.random(3) === 0 && mode !== "lazy") {
    const seen = JSON.stringify(life.store.state());
    life.trace?.("cut");
    life.end("cut");
    describe(life);
    life.open();
    ledger.check(life.store, true);
    hold(
      // An index that was believed until then counted what is damaged.
      ledger.rotten.size > 0 || JSON.stringify(life.store.state()) === seen,
      () => `a cut after opening changed the state: ${seen} ${JSON.stringify(life.store.state())}`,
    );
  }
}

function describe({ trace, disk, options }: StoreLife): void {
  if (trace !== undefined) for (const line of describeBlocks(disk, options.stream)) trace(line);
}

function checkInvariants({ store, ledger }: StoreLife): void {
  // They would want the message that was damaged.
  if (ledger.rotten.size > 0) return;
  ledger.checkSearches(store);
  store.checkInvariants();
}

/** Nothing that was promised is reported as lost. */
function checkLost({ store, ledger }: StoreLife): void {
  const kept = new Set(ledger.kept());
  for (const [first, last] of store.lost?.msgs ?? []) {
    for (let seq = first; seq <= last; seq++) hold(!kept.has(seq), () => `message ${seq} is reported as lost`);
  }
}

/** Damages files of a store that is not running, and takes what was hit out of the ledger. */
function rot(life: StoreLife): string {
  const { disk, options, ledger } = life;
  const directory = `${options.stream}/msgs`;
  const names = disk.list(directory);
  if (names instanceof DiskError || names.length === 0) return "nothing to rot";
  const name = names[disk.random(names.length)]!;
  const path = `${directory}/${name}`;
  const before = disk.contents(path);
  if (before.length === 0) return "nothing to rot";
  const block = blockIndexOf(name);
  // One bit, or two close together.
  const bit = disk.random(before.length * 8);
  const bits = disk.random(2) === 0 ? [bit] : [bit, Math.min(bit + disk.random(60), before.length * 8 - 1)];
  for (const bit of bits) disk.flipBit(path, bit);
  if (block === undefined) return `${name}: bits ${bits.join()}`;
  const at = bits.map((bit) => bit >>> 3);
  let records = 0;
  const spoil = ({ kind, from, to, seq, subjectFrom, subjectTo }: RecordReader): void => {
    records++;
    // In a compressed block one bit may take all that is in it. A tombstone between two damaged records has no sequence
    // that would tell it from the payload of one.
    const isBetween = kind === "tombstone" && isDamaged;
    if (isBetween || isCompressed(before) || at.some((byte) => byte >= from && byte < to)) {
      life.trace?.(`rot of the record of ${seq}, ${from} to ${to}`);
      ledger.spoil(seq);
      if (kind === "tombstone" && isFloorMark(unpacked, subjectFrom, subjectTo)) ledger.spoilUpTo(seq);
    }
  };
  // When a tombstone is hit its message may be back.
  const found = blockRecords(before);
  // One that cannot be unpacked was damaged before, and all in it taken out of the ledger.
  const unpacked = found instanceof Uint8Array ? found : new Uint8Array();
  const hasher = blockHasher(options.stream, block);
  let isDamaged = false;
  scanBlock(unpacked, hasher, { onRecord: () => undefined, onDamage: () => (isDamaged = true) });
  scanBlock(unpacked, hasher, { onRecord: spoil, onDamage: () => undefined });
  for (const seq of hemmedIn(unpacked, hasher, at)) ledger.spoil(seq);
  // What the last sequence was may be lost with it, when nothing else tells.
  ledger.lastConfirmed = Math.min(ledger.lastConfirmed, highestTold(life));
  return `${name}: bits ${bits.join()} of ${records} records`;
}

/**
 * Messages between two damaged records whose neighbours' sequences leave no room for these: nothing tells them from the
 * payload of a damaged message (block_scan.ts).
 */
function hemmedIn(records: Uint8Array, hasher: Hasher, hit: readonly number[]): number[] {
  // Good messages and holes, parted by what is damaged.
  const runs: number[][] = [[]];
  const onDamage = (): void => void runs.push([]);
  const onRecord = ({ kind, seq, from, to }: RecordReader): void => {
    if (hit.some((byte) => byte >= from && byte < to)) onDamage();
    else if (kind !== "tombstone") runs.at(-1)!.push(seq);
  };
  scanBlock(records, hasher, { onRecord, onDamage });
  return runs.slice(1, -1).flatMap((run, i) => {
    const before =
      runs
        .slice(0, i + 1)
        .findLast(({ length }) => length > 0)
        ?.at(-1) ?? 0;
    const after = runs.slice(i + 2).find(({ length }) => length > 0)?.[0] ?? Number.POSITIVE_INFINITY;
    const hasRoom = run.length === 0 || (run[0]! > before + 1 && run.at(-1)! < after - 1);
    return hasRoom ? [] : run;
  });
}

/** The highest sequence in the records that are good. */
function highestTold({ disk, options }: StoreLife): number {
  let highest = 0;
  const directory = `${options.stream}/msgs`;
  for (const name of disk.list(directory) as string[]) {
    const block = blockIndexOf(name);
    const records = block === undefined ? undefined : blockRecords(disk.contents(`${directory}/${name}`));
    if (block === undefined || !(records instanceof Uint8Array)) continue;
    scanBlock(records, blockHasher(options.stream, block), {
      onRecord: ({ seq }) => (highest = Math.max(highest, seq)),
      onDamage: () => undefined,
    });
  }
  return highest;
}

function limitsOf(disk: FakeDisk, mode: Mode): StoreLimits {
  const kind = disk.random(6);
  const discardNew = disk.random(3) === 0;
  if (mode === "rot" || kind < 2) return NO_LIMITS;
  if (kind === 2) return { ...NO_LIMITS, maxMsgs: 8, discardNew };
  if (kind === 3) return { ...NO_LIMITS, maxBytes: 800, discardNew };
  if (kind === 4) return { ...NO_LIMITS, maxMsgsPerSubject: 2, maxMsgs: 20 };
  return { ...NO_LIMITS, maxAgeSec: 30 };
}

function capacityOf(seed: number, mode: Mode): number {
  return mode === "fail" && seed % 8 === 1 ? 6000 : Number.POSITIVE_INFINITY;
}
