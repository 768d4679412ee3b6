// `o.dat`: what a consumer has delivered and what is acked.
//
//   22, version
//   ack floor: consumer seq, stream seq; delivered: consumer seq, stream seq
//   pending: how many; when any: base time (seconds, varint); each: stream seq, consumer seq, base − time
//   redelivered: how many; each: stream seq, times
//
// Numbers are uvarints; those of the lists are relative to the ack floor, wrapped around 2^64 when below it: messages
// that were delivered as often as they may be. Version 1 has no consumer seq per pending entry, counts delivered from the
// ack floor, and adds times to the base.
//
// There may be a million entries, so both ways go entry by entry.

import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { Fault } from "./fault.ts";

const MAGIC = 22;
const VERSION = 2;

export interface PendingEntry {
  /** At or below the ack floor it is none, for nats-server too. */
  readonly streamSeq: number;
  /** Of its first delivery; 0, below the ack floor, when the file once was of version 1. */
  readonly consumerSeq: number;
  /** Seconds. nats-server writes the time of the message at its first delivery, not that of the delivery. */
  readonly sec: number;
}
export interface RedeliveredEntry {
  readonly streamSeq: number;
  /** Deliveries after the first. */
  readonly times: number;
}
export interface ConsumerState {
  readonly ackFloor: SequencePair;
  readonly delivered: SequencePair;
  /** In the order of the file, which is none. */
  readonly pending: readonly PendingEntry[];
  readonly redelivered: readonly RedeliveredEntry[];
}
export interface SequencePair {
  readonly consumerSeq: number;
  readonly streamSeq: number;
}

/** Reads a file; an empty one is a fresh consumer's. */
export function decodeConsumerState(file: Uint8Array): ConsumerState | Fault {
  const reader = new ConsumerStateReader(file);
  const pending: PendingEntry[] = [];
  const redelivered: RedeliveredEntry[] = [];
  while (reader.nextPending()) {
    const { streamSeq, consumerSeq, sec } = reader;
    pending.push({ streamSeq, consumerSeq, sec });
  }
  while (reader.nextRedelivered()) redelivered.push({ streamSeq: reader.streamSeq, times: reader.times });
  return reader.fault ?? { ackFloor: reader.ackFloor, delivered: reader.delivered, pending, redelivered };
}

/** The file; `nowSec` is the time the entries are relative to. */
export function encodeConsumerState(state: ConsumerState, nowSec: number): Uint8Array {
  const writer = new ConsumerStateWriter(state.ackFloor, state.delivered, nowSec);
  for (const { streamSeq, consumerSeq, sec } of state.pending) writer.pending(streamSeq, consumerSeq, sec);
  for (const { streamSeq, times } of state.redelivered) writer.redelivered(streamSeq, times);
  return writer.file();
}

const NOWHERE: SequencePair = { consumerSeq: 0, streamSeq: 0 };

/** Reads a file entry by entry: all that are pending, then all that were redelivered; then `fault` is final. */
export class ConsumerStateReader {
  readonly ackFloor: SequencePair;
  readonly delivered: SequencePair;
  /** Of the entry read last. */
  streamSeq = 0;
  consumerSeq = 0;
  sec = 0;
  times = 0;
  readonly #reader: ByteReader;
  readonly #version: number;
  readonly #isKnown: boolean;
  #base = 0;
  #pendingLeft = 0;
  /** Undefined until the pending ones were read. */
  #redeliveredLeft: number | undefined = undefined;

