// A stream's messages as a plain array, slowly and obviously right: what every store is compared with.

import { subjectMatches } from "../../src/subject/subject.ts";
import type { ByteString } from "../../src/base/bytes.ts";
import { REFUSED, ZERO_SEC, type StageRule, type StoreLimits, type StoreState } from "../../src/store/stream_store.ts";

export interface ModelMsg {
  readonly seq: number;
  readonly subject: string;
  readonly header: string;
  readonly body: string;
  readonly sec: number;
  readonly nanos: number;
  readonly size: number;
}
type Op =
  | { readonly kind: "msg"; readonly msg: ModelMsg; readonly rule: StageRule }
  | { readonly kind: "remove"; readonly seq: number }
  | { readonly kind: "compact"; readonly first: number }
  | { readonly kind: "skip"; readonly seq: number; readonly sec: number; readonly nanos: number };

export class StoreModel {
  msgs: ModelMsg[] = [];
  firstSeq = 0;
  lastSeq = 0;
  lastSec = ZERO_SEC;
  lastNanos = 0;
  stagedLastSeq = 0;
  limits: StoreLimits;
  #open: Op[] = [];
  #submitted: Op[] = [];
  #isOpenDue = false;

  constructor(limits: StoreLimits) {
    this.limits = limits;
  }

  get busy(): boolean {
    return this.#open.length + this.#submitted.length > 0;
  }

  stage(draft: Omit<ModelMsg, "seq">, rule: StageRule): number {
    const { discardNew, discardNewPerSubject, maxMsgs, maxBytes, maxMsgsPerSubject } = this.limits;
    if (discardNew && rule !== "replicated") {
      const planned = this.planned();
      const same = planned.filter(({ subject }) => subject === draft.subject);
      const full = maxMsgsPerSubject > 0 && same.length >= maxMsgsPerSubject;
      if (full && discardNewPerSubject && rule === "plain") return REFUSED.maxMsgsPerSubject;
      if (maxMsgs > 0 && !full && planned.length >= maxMsgs) return REFUSED.maxMsgs;
      const freed = full ? same[0]!.size : 0;
      if (maxBytes > 0 && sum(planned) + draft.size > maxBytes && draft.size > freed) return REFUSED.maxBytes;
    }
    const seq = ++this.stagedLastSeq;
    this.#open.push({ kind: "msg", msg: { ...draft, seq }, rule });
    return seq;
  }
  stageRemove(seq: number): boolean {
    if (!this.msgs.some((msg) => msg.seq === seq)) return false;
    this.#open.push({ kind: "remove", seq });
    return true;
  }
  stageCompact(first: number): void {
    this.#open.push({ kind: "compact", first });
    this.stagedLastSeq = Math.max(this.stagedLastSeq, first - 1);
  }
  stageSkip(seq: number, sec: number, nanos: number): void {
    if (seq <= this.stagedLastSeq) return;
    this.#open.push({ kind: "skip", seq, sec, nanos });
    this.stagedLastSeq = seq;
  }
  /** `grows`: what is staged until an earlier group has landed goes with this one. */
  submit(grows = false): void {
    if (grows) this.#isOpenDue = true;
    this.#submitted.push(...this.#open);
    this.#open = [];
  }
  complete(): void {
    if (this.#isOpenDue) this.submit();
    this.#isOpenDue = false;
    const ops = this.#submitted;
    this.#submitted = [];
    for (const op of ops) this.#apply(op);
  }
  expire(sec: number, nanos: number): void {
    const { maxAgeSec, maxAgeNanos } = this.limits;
    if (maxAgeSec <= 0 && maxAgeNanos <= 0) return;
    const old = BigInt(sec - maxAgeSec) * 1_000_000_000n + BigInt(nanos - maxAgeNanos);
    while (this.msgs.length > 0) {
      const [first] = this.msgs;
      if (BigInt(first!.sec) * 1_000_000_000n + BigInt(first!.nanos) > old) break;
      this.#drop([first!]);
    }
  }
  enforce(): void {
    this.#trim();
    for (const subject of new Set(this.msgs.map((msg) => msg.subject))) this.#trimSubject(subject);
  }
  state(): StoreState {
    const [first] = this.msgs;
    return {
      msgs: this.msgs.length,
      bytes: sum(this.msgs),
      firstSeq: this.firstSeq,
      firstSec: first?.sec ?? ZERO_SEC,
      firstNanos: first?.nanos ?? 0,
      lastSeq: this.lastSeq,
      lastSec: this.lastSec,
      lastNanos: this.lastNanos,
      subjects: new Set(this.msgs.map((msg) => msg.subject)).size,
      deleted: this.lastSeq === 0 ? 0 : this.lastSeq - this.firstSeq + 1 - this.msgs.length,
    };
  }
  /** What the messages will be when everything staged is committed; staged removals not counted. */
  planned(): ModelMsg[] {
    const copy = new StoreModel(this.limits);
    copy.msgs = [...this.msgs];
    for (const op of [...this.#submitted, ...this.#open]) if (op.kind === "msg") copy.#apply(op);
    return copy.msgs;
  }
  matching(patterns: readonly ByteString[], msgs = this.msgs): ModelMsg[] {
    if (patterns.length === 0) return msgs;
    return msgs.filter((msg) => patterns.some((pattern) => subjectMatches(pattern, msg.subject as ByteString)));
  }

  #apply(op: Op): void {
    if (op.kind === "remove") this.#drop(this.msgs.filter((msg) => msg.seq === op.seq));
    else if (op.kind === "compact") {
      this.#drop(this.msgs.filter((msg) => msg.seq < op.first));
      this.lastSeq = Math.max(this.lastSeq, op.first - 1);
      this.#settle();
    } else if (op.kind === "skip") {
      this.lastSeq = op.seq;
      this.lastSec = op.sec;
      this.lastNanos = op.nanos;
      this.#settle();
    } else {
      const { msg, rule } = op;
      this.msgs.push(msg);
      this.lastSeq = msg.seq;
      this.lastSec = msg.sec;
      this.lastNanos = msg.nanos;
      this.#settle();
      if (rule === "rollupAll") this.#drop(this.msgs.slice(0, -1));
      if (rule === "rollupSubject") this.#drop(this.msgs.slice(0, -1).filter(({ subject }) => subject === msg.subject));
      this.#trimSubject(msg.subject);
      this.#trim();
    }
  }
  #drop(gone: readonly ModelMsg[]): void {
    this.msgs = this.msgs.filter((msg) => !gone.includes(msg));
    this.#settle();
  }
  #settle(): void {
    if (this.lastSeq > 0) this.firstSeq = this.msgs[0]?.seq ?? this.lastSeq + 1;
  }
  #trimSubject(subject: string): void {
    const limit = this.limits.maxMsgsPerSubject;
    const same = this.msgs.filter((msg) => msg.subject === subject);
    if (limit > 0) this.#drop(same.slice(0, Math.max(0, same.length - limit)));
  }
  #trim(): void {
    const { maxMsgs, maxBytes, discardNew } = this.limits;
    if (discardNew) return;
    const isOver = (): boolean =>
      (maxMsgs > 0 && this.msgs.length > maxMsgs) || (maxBytes > 0 && sum(this.msgs) > maxBytes);
    while (isOver()) this.#drop([this.msgs[0]!]);
  }
}

function sum(msgs: readonly ModelMsg[]): number {
  return msgs.reduce((total, { size }) => total + size, 0);
}
