import { describe, expect, test } from "vitest";
import { MsgIds } from "../../../src/jetstream/stream/msg_ids.ts";

const open = (): {
  ids: MsgIds;
  add: (id: string, seq: number, sec: number) => void;
  find: (id: string, after: number) => number;
} => {
  const ids = new MsgIds(12_345);
  const bytes = (id: string): Uint8Array => Buffer.from(`..${id}..`);
  return {
    ids,
    add: (id, seq, sec) => ids.add(bytes(id), 2, id.length + 2, seq, sec, 5),
    find: (id, after) => ids.find(bytes(id), 2, id.length + 2, after, 5),
  };
};

describe("the ids of messages", () => {
  test("are found within the window and not after it", () => {
    const { add, find } = open();
    add("a", 1, 100);
    add("b", 2, 110);
    expect([find("a", 99), find("b", 99), find("c", 99)]).toEqual([1, 2, 0]);
    expect([find("a", 100), find("b", 100)]).toEqual([0, 2]);
  });

  test("are compared byte by byte, whatever their length", () => {
    const { add, find } = open();
    const long = "x".repeat(5000);
    add(long, 1, 1);
    add("", 2, 1);
    expect([find(long, 0), find(`${long}x`, 0), find(long.slice(1), 0), find("", 0)]).toEqual([1, 0, 0, 2]);
  });

  test("make room for new ones when they hold too many bytes", () => {
    const ids = new MsgIds(1, 100_000);
    const idOf = (n: number): Uint8Array => Buffer.from(String(n).padEnd(n % 2 === 0 ? 5000 : 20));
    let forgets = 0;
    for (let n = 1; n <= 3000; n++) {
      const id = idOf(n);
      if (ids.add(id, 0, id.length, n, n, 0)) forgets++;
      expect(ids.find(id, 0, id.length, 0, 0)).toBe(n);
    }
    expect(ids.size).toBeGreaterThan(30);
    expect(ids.size).toBeLessThan(45);
    expect(forgets).toBeGreaterThan(1400);
    expect(ids.heldBytes).toBeLessThan(3_000_000);
    const found = Array.from({ length: 3000 }, (_, i) => i + 1).filter(
      (n) => ids.find(idOf(n), 0, idOf(n).length, 0, 0) > 0,
    );
    expect(found).toHaveLength(ids.size);
    expect(Math.min(...found)).toBe(3001 - ids.size);
    ids.expire(3000, 0, 10_000);
    expect(ids.size).toBe(0);
    const huge = new Uint8Array(200_000);
    ids.add(huge, 0, huge.length, 1, 3001, 0);
    expect(ids.find(huge, 0, huge.length, 0, 0)).toBe(1);
  });

  test("behave as a map with ages does", () => {
    const { ids, add, find } = open();
    const model = new Map<string, { seq: number; sec: number }>();
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    for (let sec = 1; sec < 30_000; sec++) {
      const id = `id-${random(50_000)}`;
      const after = sec - 8000;
      const known = model.get(id);
      const alive = known !== undefined && known.sec > after ? known.seq : 0;
      expect(find(id, after)).toBe(alive);
      if (alive === 0) {
        add(id, sec, sec);
        model.set(id, { seq: sec, sec });
      }
      if (sec % 3000 === 0) expect(ids.expire(after, 5, 100_000)).toBe(false);
    }
    for (const [id, { seq, sec }] of model) expect(find(id, 22_000)).toBe(sec > 22_000 ? seq : 0);
  });

  test("are forgotten a part at a time, and their memory with them", () => {
    const { ids, add, find } = open();
    for (let i = 1; i <= 10_000; i++) add(`id-${i}`, i, i);
    const held = ids.heldBytes;
    expect(ids.expire(9000, 5, 4000)).toBe(true);
    expect(ids.size).toBe(6000);
    expect(ids.expire(9000, 5, 6000)).toBe(false);
    expect([ids.size, ids.oldestSec, find("id-9000", 0), find("id-9001", 0)]).toEqual([1000, 9001, 0, 9001]);
    expect(ids.heldBytes).toBeLessThan(held / 2);
    expect(ids.expire(20_000, 5, 6000)).toBe(false);
    expect([ids.size, ids.heldBytes]).toEqual([0, 0]);
    add("id-1", 7, 30_000);
    expect(find("id-1", 0)).toBe(7);
  });

  test("of refused messages are none", () => {
    const { ids, add, find } = open();
    for (let i = 1; i <= 6; i++) add(`id-${i}`, i, 1);
    ids.refused(4, 5);
    expect([1, 2, 3, 4, 5, 6].map((i) => find(`id-${i}`, 0))).toEqual([1, 2, 3, 0, 0, 6]);
    add("id-4", 7, 1);
    expect(find("id-4", 0)).toBe(7);
  });
});
