import { describe, expect, test } from "vitest";
import { bytes, SCRATCH } from "../../src/base/arena.ts";
import { copyIn } from "../../src/base/arena_copy.ts";

describe("copying into the arena", () => {
  test("copies exactly what it is told, from any place and of any length", () => {
    const sources = Array.from({ length: 6 }, (_, k) =>
      Uint8Array.from({ length: 400 }, (_each, i) => (i * 7 + k) & 255),
    );
    for (let count = 0; count < 200; count++) {
      for (const [k, source] of sources.entries()) {
        bytes.fill(1, SCRATCH, SCRATCH + 300);
        const from = (count * 3 + k) % 190;
        expect(copyIn(SCRATCH + 5, source, from, from + count)).toBe(SCRATCH + 5 + count);
        expect(bytes.subarray(SCRATCH + 5, SCRATCH + 5 + count)).toEqual(source.subarray(from, from + count));
        expect([bytes[SCRATCH + 4], bytes[SCRATCH + 5 + count]]).toEqual([1, 1]);
      }
    }
  });

  test("takes a source that is the arena itself", () => {
    bytes.set(Buffer.from("a message that lies in the arena already"), SCRATCH);
    expect(copyIn(SCRATCH + 200, bytes, SCRATCH + 2, SCRATCH + 40)).toBe(SCRATCH + 238);
    expect(Buffer.from(bytes.subarray(SCRATCH + 200, SCRATCH + 238)).toString()).toBe(
      "message that lies in the arena already",
    );
  });
});
