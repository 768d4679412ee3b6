// What a stream asks of the place its messages are kept: the contract of the
// memory store and the file store. One suite holds both to it
// (test/store/contract.ts).
//
// Two views. *Committed* is what a power cut cannot take back: consumers, gets,
// mirrors and republish read only that. *Staged* is committed plus what waits
// for its group: only the checks of a publish read that.
//
//     stage ─┐
//     stage ─┼─ submit ─→ group ─→ (disk, or at once) ─→ committed(upTo)
//     stage ─┘                                      └──→ refused(from, upTo)
//
// What the store decides, and why here:
// - discard new, and trims by count, bytes and per subject: they need counts
//   and sizes of messages that only the store has, staged ones included, and a
//   trim must belong to the group that causes it (a trim whose cause failed
//   would have lost a message).
// - rollups, for the same reason.
// - the bytes a message counts as: the record format is the store's.
// What the stream decides, and why there:
// - sizes of a message, sealed, deny_delete, expected sequences, duplicates,
//   interest: rules about requests; the store answers the questions they ask.
// - when to look for old messages: the store has no timer. Expiry costs time in
//   proportion to what expired, has effects on consumers, and must be sliced:
//   the stream calls `expire` from its timer until it returns false.
// - limits of the account and the server: they span stores.
//
// No call here calls back, but for those that say which of `StoreEvents` they
// raise; a listener must not call the store. Sequences are numbers up to
// 2^53−1. Times are (sec, nanos). No call throws for what the disk does.

import type { ByteString } from "../base/bytes.ts";
import type { StoredRun } from "./stored_run.ts";
import type { SubjectFilter } from "./subject_filter.ts";

/** Go's zero time in seconds since 1970: the time of what is not there. */
export const ZERO_SEC = -62_135_596_800;

const NO_BYTES = new Uint8Array(0);

/**
 * A message as offsets into bytes of others; made once and reused. Given to
 * `stage` its bytes are borrowed from the caller for the call; filled by a load
 * they are borrowed from the store until its next call. Pieces may lie in
 * different buffers. An empty header means no headers.
 */
export class StoredMsg {
  /** Ignored by `stage`. */
  seq = 0;
  sec = 0;
  nanos = 0;
  subject: Uint8Array = NO_BYTES;
  subjectFrom = 0;
  subjectTo = 0;
  header: Uint8Array = NO_BYTES;
  headerFrom = 0;
  headerTo = 0;
  body: Uint8Array = NO_BYTES;
  bodyFrom = 0;
  bodyTo = 0;
}

/** A limit of 0 or less is none. */
export interface StoreLimits {
  readonly maxMsgs: number;
  readonly maxBytes: number;
  readonly maxMsgsPerSubject: number;
  /** Age in two parts, as all times. */
  readonly maxAgeSec: number;
  readonly maxAgeNanos: number;
  /** At `maxMsgs` or `maxBytes` new messages are refused instead of old ones removed. */
  readonly discardNew: boolean;
  /** The same at `maxMsgsPerSubject`; only with `discardNew`. */
  readonly discardNewPerSubject: boolean;
}

export const NO_LIMITS: StoreLimits = {
  maxMsgs: 0,
  maxBytes: 0,
  maxMsgsPerSubject: 0,
  maxAgeSec: 0,
  maxAgeNanos: 0,
  discardNew: false,
  discardNewPerSubject: false,
};

/** Why `stage` did not take a message. All are negative, a sequence never is. */
export const REFUSED = {
  maxMsgs: -1,
  maxBytes: -2,
  maxMsgsPerSubject: -3,
  /** An earlier write failed; `failure` says how. */
  frozen: -4,
  /** The next sequence would be above 2^53−1. */
  sequences: -5,
  /** Its record would be longer than nats-server reads. */
  tooLarge: -6,
} as const;

