// What a file store keeps in memory of what was read: that it is read once, given back, and never stale.

import { describe, expect, test } from "vitest";
import type { FileStore } from "../../src/store/file/file_store.ts";
import { PageCache } from "../../src/store/file/page_cache.ts";
import { NO_LIMITS, StoredMsg } from "../../src/store/stream_store.ts";
import type { FakeDisk } from "../support/fake_disk.ts";
import { FakeWorld } from "../support/fake_world.ts";
import { deaf, madeDisk, opened } from "./file_support.ts";

const MB = 1 << 20;
const LONG_MS = 60_000;

interface Setup {
  readonly disk: FakeDisk;
  readonly world: FakeWorld;
  readonly pages: PageCache;
  readonly store: FileStore;
  readonly complete: () => void;
  /** Bytes that were read from the disk since the last call. */
  readonly taken: () => number;
}

interface Way {
  readonly bytes?: number;
  readonly blockBytes?: number;
  readonly pageBytes?: number;
  readonly compression?: "none" | "s2";
}

const bodyOf = (seq: number, bytes: number): Buffer => Buffer.alloc(bytes, `${seq * 7919};`);

function add({ store }: Pick<Setup, "store">, seq: number, bytes: number): void {
  const msg = new StoredMsg();
  msg.sec = 1_800_000_000;
  const subject = Buffer.from(`s.${seq % 10}`);
  [msg.subject, msg.subjectTo] = [subject, subject.length];
  msg.body = bodyOf(seq, bytes);
  msg.bodyTo = bytes;
  expect(store.stage(msg, "plain")).toBe(seq);
}

/** A stream with so many messages. */
function stored(count: number, way: Way = {}): Setup {
  const { bytes = 100, blockBytes = 100_000, pageBytes = MB, compression = "none" } = way;
  const disk = madeDisk();
  const world = new FakeWorld();
  const pages = new PageCache(pageBytes, world);
  const { store, complete } = opened(NO_LIMITS, deaf, { disk, blockBytes, pages, compression });
  for (let seq = 1; seq <= count; seq++) {
    add({ store }, seq, bytes);
    if (seq % 50 !== 0 && seq !== count) continue;
    store.submit();
    complete();
  }
  store.tidy();
  complete();
  let read = 0;
  const original = disk.read.bind(disk);
  disk.read = (file, at, into, from, to) => {
    read += to - from;
    return original(file, at, into, from, to);
  };
  const taken = (): number => {
    const all = read;
    read = 0;
    return all;
  };
  return { disk, world, pages, store, complete, taken };
}

const msg = new StoredMsg();
const textOf = ({ body, bodyFrom, bodyTo }: StoredMsg): string => Buffer.from(body.subarray(bodyFrom, bodyTo)).toString(); // prettier-ignore

function check({ store }: Setup, seq: number, bytes = 100): void {
  expect(store.load(seq, msg)).toBe(true);
  expect(msg.seq).toBe(seq);
  if (textOf(msg) !== bodyOf(seq, bytes).toString()) expect.fail(`message ${seq} is another`);
}

/** Looks at messages in no order, so many times. */
function readAnyhow(setup: Setup, count: number, times: number, bytes = 100): void {
  for (let i = 0; i < times; i++) check(setup, 1 + setup.world.random(count), bytes);
}

describe("messages that are read in no order", () => {
  const COUNT = 5000;

  test.each<[string, number, Way]>([
    ["short", 100, {}],
    ["of some KB", 5000, { blockBytes: 4 * MB, pageBytes: 32 * MB }],
    ["longer than a page", 100_000, { blockBytes: 4 * MB, pageBytes: 64 * MB }],
    ["compressed", 100, { compression: "s2", blockBytes: 300_000 }],
  ])("are read from the disk once: %s ones", (_, bytes, way) => {
    const count = Math.min(COUNT, Math.floor((16 * MB) / bytes));
    const setup = stored(count, { ...way, bytes });
    readAnyhow(setup, count, 8 * count, bytes);
    // Compressed chunks are unpacked for several pages.
    expect(setup.taken()).toBeLessThan(count * (bytes + 40) * (way.compression === "s2" ? 6 : 1.1));
    readAnyhow(setup, count, count, bytes);
    expect(setup.taken()).toBe(0);
    setup.store.checkInvariants();
  });

  test("are right, too, when there is room for few of them", () => {
    const setup = stored(COUNT, { pageBytes: 40_000 });
    for (let i = 0; i < 20; i++) {
      readAnyhow(setup, COUNT, 100);
      expect(setup.pages.heldBytes).toBeLessThanOrEqual(40_000);
    }
    expect(setup.taken()).toBeGreaterThan(MB);
  });

  test("are given back when nobody reads them, and those that are read stay", () => {
    const setup = stored(COUNT);
    readAnyhow(setup, COUNT, 8 * COUNT);
    setup.taken();
    const held = setup.pages.heldBytes;
    expect(held).toBeGreaterThan(COUNT * 100);
    for (let seconds = 0; seconds < 30; seconds++) {
      check(setup, 1);
      setup.world.advance(1000);
    }
    expect(setup.pages.pages).toBe(1);
    expect(setup.taken()).toBe(0);
    setup.world.advance(LONG_MS);
    expect(setup.pages.heldBytes).toBe(0);
    check(setup, COUNT);
    expect(setup.taken()).toBeGreaterThan(0);
  });

  test("leave nothing behind when the stream is closed", () => {
    const setup = stored(COUNT);
    readAnyhow(setup, COUNT, 1000);
    setup.store.close(() => undefined);
    setup.complete();
    expect([setup.pages.pages, setup.pages.heldBytes]).toEqual([0, 0]);
  });
});

