import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, copy1, copy2, plainArena, SCRATCH, wasmArena } from "../../src/base/arena.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { freeSlots } from "../../src/outbound/slots.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

interface Setup {
  readonly world: FakeWorld;
  readonly transport: FakeTransport;
  readonly turn: Turn;
  readonly outbound: Outbound;
  readonly events: string[];
}

function setup(maxPendingBytes = 1 << 26, writeDeadlineMs = 10_000): Setup {
  const world = new FakeWorld();
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  const events: string[] = [];
  const transport = new FakeTransport(world);
  const outbound = new Outbound(
    turn,
    world,
    transport,
    {
      onPendingExceeded: () => {
        events.push("pending");
        outbound.close();
      },
      onWriteDeadline: (chunks, pending) => events.push(`deadline ${chunks} ${pending}`),
    },
    { maxPendingBytes, writeDeadlineMs },
  );
  transport.open(() => ({
    onChunk: () => {},
    onWritten: () => outbound.onWritten(),
    onSecured: () => {},
    onGone: () => outbound.gone(),
  }));
  return { world, transport, turn, outbound, events };
}

const text = (value: string): Uint8Array => Buffer.from(value, "latin1");
const before = freeSlots();
const allSlotsBack = (): void => expect(freeSlots()).toEqual(before);

describe("outbound", () => {
  test("writes once per turn, in order", () => {
    const { world, transport, outbound } = setup();
    outbound.put(text("one "));
    bytes.set(text("two three "), SCRATCH);
    outbound.put2(SCRATCH, 4, SCRATCH + 4, 6);
    expect(transport.take()).toBe("");
    world.turn();
    expect(transport.take()).toBe("one two three ");
    expect(transport.writes).toBe(1);
    allSlotsBack();
  });

  test("while it is congested each piece is noticed, and none once it has room again", () => {
    const { world, transport, turn, outbound } = setup(1 << 20);
    const piece = text("x".repeat(1000));
    const isNoticed = (): boolean => {
      turn.noticed();
      outbound.put(piece);
      return turn.slow === outbound;
    };
    transport.hold();
    for (let i = 0; i < 1000 && !outbound.congested; i++) outbound.put(piece);
    expect([isNoticed(), isNoticed(), isNoticed()]).toEqual([true, true, true]);
    world.turn();
    expect([isNoticed(), isNoticed()]).toEqual([true, true]);
    transport.release();
    world.turn();
    expect(outbound.congested).toBe(false);
    expect([isNoticed(), isNoticed()]).toEqual([false, false]);
    world.turn();
    expect(outbound.pendingBytes).toBe(0);
    allSlotsBack();
  });

  test("writes much of it early, what is left at the end of the turn, and nothing early behind what waits", () => {
    const { world, transport, outbound } = setup();
    const piece = "x".repeat(1000);
    for (let i = 0; i < 40; i++) {
      outbound.put(text(piece));
      outbound.flushEarly();
    }
    expect(transport.writes).toBeGreaterThanOrEqual(1);
    expect(transport.writes).toBeLessThanOrEqual(2 + 2); // the slots grow at first
    const early = transport.take().length;
    expect(early).toBeGreaterThan(16_000);
    expect(early).toBeLessThan(40_000);
    world.turn();
    expect(transport.take().length).toBe(40_000 - early);
    transport.hold();
    outbound.put(text(piece));
    world.turn();
    for (let i = 0; i < 30; i++) outbound.put(text(piece));
    const { writes } = transport;
    outbound.flushEarly();
    expect(transport.writes).toBe(writes);
    transport.release();
    world.settle();
    expect(transport.take().length).toBe(31_000);
    allSlotsBack();
  });

  test("keeps bytes that the kernel does not take, and sends what came later after them", () => {
    const { world, transport, outbound } = setup();
    transport.hold();
    outbound.put(text("first "));
    world.turn();
    outbound.put(text("second "));
    world.turn();
    expect(outbound.pendingBytes).toBe(13);
    transport.release();
    world.settle();
    expect(transport.take()).toBe("first second ");
    expect(outbound.pendingBytes).toBe(0);
    allSlotsBack();
  });

  test("moves pieces of any size through slots, overflow buffers and by reference, in order", () => {
    const sizes = [1, 60, 2000, 5000, 17_000, 100_000, 131_000, 140_000, 300_000, 5, 70_000];
    const { world, transport, outbound } = setup();
    let want = "";
    for (const [i, size] of sizes.entries()) {
      const piece = String.fromCharCode(65 + i).repeat(size);
      if (i % 3 === 2) outbound.putOwned(text(piece));
      else outbound.put(text(piece));
      want += piece;
    }
    world.settle();
    expect(transport.take()).toBe(want);
    allSlotsBack();
  });

  test("tells its owner when more is pending than allowed, and not before", () => {
    const { world, transport, outbound, events } = setup(100_000);
    transport.hold();
    for (let i = 0; i < 9; i++) {
      outbound.put(text("x".repeat(10_000)));
      world.turn();
    }
    expect(events).toEqual([]);
    for (let i = 0; i < 60; i++) {
      outbound.put(text("x".repeat(10_000)));
      world.turn();
    }
    expect(events).toEqual(["pending"]);
    transport.destroy();
    world.settle();
    allSlotsBack();
  });

  test("tells its owner when one write takes longer than the deadline", () => {
    const { world, transport, outbound, events } = setup(1 << 20, 2000);
    transport.hold();
    outbound.put(text("hello"));
    world.turn();
    world.advance(1999);
    expect(events).toEqual([]);
    world.advance(1);
    expect(events).toEqual(["deadline 1 5"]);
    transport.destroy();
    world.settle();
    expect(world.pendingTimers).toBe(0);
    allSlotsBack();
  });

  test("shuts its gate above three quarters and opens it below", () => {
    const { world, transport, outbound, turn } = setup(1 << 20);
    let opened = 0;
    transport.hold();
    while (!turn.stop) {
      outbound.put(text("x".repeat(20_000)));
      if (outbound.pendingBytes % 3 === 0) world.turn();
    }
    expect(turn.slow).toBe(outbound);
    expect(outbound.fullness).toBeGreaterThan(0.6);
    outbound.whenOpen(() => opened++);
    turn.noticed();
    world.turn();
    expect(opened).toBe(0);
    transport.release();
    world.settle();
    expect(opened).toBe(1);
    allSlotsBack();
  });

  test("stops producers when a turn has made too much output", () => {
    const { world, outbound, turn } = setup();
    for (let i = 0; i < 200 && !turn.stop; i++) outbound.put(text("x".repeat(60_000)));
    expect(turn.stop).toBe(true);
    expect(turn.slow).toBeUndefined();
    world.turn();
    expect(turn.stop).toBe(false);
  });

  test("finish sends everything although a batch is in flight; slots come back when the transport is gone", () => {
    const { world, transport, outbound } = setup();
    transport.hold();
    outbound.put(text("a"));
    world.turn();
    outbound.put(text("b"));
    outbound.finish();
    outbound.put(text("never"));
    transport.end(1000);
    transport.release();
    expect(transport.take()).toBe("ab");
    world.settle();
    allSlotsBack();
  });

  test("keeps the order of any pieces under any holding", () => {
    const step = fc.oneof(
      fc.tuple(fc.constant("put" as const), fc.integer({ min: 1, max: 40_000 })),
      fc.tuple(fc.constant("owned" as const), fc.integer({ min: 1, max: 100_000 })),
      fc.tuple(fc.constantFrom("turn" as const, "hold" as const, "release" as const), fc.constant(0)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { world, transport, outbound } = setup();
        let want = "";
        for (const [i, [what, size]] of steps.entries()) {
          const piece = String.fromCharCode(33 + (i % 90)).repeat(size);
          if (what === "put") outbound.put(text(piece));
          else if (what === "owned") outbound.putOwned(text(piece));
          else if (what === "turn") world.turn();
          else transport[what]();
          want += piece;
        }
        transport.release();
        world.settle();
        transport.release();
        world.settle();
        expect(transport.take() === want).toBe(true);
        allSlotsBack();
      }),
      { numRuns: 100 },
    );
  });
});