/**
 * How a message is staged. A rollup removes everything older (of its subject,
 * or at all) when its group commits, and is not checked against discard new per
 * subject. A replicated message (mirror) was accepted elsewhere: discard new
 * does not apply.
 */
export type StageRule = "plain" | "rollupSubject" | "rollupAll" | "replicated";

/** The committed state. */
export interface StoreState {
  readonly msgs: number;
  /** As nats-server counts them: what `max_bytes` limits. */
  readonly bytes: number;
  /** `lastSeq + 1` when empty; both 0 when nothing was ever stored. */
  readonly firstSeq: number;
  readonly firstSec: number;
  readonly firstNanos: number;
  readonly lastSeq: number;
  /** Of the highest sequence, also when that message is gone. */
  readonly lastSec: number;
  readonly lastNanos: number;
  readonly subjects: number;
  /** Sequences from first to last that hold no message. */
  readonly deleted: number;
}

/** What the store tells its stream. Never inside `stage*`, `submit` or a read. */
export interface StoreEvents {
  /** Everything staged up to sequence `upTo`, removals included, is visible and durable. */
  committed(upTo: number): void;
  /** Sequences from..upTo were staged and will never be: the disk failed. They are not used again. */
  refused(from: number, upTo: number, failure: string): void;
  /** A committed message is gone: by a limit, age, subject rollup or removal. The subject is borrowed. */
  removed(seq: number, subject: Uint8Array, from: number, to: number): void;
  /** All of `msgs` messages below `first` are gone at once, without `removed` for each. */
  compacted(first: number, msgs: number): void;
}

