// thw.db and sched.db: both ways, and when their bytes lie.

import { anyBytes, anyNanos, anySec, anySeq } from "./arbitraries.ts";
import { array, assert, nat, property, record, uint8Array } from "fast-check";
import {
  decodeScheduleIndex,
  decodeTtlIndex,
  encodeScheduleIndex,
  encodeTtlIndex,
} from "../../../src/store/format/timer_index.ts";
import { expect, test } from "vitest";
import { Fault } from "../../../src/store/format/fault.ts";

const entry = { seq: anySeq, sec: anySec, nanos: anyNanos };

test("they go both ways", () => {
  assert(
    property(anySeq, array(record(entry)), array(record({ ...entry, subject: anyBytes })), (stamp, ttl, schedules) => {
      expect(decodeTtlIndex(encodeTtlIndex({ stamp, entries: ttl }))).toEqual({ stamp, entries: ttl });
      const back = decodeScheduleIndex(encodeScheduleIndex({ stamp, entries: schedules }));
      expect(back).toEqual({ stamp, entries: schedules });
    }),
  );
});

test("a file cut anywhere, or of another version, is not one", () => {
  const file = encodeTtlIndex({ stamp: 7, entries: [{ seq: 3, sec: 1_800_000_000, nanos: 1 }] });
  for (let end = 0; end < file.length; end++) expect(decodeTtlIndex(file.subarray(0, end))).toBeInstanceOf(Fault);
  expect(decodeTtlIndex(Uint8Array.of(2, ...file.subarray(1)))).toEqual(new Fault("version"));
  expect(decodeTtlIndex(Uint8Array.of(...file, 0))).toEqual(new Fault("form"));
});

test("any bytes give entries that fit, or a fault", () => {
  assert(
    property(nat(20), uint8Array({ maxLength: 80 }), (count, bytes) => {
      const file = Uint8Array.of(1, count, 0, 0, 0, 0, 0, 0, 0, ...bytes);
      for (const found of [decodeTtlIndex(file), decodeScheduleIndex(file)]) {
        if (!(found instanceof Fault)) expect(found.entries.length).toBe(count);
      }
    }),
    { numRuns: 3000 },
  );
});