describe.each([
  ["WebAssembly", wasmArena(1 << 20)],
  ["plain", plainArena(1 << 20)],
])("the %s copy kernel", (_, arena) => {
  test("copies any two pieces behind each other and nothing in front", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(9000), fc.nat(63), (aLength, bLength, shift) => {
        const a = 4096 + shift;
        const b = 32_768 + 7 * shift;
        const to = 131_072 + shift;
        for (let i = 0; i < aLength; i++) arena.bytes[a + i] = (i * 7 + 1) & 255;
        for (let i = 0; i < bLength; i++) arena.bytes[b + i] = (i * 11 + 3) & 255;
        arena.bytes[to - 1] = 0x55;
        arena.copy2(to, a, aLength, b, bLength);
        const want = Buffer.concat([arena.bytes.subarray(a, a + aLength), arena.bytes.subarray(b, b + bLength)]);
        expect(Buffer.compare(arena.bytes.subarray(to, to + aLength + bLength), want)).toBe(0);
        expect(arena.bytes[to - 1]).toBe(0x55);
        arena.copy1(to, b, bLength);
        expect(Buffer.compare(arena.bytes.subarray(to, to + bLength), arena.bytes.subarray(b, b + bLength))).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("tells whether two pieces are the same, whatever is behind them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(120), fc.nat(63), (length, differsAt, shift) => {
        const a = 4096 + shift;
        const b = 8192 + 3 * shift;
        for (let i = 0; i < length; i++) arena.bytes[a + i] = arena.bytes[b + i] = (i * 7 + shift) & 255;
        for (let i = length; i < 128; i++) arena.bytes[a + i] = ~(arena.bytes[b + i] = 5) & 255;
        expect(arena.same(a, b, length)).toBe(1);
        arena.bytes[a + differsAt]! ^= 1;
        expect(arena.same(a, b, length)).toBe(differsAt < length ? 0 : 1);
      }),
      { numRuns: 300 },
    );
  });
});

test("the process's arena has kernels", () => {
  bytes.set(text("ab"), SCRATCH);
  copy1(SCRATCH + 100, SCRATCH, 2);
  copy2(SCRATCH + 102, SCRATCH, 1, SCRATCH + 1, 1);
  expect(Buffer.from(bytes.subarray(SCRATCH + 100, SCRATCH + 104)).toString()).toBe("abab");
});
