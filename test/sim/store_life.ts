// A file store from its first message through stops, kills and power cuts, at random, and the ledger it is held to.
//
// Everything comes from the seed of the disk: what is asked, when turns and disk
// calls end, what the power takes.

import { DiskError } from "../../src/base/disk.ts";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { openFileStore } from "../../src/store/file/open_file_store.ts";
import { StoreCache } from "../../src/store/file/store_cache.ts";
import { NO_LIMITS, REFUSED, StoredMsg, type StageRule, type StoreLimits } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { hold, Ledger } from "./ledger.ts";

export const NOW = 1_800_000_000;
const MOST_STEPS = 100_000;
const SUBJECTS = ["a", "b", "a.b", "a.c", "b.c.d", "long.subject.with.many.tokens.in.it"];

export interface LifeOptions {
  readonly stream: string;
  readonly limits: StoreLimits;
  readonly blockBytes: number;
  readonly how: "synced" | "written";
  readonly firstSeq: number;
  readonly compression: "none" | "s2";
}

export class StoreLife {
  readonly disk: FakeDisk;
  readonly options: LifeOptions;
  readonly ledger = new Ledger();
  /** What an operator was told. */
  readonly logged: string[] = [];
  /** What happened, one line each; undefined: nobody asks. */
  readonly trace: ((line: string) => void) | undefined;
  #store: FileStore | undefined;
  #turns: (() => void)[] = [];
  #clock = 0;

  constructor(disk: FakeDisk, options: LifeOptions, trace?: (line: string) => void) {
    this.trace = trace;
    this.disk = disk;
    this.options = options;
    disk.makeDirectory(options.stream);
    disk.syncDirectory("", () => undefined);
    disk.complete();
  }

  get store(): FileStore {
    hold(this.#store !== undefined, () => "the store is open");
    return this.#store!;
  }

  /** Opens the store; a failure is a result. `steps` bounds it: undefined when it was not over by then. */
  open(steps = Number.POSITIVE_INFINITY): FileStore | DiskError | undefined {
    const { stream, limits, blockBytes, how, firstSeq, compression } = this.options;
    const turns: (() => void)[] = [];
    this.#turns = turns;
    let opened: FileStore | DiskError | undefined;
    openFileStore(
      {
        disk: this.disk,
        directory: stream,
        stream,
        limits,
        seed: 99,
        events: this.#events(),
        how,
        blockBytes,
        cache: new StoreCache(1 << 16),
        randomBytes: (count) => new Uint8Array(count).fill(0xee),
        later: (fire) => turns.push(fire),
        slice: (fire) => turns.push(fire),
        log: (text) => this.logged.push(text),
        firstSeq,
        compression,
        wallSec: NOW + this.#clock,
      },
      (result) => (opened = result),
    );
    hold(opened === undefined, () => "nobody is called back inside a call");
    for (let left = Math.min(steps, MOST_STEPS); left > 0 && this.step(); left--);
    this.#store = opened instanceof DiskError ? undefined : opened;
    return opened;
  }

  /** One thing that happens; false when nothing is left to. */
  step(): boolean {
    if (this.disk.random(2) === 0 && this.disk.completeOne()) return true;
    const turn = this.#turns.shift();
    turn?.();
    return turn !== undefined || this.disk.completeOne();
  }
  settle(): void {
    let steps = 0;
    while (this.step()) hold(++steps < MOST_STEPS, () => "it comes to an end");
  }

  /** The process is gone; nothing of it happens any more. */
  end(how: "kill" | "cut"): void {
    this.#turns.length = 0;
    this.#store = undefined;
    if (how === "kill") this.disk.kill();
    else this.disk.powerCut();
  }

  /** A clean stop; what it said. */
  close(): string | undefined {
    let said: string | undefined = "nothing";
    this.store.close((failure) => (said = failure));
    this.settle();
    this.end("kill");
    return said;
  }

  /** Asks for something, or lets something happen. */
  act(): void {
    const { disk, ledger } = this;
    const what = disk.random(100);
    if (what < 40) this.#stage("plain");
    else if (what < 43) this.#stage("rollupSubject");
    else if (what < 44) this.#stage("rollupAll");
    else if (what < 46) this.#stage("replicated");
    else if (what < 48) this.#skip();
    else if (what < 56) this.#remove(1 + disk.random(ledger.highest + 1), disk.random(4) === 0);
    else if (what < 57) this.#compact(disk.random(ledger.highest + 3));
    else if (what < 58) this.#purge();
    else if (what < 59) this.#setLimits();
    else if (what < 60) this.#expire();
    else if (what < 75) this.#submit();
    else this.step();
  }

  #events(): ConstructorParameters<typeof FileStore>[0]["events"] {
    const { ledger } = this;
    return {
      committed: (upTo) => {
        this.trace?.(`  committed ${upTo}`);
        ledger.lastConfirmed = Math.max(ledger.lastConfirmed, upTo);
      },
      refused: (from, upTo) => {
        this.trace?.(`  refused ${from} to ${upTo}`);
        for (let seq = from; seq <= upTo; seq++) if (!ledger.confirmed.has(seq)) ledger.refused.add(seq);
      },
      removed: (seq) => {
        this.trace?.(`  removed ${seq}`);
        if (!ledger.removing.has(seq)) ledger.trimmed.add(seq);
      },
      compacted: (first, msgs) => this.trace?.(`  compacted ${first}, ${msgs} messages`),
    };
  }

