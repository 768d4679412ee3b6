// Directories that nats-server wrote, opened by the file store: by their index and by a scan.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { byteStringOf, shown, type ByteString } from "../../src/base/bytes.ts";
import { rfc3339Nano } from "../../src/base/gotime.ts";
import { NO_LIMITS, StoredMsg, ZERO_SEC, type StoreLimits } from "../../src/store/stream_store.ts";
import { ALL_SUBJECTS } from "../../src/store/subject_filter.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

interface ExpectedMsg {
  readonly seq: number;
  readonly subject: string;
  readonly time: string;
  readonly headers?: string;
  readonly data?: string;
  readonly sha256?: string;
}
interface Expected {
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly first_ts: string;
    readonly last_seq: number;
    readonly last_ts: string;
    readonly subjects?: Readonly<Record<string, number>>;
    readonly deleted?: readonly number[];
  };
  readonly messages: readonly ExpectedMsg[];
}

const golden = join(import.meta.dirname, "format/golden");
const streams = readdirSync(golden).filter((name) => existsSync(join(golden, name, "meta.inf")));
const expectedOf = (stream: string): Expected =>
  JSON.parse(readFileSync(join(golden, stream, "expected.json"), "utf8")) as Expected;

/** The limits of a stream; what they took left no trace in its blocks. */
function limitsOf(stream: string): StoreLimits {
  const meta = JSON.parse(readFileSync(join(golden, stream, "meta.inf"), "utf8")) as { max_msgs_per_subject?: number };
  return { ...NO_LIMITS, maxMsgsPerSubject: meta.max_msgs_per_subject ?? 0 };
}

/** A disk with the blocks of a stream. */
function diskOf(stream: string, hasIndex: boolean): FakeDisk {
  const disk = madeDisk();
  disk.makeDirectory("S/msgs");
  for (const name of readdirSync(join(golden, stream, "msgs"))) {
    if (name === "index.db" && !hasIndex) continue;
    const bytes = readFileSync(join(golden, stream, "msgs", name));
    const file = disk.open(`S/msgs/${name}`, "create");
    if (!("path" in file)) throw new Error("no file");
    disk.commit(file, 0, bytes, 0, bytes.length, "synced", () => undefined);
    disk.complete();
  }
  return disk;
}

function check(store: FileStore, { state, messages }: Expected): void {
  const now = store.state();
  const { msgs, bytes, firstSeq, lastSeq } = now;
  expect([msgs, bytes]).toEqual([state.messages, state.bytes]);
  // A stream that was never used counts sequence 0 as the first.
  expect([firstSeq, lastSeq]).toEqual([state.first_seq, state.last_seq]);
  if (msgs > 0) expect(rfc3339Nano(now.firstSec, now.firstNanos)).toBe(state.first_ts);
  else expect(now.firstSec).toBe(ZERO_SEC);
  expect(rfc3339Nano(now.lastSec, now.lastNanos)).toBe(state.last_ts);
  const subjects: Record<string, number> = {};
  store.subjects(ALL_SUBJECTS, "" as ByteString, 100_000, (each) => {
    subjects[shown(byteStringOf(each.bytes, each.from, each.to))] = each.count;
  });
  expect(subjects).toEqual(state.subjects ?? {});
  const into = new StoredMsg();
  for (const each of messages) {
    expect(store.load(each.seq, into), `message ${each.seq}`).toBe(true);
    expect(shown(byteStringOf(into.subject, into.subjectFrom, into.subjectTo))).toBe(each.subject);
    expect(rfc3339Nano(into.sec, into.nanos)).toBe(each.time);
    expect(byteStringOf(into.header, into.headerFrom, into.headerTo)).toBe(each.headers ?? "");
    const body = Buffer.from(into.body.subarray(into.bodyFrom, into.bodyTo));
    if (each.sha256 !== undefined) expect(createHash("sha256").update(body).digest("hex")).toBe(each.sha256);
    else expect(body.toString("base64")).toBe(each.data ?? "");
  }
  for (const seq of state.deleted ?? []) expect(store.load(seq, into)).toBe(false);
  store.checkInvariants();
}

describe.each(streams)("%s of nats-server", (stream) => {
  const expected = expectedOf(stream);
  test.each([true, false])("is opened as it was; with its index: %s", (hasIndex) => {
    const disk = diskOf(stream, hasIndex);
    const said: string[] = [];
    const opening = { disk, stream, blockBytes: 8 << 20, log: (text: string) => void said.push(text) };
    const { store, complete } = opened(limitsOf(stream), deaf, opening);
    check(store, expected);
    // And once more, by an index of ours.
    store.close((failure) => expect(failure).toBeUndefined());
    complete();
    check(opened(limitsOf(stream), deaf, opening).store, expected);
    expect(said).toEqual([]);
  });
});
