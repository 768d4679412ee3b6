// Finds out what a stream's blocks hold when it is opened.
//
//     every block   scanned ─→ repaired when damaged ─→ synced
//     then          tombstones of all of them ─→ what they name is gone
//
// Or, after a clean stop, from `index.db` (index_file.ts), and the blocks are only
// synced: what a process that was killed wrote looks valid before it is durable.
// Knows nothing of limits: the store enforces them afterwards.

import { DiskError, type DiskDone } from "../../base/disk.ts";
import { blockFile, blockIndexOf, INDEX, MSGS } from "../format/layout.ts";
import { blockHasher } from "../format/keys.ts";
import { EMPTY_RECORD, RecordReader } from "../format/record.ts";
import { RecordScan } from "../format/record_scan.ts";
import { SequenceSet } from "../sequence_set.ts";
import { isSound, openBlock, type BlockReport, type OnRecord, type StreamPlace } from "./block_open.ts";
import { BlockScratch, msgsPath } from "./block_open_bytes.ts";
import { lossOf, type Repair, repairBlock } from "./block_repair.ts";
import { removeTemporaries } from "./block_rewrite.ts";
import { type SkimVisitor, skimBlock } from "./block_skim.ts";
import type { FileBlock } from "./file_block.ts";
import { FLOOR_MARK, isFloorMark } from "./floor_mark.ts";
import type { FileMessages } from "./file_messages.ts";
import { readIndex } from "./index_file.ts";
import { Effort, type Slices } from "./sliced_job.ts";
import { SyncsBehind } from "./syncs_behind.ts";

const REMOVALS_A_SLICE = 200;
/** What a new subject costs, in bytes hashed. */
const SUBJECT_COST = 8192;

/** A group of messages is rarely longer. */
const MOST_REWRITTEN = 1 << 20;

/** What damage took. */
export interface Lost {
  /** Ranges of sequences that are gone, or may be, ends included. */
  readonly msgs: (readonly [first: number, last: number])[];
  bytes: number;
}

export interface Recovery {
  /** The highest number of a block, 0 for none. */
  readonly block: number;
  /** How long that block is; 0 when it is not to be gone on with. */
  readonly size: number;
  /** Blocks without anything in them, whose files can go. */
  readonly empty: readonly number[];
  readonly lost: Lost | undefined;
  /** Where the stream begins, as a mark says; after a start by index only one that is the last record counts. 0 for none. */
  readonly floor: number;
  /** After a start by index, the sequence that the last record names when it is a tombstone. 0 for none. */
  readonly lastBuried: number;
  /** A damaged block was left as it is. */
  readonly isUnrepaired: boolean;
}

export interface RecoveryOptions {
  readonly place: StreamPlace;
  /** Nothing is in it yet. */
  readonly messages: FileMessages;
  /** For the names of copies of what is damaged. */
  readonly wallSec: number;
  readonly log: (text: string) => void;
}

/** Fills the messages from disk. */
export function* recover(options: RecoveryOptions): Slices<Recovery | DiskError> {
  const syncs = new SyncsBehind(options.place.disk);
  const found = yield* recovering(options, syncs);
  // Also when something failed: nothing goes on behind the caller's back.
  const unsynced = yield* syncs.all();
  return found instanceof DiskError ? found : (unsynced ?? found);
}

function* recovering(
  { place, messages, wallSec, log }: RecoveryOptions,
  syncs: SyncsBehind,
): Slices<Recovery | DiskError> {
  const failed = removeTemporaries(place);
  if (failed !== undefined) return failed;
  const names = place.disk.list(`${place.directory}/${MSGS}`);
  if (names instanceof DiskError) return names;
  const numbers = names.flatMap((name) => blockIndexOf(name) ?? []).sort((a, b) => a - b);
  const scan = new Scan(place, messages, syncs, wallSec, log);
  const distrust = yield* readIndex(place, messages, numbers);
  const empty: number[] = [];
  if (distrust === undefined) {
    for (const { number } of messages.table.all) {
      const unsynced = yield* syncs.add(msgsPath(place, blockFile(number)));
      if (unsynced !== undefined) return unsynced;
    }
  } else {
    if (distrust !== "") {
      log(`${place.directory}: index.db is not used: ${distrust}`);
      // Nor later: limits leave no trace, so what the scan brings back is in no record that would tell it is out of date.
      const stays = place.disk.remove(msgsPath(place, INDEX));
      if (stays !== undefined && stays.code !== "ENOENT") return stays;
    }
    for (const number of numbers) {
      const scanned = yield* scan.block(number, number === numbers.at(-1));
      if (scanned instanceof DiskError) return scanned;
      if (scanned === "empty") empty.push(number);
    }
    yield* scan.bury();
  }
  const unsynced = yield (done: DiskDone) => place.disk.syncDirectory(`${place.directory}/${MSGS}`, done);
  if (unsynced !== undefined) return unsynced;
  const { last } = messages.table;
  const block = numbers.at(-1) ?? 0;
  const goesOn = last?.number === block && !last.isCompressed && last.damaged === undefined;
  const mark = distrust === undefined ? lastMark(place, last) : { floor: scan.floor, lastBuried: 0 };
  if (mark instanceof DiskError) return mark;
  return { block, size: goesOn ? last.size : 0, empty, lost: scan.lost, ...mark, isUnrepaired: scan.isUnrepaired };
}

