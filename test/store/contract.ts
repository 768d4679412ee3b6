// What every store must do: the suite that memory.test.ts and file.test.ts run.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteString, byteStringOf, bytesOf, type ByteString } from "../../src/base/bytes.ts";
import { Purge } from "../../src/store/purge.ts";
import { StoredRun } from "../../src/store/stored_run.ts";
import {
  NO_LIMITS,
  REFUSED,
  StoredMsg,
  ZERO_SEC,
  type StageRule,
  type StoreEvents,
  type StoreLimits,
  type StreamStore,
} from "../../src/store/stream_store.ts";
import { ALL_SUBJECTS, SubjectFilter } from "../../src/store/subject_filter.ts";
import { StoreModel, type ModelMsg } from "./store_model.ts";

/** A store whose commits finish when `complete` is called, and the events it raised. */
export interface StoreUnderTest {
  readonly store: StreamStore;
  readonly complete: () => void;
  /** Whether a group is on its way, and the next one grows until it has landed. */
  readonly isWriting?: () => boolean;
}
export type OpenStore = (limits: StoreLimits, events: StoreEvents) => StoreUnderTest;

const NOW = 1_800_000_000;
const START = "" as ByteString;

/** Events as lines. */
class Heard implements StoreEvents {
  readonly lines: string[] = [];
  committed(upTo: number): void {
    this.lines.push(`committed ${upTo}`);
  }
  refused(from: number, upTo: number, failure: string): void {
    this.lines.push(`refused ${from}-${upTo} ${failure}`);
  }
  removed(seq: number, subject: Uint8Array, from: number, to: number): void {
    this.lines.push(`removed ${seq} ${byteStringOf(subject, from, to)}`);
  }
  compacted(first: number, msgs: number): void {
    this.lines.push(`compacted ${first} ${msgs}`);
  }
  take(): string[] {
    return this.lines.splice(0);
  }
}

interface Draft {
  readonly subject: string;
  readonly header?: string;
  readonly body?: string;
  readonly sec?: number;
  readonly nanos?: number;
}
function msg(draft: Draft | string): StoredMsg {
  const { subject, header = "", body = "", sec = NOW, nanos = 0 } = typeof draft === "string" ? { subject: draft } : draft; // prettier-ignore
  const made = new StoredMsg();
  // Header and body lie in one buffer, the subject in another, both with something around them.
  const bytes = bytesOf(`<${header}${body}>` as ByteString);
  made.subject = bytesOf(`(${byteString(subject)})` as ByteString);
  [made.subjectFrom, made.subjectTo] = [1, made.subject.length - 1];
  [made.header, made.headerFrom, made.headerTo] = [bytes, 1, 1 + header.length];
  [made.body, made.bodyFrom, made.bodyTo] = [bytes, made.headerTo, bytes.length - 1];
  [made.sec, made.nanos] = [sec, nanos];
  return made;
}
function filter(...patterns: string[]): SubjectFilter {
  return new SubjectFilter(patterns.map((pattern) => byteString(pattern)));
}
function shownMsg(store: StreamStore, seq: number, staged = false): object | undefined {
  const into = new StoredMsg();
  if (!(staged ? store.loadStaged(seq, into) : store.load(seq, into))) return undefined;
  const subject = byteStringOf(into.subject, into.subjectFrom, into.subjectTo);
  const header = byteStringOf(into.header, into.headerFrom, into.headerTo);
  const body = byteStringOf(into.body, into.bodyFrom, into.bodyTo);
  return {
    seq: into.seq,
    subject,
    header,
    body,
    sec: into.sec,
    nanos: into.nanos,
    size: store.sizeOf(subject.length, header.length, body.length),
  };
}
/** The messages of a run, as `shownMsg` shows each. */
function shownRun(store: StreamStore, seq: number, most: number): object[] {
  const run = new StoredRun();
  const count = store.loadRun(seq, most, run);
  expect(run.count).toBe(count);
  return shownIn(store, run);
}
function shownIn(store: StreamStore, run: StoredRun): object[] {
  return Array.from({ length: run.count }, (_, i) => {
    const subject = byteStringOf(run.subject, run.subjectFrom[i]!, run.subjectTo[i]!);
    const header = byteStringOf(run.data, run.headerFrom[i]!, run.bodyFrom[i]!);
    const body = byteStringOf(run.data, run.bodyFrom[i]!, run.bodyTo[i]!);
    const size = store.sizeOf(subject.length, header.length, body.length);
    return { seq: run.seq[i], subject, header, body, sec: run.sec[i], nanos: run.nanos[i], size };
  });
}
/** `next` until it says something, looking at `most` messages at a time. */
function nextOf(store: StreamStore, wanted: SubjectFilter, from: number, most: number): number {
  for (let at = from; ;) {
    const found = store.next(wanted, at, most);
    if (found >= 0) return found;
    expect(-found).toBeGreaterThan(at);
    at = -found;
  }
}
function previousOf(store: StreamStore, wanted: SubjectFilter, upTo: number, most: number): number {
  for (let at = upTo; ;) {
    const found = store.previous(wanted, at, most);
    if (found >= 0) return found;
    expect(-found).toBeLessThan(at + (most > 0 ? 0 : 1));
    at = -found;
  }
}
function subjectsOf(store: StreamStore, wanted: SubjectFilter, most: number): [string, number, number, number][] {
  const found: [string, number, number, number][] = [];
  for (let from: ByteString | undefined = START; from !== undefined;) {
    const before = found.length;
    from = store.subjects(wanted, from, most, (each) => {
      found.push([byteStringOf(each.bytes, each.from, each.to), each.first, each.last, each.count]);
    });
    expect(found.length - before).toBeLessThanOrEqual(most);
  }
  return found;
}
function deletedOf(store: StreamStore, most: number): number[] {
  const found: number[] = [];
  let from = 1;
  do {
    from = store.deletedRanges(from, most, (first, last) => {
      for (let seq = first; seq <= last; seq++) found.push(seq);
    });
  } while (from > 0);
  return found;
}
/** Messages that may have headers. */
export function headedOf(store: StreamStore, from: number): number[] {
  const found: number[] = [];
  for (let at = from; ;) {
    const next = store.withHeaders(at, found);
    if (next === 0) return found;
    expect(next).toBeGreaterThan(at);
    at = next;
  }
}

