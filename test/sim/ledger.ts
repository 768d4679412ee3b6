// What a store was asked for and what it confirmed, and whether what it shows agrees.
//
// Of each sequence: what it was given to, whether that is confirmed, and what is
// known of its removal. Knows no disk.

import { byteStringOf, type ByteString } from "../../src/base/bytes.ts";
import { StoredRun } from "../../src/store/stored_run.ts";
import { StoredMsg, type StoreLimits, type StreamStore } from "../../src/store/stream_store.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";

/** A rule that does not hold. */
export class Broken extends Error {}

export function hold(isTrue: boolean, rule: () => string): void {
  if (!isTrue) throw new Broken(rule());
}

export interface Given {
  readonly subject: string;
  readonly header: string;
  readonly body: string;
  readonly sec: number;
  readonly nanos: number;
}

export interface Shown extends Given {
  readonly seq: number;
}

export class Ledger {
  readonly given = new Map<number, Given>();
  readonly confirmed = new Set<number>();
  /** Refused to the publisher. */
  readonly refused = new Set<number>();
  /** Removal asked for, and confirmed. */
  readonly removing = new Set<number>();
  readonly removed = new Set<number>();
  /** Taken by limits: they leave no trace, a later start may do without them or not. */
  readonly trimmed = new Set<number>();
  /** In a record that was damaged on purpose: anything goes. */
  readonly spoiled = new Set<number>();
  /** All that ever were. */
  readonly rotten = new Set<number>();
  /** The highest sequence that is confirmed as used. */
  lastConfirmed = 0;
  /** The highest one given out since the store was opened. */
  highest = 0;

  stage(seq: number, given: Given): void {
    hold(seq > this.highest, () => `sequence ${seq} was given out after ${this.highest}`);
    hold(!this.confirmed.has(seq), () => `sequence ${seq} was given out again`);
    this.removed.delete(seq);
    this.highest = seq;
    this.given.set(seq, given);
    this.refused.delete(seq);
  }

  confirm(seq: number): void {
    this.confirmed.add(seq);
    this.lastConfirmed = Math.max(this.lastConfirmed, seq);
  }

  spoil(seq: number): void {
    this.spoiled.add(seq);
    this.rotten.add(seq);
  }

  /** A mark was damaged that told the removal of everything up to `seq`. */
  spoilUpTo(seq: number): void {
    for (const each of this.given.keys()) if (each <= seq && this.removing.has(each)) this.spoil(each);
  }