/** A scan of all blocks, one after the other. */
class Scan {
  readonly #place: StreamPlace;
  readonly #messages: FileMessages;
  readonly #syncs: SyncsBehind;
  readonly #wallSec: number;
  readonly #log: (text: string) => void;
  readonly #tombstones = new SequenceSet();
  #recordScan: RecordScan | undefined = undefined;
  readonly #scratch = new BlockScratch();
  readonly #effort = new Effort();
  /** The first message of the block that has headers; 0 for none. */
  #firstHeaded = 0;
  /** Everything below is gone. */
  floor = 0;
  /** Where a loss began that ends before the next good record. */
  #openLoss = 0;
  lost: Lost | undefined = undefined;
  /** A damaged block was left as it is. */
  isUnrepaired = false;

  constructor(
    place: StreamPlace,
    messages: FileMessages,
    syncs: SyncsBehind,
    wallSec: number,
    log: (text: string) => void,
  ) {
    this.#place = place;
    this.#messages = messages;
    this.#syncs = syncs;
    this.#wallSec = wallSec;
    this.#log = log;
  }

  *block(number: number, isLast: boolean): Slices<"used" | "empty" | DiskError> {
    const messages = this.#messages;
    const after = messages.lastSeq;
    const block = messages.table.add(number, after);
    this.#firstHeaded = 0;
    const found = (yield* this.#skim(block)) ?? (yield* this.#read(block));
    if (found instanceof DiskError) return found;
    const report = isSound(found) ? found : yield* this.#repair(block, found, isLast, after);
    if (report instanceof DiskError) return report;
    if (report === undefined || report.bytes === 0) {
      messages.table.remove(block);
      return "empty";
    }
    block.size = report.bytes;
    block.isCompressed = report.isCompressed;
    block.hasTombstones = report.tombstones > 0;
    block.hasDead = report.messages > block.msgs;
    block.plainUpTo = this.#firstHeaded === 0 ? block.lastSeq : this.#firstHeaded - 1;
    // A block of nothing but tombstones carries the last sequence.
    const { sec, nanos } = report.tombstone;
    if (report.lastSeq === 0) messages.filling.mark(block, report.tombstoneSeq, sec, nanos);
    const path = msgsPath(this.#place, blockFile(number));
    const unsynced = isLast ? yield* rewriteEnd(this.#place, path) : yield* this.#syncs.add(path);
    return unsynced ?? "used";
  }

  /** Fast, as long as nothing is wrong; undefined when something is. */
  *#skim(block: FileBlock): Slices<BlockReport | DiskError | undefined> {
    const messages = this.#messages;
    const { filling } = messages;
    const scan = (this.#recordScan ??= RecordScan.open((...counted) => filling.count(...counted)));
    if (scan === undefined) return undefined;
    const lastSeq = (): number | undefined => (this.#openLoss > 0 ? undefined : messages.lastSeq);
    const visitor: SkimVisitor = {
      get lastSeq() {
        return lastSeq();
      },
      onRun: (count, bytes, last) => messages.filling.run(block, count, bytes, last),
      onRecord: (record, bytes) => this.#take(block, record, bytes, scan),
    };
    const report = yield* skimBlock(this.#place, block.number, scan, visitor, this.#effort);
    // It is read once more, without the scan.
    if (report === undefined) scan.settle();
    return report;
  }

  #read(block: FileBlock): Slices<BlockReport | DiskError> {
    const onRecord: OnRecord = (record, bytes) => this.#take(block, record, bytes);
    return openBlock(this.#place, block.number, onRecord, this.#scratch);
  }

  /** Removes what the tombstones of all blocks name. */
  *bury(): Slices<void> {
    this.#recordScan?.close();
    this.#recordScan = undefined;
    const messages = this.#messages;
    let left = REMOVALS_A_SLICE;
    while (messages.msgs > 0 && messages.firstSeq < this.floor) {
      messages.remove(messages.firstSeq, false);
      if (--left > 0) continue;
      left = REMOVALS_A_SLICE;
      yield undefined;
    }
    for (let seq = this.#tombstones.first; seq > 0; seq = this.#tombstones.nextFrom(seq + 1)) {
      if (!messages.has(seq)) continue;
      messages.remove(seq, false);
      if (--left > 0) continue;
      left = REMOVALS_A_SLICE;
      yield undefined;
    }
  }

  /** Returns what it cost. */
  #take(block: FileBlock, record: RecordReader, bytes: Uint8Array, scan?: RecordScan): number {
    if (record.kind === "tombstone") {
      this.#tombstones.add(record.seq);
      if (isFloorMark(bytes, record.subjectFrom, record.subjectTo)) this.floor = Math.max(this.floor, record.seq + 1);
      return 0;
    }
    if (this.#openLoss > 0 && record.seq > this.#openLoss) this.lost!.msgs.push([this.#openLoss, record.seq - 1]);
    this.#openLoss = 0;
    if (this.#firstHeaded === 0 && record.headersTo > record.headersFrom) this.#firstHeaded = record.seq;
    const { tree } = this.#messages;
    const { held } = tree;
    if (record.kind === "message") this.#messages.filling.message(block, record, bytes, scan);
    else this.#messages.filling.hole(block, record.seq, record.sec, record.nanos);
    return tree.held === held ? 0 : SUBJECT_COST;
  }

  /** What the block holds after its repair; undefined when nothing is left of it. */
  *#repair(
    block: FileBlock,
    report: BlockReport,
    isLast: boolean,
    after: number,
  ): Slices<BlockReport | DiskError | undefined> {
    const path = msgsPath(this.#place, blockFile(block.number));
    if (report.isForeign) return new DiskError("EOVERFLOW", `${path} has sequences above 2^53`);
    const repair = yield* repairBlock(this.#place, report, { isLast, after, wallSec: this.#wallSec });
    if (repair instanceof DiskError) return repair.isFull ? this.#leave(block, report, after, repair) : repair;
    this.#log(`${path} was damaged: ${repair.lostBytes} bytes are lost, ${repair.how}; as it was: ${repair.kept}`);
    this.#tellLoss(repair);
    if (repair.how === "removed") return undefined;
    // A hole in place of the last record is new.
    return yield* openBlock(this.#place, block.number, (record) => {
      if (record.kind === "hole") this.#messages.filling.hole(block, record.seq, record.sec, record.nanos);
    });
  }

  /** There is no room to keep aside what is damaged, so the block stays as it is: readers pass over the damage, and a later start repairs it. */
  #leave(block: FileBlock, report: BlockReport, after: number, failed: DiskError): BlockReport {
    const messages = this.#messages;
    const loss = lossOf(report, after);
    this.#log(`${msgsPath(this.#place, blockFile(block.number))} is damaged: ${loss.lostBytes} bytes are lost; it is not repaired: ${failed.text}`); // prettier-ignore
    this.#tellLoss(loss);
    this.isUnrepaired = true;
    block.isDamaged = true;
    block.damaged = report.isPackingDamaged ? [] : report.damaged;
    // A whole record at the end may have been a message; its sequence is not used again.
    if (isEndWhole(report)) messages.filling.hole(block, messages.lastSeq + 1, report.last.sec, report.last.nanos);
    return report;
  }

  #tellLoss({ lost, lostBytes }: Pick<Repair, "lost" | "lostBytes">): void {
    this.lost ??= { msgs: [], bytes: 0 };
    this.lost.bytes += lostBytes;
    for (const { first, last } of lost) {
      if (last > 0) this.lost.msgs.push([first, last]);
      else this.#openLoss = first;
    }
  }
}

/** What the last record says, when it is a tombstone. */
function lastMark(place: StreamPlace, last: FileBlock | undefined): Pick<Recovery, "floor" | "lastBuried"> | DiskError {
  const none = { floor: 0, lastBuried: 0 };
  if (last === undefined || last.isCompressed) return none;
  const file = place.disk.open(msgsPath(place, blockFile(last.number)), "read");
  if (file instanceof DiskError) return file;
  const bytes = new Uint8Array(Math.min(last.size, EMPTY_RECORD + FLOOR_MARK.length));
  const got = place.disk.read(file, last.size - bytes.length, bytes, 0, bytes.length);
  place.disk.close(file);
  if (got instanceof DiskError) return got;
  const record = new RecordReader(blockHasher(place.stream, last.number));
  for (const length of [EMPTY_RECORD + FLOOR_MARK.length, EMPTY_RECORD]) {
    if (length > got || record.read(bytes, got - length, got) !== undefined) continue;
    if (record.to !== got || record.kind !== "tombstone") continue;
    const isFloor = isFloorMark(bytes, record.subjectFrom, record.subjectTo);
    return { floor: isFloor ? record.seq + 1 : 0, lastBuried: record.seq };
  }
  return none;
}

function isEndWhole({ damaged, bytes }: BlockReport): boolean {
  const last = damaged.at(-1);
  return last !== undefined && last.isWhole && last.to === bytes;
}

/**
 * Makes the last block durable: its end is written again, as it is. A commit that failed before the process died may
 * have left bytes there that the system shows and has forgotten to write, which no sync would notice.
 */
function* rewriteEnd({ disk }: StreamPlace, path: string): Slices<DiskError | undefined> {
  const file = disk.open(path, "write");
  if (file instanceof DiskError) return file;
  try {
    const size = disk.size(file);
    if (size instanceof DiskError) return size;
    const at = Math.max(0, size - MOST_REWRITTEN);
    const bytes = new Uint8Array(size - at);
    const got = disk.read(file, at, bytes, 0, bytes.length);
    if (got instanceof DiskError) return got;
    // Its length too.
    const failed = disk.truncate(file, size);
    return failed ?? (yield (done: DiskDone) => disk.commit(file, at, bytes, 0, got, "synced", done));
  } finally {
    disk.close(file);
  }
}