/** A subject with committed messages, as `subjects` shows it: good for the call. To ask for `first` and `last` may cost reading. */
export interface SubjectCount {
  /** The name, borrowed for the call. */
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface StreamStore {
  // Staging. Bytes are copied before the call returns.

  /** Stages a message. Its sequence, or one of `REFUSED`. */
  stage(msg: StoredMsg, rule: StageRule): number;
  /** Stages the use of all sequences up to `seq` without messages. The time is that of the last one. */
  stageSkip(seq: number, sec: number, nanos: number): void;
  /**
   * Stages the removal of a message; with `erase` its bytes are overwritten too.
   * False when there is no such committed message. It stays visible until its
   * group commits (raises `removed` then); staging it twice is harmless.
   */
  stageRemove(seq: number, erase: boolean): boolean;
  /**
   * Stages the removal of everything below `first`, which may lie above the last
   * sequence: that one then moves to `first − 1`. At commit it costs time per
   * message unless nothing is left: see purge.ts, which slices.
   */
  stageCompact(first: number): void;
  /**
   * Closes the group: what was staged since the last call becomes durable together. Nothing staged: nothing happens.
   * While the disk is busy with an earlier group a store may close it later, with what was staged until then.
   */
  submit(): void;
  /**
   * Calls `done` once, when all that is staged by now is committed (undefined)
   * or refused (why), after the events; also when the store is destroyed before
   * that. Never inside the call. The group still has to be submitted.
   */
  afterCommit(done: (failure: string | undefined) => void): void;
  /** Why nothing more can be staged, when so. */
  readonly failure: string | undefined;

  // The staged view, for the checks of a publish. Staged removals do not show before they commit; rollups do.

  /** The last sequence given out. Above `state().lastSeq` while something waits. */
  readonly stagedLastSeq: number;
  /** Bytes of staged messages that are not committed yet, as they count. */
  readonly stagedBytes: number;
  /** The last sequence whose subject matches, staged ones included; 0 when none. Above `lastSeq`: it waits for its group. */
  stagedLast(filter: SubjectFilter): number;
  /** As `load`, staged messages included. */
  loadStaged(seq: number, into: StoredMsg): boolean;

  // The committed view.

  state(): StoreState;
  /** Two of its numbers, for who asks after each group: what comes first in the stream is not looked for. */
  readonly lastSeq: number;
  readonly bytes: number;
  /** The bytes a message of these lengths counts as. */
  sizeOf(subjectLength: number, headerLength: number, bodyLength: number): number;
  /**
   * Fills `into`; false when there is no such message, it is damaged for good, or it cannot be read now: then, and only
   * then, `readFailures` has moved.
   */
  load(seq: number, into: StoredMsg): boolean;
  /**
   * Fills `into` with the message `seq` and those that follow it without a gap, `most` of them at most, as far as they can
   * be had together; how many. None: `load` tells why, or has it.
   */
  loadRun(seq: number, most: number, into: StoredRun): number;
  /**
   * Adds a message, above those that are in it, to a run that was cleared; false when there is no room, or as `load`. For
   * who reads few among many.
   */
  addToRun(seq: number, into: StoredRun): boolean;
  /**
   * How often the disk did not tell what one of these calls had to know, and may tell it later. A call that moved this may
   * have left out what is there: who may not do without it asks again, some time later.
   */
  readonly readFailures: number;
  /**
   * The first sequence at or after `from` whose subject matches; 0 when there is
   * none; −n when `most` messages were looked at in vain: go on from sequence n.
   */
  next(filter: SubjectFilter, from: number, most: number): number;
  /** The last sequence at or below `upTo` whose subject matches; else as `next`, downwards. */
  previous(filter: SubjectFilter, upTo: number, most: number): number;
  /**
   * The last sequence whose subject matches; 0 when none. With wildcards it may cost time per subject (of those with the
   * pattern's literal beginning): when none of the last messages matches, and it was not asked for before or what was
   * found then is gone. `previous` and `subjects` find the same in slices.
   */
  last(filter: SubjectFilter): number;
  /** The last sequence of a literal subject, bytes [from, to), which are borrowed for the call; 0 when none. */
  lastOf(subject: Uint8Array, from: number, to: number): number;
  /**
   * Appends to `into`, in rising order, the last sequence at or below `upTo` of
   * each matching subject. False, and nothing appended, when there are more than `most`.
   */
  lastPerSubject(filter: SubjectFilter, upTo: number, most: number, into: number[]): boolean;
  /**
   * Appends to `into`, in rising order, the messages at or after `from` that have headers, or may have any: those of a part
   * of the stream. The sequence to go on from, or 0 at the end.
   */
  withHeaders(from: number, into: number[]): number;
  /** The first sequence stored at or after a time; `lastSeq + 1` when all are older. */
  seqAt(sec: number, nanos: number): number;
  /**
   * Shows up to `most` matching subjects in byte order, from the name `from` on;
   * perhaps fewer, when it looked at many that do not match. Where to go on, or undefined at the end. `show` must not call the store.
   */
  subjects(
    filter: SubjectFilter,
    from: ByteString,
    most: number,
    show: (subject: SubjectCount) => void,
  ): ByteString | undefined;
  /** Messages in the sequences from..upTo whose subject matches. Costs time per message: slice it by sequences. */
  count(filter: SubjectFilter, from: number, upTo: number): number;
  /**
   * Shows up to `most` ranges of deleted sequences at or after `from`, rising.
   * The sequence to go on from, or 0 at the end.
   */
  deletedRanges(from: number, most: number, show: (first: number, last: number) => void): number;

  // Limits. Both raise `removed` before they return, and take effect at once: a
  // message that is too old now will be so again after a crash.

  /** Removes up to `most` committed messages that are too old at this time; whether there may be more. */
  expire(sec: number, nanos: number, most: number): boolean;
  /** Sets the limits for what is staged from now on; `enforce` then applies them to what is there. */
  setLimits(limits: StoreLimits): void;
  /** Removes up to about `most` committed messages beyond the limits; whether there may be more. */
  enforce(most: number): boolean;

  /** Asserts what must always hold, at a cost that only tests can pay. */
  checkInvariants(): void;
}