test("messages that are read as they come are read once, and stay as they are for who has them", () => {
  const setup = stored(1);
  check(setup, 1);
  const first = new StoredMsg();
  expect(setup.store.load(1, first)).toBe(true);
  setup.taken();
  for (let seq = 2; seq < 700; seq++) {
    add(setup, seq, 100);
    setup.store.submit();
    setup.complete();
    check(setup, seq);
  }
  expect(setup.taken()).toBeLessThan(700 * 140);
  expect(textOf(first)).toBe(bodyOf(1, 100).toString());
});

describe("a damaged message", () => {
  /** Flips a bit of a message's body where it lies on disk. */
  const damage = ({ disk }: Setup, seq: number): void => {
    const path = "S/msgs/1.blk";
    const at = Buffer.from(disk.contents(path)).indexOf(bodyOf(seq, 100));
    expect(at).toBeGreaterThan(0);
    disk.flipBit(path, (at + 50) * 8 + 2);
  };

  test("is not served, though its neighbours were", () => {
    const setup = stored(500);
    damage(setup, 200);
    for (let seq = 1; seq <= 500; seq++) if (seq !== 200) check(setup, seq);
    expect(setup.store.load(200, msg)).toBe(false);
    check(setup, 199);
    check(setup, 201);
  });

  test("is noticed when it is read again", () => {
    const setup = stored(500);
    check(setup, 200);
    damage(setup, 200);
    check(setup, 200); // it is in memory
    setup.world.advance(LONG_MS);
    expect(setup.store.load(200, msg)).toBe(false);
    check(setup, 199);
  });
});

describe("what is in memory of a block goes", () => {
  test.each(["none", "s2"] as const)("when a message of it is erased: compression %s", (compression) => {
    const setup = stored(3000, { compression });
    readAnyhow(setup, 3000, 10_000);
    setup.taken();
    check(setup, 99);
    check(setup, 101);
    expect(setup.taken()).toBe(0);
    expect(setup.store.stageRemove(100, true)).toBe(true);
    setup.store.submit();
    setup.complete();
    expect(setup.store.load(100, msg)).toBe(false);
    setup.taken();
    check(setup, 99);
    check(setup, 101);
    // From the disk, where the bytes are gone.
    expect(setup.taken()).toBeGreaterThan(0);
    expect(Buffer.from(msg.body).includes(bodyOf(100, 100))).toBe(false);
    setup.store.checkInvariants();
  });

  test.each(["none", "s2"] as const)("when it is rewritten: compression %s", (compression) => {
    const count = 3000;
    const setup = stored(count, { compression });
    readAnyhow(setup, count, 10_000);
    for (let seq = 1; seq <= count; seq++) if (seq % 4 > 0) setup.store.stageRemove(seq, false);
    setup.store.submit();
    setup.complete();
    setup.store.tidy();
    setup.complete();
    if (compression === "none") expect(setup.disk.contents("S/msgs/1.blk").length).toBeLessThan(50_000);
    for (let seq = 1; seq <= count; seq++) {
      if (seq % 4 === 0) check(setup, seq);
      else expect(setup.store.load(seq, msg)).toBe(false);
    }
    setup.store.checkInvariants();
  });
});

describe("messages that are read in order", () => {
  const COUNT = 20_000;

  test("are read from the disk once, and leave nothing in memory", () => {
    const setup = stored(COUNT, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    for (let seq = 1; seq <= COUNT; seq++) check(setup, seq);
    expect(setup.taken()).toBeLessThan(COUNT * 140);
    expect(setup.pages.heldBytes).toBeLessThan(200_000);
    setup.store.checkInvariants();
  });

  test("are read once for all who read at the same place", () => {
    const count = 3000;
    const setup = stored(count, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    for (let seq = 1; seq <= count; seq++)
      for (let back = 0; back < 8; back++) check(setup, Math.max(1, seq - 40 * back));
    expect(setup.taken()).toBeLessThan(count * 140);
  });

  test("are read hardly more than once by many who read at many places", () => {
    const many = 40;
    const setup = stored(COUNT, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    const each = COUNT / many;
    for (let at = 0; at < each; at += 100) {
      for (let who = 0; who < many; who++) {
        for (let seq = 1; seq <= 100 && at + seq <= each; seq++) check(setup, who * each + at + seq);
      }
    }
    expect(setup.taken()).toBeLessThan(COUNT * 140 * 2);
  });

  test("are right in pages that are written over, whoever reads besides, also behind gaps", () => {
    const setup = stored(COUNT, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    for (let seq = 1; seq <= COUNT; seq += 3) setup.store.stageRemove(seq, false);
    setup.store.submit();
    setup.complete();
    const isThere = (seq: number): boolean => seq % 3 !== 1;
    let other = COUNT / 2;
    for (let seq = 1; seq <= COUNT; seq++) {
      if (isThere(seq)) check(setup, seq);
      if (seq % 5 === 0 && isThere(++other) && other <= COUNT) check(setup, other);
      const any = 1 + setup.world.random(COUNT);
      if (seq % 50 === 0 && isThere(any)) check(setup, any);
    }
    expect(setup.taken()).toBeLessThan(COUNT * 140 * 3);
  });

  test("are good until the next call of their store, whatever others do", () => {
    const setup = stored(3000, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    const other = stored(COUNT, { blockBytes: 4 * MB, pageBytes: 64 * MB });
    const ignored = new StoredMsg();
    let at = 0;
    for (let seq = 1; seq <= 3000; seq++) {
      check(setup, seq);
      // The last one of a page, perhaps.
      if (seq % 64 !== 0) continue;
      for (let left = 6000; left > 0; left--) other.store.load(1 + (at++ % COUNT), ignored);
      expect(textOf(msg)).toBe(bodyOf(seq, 100).toString());
    }
  });
});
