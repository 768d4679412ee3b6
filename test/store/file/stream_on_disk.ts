// Streams of a few records on a disk that breaks, and how jobs run on it.

import { DiskError } from "../../../src/base/disk.ts";
import { compressBlock } from "../../../src/store/format/compressed_block.ts";
import { blockHasher } from "../../../src/store/format/keys.ts";
import { recordLength, writeRecord, type RecordKind } from "../../../src/store/format/record.ts";
import { openBlock, type BlockReport, type StreamPlace } from "../../../src/store/file/block_open.ts";
import { SlicedJob, type Slices } from "../../../src/store/file/sliced_job.ts";
import { FakeDisk } from "../../support/fake_disk.ts";

export interface MadeRecord {
  readonly kind?: RecordKind;
  readonly seq: number;
  readonly payload?: Uint8Array;
  readonly headers?: Uint8Array;
}
const NO_BYTES = new Uint8Array(0);
export const SEC = 1_800_000_000;

/** The records of block `block` of stream S, and where each begins, and the end. */
export function madeBlock(made: readonly MadeRecord[], block = 1): { bytes: Uint8Array; at: number[] } {
  const at = [0];
  const parts = made.map(({ kind = "message", seq, payload, headers = NO_BYTES }) => {
    const isMessage = kind === "message";
    return { kind, seq, sec: SEC + seq, nanos: seq, subject: isMessage ? Buffer.from(`s.${seq}`) : NO_BYTES, headers, payload: payload ?? (isMessage ? Buffer.from(`payload ${seq}`) : NO_BYTES) }; // prettier-ignore
  });
  for (const { subject, headers, payload } of parts) at.push(at.at(-1)! + recordLength(subject.length, headers.length, payload.length)); // prettier-ignore
  const bytes = new Uint8Array(at.at(-1)!);
  parts.forEach((part, i) => writeRecord(bytes, at[i]!, part, blockHasher("S", block)));
  return { bytes, at };
}
/** Messages first..last. */
export function messages(first: number, last: number, payloadOf?: (seq: number) => Uint8Array): MadeRecord[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const seq = first + i;
    return payloadOf === undefined ? { seq } : { seq, payload: payloadOf(seq) };
  });
}

/** Whatever is durable on a new disk: the directory of S with these files in `msgs`. */
export function streamOnDisk(files: Readonly<Record<string, Uint8Array>>, seed = 1): StreamPlace & { disk: FakeDisk } {
  const disk = new FakeDisk({ seed });
  const sync = (path: string): void => {
    disk.syncDirectory(path, () => undefined);
    disk.complete();
  };
  for (const path of ["S", "S/msgs"]) disk.makeDirectory(path);
  for (const [name, bytes] of Object.entries(files)) {
    const file = disk.open(`S/msgs/${name}`, "create");
    if (file instanceof DiskError) throw new Error(file.text);
    disk.commit(file, 0, bytes, 0, bytes.length, "synced", () => undefined);
    disk.complete();
    disk.close(file);
  }
  for (const path of ["S/msgs", "S", ""]) sync(path);
  return { disk, directory: "S", stream: "S" };
}
export const packed = compressBlock;

/** Runs a job to its end on a disk whose calls finish when it waits; `cancelAt` cancels before that slice. */
export function run<T>(disk: FakeDisk, job: Slices<T>, cancelAt = Number.POSITIVE_INFINITY): T | undefined {
  const turns: (() => void)[] = [];
  let result: T | undefined;
  const running = new SlicedJob(
    job,
    (fire) => turns.push(fire),
    (got) => (result = got),
  );
  for (let slice = 1; !running.isOver; slice++) {
    if (slice === cancelAt) running.cancel();
    const fire = turns.shift();
    if (fire !== undefined) fire();
    else if (!disk.completeOne()) throw new Error("the job waits for nothing");
  }
  return result;
}
/** Runs until the disk was asked `calls` times, then leaves it there; whether the job came to its end before. */
export function runUntilCall<T>(disk: FakeDisk, job: Slices<T>, calls: number): boolean {
  const end = disk.calls + calls;
  const turns: (() => void)[] = [];
  const running = new SlicedJob(
    job,
    (fire) => turns.push(fire),
    () => undefined,
  );
  while (!running.isOver && disk.calls < end) {
    const fire = turns.shift();
    if (fire !== undefined) fire();
    else disk.completeOne();
  }
  return running.isOver;
}

export interface Seen {
  readonly report: BlockReport;
  readonly records: readonly string[];
}
/** What is in a block: its report and its records as text. */
export function opened(place: StreamPlace & { disk: FakeDisk }, block = 1): Seen {
  const records: string[] = [];
  const report = run(place.disk, openBlock(place, block, (record, bytes) => {
    const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString("latin1");
    records.push(`${record.kind} ${record.seq} ${record.sec}.${record.nanos} ${text(record.subjectFrom, record.subjectTo)} ${text(record.headersFrom, record.headersTo)} ${text(record.payloadFrom, record.payloadTo)}`);
  })); // prettier-ignore
  if (report === undefined || report instanceof DiskError) throw new Error(`block ${block}: ${report?.text}`);
  return { report, records };
}
export function seqsIn(place: StreamPlace & { disk: FakeDisk }, block = 1): number[] {
  return opened(place, block).records.map((record) => Number(record.split(" ")[1]));
}
export const upTo = (last: number, except: readonly number[] = []): number[] =>
  Array.from({ length: last }, (_, i) => i + 1).filter((seq) => !except.includes(seq));

/** Everything below a directory, as text. */
export function treeOf(disk: FakeDisk, path = "S"): Record<string, string> {
  const names = disk.list(path);
  if (names instanceof DiskError) throw new Error(names.text);
  const tree: Record<string, string> = {};
  for (const name of names) {
    if (name.endsWith("/")) Object.assign(tree, treeOf(disk, `${path}/${name.slice(0, -1)}`));
    else tree[`${path}/${name}`] = Buffer.from(disk.contents(`${path}/${name}`)).toString("hex");
  }
  return tree;
}
