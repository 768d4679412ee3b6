// `o.dat`: what a consumer has delivered and what is acked.
//
//   22, version
//   ack floor: consumer seq, stream seq; delivered: consumer seq, stream seq
//   pending: how many; when any: base time (seconds, varint); each: stream seq, consumer seq, base − time
//   redelivered: how many; each: stream seq, times
//
// Numbers are uvarints; those of the lists are relative to the ack floor. Version 1 has no
// consumer seq per pending entry, counts delivered from the ack floor, and adds times to the base.

import { ByteReader, ByteWriter } from "../../base/varint.ts";
import { Fault } from "./fault.ts";

const MAGIC = 22;
const VERSION = 2;

export interface PendingEntry {
  readonly streamSeq: number;
  /** Of its first delivery; 0, below the ack floor, when the file once was of version 1. */
  readonly consumerSeq: number;
  /** Seconds. nats-server writes the time of the message at its first delivery, not that of the delivery. */
  readonly sec: number;
}
export interface RedeliveredEntry {
  readonly streamSeq: number;
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
  if (file.length === 0) return freshConsumerState();
  const reader = new ByteReader(file);
  const isMagic = reader.byte() === MAGIC;
  const version = reader.byte();
  if (!isMagic || version < 1 || version > VERSION) return new Fault("version");
  const ackFloor = { consumerSeq: reader.uvarint(), streamSeq: reader.uvarint() };
  const stored = { consumerSeq: reader.uvarint(), streamSeq: reader.uvarint() };
  const delivered = version === 1 ? fromFloor(stored, ackFloor) : stored;
  const pending = decodePending(reader, version, ackFloor);
  const redelivered = decodeRedelivered(reader, ackFloor);
  if (reader.failed || reader.left > 0 || !holds(delivered)) return new Fault("form");
  return { ackFloor, delivered, pending, redelivered };
}

/** Of a consumer that has delivered nothing. */
export function freshConsumerState(): ConsumerState {
  const none = { consumerSeq: 0, streamSeq: 0 };
  return { ackFloor: none, delivered: none, pending: [], redelivered: [] };
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

function decodePending(reader: ByteReader, version: number, floor: SequencePair): PendingEntry[] {
  const pending: PendingEntry[] = [];
  const count = reader.uvarint();
  if (count === 0) return pending;
  const base = reader.varint();
  if (count > reader.left / (version + 1)) reader.fail();
  for (let i = 0; i < count && !reader.failed; i++) {
    const streamSeq = reader.uvarint() + floor.streamSeq;
    const consumerSeq = version === 1 ? 0 : reader.uvarintWrapped() + floor.consumerSeq;
    const delta = reader.varint();
    const sec = version === 1 ? base + delta : base - delta;
    if (!holds({ consumerSeq, streamSeq }) || !Number.isSafeInteger(sec)) reader.fail();
    pending.push({ streamSeq, consumerSeq, sec });
  }
  return pending;
}

function decodeRedelivered(reader: ByteReader, floor: SequencePair): RedeliveredEntry[] {
  const redelivered: RedeliveredEntry[] = [];
  const count = reader.uvarint();
  if (count > reader.left / 2) reader.fail();
  for (let i = 0; i < count && !reader.failed; i++) {
    const streamSeq = reader.uvarint() + floor.streamSeq;
    const times = reader.uvarint();
    if (!Number.isSafeInteger(streamSeq)) reader.fail();
    redelivered.push({ streamSeq, times });
  }
  return redelivered;
}

/** The file; `nowSec` is the time the entries are relative to. */
export function encodeConsumerState(state: ConsumerState, nowSec: number): Uint8Array {
  const writer = new ByteWriter();
  const { ackFloor, delivered, pending, redelivered } = state;
  writer.byte(MAGIC);
  writer.byte(VERSION);
  for (const { consumerSeq, streamSeq } of [ackFloor, delivered]) {
    writer.uvarint(consumerSeq);
    writer.uvarint(streamSeq);
  }
  writer.uvarint(pending.length);
  if (pending.length > 0) writer.varint(nowSec);
  for (const { streamSeq, consumerSeq, sec } of pending) {
    writer.uvarint(streamSeq - ackFloor.streamSeq);
    writer.uvarintWrapped(consumerSeq - ackFloor.consumerSeq);
    writer.varint(nowSec - sec);
  }
  writer.uvarint(redelivered.length);
  for (const { streamSeq, times } of redelivered) {
    writer.uvarint(streamSeq - ackFloor.streamSeq);
    writer.uvarint(times);
  }
  return writer.written;
}
