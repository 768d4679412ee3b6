// What a simulated life leaves, as files for nats-server, and what it must show of them.

import { DiskError } from "../../src/base/disk.ts";
import { streamHasher } from "../../src/store/format/keys.ts";
import { META, META_SUM, MSGS } from "../../src/store/format/layout.ts";
import { metaSum } from "../../src/store/format/meta_sum.ts";
import { blockIndexOf } from "../../src/store/format/layout.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { messagesOf, type Shown } from "./ledger.ts";
import type { StoreLife } from "./store_life.ts";

export interface Dump {
  readonly stream: string;
  /** Below the stream's directory. */
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
  readonly messages: readonly Shown[];
  readonly lastSeq: number;
  /** Limits took them without a trace, for nats-server, or their tombstone was damaged: they may be back. */
  readonly trimmed: ReadonlySet<number>;
}

/** Ends a life whose store is open and idle, by a stop or a kill; undefined when it holds what no server can read. */
export function dumpOf(life: StoreLife): Dump | undefined {
  const { disk, store, options, ledger } = life;
  const messages = [...messagesOf(store).values()];
  const { msgs } = store.state();
  let { lastSeq } = store.state();
  // An index vouches for a damaged message that nobody has read yet.
  if (messages.length !== msgs) return undefined;
  if (disk.random(2) === 0) {
    // A stop marks the sequences as used that were refused, if it can.
    const { stagedLastSeq } = store;
    if (life.close() === undefined) lastSeq = stagedLastSeq;
    else if (stagedLastSeq > lastSeq) return undefined;
  } else life.end("kill");
  const meta = Buffer.from(JSON.stringify(metaOf(life)));
  const sum = Buffer.from(metaSum(streamHasher(options.stream), meta));
  const blocks = filesOf(disk, `${options.stream}/${MSGS}`).map(([name, bytes]) => [`${MSGS}/${name}`, bytes] as const);
  return { stream: options.stream, files: [[META, meta], [META_SUM, sum], ...blocks], messages, lastSeq, trimmed: new Set([...ledger.trimmed, ...ledger.rotten]) }; // prettier-ignore
}

function metaOf({ options: { stream, limits } }: StoreLife): object {
  return {
    Created: "2026-01-01T00:00:00Z",
    name: stream,
    subjects: [`${stream}.>`],
    retention: "limits",
    max_consumers: -1,
    max_msgs: limits.maxMsgs || -1,
    max_bytes: limits.maxBytes || -1,
    max_age: 0,
    max_msgs_per_subject: limits.maxMsgsPerSubject || -1,
    max_msg_size: -1,
    discard: limits.discardNew ? "new" : "old",
    storage: "file",
    num_replicas: 1,
  };
}

function filesOf(disk: FakeDisk, directory: string): [string, Uint8Array][] {
  const names = disk.list(directory);
  if (names instanceof DiskError) return [];
  const wanted = names.filter((name) => blockIndexOf(name) !== undefined || name.endsWith(".db"));
  return wanted.map((name) => [name, disk.contents(`${directory}/${name}`)]);
}
