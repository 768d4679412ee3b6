// o.dat: both ways, version 1, and when its bytes lie.

import {
  type ConsumerState,
  decodeConsumerState,
  encodeConsumerState,
} from "../../../src/store/format/consumer_state.ts";
import { array, assert, integer, nat, property, record, tuple, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { Fault } from "../../../src/store/format/fault.ts";

const NOW = 1_800_000_000;
const pair = record({ consumerSeq: nat(), streamSeq: nat() });
const anyState = tuple(
  pair,
  pair,
  array(tuple(nat(), nat(), integer({ min: 0, max: 2 * NOW }))),
  array(tuple(nat(), nat())),
).map(([ackFloor, delivered, pending, redelivered]): ConsumerState => ({
  ackFloor,
  delivered,
  pending: pending.map(([stream, consumer, sec]) => ({
    streamSeq: ackFloor.streamSeq + stream,
    consumerSeq: ackFloor.consumerSeq + consumer,
    sec,
  })),
  redelivered: redelivered.map(([stream, times]) => ({ streamSeq: ackFloor.streamSeq + stream, times })),
}));

test("it goes both ways", () => {
  assert(
    property(anyState, (state) => {
      expect(decodeConsumerState(encodeConsumerState(state, NOW))).toEqual(state);
    }),
  );
});

test("an empty file is a fresh consumer's", () => {
  const none = { consumerSeq: 0, streamSeq: 0 };
  expect(decodeConsumerState(new Uint8Array())).toEqual({
    ackFloor: none,
    delivered: none,
    pending: [],
    redelivered: [],
  });
});

test("version 1 is read", () => {
  // Floor 3/4; delivered 5/7 above one below it; pending 6 (base 100 s, 2 later); 6 redelivered twice.
  const file = Uint8Array.of(22, 1, 3, 4, 5, 7, 1, 0xc8, 1, 2, 4, 1, 2, 2);
  expect(decodeConsumerState(file)).toEqual({
    ackFloor: { consumerSeq: 3, streamSeq: 4 },
    delivered: { consumerSeq: 7, streamSeq: 10 },
    pending: [{ streamSeq: 6, consumerSeq: 0, sec: 102 }],
    redelivered: [{ streamSeq: 6, times: 2 }],
  });
});

test("what nats-server made of a version 1 file is read: a consumer seq below the floor", () => {
  const pending = [{ streamSeq: 6, consumerSeq: 0, sec: NOW }];
  const state = { ackFloor: { consumerSeq: 3, streamSeq: 4 }, delivered: { consumerSeq: 7, streamSeq: 10 }, pending };
  const file = encodeConsumerState({ ...state, redelivered: [] }, NOW);
  expect([...file.subarray(13, 23)]).toEqual([0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
  expect(decodeConsumerState(file)).toEqual({ ...state, redelivered: [] });
});

test("another magic or version is said so", () => {
  expect(decodeConsumerState(Uint8Array.of(21, 2, 0, 0, 0, 0, 0, 0))).toEqual(new Fault("version"));
  expect(decodeConsumerState(Uint8Array.of(22, 3, 0, 0, 0, 0, 0, 0))).toEqual(new Fault("version"));
});

test("a file cut anywhere, or with more behind it, is not one", () => {
  const pending = [{ streamSeq: 300, consumerSeq: 200, sec: NOW }];
  const floor = { consumerSeq: 1, streamSeq: 2 };
  const file = encodeConsumerState({ ackFloor: floor, delivered: floor, pending, redelivered: [] }, NOW);
  for (let end = 1; end < file.length; end++) expect(decodeConsumerState(file.subarray(0, end))).toBeInstanceOf(Fault);
  expect(decodeConsumerState(Uint8Array.of(...file, 0))).toEqual(new Fault("form"));
});

test("any bytes give a state of safe numbers, or a fault", () => {
  assert(
    property(uint8Array({ maxLength: 60 }), nat(1), (bytes, version) => {
      const state = decodeConsumerState(Uint8Array.of(22, version + 1, ...bytes));
      if (state instanceof Fault) return;
      const numbers = [state.ackFloor, state.delivered, ...state.pending, ...state.redelivered].flatMap((of) => Object.values(of) as number[]); // prettier-ignore
      expect(numbers.every((number) => Number.isSafeInteger(number))).toBe(true);
      expect(state.pending.length + state.redelivered.length).toBeLessThan(bytes.length + 1);
    }),
    { numRuns: 5000 },
  );
});
