// A consumer's state made of its file, in slices: of a million entries maybe.
//
// nats-server writes entries in no order; ours come in theirs. What makes no sense
// is held to what loses nothing: an entry above what was delivered is delivered
// anew, one at or below the floor counts as acked, as in nats-server.

import { Effort, type Slices } from "../../store/file/sliced_job.ts";
import { ConsumerStateReader, type SequencePair } from "../../store/format/consumer_state.ts";
import { Fault } from "../../store/format/fault.ts";
import { AckState, type AckRules } from "./ack_state.ts";

/** What reading, sorting and adding one entry cost, in bytes hashed. */
const ENTRY_EFFORT = 256;
const DIGIT = 65_536;
/** A count is kept in 31 bits. */
const MOST_TIMES = 0x7fff_ffff;

/** The state that a file holds; a fault when it does not hold one. */
export function* restoreAckState(rules: AckRules, file: Uint8Array): Slices<AckState | Fault> {
  const effort = new Effort();
  const reader = new ConsumerStateReader(file);
  const [seqs, consumerSeqs, secs] = [0, 0, 0].map(() => new Float64Array(reader.left)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const floor = reader.ackFloor;
  // Acked and not delivered: taken for true it would lose what lies between.
  if (floor.streamSeq > reader.delivered.streamSeq) return reader.fault ?? new Fault("form");
  // A reply that lies may have raised the consumer sequence in nats-server.
  const consumerSeq = Math.max(reader.delivered.consumerSeq, floor.consumerSeq);
  const delivered: SequencePair = { streamSeq: reader.delivered.streamSeq, consumerSeq };
  let count = 0;
  let isSorted = true;
  while (reader.nextPending()) {
    const { streamSeq } = reader;
    if (effort.spend(ENTRY_EFFORT)) yield undefined;
    if (streamSeq <= floor.streamSeq || streamSeq > delivered.streamSeq) continue;
    if (count > 0 && seqs[count - 1]! >= streamSeq) isSorted = false;
    seqs[count] = streamSeq;
    consumerSeqs[count] = Math.min(reader.consumerSeq, delivered.consumerSeq);
    secs[count] = reader.sec;
    count++;
  }
  const order = isSorted ? undefined : yield* sorted(seqs, count, floor.streamSeq, effort);
  const state = new AckState(rules, 1);
  state.restoreSequences(floor, delivered);
  if (rules.ackPolicy === "none") count = 0;
  for (let i = 0, last = 0; i < count; i++) {
    const entry = order === undefined ? i : order[i]!;
    if (seqs[entry] === last) continue;
    last = seqs[entry]!;
    state.restorePending(last, consumerSeqs[entry]!, secs[entry]! * 1000);
    if (effort.spend(ENTRY_EFFORT)) yield undefined;
  }
  while (reader.nextRedelivered()) {
    const { streamSeq, times } = reader;
    if (streamSeq > 0 && streamSeq <= delivered.streamSeq && times > 0) {
      state.restoreCount(streamSeq, Math.min(times, MOST_TIMES));
    }
    if (effort.spend(ENTRY_EFFORT)) yield undefined;
  }
  return reader.fault ?? state;
}

/** The indexes of the first `count` numbers, all above `base`, in their order: sorted digit by digit, the lowest first. */
function* sorted(numbers: Float64Array, count: number, base: number, effort: Effort): Slices<Uint32Array> {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, numbers[i]! - base);
  let from = new Uint32Array(count).map((_, i) => i);
  let to = new Uint32Array(count);
  const places = new Uint32Array(DIGIT + 1);
  for (let unit = 1; unit <= most; unit *= DIGIT) {
    const digit = (entry: number): number => Math.floor((numbers[entry]! - base) / unit) % DIGIT;
    places.fill(0);
    for (let i = 0; i < count; i++) places[digit(from[i]!) + 1]!++;
    for (let d = 0; d < DIGIT; d++) places[d + 1]! += places[d]!;
    for (let i = 0; i < count; i++) to[places[digit(from[i]!)]!++] = from[i]!;
    [from, to] = [to, from];
    if (effort.spend(count * 16)) yield undefined;
  }
  return from;
}
