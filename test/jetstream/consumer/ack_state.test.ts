// What a consumer has delivered and what of it is acked: single rules, a million of them, and its file.

import { describe, expect, test } from "vitest";
import { AckState, type AckRules } from "../../../src/jetstream/consumer/ack_state.ts";
import { restoreAckState } from "../../../src/jetstream/consumer/ack_state_restore.ts";
import { Float64Chunks, Int32Chunks } from "../../../src/store/chunks.ts";
import { decodeConsumerState, encodeConsumerState, type ConsumerState } from "../../../src/store/format/consumer_state.ts"; // prettier-ignore
import { Fault } from "../../../src/store/format/fault.ts";
import { runSlices } from "./slices.ts";

const explicit: AckRules = { ackPolicy: "explicit", ackWaitMs: 1000, backoffMs: [], maxDeliver: -1 };
const nothing = (): void => undefined;

function delivered(count: number, rules = explicit): AckState {
  const state = new AckState(rules, 1);
  for (let seq = 1; seq <= count; seq++) state.deliver(seq, 0);
  return state;
}
const floors = (state: AckState): number[] => [state.ackFloorConsumerSeq, state.ackFloorStreamSeq];
/** All that is queued, in its order, delivered again. */
function redeliverAll(state: AckState, nowMs = 0): number[] {
  const seqs: number[] = [];
  for (let seq = state.nextRedelivery(nothing); seq > 0; seq = state.nextRedelivery(nothing)) {
    seqs.push(seq);
    state.redeliver(seq, nowMs);
  }
  return seqs;
}
function restored(file: Uint8Array | undefined, rules = explicit): AckState {
  const state = runSlices(restoreAckState(rules, file!));
  if (state instanceof Fault) throw new Error(state.kind);
  state.checkInvariants();
  return state;
}

describe("explicit acks", () => {
  test("the floor rises to just below what is pending, and to what was delivered when nothing is", () => {
    const state = delivered(5);
    const seen = [2, 1, 5, 4, 3].map((seq) => {
      expect(state.ack(seq, seq, nothing)).toBe("acked");
      return floors(state);
    });
    expect(seen).toEqual([
      [0, 0],
      [2, 2],
      [2, 2],
      [2, 2],
      [5, 5],
    ]);
  });
  test("what a filter passed over counts as acked below the next that is pending", () => {
    const state = new AckState(explicit, 1);
    for (const seq of [3, 8, 20]) state.deliver(seq, 0);
    state.ack(3, 1, nothing);
    expect(floors(state)).toEqual([1, 7]);
  });
  test("a late ack is answered and told to the stream, one of what was not delivered is not", () => {
    const state = delivered(2);
    const told: number[] = [];
    const ack = (seq: number): string => state.ack(seq, 1, (each) => told.push(each));
    expect([ack(1), ack(1), ack(3), ack(0), ack(1e15)]).toEqual(["acked", "nothing", "undelivered", "nothing", "undelivered"]); // prettier-ignore
    expect(told).toEqual([1, 1]);
  });
  test("a message that was given up is still needed, until an ack comes late", () => {
    const state = delivered(1, { ...explicit, maxDeliver: 1 });
    const exhausted: number[][] = [];
    state.expire(1000, 10, (...words) => exhausted.push(words));
    expect([exhausted, state.numAckPending, state.needs(1), state.finishedStreamSeq]).toEqual([[[1, 1]], 0, true, 1]);
    expect(floors(state), "as nats-server shows it").toEqual([0, 0]);
    expect(state.ack(1, 1, nothing)).toBe("nothing");
    expect(state.needs(1)).toBe(false);
  });
});

test("ack all finishes everything up to it, what was given up too", () => {
  const state = delivered(5, { ...explicit, ackPolicy: "all", maxDeliver: 1 });
  state.progress(1, 5000);
  state.progress(3, 5000);
  state.progress(4, 5000);
  state.progress(5, 5000);
  state.expire(1000, 10, nothing);
  const told: number[] = [];
  expect(state.ack(4, 4, (seq) => told.push(seq))).toBe("acked");
  expect(told.sort()).toEqual([1, 2, 3, 4]);
  expect([floors(state), state.numAckPending, state.needs(2)]).toEqual([[4, 4], 1, false]);
  expect(state.ack(3, 3, nothing)).toBe("nothing");
});