export function storeContract(name: string, open: OpenStore): void {
  function start(limits: Partial<StoreLimits> = {}) {
    const heard = new Heard();
    const under = open({ ...NO_LIMITS, ...limits }, heard);
    /** Stages, submits and completes. */
    const put = (draft: Draft | string, rule: StageRule = "plain"): number => {
      const seq = under.store.stage(msg(draft), rule);
      under.store.submit();
      under.complete();
      return seq;
    };
    const settle = (): void => {
      under.store.submit();
      under.complete();
    };
    return { ...under, heard, put, settle };
  }
  const purge = (
    store: StreamStore,
    settle: () => void,
    request: Partial<ConstructorParameters<typeof Purge>[1]>,
    most = 3,
  ): number => {
    // prettier-ignore
    const job = new Purge(store, { filter: ALL_SUBJECTS, below: 0, keep: 0, ...request });
    for (let more = true; more;) {
      more = job.step(most);
      settle();
    }
    return job.purged;
  };

  describe(`${name} keeps the store contract`, () => {
    test("a staged message is invisible until its group commits", () => {
      const { store, complete, heard } = start();
      expect([store.stage(msg("a"), "plain"), store.stage(msg("b"), "plain")]).toEqual([1, 2]);
      store.submit();
      expect(store.state().lastSeq).toBe(0);
      expect(store.load(1, new StoredMsg())).toBe(false);
      expect(heard.take()).toEqual([]);
      complete();
      expect(store.state().lastSeq).toBe(2);
      expect(heard.take()).toEqual(["committed 2"]);
    });

    test("what is staged after a submit waits for the next one", () => {
      const { store, complete, settle, heard } = start();
      store.stage(msg("a"), "plain");
      store.submit();
      store.stage(msg("a"), "plain");
      complete();
      expect([store.state().lastSeq, store.stagedLastSeq]).toEqual([1, 2]);
      settle();
      expect(heard.take()).toEqual(["committed 1", "committed 2"]);
    });

    test("a message comes back as it went in", () => {
      const { store, put } = start();
      const header = "NATS/1.0\r\nA: b\r\n\r\n";
      put({ subject: "a.b", header, body: "hello", sec: NOW, nanos: 999_999_999 });
      put({ subject: "é", body: "" });
      put({ subject: "c", header, body: "", nanos: 1 });
      expect(shownMsg(store, 1)).toMatchObject({ seq: 1, subject: "a.b", header, body: "hello", nanos: 999_999_999 });
      expect(shownMsg(store, 2)).toMatchObject({ subject: byteString("é"), header: "", body: "", nanos: 0 });
      expect(shownMsg(store, 3)).toMatchObject({ header, body: "" });
      expect(shownMsg(store, 4)).toBeUndefined();
      expect(shownMsg(store, 0)).toBeUndefined();
    });

    test("messages that follow each other come together, up to a gap and to what is committed", () => {
      const { store, put, complete } = start();
      const header = "NATS/1.0\r\nA: b\r\n\r\n";
      for (let i = 1; i <= 9; i++) {
        put({ subject: i < 4 ? "a.b" : `s.${i}`, header: i === 5 ? header : "", body: `body ${i}`, nanos: i });
      }
      store.stageRemove(7, false);
      store.submit();
      complete();
      store.stage(msg("staged"), "plain");
      const each = (first: number, last: number): unknown[] =>
        Array.from({ length: last - first + 1 }, (_, i) => shownMsg(store, first + i));
      // A run may end before: then the next one goes on.
      const runs: object[][] = [];
      for (let seq = 1; runs.at(-1)?.length !== 0; seq += runs.at(-1)!.length) runs.push(shownRun(store, seq, 100));
      expect(runs.flat()).toEqual(each(1, 6));
      expect(runs.length).toBeLessThan(6);
      expect(shownRun(store, 1, 1)).toEqual(each(1, 1));
      for (const seq of [0, 7, 10]) expect(shownRun(store, seq, 100)).toEqual([]);
    });

    test("a staged message can be read by the checks of the next publish", () => {
      const { store, put, complete } = start();
      put("a");
      put("b");
      store.stage(msg({ subject: "a", body: "new" }), "plain");
      expect(store.stagedLast(filter("a"))).toBe(3);
      expect(store.stagedLast(filter("b"))).toBe(2);
      expect(store.stagedLast(filter("*"))).toBe(3);
      expect(store.stagedLast(filter("c"))).toBe(0);
      expect(store.last(filter("a"))).toBe(1);
      expect(shownMsg(store, 3, true)).toMatchObject({ body: "new" });
      expect(shownMsg(store, 3)).toBeUndefined();
      store.submit();
      complete();
      expect(store.last(filter("a"))).toBe(3);
    });

    test("afterCommit fires after the events of the group, never inside the call", () => {
      const { store, complete, heard } = start();
      const said: string[] = [];
      store.afterCommit(() => said.push("idle"));
      expect(said).toEqual([]);
      complete();
      expect(said).toEqual(["idle"]);
      store.stage(msg("a"), "plain");
      store.afterCommit((failure) => said.push(`${String(failure)} after ${heard.take().join()}`));
      store.submit();
      store.afterCommit(() => said.push("flying"));
      expect(said).toEqual(["idle"]);
      complete();
      expect(said).toEqual(["idle", "undefined after committed 1", "flying"]);
    });

    test("removals take effect with their group, and twice is harmless", () => {
      const { store, put, complete, heard } = start();
      put("a");
      put("b");
      heard.take();
      expect([store.stageRemove(1, false), store.stageRemove(1, true), store.stageRemove(3, false)]).toEqual([true, true, false]); // prettier-ignore
      store.submit();
      expect(shownMsg(store, 1)).toBeDefined();
      complete();
      expect(shownMsg(store, 1)).toBeUndefined();
      expect(heard.take()).toEqual(["removed 1 a", "committed 2"]);
      expect(store.stageRemove(1, false)).toBe(false);
      store.checkInvariants();
    });

    test("the state of a store that was never used, emptied, and moved ahead", () => {
      const { store, put, settle } = start();
      expect(store.state()).toMatchObject({ msgs: 0, firstSeq: 0, lastSeq: 0, firstSec: ZERO_SEC, lastSec: ZERO_SEC });
      put({ subject: "a", sec: NOW + 7 });
      store.stageRemove(1, false);
      settle();
      expect(store.state()).toMatchObject({ msgs: 0, bytes: 0, firstSeq: 2, lastSeq: 1, firstSec: ZERO_SEC, lastSec: NOW + 7, subjects: 0, deleted: 0 }); // prettier-ignore
      store.stageCompact(100);
      settle();
      expect(store.state()).toMatchObject({ firstSeq: 100, lastSeq: 99, lastSec: NOW + 7 });
      expect(put("a")).toBe(100);
      expect(store.state()).toMatchObject({ firstSeq: 100, lastSeq: 100, msgs: 1 });
    });

    test("a new store can begin at any sequence", () => {
      const { store, put, settle } = start();
      store.stageCompact(2 ** 53 - 2);
      settle();
      expect(put("a")).toBe(2 ** 53 - 2);
      expect(put("a")).toBe(2 ** 53 - 1);
      expect(put("a")).toBe(REFUSED.sequences);
      expect(store.state()).toMatchObject({ firstSeq: 2 ** 53 - 2, lastSeq: 2 ** 53 - 1, msgs: 2, deleted: 0 });
      expect(shownMsg(store, 2 ** 53 - 1)).toMatchObject({ subject: "a" });
      store.checkInvariants();
    });

    test("skipped sequences count as deleted", () => {
      const { store, put, settle } = start();
      store.stageSkip(2, NOW + 5, 6);
      settle();
      expect(store.state()).toMatchObject({ firstSeq: 3, lastSeq: 2, lastSec: NOW + 5, lastNanos: 6, deleted: 0 });
      put("a");
      store.stageSkip(5_000_000_000, NOW, 0);
      settle();
      put("a");
      expect(store.state()).toMatchObject({ msgs: 2, firstSeq: 3, lastSeq: 5_000_000_001, deleted: 4_999_999_997 });
      expect(store.next(filter("a"), 4, 10)).toBe(5_000_000_001);
      expect(store.previous(filter("a"), 5_000_000_000, 10)).toBe(3);
      store.stageRemove(3, false);
      settle();
      store.checkInvariants();
    });

    test("what is staged behind far skipped sequences is found at once", () => {
      const { store, settle } = start();
      store.stage(msg("a"), "plain");
      store.stageSkip(5_000_000_000, NOW, 0);
      store.stage(msg("b"), "rollupAll");
      store.stage(msg("a"), "plain");
      settle();
      expect(store.state()).toMatchObject({ msgs: 2, lastSeq: 5_000_000_002 });
      store.checkInvariants();
    });

    describe("discard new", () => {
      test("refuses at max_msgs, but not on a subject that makes room itself", () => {
        const { store } = start({ discardNew: true, maxMsgs: 2, maxMsgsPerSubject: 1 });
        const answers = ["a", "b", "a", "c", "b"].map((subject) => store.stage(msg(subject), "plain"));
        expect(answers).toEqual([1, 2, 3, REFUSED.maxMsgs, 4]);
        expect(store.stage(msg("c"), "replicated")).toBe(5);
      });

      test("refuses at max_bytes, unless the message is no larger than the subject's oldest", () => {
        const { store, settle } = start({ discardNew: true, maxMsgsPerSubject: 1 });
        const size = store.sizeOf(1, 0, 10);
        store.setLimits({ ...NO_LIMITS, discardNew: true, maxMsgsPerSubject: 1, maxBytes: 2 * size + 5 });
        const stage = (subject: string, length: number): number =>
          store.stage(msg({ subject, body: "x".repeat(length) }), "plain");
        expect([stage("a", 10), stage("b", 10), stage("a", 10), stage("a", 11), stage("a", 9), stage("c", 0)]).toEqual([1, 2, 3, REFUSED.maxBytes, 4, REFUSED.maxBytes]); // prettier-ignore
        settle();
        expect(store.state()).toMatchObject({ msgs: 2, bytes: 2 * size - 1, firstSeq: 2, deleted: 1 });
      });

      test("per subject refuses also against what is only staged; a rollup passes", () => {
        const { store, settle, heard } = start({ discardNew: true, discardNewPerSubject: true, maxMsgsPerSubject: 1 });
        expect(store.stage(msg("a"), "plain")).toBe(1);
        expect(store.stage(msg("a"), "plain")).toBe(REFUSED.maxMsgsPerSubject);
        expect(store.stage(msg("a"), "rollupSubject")).toBe(2);
        expect(store.stage(msg("b"), "plain")).toBe(3);
        settle();
        expect(heard.take()).toEqual(["removed 1 a", "committed 3"]);
        expect(store.stage(msg("b"), "plain")).toBe(REFUSED.maxMsgsPerSubject);
      });

      test("counts each staged message once while groups commit one after the other", () => {
        const { store, complete } = start({ discardNew: true, maxMsgs: 4 });
        store.setLimits({ ...NO_LIMITS, discardNew: true, maxMsgs: 4, maxBytes: 4 * store.sizeOf(1, 0, 0) });
        for (let seq = 1; seq <= 4; seq++) {
          expect(store.stage(msg("a"), "plain")).toBe(seq);
          if (seq % 2 === 1) store.submit();
          else complete();
        }
        expect(store.stage(msg("a"), "plain")).toBe(REFUSED.maxMsgs);
      });

      test("lowered limits refuse, but remove only per subject", () => {
        const { store, put } = start();
        for (const subject of ["a", "b", "a", "b"]) put(subject);
        store.setLimits({ ...NO_LIMITS, discardNew: true, maxMsgs: 1, maxBytes: 1 });
        while (store.enforce(1));
        expect(store.state().msgs).toBe(4);
        store.setLimits({ ...NO_LIMITS, discardNew: true, maxMsgs: 1, maxMsgsPerSubject: 1 });
        while (store.enforce(1));
        expect(store.state()).toMatchObject({ msgs: 2, firstSeq: 3 });
      });
    });

    describe("limits that remove", () => {
      test("lowered together, those of the stream come before those of subjects", () => {
        const { store, put } = start();
        for (const subject of ["c", "b", "b", "b"]) put(subject);
        store.setLimits({ ...NO_LIMITS, maxMsgs: 3, maxMsgsPerSubject: 1 });
        while (store.enforce(1));
        expect(store.state()).toMatchObject({ msgs: 1, firstSeq: 4 });
      });

      test("lowered, they are applied bit by bit, each subject keeping its newest", () => {
        const { store, put, heard } = start();
        for (let i = 0; i < 300; i++) put(`s.${i % 3}`);
        heard.take();
        store.setLimits({ ...NO_LIMITS, maxMsgsPerSubject: 2 });
        let more = true;
        for (; more;) {
          more = store.enforce(10);
          expect(heard.take().length).toBeLessThanOrEqual(10);
        }
        expect(store.state()).toMatchObject({ msgs: 6, firstSeq: 295, lastSeq: 300 });
        expect(subjectsOf(store, ALL_SUBJECTS, 10)).toEqual([
          ["s.0", 295, 298, 2],
          ["s.1", 296, 299, 2],
          ["s.2", 297, 300, 2],
        ]);
      });

      test.each([{ maxMsgsPerSubject: 1 }, { maxMsgs: 1 }, { maxBytes: 100 }])(
        "lowered to %o, a commit meanwhile does not apply them to all there is at once",
        (limits) => {
          const { store, put, heard } = start();
          for (let i = 0; i < 500; i++) put("a");
          store.setLimits({ ...NO_LIMITS, ...limits });
          store.enforce(1);
          heard.take();
          put("a");
          const gone = heard.take().length - 1;
          expect(gone).toBeGreaterThan(0);
          expect(gone).toBeLessThan(100);
          while (store.enforce(10));
          expect(store.state()).toMatchObject({ lastSeq: 501, msgs: limits.maxBytes ? store.state().msgs : 1 });
          put("a");
          expect(store.state().msgs).toBeLessThan(6);
        },
      );

      test("a message larger than max_bytes empties the stream and is gone itself", () => {
        const { store, put } = start({ maxBytes: 200 });
        put({ subject: "a", body: "x".repeat(50) });
        put({ subject: "a", body: "z".repeat(300) });
        expect(store.state()).toMatchObject({ msgs: 0, bytes: 0, firstSeq: 3, lastSeq: 2 });
      });

      test("messages go when they are as old as max_age, some at a time", () => {
        const { store, put } = start({ maxAgeSec: 1, maxAgeNanos: 500_000_000 });
        for (let i = 0; i < 4; i++) put({ subject: "a", sec: NOW + i, nanos: 600_000_000 });
        expect(store.expire(NOW + 2, 99_999_999, 10)).toBe(false);
        expect(store.state().msgs).toBe(4);
        expect(store.expire(NOW + 3, 100_000_000, 1)).toBe(true);
        expect(store.expire(NOW + 3, 100_000_000, 1)).toBe(false);
        expect(store.state()).toMatchObject({ msgs: 2, firstSeq: 3, firstSec: NOW + 2 });
      });

      test("a rollup of all removes what is older, staged too", () => {
        const { store, put, settle, heard } = start();
        put("a");
        store.stage(msg("b"), "plain");
        store.stage(msg("c"), "rollupAll");
        expect([store.stagedLast(filter("a")), store.stagedLast(filter("b")), store.stagedLast(filter("*"))]).toEqual([0, 0, 3]); // prettier-ignore
        store.stage(msg("b"), "plain");
        heard.take();
        settle();
        expect(heard.take()).toEqual(["compacted 3 2", "committed 4"]);
        expect(subjectsOf(store, ALL_SUBJECTS, 9)).toEqual([["b", 4, 4, 1], ["c", 3, 3, 1]]); // prettier-ignore
        store.checkInvariants();
      });
    });

    describe("purge", () => {
      const filled = () => {
        const all = start();
        for (let i = 0; i < 10; i++) all.put(`p.${i % 3}`);
        return all;
      };
      test.each([
        ["everything", {}, 10, { msgs: 0, firstSeq: 11, lastSeq: 10 }],
        ["below a sequence", { below: 4 }, 3, { msgs: 7, firstSeq: 4, lastSeq: 10 }],
        ["below one: nothing", { below: 1 }, 0, { msgs: 10, firstSeq: 1 }],
        ["below a sequence ahead", { below: 100 }, 10, { msgs: 0, firstSeq: 100, lastSeq: 99 }],
        ["all but the newest", { keep: 4 }, 6, { msgs: 4, firstSeq: 7 }],
        ["all but more than there are", { keep: 40 }, 0, { msgs: 10, firstSeq: 1 }],
        ["a subject", { filter: filter("p.0") }, 4, { msgs: 6, firstSeq: 2, subjects: 2, deleted: 3 }],
        ["some subjects but the newest", { filter: filter("p.*"), keep: 3 }, 7, { msgs: 3, firstSeq: 8 }],
        ["a subject below a sequence", { filter: filter("p.1"), below: 5 }, 1, { msgs: 9, deleted: 1 }],
        ["a subject that is not there", { filter: filter("q") }, 0, { msgs: 10 }],
      ] as const)("%s", (_, request, purged, state) => {
        for (const most of [1, 3, 1000]) {
          const { store, settle } = filled();
          expect(purge(store, settle, request, most)).toBe(purged);
          expect(store.state()).toMatchObject(state);
          store.checkInvariants();
        }
      });
    });

    test("any run of operations agrees with an array", () => {
      fc.assert(
        fc.property(limitsOf, fc.array(operation, { maxLength: 60 }), fc.boolean(), (limits, operations, calm) => {
          const heard = new Heard();
          const { store, complete, isWriting } = open(limits, heard);
          const model = new StoreModel(limits);
          let clock = 0;
          const settle = (): void => {
            store.submit();
            model.submit();
            complete();
            model.complete();
          };
          for (const op of operations) {
            // What is staged to be removed does not count in discard new, nor does what expires meanwhile.
            if (limits.discardNew && !["stage", "submit", "complete"].includes(op.kind)) settle();
            clock += 0.25;
            const sec = NOW + Math.floor(clock);
            const nanos = (clock % 1) * 1e9;
            if (op.kind === "stage") {
              const { subject, header, body, rule } = op;
              const size = store.sizeOf(subject.length, header.length, body.length);
              const got = store.stage(msg({ subject, header, body, sec, nanos }), rule);
              expect(got).toBe(model.stage({ subject, header, body, sec, nanos, size }, rule));
            } else if (op.kind === "remove") {
              expect(store.stageRemove(op.seq, op.erase)).toBe(model.stageRemove(op.seq));
            } else if (op.kind === "compact") {
              store.stageCompact(op.seq);
              model.stageCompact(op.seq);
            } else if (op.kind === "skip") {
              store.stageSkip(store.stagedLastSeq + op.by, sec, nanos);
              model.stageSkip(model.stagedLastSeq + op.by, sec, nanos);
            } else if (op.kind === "submit") {
              model.submit(isWriting?.());
              store.submit();
            } else if (op.kind === "complete") {
              complete();
              model.complete();
            } else if (op.kind === "expire") {
              while (store.expire(sec, nanos, 2));
              model.expire(sec, nanos);
            } else {
              const changed = { ...op.limits, discardNew: limits.discardNew };
              store.setLimits(changed);
              model.limits = changed;
              while (store.enforce(2));
              model.enforce();
            }
            if (calm && !limits.discardNew) settle();
            expect(store.stagedLastSeq).toBe(model.stagedLastSeq);
            expect(store.state()).toEqual(model.state());
            expect([store.lastSeq, store.bytes]).toEqual([model.state().lastSeq, model.state().bytes]);
          }
          compareStaged(store, model);
          settle();
          store.checkInvariants();
          compare(store, model);
        }),
        { numRuns: 400 },
      );
    }, 60_000);
  });
}