  #forget(seq: number): void {
    for (const each of [this.confirmed, this.refused, this.removing, this.removed, this.trimmed]) each.delete(seq);
    this.given.delete(seq);
  }

  remove(seq: number): void {
    this.removing.add(seq);
    this.removed.add(seq);
  }

  /** Confirmed messages that nobody may have taken. */
  *kept(): Generator<number> {
    for (const seq of this.confirmed) {
      if (!this.removing.has(seq) && !this.trimmed.has(seq) && !this.spoiled.has(seq)) yield seq;
    }
  }

  /** Holds a store to it. `isSettled`: nothing is on its way, so what is there is exactly what is confirmed. */
  check(store: StreamStore, isSettled: boolean): void {
    const { firstSeq, lastSeq, msgs, bytes } = store.state();
    const there = messagesOf(store);
    // With an index a damaged message counts until it is read.
    const missing = msgs - there.size;
    hold(missing >= 0 && missing <= this.rotten.size, () => `${there.size} messages, ${msgs} stated`);
    let size = 0;
    for (const { subject, header, body } of there.values())
      size += store.sizeOf(subject.length, header.length, body.length);
    hold(size === bytes || this.rotten.size > 0, () => `${size} bytes, ${bytes} stated`);
    for (const seq of this.kept()) hold(there.has(seq), () => `confirmed message ${seq} is lost`);
    for (const [seq, shown] of there) {
      hold(seq >= firstSeq && seq <= lastSeq, () => `${seq} is outside of ${firstSeq}–${lastSeq}`);
      if (this.spoiled.has(seq)) continue;
      // What told its removal may have been damaged behind an index, which told it too as long as it was believed.
      hold(!this.removed.has(seq) || this.rotten.has(seq), () => `removed message ${seq} is there`);
      const given = this.given.get(seq);
      hold(
        given !== undefined && isSame(given, shown),
        () => `${seq} holds ${JSON.stringify(shown)}, not ${JSON.stringify(given)}`,
      );
      hold(
        !this.refused.has(seq) || seq > this.lastConfirmed,
        () => `refused message ${seq} is there, behind it others were confirmed`,
      );
      hold(!isSettled || this.confirmed.has(seq), () => `message ${seq} is there and was not confirmed`);
    }
    hold(lastSeq >= this.lastConfirmed, () => `last sequence ${lastSeq}, ${this.lastConfirmed} was confirmed`);
  }

  /** What is found by subject, upwards and downwards, is what is found by sequence. */
  checkSearches(store: StreamStore): void {
    const there = [...messagesOf(store).values()];
    for (const subject of new Set(there.map((each) => each.subject))) {
      const filter = new SubjectFilter([subject as ByteString]);
      const expected = there.filter((each) => each.subject === subject).map(({ seq }) => seq);
      const up = searched(1, (from) => store.next(filter, from, 2), 1);
      hold(up.join() === expected.join(), () => `${subject}: ${up.join()} upwards, not ${expected.join()}`);
      const down = searched(store.state().lastSeq, (upTo) => store.previous(filter, upTo, 2), -1);
      hold(down.reverse().join() === expected.join(), () => `${subject}: ${down.join()} down, not ${expected.join()}`);
      hold(store.last(filter) === expected.at(-1), () => `${subject}: ${store.last(filter)} is last`);
    }
    hold(store.state().subjects === new Set(there.map((each) => each.subject)).size, () => "subjects are counted");
  }

  /** A store was opened: limits may have taken what has too much behind it now, without a word. */
  excuse(store: StreamStore, { maxMsgs, maxBytes, maxMsgsPerSubject }: StoreLimits): void {
    const there = [...messagesOf(store).values()];
    const size = ({ subject, header, body }: Given): number => store.sizeOf(subject.length, header.length, body.length);
    for (const seq of this.kept()) {
      const own = this.given.get(seq)!;
      const behind = there.filter((each) => each.seq > seq);
      const same = behind.filter(({ subject }) => subject === own.subject);
      const bytes = [...this.given].reduce((sum, [at, each]) => (at >= seq ? sum + size(each) : sum), 0);
      if (
        (maxMsgs > 0 && behind.length >= maxMsgs) ||
        (maxMsgsPerSubject > 0 && same.length >= maxMsgsPerSubject) ||
        (maxBytes > 0 && bytes > maxBytes)
      )
        this.trimmed.add(seq);
    }
  }

  /** A store was opened and checked: what it has now is what it must have from now on. */
  adopt(store: StreamStore): void {
    const there = messagesOf(store);
    for (const [seq, { subject, header, body, sec, nanos }] of there) {
      this.given.set(seq, { subject, header, body, sec, nanos });
      this.confirmed.add(seq);
      this.refused.delete(seq);
      this.removed.delete(seq);
      this.trimmed.delete(seq);
      this.removing.delete(seq);
    }
    for (const seq of this.given.keys()) {
      if (there.has(seq)) continue;
      if (!this.confirmed.has(seq)) {
        this.given.delete(seq);
        this.refused.delete(seq);
        this.removing.delete(seq);
      } else if (this.spoiled.has(seq)) this.remove(seq);
      else if (this.removing.has(seq) && !this.trimmed.has(seq)) this.remove(seq);
    }
    this.spoiled.clear();
    // Only damage to all that told the last sequence can have made it a lower one: `lastConfirmed` was checked.
    const { lastSeq } = store.state();
    for (const seq of this.confirmed) if (seq > lastSeq) this.#forget(seq);
    this.highest = store.stagedLastSeq;
    this.lastConfirmed = Math.max(this.lastConfirmed, store.state().lastSeq);
  }
}

/** All that a search finds, from one end on, `step` by step. */
function searched(from: number, search: (at: number) => number, step: 1 | -1): number[] {
  const found: number[] = [];
  for (let at = from; at > 0;) {
    const result = search(at);
    if (result === 0) break;
    if (result > 0) found.push(result);
    at = result > 0 ? result + step : -result;
  }
  return found;
}

/** Everything a store shows: one by one, those that follow each other together, or some gathered before each of them. */
export function messagesOf(store: StreamStore): Map<number, Shown> {
  const { firstSeq, lastSeq, msgs } = store.state();
  const found = new Map<number, Shown>();
  const into = new StoredMsg();
  const run = new StoredRun();
  const way = (lastSeq + msgs) % 3;
  for (let seq = Math.max(1, firstSeq); seq <= lastSeq; seq++) {
    run.clear();
    if (way === 1) store.loadRun(seq, 9, run);
    else if (way === 2) for (let at = seq; at < seq + 9 && at <= lastSeq; at += 2) store.addToRun(at, run);
    for (let i = 0; i < run.count; i++) {
      run.show(i, into);
      if (!found.has(into.seq)) found.set(into.seq, shownOf(into));
    }
    if (!found.has(seq) && store.load(seq, into)) found.set(seq, shownOf(into));
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

function shownOf(msg: StoredMsg): Shown {
  const { seq, sec, nanos } = msg;
  return {
    seq,
    subject: byteStringOf(msg.subject, msg.subjectFrom, msg.subjectTo),
    header: byteStringOf(msg.header, msg.headerFrom, msg.headerTo),
    body: byteStringOf(msg.body, msg.bodyFrom, msg.bodyTo),
    sec,
    nanos,
  };
}

function isSame(a: Given, b: Given): boolean {
  return (
    a.subject === b.subject && a.header === b.header && a.body === b.body && a.sec === b.sec && a.nanos === b.nanos
  );
}