  #submit(): void {
    this.trace?.("submit");
    this.store.submit();
  }

  #stage(rule: StageRule): void {
    const { disk, store, ledger } = this;
    const subject = `${this.options.stream}.${SUBJECTS[disk.random(SUBJECTS.length)]!}`;
    const header = disk.random(4) === 0 ? `NATS/1.0\r\nN: ${"h".repeat(disk.random(40))}\r\n\r\n` : "";
    const body = String.fromCharCode(97 + disk.random(26)).repeat(disk.random(disk.random(8) === 0 ? 900 : 70));
    this.#clock++;
    const given = { subject, header, body, sec: NOW + this.#clock, nanos: disk.random(1_000_000_000) };
    const msg = new StoredMsg();
    [msg.sec, msg.nanos] = [given.sec, given.nanos];
    [msg.subject, msg.subjectTo] = [Buffer.from(subject), subject.length];
    [msg.header, msg.headerTo] = [Buffer.from(header), header.length];
    [msg.body, msg.bodyTo] = [Buffer.from(body), body.length];
    // What limits took before is gone as well: a rollup leaves nothing of its subject.
    const older = [...ledger.given].filter(([, each]) => rule === "rollupAll" || each.subject === subject);
    const seq = store.stage(msg, rule);
    if (seq < 0) {
      const { discardNew } = this.options.limits;
      hold(
        seq === REFUSED.frozen ? store.failure !== undefined || rule === "rollupSubject" : discardNew,
        () => `message refused: ${seq}`,
      );
      return;
    }
    this.trace?.(`stage ${rule} ${seq} ${subject} ${header.length}+${body.length}`);
    ledger.stage(seq, given);
    const rolled = rule === "rollupAll" || rule === "rollupSubject" ? older.map(([seq]) => seq) : [];
    for (const each of rolled) ledger.removing.add(each);
    store.afterCommit((failure) => {
      if (failure !== undefined) return;
      ledger.confirm(seq);
      for (const each of rolled) ledger.remove(each);
    });
  }

  #skip(): void {
    const { ledger, store } = this;
    const seq = store.stagedLastSeq + 1 + this.disk.random(3);
    if (store.failure !== undefined) return;
    this.trace?.(`skip ${seq}`);
    store.stageSkip(seq, NOW + this.#clock, 0);
    ledger.highest = seq;
    store.afterCommit((failure) => {
      if (failure === undefined) ledger.lastConfirmed = Math.max(ledger.lastConfirmed, seq);
    });
  }

  #remove(seq: number, erase: boolean): void {
    const { ledger, store } = this;
    if (!store.stageRemove(seq, erase)) return;
    this.trace?.(`remove ${seq}${erase ? " erase" : ""}`);
    ledger.removing.add(seq);
    store.afterCommit((failure) => {
      if (failure === undefined) ledger.remove(seq);
    });
  }

  #compact(first: number): void {
    const { ledger, store } = this;
    if (store.failure !== undefined) return;
    const gone = [...ledger.given.keys()].filter((seq) => seq < first);
    this.trace?.(`compact ${first}`);
    store.stageCompact(first);
    for (const seq of gone) ledger.removing.add(seq);
    ledger.highest = Math.max(ledger.highest, first - 1);
    store.afterCommit((failure) => {
      if (failure !== undefined) return;
      for (const seq of gone) ledger.remove(seq);
      ledger.lastConfirmed = Math.max(ledger.lastConfirmed, first - 1);
    });
  }

  /** Everything there is now. */
  #purge(): void {
    this.#compact(this.store.stagedLastSeq + 1);
  }

  #expire(): void {
    let slices = 0;
    while (this.store.expire(NOW + this.#clock, 0, 1 + this.disk.random(5)))
      hold(++slices < MOST_STEPS, () => "expiry comes to an end");
  }

  #setLimits(): void {
    const { store, disk } = this;
    const { limits } = this.options;
    if (limits === NO_LIMITS) return;
    store.setLimits({ ...limits, maxMsgs: limits.maxMsgs > 0 ? 1 + disk.random(limits.maxMsgs) : 0 });
    let slices = 0;
    while (store.enforce(3)) hold(++slices < MOST_STEPS, () => "limits come to an end");
    store.setLimits(limits);
  }
}