const subjects = ["a", "b", "a.b", "a.c", "b.c.d"];
const patterns: readonly (readonly string[])[] = [[], ["a"], ["a.*"], ["a.>"], ["*"], ["a.b", "b.>"], ["*.*", "b"], ["z"], [">"]]; // prettier-ignore

const operation = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("stage" as const),
      subject: fc.constantFrom(...subjects),
      header: fc.constantFrom("", "", "NATS/1.0\r\nA: b\r\n\r\n"),
      body: fc.integer({ min: 0, max: 40 }).map((length) => "0123456789".repeat(4).slice(0, length)),
      rule: fc.constantFrom<StageRule>("plain", "plain", "plain", "plain", "plain", "plain", "rollupSubject", "rollupAll", "replicated"), // prettier-ignore
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), seq: fc.integer({ min: 1, max: 30 }), erase: fc.boolean() }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact" as const), seq: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("skip" as const), by: fc.constantFrom(1, 3, 5_000_000_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("submit" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("complete" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("limits" as const), limits: fc.constant(NO_LIMITS).chain(() => anyLimits(false)) }) }, // prettier-ignore
);

function anyLimits(discardNew: boolean): fc.Arbitrary<StoreLimits> {
  return fc.record({
    maxMsgs: fc.constantFrom(0, 0, 1, 3, 8),
    maxBytes: fc.constantFrom(0, 0, 60, 150, 400),
    maxMsgsPerSubject: fc.constantFrom(0, 0, 1, 2),
    maxAgeSec: fc.constantFrom(0, 0, 2, 5),
    maxAgeNanos: fc.constantFrom(0, 250_000_000),
    discardNew: fc.constant(discardNew),
    discardNewPerSubject: discardNew ? fc.boolean() : fc.constant(false),
  });
}
const limitsOf = fc.boolean().chain(anyLimits);