  constructor(file: Uint8Array) {
    const reader = new ByteReader(file);
    this.#reader = reader;
    const isMagic = file.length === 0 || reader.byte() === MAGIC;
    this.#version = file.length === 0 ? VERSION : reader.byte();
    this.#isKnown = isMagic && this.#version >= 1 && this.#version <= VERSION;
    if (file.length === 0 || !this.#isKnown) {
      [this.ackFloor, this.delivered] = [NOWHERE, NOWHERE];
      this.#redeliveredLeft = 0;
      return;
    }
    this.ackFloor = { consumerSeq: reader.uvarint(), streamSeq: reader.uvarint() };
    const stored = { consumerSeq: reader.uvarint(), streamSeq: reader.uvarint() };
    this.delivered = this.#version === 1 ? fromFloor(stored, this.ackFloor) : stored;
    if (!holds(this.delivered)) reader.fail();
    this.#pendingLeft = reader.uvarint();
    if (this.#pendingLeft > 0) this.#base = reader.varint();
    if (this.#pendingLeft > reader.left / (this.#version + 1)) reader.fail();
  }

  /** What is wrong with the file, as far as it was read. */
  get fault(): Fault | undefined {
    if (!this.#isKnown) return new Fault("version");
    return this.#reader.failed || (this.#redeliveredLeft === 0 && this.#reader.left > 0)
      ? new Fault("form")
      : undefined;
  }
  /** Entries that are still to come, as far as the file says. */
  get left(): number {
    return this.#reader.failed ? 0 : this.#pendingLeft + (this.#redeliveredLeft ?? 0);
  }

  /** Reads the next pending entry; false when there is none. */
  nextPending(): boolean {
    const reader = this.#reader;
    if (this.#pendingLeft === 0 || reader.failed) return false;
    this.#pendingLeft--;
    this.streamSeq = reader.uvarintWrapped() + this.ackFloor.streamSeq;
    this.consumerSeq = this.#version === 1 ? 0 : reader.uvarintWrapped() + this.ackFloor.consumerSeq;
    const delta = reader.varint();
    this.sec = this.#version === 1 ? this.#base + delta : this.#base - delta;
    if (!holds(this) || this.streamSeq === 0 || !Number.isSafeInteger(this.sec)) reader.fail();
    return !reader.failed;
  }

  /** Reads the next redelivered entry; false when there is none. */
  nextRedelivered(): boolean {
    const reader = this.#reader;
    if (this.#pendingLeft > 0 || reader.failed) return false;
    if (this.#redeliveredLeft === undefined) {
      this.#redeliveredLeft = reader.uvarint();
      if (this.#redeliveredLeft > reader.left / 2) reader.fail();
    }
    if (this.#redeliveredLeft === 0 || reader.failed) return false;
    this.#redeliveredLeft--;
    this.streamSeq = reader.uvarintWrapped() + this.ackFloor.streamSeq;
    // nats-server counts one below zero for what it could not deliver.
    this.times = Math.max(0, reader.uvarintWrapped());
    if (!Number.isSafeInteger(this.streamSeq) || this.streamSeq < 0) reader.fail();
    return !reader.failed;
  }
}

/** Writes a file entry by entry, in any order; how many there will be is not known before. */
export class ConsumerStateWriter {
  readonly #head = new ByteWriter();
  readonly #pending = new ByteWriter();
  readonly #redelivered = new ByteWriter();
  readonly #floorStreamSeq: number;
  readonly #floorConsumerSeq: number;
  readonly #nowSec: number;
  #pendingCount = 0;
  #redeliveredCount = 0;

  constructor(ackFloor: SequencePair, delivered: SequencePair, nowSec: number) {
    this.#floorStreamSeq = ackFloor.streamSeq;
    this.#floorConsumerSeq = ackFloor.consumerSeq;
    this.#nowSec = nowSec;
    this.#head.byte(MAGIC);
    this.#head.byte(VERSION);
    for (const { consumerSeq, streamSeq } of [ackFloor, delivered]) {
      this.#head.uvarint(consumerSeq);
      this.#head.uvarint(streamSeq);
    }
  }

  pending(streamSeq: number, consumerSeq: number, sec: number): void {
    this.#pending.uvarintWrapped(streamSeq - this.#floorStreamSeq);
    this.#pending.uvarintWrapped(consumerSeq - this.#floorConsumerSeq);
    this.#pending.varint(this.#nowSec - sec);
    this.#pendingCount++;
  }

  redelivered(streamSeq: number, times: number): void {
    this.#redelivered.uvarintWrapped(streamSeq - this.#floorStreamSeq);
    this.#redelivered.uvarint(times);
    this.#redeliveredCount++;
  }

  /** All of it, owned by the caller. Once. */
  file(): Uint8Array {
    this.#head.uvarint(this.#pendingCount);
    if (this.#pendingCount > 0) this.#head.varint(this.#nowSec);
    const count = new ByteWriter(16);
    count.uvarint(this.#redeliveredCount);
    return Buffer.concat([this.#head.written, this.#pending.written, count.written, this.#redelivered.written]);
  }
}

const holds = ({ consumerSeq, streamSeq }: SequencePair): boolean =>
  Number.isSafeInteger(consumerSeq) && Number.isSafeInteger(streamSeq) && consumerSeq >= 0 && streamSeq >= 0;

/** Version 1 counts from one below the floor, where there is one. */
function fromFloor(stored: SequencePair, floor: SequencePair): SequencePair {
  return {
    consumerSeq: stored.consumerSeq + Math.max(0, floor.consumerSeq - 1),
    streamSeq: stored.streamSeq + Math.max(0, floor.streamSeq - 1),
  };
}