test("ack all: what is finished is not needed any more when it is told", () => {
  const state = delivered(3, { ...explicit, ackPolicy: "all" });
  const needed: boolean[] = [];
  state.ack(3, 3, (seq) => needed.push(state.needs(seq)));
  expect(needed).toEqual([false, false, false]);
});

test("a peer that lies about the consumer sequence raises the floor to what was delivered at most", () => {
  const state = delivered(3, { ...explicit, ackPolicy: "all" });
  state.ack(2, Number.MAX_SAFE_INTEGER, nothing);
  expect(floors(state)).toEqual([3, 2]);
  state.checkInvariants();
});

describe("redelivery", () => {
  test("what is due comes by stream sequence behind what was queued before, each once", () => {
    const state = delivered(6);
    state.nak(5, 5);
    state.progress(2, 10);
    state.expire(1000, 100, nothing);
    state.nak(5, 5);
    state.nak(1, 1);
    state.expire(1010, 100, nothing);
    expect(redeliverAll(state)).toEqual([5, 1, 3, 4, 6, 2]);
    expect(state.numRedelivered).toBe(6);
  });
  test("acks and removals take out of the queue what is in it", () => {
    const state = delivered(5);
    state.expire(1000, 100, nothing);
    state.ack(3, 3, nothing);
    state.forget(1);
    state.nakLater(5, 5, 100, 1000);
    expect(redeliverAll(state)).toEqual([2, 4]);
    expect(state.nextDueMs).toBe(1000);
  });
  test("backoff waits longer each time, and then as long as the last", () => {
    const state = delivered(1, { ...explicit, ackWaitMs: 10, backoffMs: [10, 50, 200] });
    const waits: number[] = [];
    for (let now = 0; waits.length < 5;) {
      waits.push(state.nextDueMs - now);
      now = state.nextDueMs;
      state.expire(now, 1, nothing);
      state.redeliver(state.nextRedelivery(nothing), now);
    }
    expect(waits).toEqual([10, 50, 200, 200, 200]);
  });
  test("new rules hold for what is pending", () => {
    const state = delivered(2);
    state.nak(2, 2);
    state.setRules({ ...explicit, ackWaitMs: 50 });
    expect(state.nextDueMs).toBe(50);
    state.setRules({ ...explicit, ackWaitMs: 0 });
    expect(state.nextDueMs).toBe(Number.POSITIVE_INFINITY);
  });
  test("at most so many a turn", () => {
    const state = delivered(10);
    expect(state.expire(1000, 4, nothing)).toBe(true);
    expect(state.numQueued).toBe(4);
    expect([state.expire(1000, 4, nothing), state.expire(1000, 4, nothing)]).toEqual([true, false]);
    expect(redeliverAll(state)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe("a lot of pending acks", () => {
  /** How often the tables were looked into for a life of so many acks. */
  function steps(count: number): number {
    let looked = 0;
    const tables = [Int32Chunks.prototype, Float64Chunks.prototype].map((table) => {
      const get = Reflect.get(table, "get") as (i: number) => number;
      table.get = function (i) {
        looked++;
        return get.call(this, i);
      };
      return { table, get };
    });
    const state = new AckState(explicit, 1);
    for (let seq = 1; seq <= count; seq++) state.deliver(seq * 3, seq % 1000);
    for (let seq = 1; seq <= count; seq += 2) state.ack(((seq * 7919) % count) * 3 + 3, 1, nothing);
    for (let seq = 2; seq <= count; seq += 5) state.progress(((seq * 104729) % count) * 3 + 3, 500);
    while (state.expire(3000, 1000, nothing)) state.nextRedelivery(nothing);
    redeliverAll(state, 4000);
    for (let seq = 1; seq <= count; seq++) state.ack(((seq * 31) % count) * 3 + 3, 1, nothing);
    expect(state.numAckPending).toBe(0);
    for (const { table, get } of tables) table.get = get;
    return looked;
  }
  // First: counting looks makes the tables slow for good.
  test("a million of them are delivered, fall due, are delivered again and acked, and nothing of them stays", () => {
    const count = 1_000_000;
    const state = delivered(count);
    expect(state.numAckPending).toBe(count);
    let turns = 0;
    while (state.expire(1000, 10_000, nothing)) turns++;
    expect([turns, state.numQueued]).toEqual([99, count]);
    for (let seq = 1; seq <= count; seq += 1) {
      if (seq % 1000 !== 0) state.ack(seq, seq, nothing);
    }
    expect(redeliverAll(state).slice(0, 3)).toEqual([1000, 2000, 3000]);
    state.checkInvariants();
    const file = runSlices(state.write(10))!;
    expect(file.length).toBeLessThan(20_000);
    expect(restored(file).numAckPending).toBe(1000);
  }, 60_000);
  test("twice as many cost at most 2.6 times as much", () => {
    const [once, twice, four] = [steps(5000), steps(10_000), steps(20_000)] as const;
    expect(twice / once).toBeLessThan(2.6);
    expect(four / twice).toBeLessThan(2.6);
    expect(once, "the tables are counted").toBeGreaterThan(50_000);
  });
});

describe("the file", () => {
  const shown = (state: ConsumerState | Fault): ConsumerState => {
    if (state instanceof Fault) throw new Error(state.kind);
    return state;
  };
  test("is written in slices while acks go on: none that was acked before is in it, none that was not is missing", () => {
    const count = 200_000;
    const state = delivered(count);
    const ackedBefore = [1, 500, 77_777];
    for (const seq of ackedBefore) state.ack(seq, seq, nothing);
    const ackedMeanwhile = new Set<number>();
    let slices = 0;
    const file = runSlices(state.write(0), () => {
      slices++;
      for (let i = 0; i < 20_000; i++) {
        const seq = 1 + ((slices * 7919 + i * 13) % count);
        state.ack(seq, seq, () => ackedMeanwhile.add(seq));
      }
      for (let i = 0; i < 100; i++) state.deliver(state.nextStreamSeq, 0);
      state.nak(count - slices, count - slices);
    });
    expect(slices).toBeGreaterThan(3);
    state.checkInvariants();
    const { pending, delivered: upTo } = shown(decodeConsumerState(file!));
    expect(upTo.streamSeq).toBe(count);
    const inFile = new Set(pending.map(({ streamSeq }) => streamSeq));
    expect(ackedBefore.filter((seq) => inFile.has(seq))).toEqual([]);
    let missing = 0;
    for (let seq = 1; seq <= count; seq++) {
      if (!inFile.has(seq) && !ackedMeanwhile.has(seq) && !ackedBefore.includes(seq)) missing++;
    }
    expect(missing).toBe(0);
  });
  test("that a reset came into is begun again", () => {
    const state = delivered(200_000);
    let slices = 0;
    expect(runSlices(state.write(0), () => slices++ === 0 && state.reset(5))).toBeUndefined();
    const { delivered: upTo, pending } = shown(decodeConsumerState(runSlices(state.write(0))!));
    expect([upTo, pending]).toEqual([{ streamSeq: 4, consumerSeq: 0 }, []]);
  });
  test("of nats-server, in no order, is put in order; what lies beyond its bounds is dropped", () => {
    const entry = (streamSeq: number): ConsumerState["pending"][number] => ({ streamSeq, consumerSeq: streamSeq, sec: 7 }); // prettier-ignore
    const seqs = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 1000) * 5000 + 11);
    const file = encodeConsumerState(
      {
        ackFloor: { streamSeq: 10, consumerSeq: 10 },
        delivered: { streamSeq: 6_000_000, consumerSeq: 6_000_000 },
        pending: [...seqs, seqs[3]!, 10, 4, 6_000_001].map(entry),
        redelivered: [
          { streamSeq: 9, times: 3 },
          { streamSeq: 10, times: 2 },
          { streamSeq: 5011, times: 1 },
          { streamSeq: 7_000_000, times: 1 },
        ],
      },
      100,
    );
    const state = restored(file);
    expect(state.numAckPending).toBe(1000);
    expect([state.firstPending, state.nextDueMs]).toEqual([11, 8000]);
    expect([9, 10, 11, 5011].map((seq) => state.deliveries(seq))).toEqual([3, 2, 1, 2]);
    expect([state.numRedelivered, state.nextStreamSeq]).toEqual([3, 6_000_001]);
    state.expire(8000, 5000, nothing);
    expect(redeliverAll(state)).toEqual([...seqs].sort((a, b) => a - b));
  });
  test("that is none is said so", () => {
    for (const bytes of [[22, 2, 1], [21, 2, 0, 0, 0, 0, 0, 0], [22, 9], [0]]) {
      expect(runSlices(restoreAckState(explicit, Uint8Array.from(bytes)))).toBeInstanceOf(Fault);
    }
  });
  test("that says more was acked than delivered is none: what lies between would be lost", () => {
    const none = { pending: [], redelivered: [] };
    const at = (streamSeq: number, consumerSeq: number): ConsumerState["delivered"] => ({ streamSeq, consumerSeq });
    const file = encodeConsumerState({ ackFloor: at(9, 1), delivered: at(8, 1), ...none }, 0);
    expect(runSlices(restoreAckState(explicit, file))).toEqual(new Fault("form"));
    const lied = restored(encodeConsumerState({ ackFloor: at(8, 99), delivered: at(8, 1), ...none }, 0));
    expect([lied.deliveredConsumerSeq, floors(lied)]).toEqual([99, [99, 8]]);
  });
  test("with any bit of it flipped is none, or a state that holds together", () => {
    const state = delivered(20);
    for (const seq of [1, 2, 3, 9]) state.ack(seq, seq, nothing);
    for (const seq of [5, 6]) state.nak(seq, seq);
    redeliverAll(state);
    const file = runSlices(state.write(100))!;
    let faults = 0;
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Uint8Array.from(file);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const found = runSlices(restoreAckState(explicit, flipped));
      if (found instanceof Fault) faults++;
      else found.checkInvariants();
    }
    expect(faults).toBeGreaterThan(20);
  });
  test("of a consumer without acks has none pending, whatever it says", () => {
    const file = runSlices(delivered(5).write(0))!;
    const state = restored(file, { ...explicit, ackPolicy: "none" });
    expect([state.numAckPending, state.nextStreamSeq]).toEqual([0, 6]);
  });
});

describe("a stream that lost its end", () => {
  test("gives those sequences to new messages: they are delivered, and what was acked below is not", () => {
    const state = delivered(10);
    for (const seq of [1, 2, 9, 10]) state.ack(seq, seq, nothing);
    expect(state.cutTo(10)).toBe(false);
    expect(state.cutTo(6)).toBe(true);
    expect([state.nextStreamSeq, state.numAckPending, floors(state)]).toEqual([7, 4, [2, 2]]);
    state.expire(1000, 10, nothing);
    expect(redeliverAll(state)).toEqual([3, 4, 5, 6]);
    expect(state.deliver(7, 0)).toBe(15);
    state.checkInvariants();
  });
  test("below the floor takes the floor with it", () => {
    const state = delivered(10);
    for (let seq = 1; seq <= 9; seq++) state.ack(seq, seq, nothing);
    expect(state.cutTo(4)).toBe(true);
    expect([state.nextStreamSeq, state.numAckPending, floors(state), state.needs(5)]).toEqual([5, 0, [10, 4], true]);
    state.checkInvariants();
  });
});

test("a state whose beginning is not known yet can be written", () => {
  const state = new AckState(explicit, 0);
  state.checkInvariants();
  expect(restored(runSlices(state.write(0))).nextStreamSeq).toBe(1);
});

test("the floors follow the stream's first sequence when they are far below it, not when they are near", () => {
  const state = delivered(10);
  for (let seq = 1; seq <= 5; seq++) state.ack(seq, seq, nothing);
  for (let seq = 6; seq <= 10; seq++) state.forget(seq);
  state.raiseFloors(59);
  expect([state.finishedStreamSeq, state.nextStreamSeq]).toEqual([10, 11]);
  state.raiseFloors(100);
  expect([state.finishedStreamSeq, state.nextStreamSeq]).toEqual([99, 100]);
  state.checkInvariants();
});

test("after an ack of all with a false consumer sequence the floor that is shown is never above the other", () => {
  const state = new AckState({ ackPolicy: "flow_control", ackWaitMs: 0, backoffMs: [], maxDeliver: -1 }, 1);
  state.deliver(2, 0);
  state.deliver(5, 0);
  expect(state.ack(1, 4, () => undefined)).toBe("acked");
  expect(state.forget(2)).toBe(true);
  state.checkInvariants();
  expect([state.ackFloorStreamSeq, state.finishedStreamSeq]).toEqual([4, 4]);
});