/** What the checks of a publish would see. */
function compareStaged(store: StreamStore, model: StoreModel): void {
  const planned = model.planned();
  for (const each of planned) if (each.seq > model.lastSeq) expect(shownMsg(store, each.seq, true)).toEqual(each);
}

/** Every question a store answers, put to both. */
function compare(store: StreamStore, model: StoreModel): void {
  const { msgs, lastSeq } = model;
  expect(store.state()).toEqual(model.state());
  expect([store.lastSeq, store.bytes]).toEqual([model.state().lastSeq, model.state().bytes]);
  for (const each of msgs) expect(shownMsg(store, each.seq)).toEqual(each);
  const near = [0, 1, 2, 5, 9, 14, 20, 40, lastSeq, lastSeq + 1];
  for (const seq of near) {
    if (!msgs.some((each) => each.seq === seq)) expect(shownMsg(store, seq)).toBeUndefined();
  }
  for (const seq of near) {
    const rest = msgs.filter(
      (each, i) => each.seq >= seq && each.seq === seq + i - msgs.findIndex((one) => one.seq === seq),
    );
    const run = shownRun(store, seq, 5);
    expect(run).toEqual(rest.slice(0, run.length));
    expect(run.length).toBeLessThanOrEqual(5);
  }
  const gathered = new StoredRun();
  gathered.clear();
  const few = msgs.filter((_, i) => i % 3 !== 1);
  for (const each of few) expect(store.addToRun(each.seq, gathered)).toBe(true);
  expect(shownIn(store, gathered)).toEqual(few);
  for (const seq of near) {
    if (!msgs.some((each) => each.seq === seq)) expect(store.addToRun(seq, gathered)).toBe(false);
  }
  for (const from of near) {
    const headed = headedOf(store, from);
    const wanted = msgs.filter(({ seq, header }) => seq >= from && header !== "").map(({ seq }) => seq);
    expect(headed.filter((seq) => wanted.includes(seq))).toEqual(wanted);
    expect(headed.filter((seq) => !msgs.some((each) => each.seq === seq && seq >= from))).toEqual([]);
  }
  for (const texts of patterns) {
    const names = texts.map((text) => byteString(text));
    const wanted = new SubjectFilter(names);
    const matching = texts.includes(">") ? msgs : model.matching(names);
    const bySubject = new Map<string, ModelMsg[]>();
    for (const each of matching) bySubject.set(each.subject, [...(bySubject.get(each.subject) ?? []), each]);
    expect(store.last(wanted)).toBe(matching.at(-1)?.seq ?? 0);
    expect(store.stagedLast(wanted)).toBe(matching.at(-1)?.seq ?? 0);
    const counted = [...bySubject]
      .map(([subject, seqs]) => [subject, seqs[0]!.seq, seqs.at(-1)!.seq, seqs.length])
      .sort(([a], [b]) => Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b))));
    expect(subjectsOf(store, wanted, 2)).toEqual(counted);
    const got: (number | boolean)[][] = [];
    const expected: (number | boolean)[][] = [];
    for (const from of near) {
      const most = 1 + (from % 3);
      const rest = matching.filter(({ seq }) => seq >= from);
      const before = matching.filter(({ seq }) => seq <= from);
      const next = nextOf(store, wanted, from, most);
      const previous = previousOf(store, wanted, from, most);
      const count = store.count(wanted, from, lastSeq);
      const lasts = [...bySubject.values()].flatMap((seqs) => seqs.filter(({ seq }) => seq <= from).at(-1)?.seq ?? []);
      const into: number[] = [];
      const isAll = store.lastPerSubject(wanted, from, lasts.length, into);
      const isTooMany = lasts.length > 0 && !store.lastPerSubject(wanted, from, lasts.length - 1, []);
      // One comparison for all: thousands of them are most of the time of a run.
      got.push([from, next, previous, count, isAll, isTooMany, ...into]);
      const sorted = lasts.sort((a, b) => a - b);
      expected.push([from, rest[0]?.seq ?? 0, before.at(-1)?.seq ?? 0, rest.length, true, lasts.length > 0, ...sorted]);
    }
    expect(got).toEqual(expected);
  }
  for (let quarter = 0; quarter < 16; quarter++) {
    const [sec, nanos] = [NOW + Math.floor(quarter / 4), (quarter % 4) * 250_000_000];
    const later = msgs.find((each) => each.sec > sec || (each.sec === sec && each.nanos >= nanos));
    expect(store.seqAt(sec, nanos)).toBe(later?.seq ?? lastSeq + 1);
  }
  if (lastSeq === 0 || lastSeq > 1000) return;
  const deleted: number[] = [];
  for (let seq = model.firstSeq; seq <= lastSeq; seq++) {
    if (!msgs.some((each) => each.seq === seq)) deleted.push(seq);
  }
  expect(deletedOf(store, 2)).toEqual(deleted);
}
