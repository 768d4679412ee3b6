import { afterEach, describe, expect, test, vi } from "vitest";
import { openRandom } from "../../src/io/random.ts";
import { MOST_NODE_MS, openWorld, type TimeSource } from "../../src/io/world.ts";

/** Node's side of time, moved by hand: setTimeout as Node has it, which is early now and then. */
class FakeNode implements TimeSource {
  mono = 1000;
  date = 1_800_000_000_000;
  readonly originMs = 1_800_000_000_000 - 1000;
  #timers: { atMs: number; fire: () => void }[] = [];
  #immediates: (() => void)[] = [];
  delays: number[] = [];

  nowMs(): number {
    return this.mono;
  }
  dateMs(): number {
    return Math.floor(this.date);
  }
  setTimeout(fire: () => void, delayMs: number): unknown {
    this.delays.push(delayMs);
    const timer = { atMs: this.mono + (delayMs > MOST_NODE_MS ? 1 : delayMs), fire };
    this.#timers.push(timer);
    return timer;
  }
  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
  setImmediate(fire: () => void): void {
    this.#immediates.push(fire);
  }
  /** Fires the timers of the next `ms`, each up to `earlyMs` before its time. */
  pass(ms: number, earlyMs = 0): void {
    const end = this.mono + ms;
    for (;;) {
      const next = this.#timers.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs - earlyMs > end) break;
      this.#timers.shift();
      this.#move(Math.max(0, next.atMs - earlyMs - this.mono));
      next.fire();
      this.turn();
    }
    this.#move(end - this.mono);
    this.turn();
  }
  turn(): void {
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const fire of immediates) fire();
  }
  get timers(): number {
    return this.#timers.length;
  }
  #move(ms: number): void {
    this.mono += ms;
    this.date += ms;
  }
}

const DAY_MS = 86_400_000;

describe("timers", () => {
  test("a delay beyond what Node can do comes at its time, not at once", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    const fired: string[] = [];
    world.after(40 * DAY_MS, () => fired.push("monotonic"));
    world.wallAfter(60 * DAY_MS, () => fired.push("wall"));
    expect(Math.max(...node.delays)).toBeLessThanOrEqual(MOST_NODE_MS);
    node.pass(40 * DAY_MS - 1);
    expect(fired).toEqual([]);
    node.pass(1);
    expect(fired).toEqual(["monotonic"]);
    node.pass(20 * DAY_MS - 1);
    expect(fired).toEqual(["monotonic"]);
    node.pass(1);
    expect(fired).toEqual(["monotonic", "wall"]);
  });

  test("never early, although Node's are", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    const at: number[] = [];
    world.after(50, () => at.push(world.nowMs()));
    world.wallAfter(50.5, () => at.push(world.nowMs()));
    node.pass(60, 0.9);
    expect(at.length).toBe(2);
    expect(at[0]).toBeGreaterThanOrEqual(1050);
    expect(at[1]).toBeGreaterThan(1050.5 - 1e-6);
  });

  test("a cancelled timer is forgotten and leaves nothing", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    let fired = 0;
    const timers = [world.after(5, () => fired++), world.wallAfter(5, () => fired++)];
    for (const timer of timers) timer.cancel();
    for (const timer of timers) timer.cancel();
    node.pass(20_000);
    expect([fired, node.timers]).toEqual([0, 0]);
  });

  test("a timer may set the next one and cancel itself", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    let fired = 0;
    const timer = world.after(5, () => {
      timer.cancel();
      world.after(5, () => fired++);
    });
    node.pass(10);
    expect(fired).toBe(1);
  });
});

describe("the wall clock", () => {
  test("has nanoseconds and stands still within a turn", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    node.pass(0.123_456);
    expect([world.wallSec(), world.wallNanos()]).toEqual([1_800_000_000, 123_456]);
    node.mono += 0.5;
    node.date += 0.5;
    expect(world.wallNanos()).toBe(123_456);
    node.turn();
    expect(world.wallNanos()).toBe(623_456);
  });

  test("follows the system's clock when it is set back or forwards", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    expect(world.wallSec()).toBe(1_800_000_000);
    node.turn();
    node.date -= 3_600_000;
    expect([world.wallSec(), world.wallNanos()]).toEqual([1_800_000_000 - 3600, 0]);
    node.turn();
    node.date += 7_200_500;
    expect([world.wallSec(), world.wallNanos()]).toEqual([1_800_000_000 + 3600, 500_000_000]);
  });

  test("is never stepped back over a slewed clock, and stays within its millisecond", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    let last = 0;
    for (let i = 0; i < 5000; i++) {
      node.mono += 1; // the monotonic clock runs 0.05 % fast, then slow
      node.date += i < 2500 ? 0.9995 : 1.0005;
      node.turn();
      const nanos = (world.wallSec() - 1_800_000_000) * 1e9 + world.wallNanos();
      expect(nanos).toBeGreaterThanOrEqual(last);
      expect(Math.abs(nanos / 1e6 - (node.date - 1_800_000_000_000))).toBeLessThan(1.01);
      last = nanos;
    }
  });

  test("moves the timers that hang on it, also without traffic", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    const fired: string[] = [];
    world.wallAfter(60_000, () => fired.push("minute"));
    world.wallAfter(3_600_000, () => fired.push("hour"));
    world.after(60_000, () => fired.push("monotonic"));
    node.pass(10);
    node.date -= 30_000;
    node.pass(60_000);
    expect(fired).toEqual(["monotonic"]);
    node.pass(30_000);
    expect(fired).toEqual(["monotonic", "minute"]);
    node.date += 3_520_000;
    node.pass(30_000);
    expect(fired).toEqual(["monotonic", "minute", "hour"]);
    node.pass(20_000);
    expect(node.timers).toBe(0);
  });
});

describe("turn ends", () => {
  test("come once, in order; what they ask for comes in the next turn", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    const seen: string[] = [];
    world.atTurnEnd(() => {
      seen.push("a");
      world.atTurnEnd(() => seen.push("c"));
    });
    world.atTurnEnd(() => seen.push("b"));
    node.turn();
    expect(seen).toEqual(["a", "b"]);
    node.turn();
    node.turn();
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test("one that throws does not lose the others", () => {
    const node = new FakeNode();
    const world = openWorld(node);
    let later = 0;
    world.atTurnEnd(() => {
      throw new Error("a bug");
    });
    world.atTurnEnd(() => later++);
    expect(() => node.turn()).toThrow("a bug");
    node.turn();
    expect(later).toBe(1);
  });
});

describe("Node's own clocks", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a test runner's fake timers do not freeze the world", async () => {
    const wait = globalThis.setTimeout;
    vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "Date", "performance", "clearTimeout"] });
    vi.setSystemTime(0);
    const world = openWorld();
    const from = world.nowMs();
    await new Promise<void>((resolve) => world.after(5, resolve));
    await new Promise<void>((resolve) => world.atTurnEnd(resolve));
    await new Promise<void>((resolve) => wait(resolve, 2));
    expect(world.nowMs() - from).toBeGreaterThanOrEqual(5);
    expect(world.wallSec()).toBeGreaterThan(1_700_000_000);
  });

  test("the wall clock is the system's, to the millisecond", async () => {
    const world = openWorld();
    for (let i = 0; i < 50; i++) {
      await new Promise<void>((resolve) => world.atTurnEnd(resolve));
      const before = Date.now();
      const ms = world.wallSec() * 1000 + world.wallNanos() / 1e6;
      expect(ms).toBeGreaterThanOrEqual(before - 0.001);
      expect(ms).toBeLessThan(Date.now() + 1);
    }
  });
});

describe("chance", () => {
  test("is uniform below any bound", () => {
    let seed = 1;
    const random = openRandom((pool) => {
      for (let i = 0; i < pool.length; i++) pool[i] = seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    });
    for (const below of [1, 2, 3, 7, 10, 2 ** 31 + 1, 2 ** 32, 2 ** 40, 2 ** 53]) {
      const buckets = [0, 0, 0, 0];
      for (let i = 0; i < 4000; i++) {
        const drawn = random(below);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < below).toBe(true);
        buckets[Math.floor((drawn / below) * 4)]!++;
      }
      if (below >= 2 ** 31) for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
    }
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) thirds[random(3)]!++;
    for (const count of thirds) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  test("what was drawn does not tell what comes", () => {
    const random = openRandom();
    const next = (x: number, w: number): number => (w ^ (w >>> 19) ^ x ^ (x << 11) ^ ((x ^ (x << 11)) >>> 8)) >>> 0;
    const drawn = Array.from({ length: 40 }, () => random(2 ** 32));
    // As a shift register would have it.
    for (let i = 4; i < drawn.length; i++) expect(drawn[i]).not.toBe(next(drawn[i - 4]!, drawn[i - 1]!));
  });

  test("differs between worlds", () => {
    const draw = (): string => {
      const world = openWorld();
      return Array.from({ length: 8 }, () => world.random(1e9)).join();
    };
    expect(draw()).not.toBe(draw());
    expect(openWorld().randomBytes(16)).not.toEqual(openWorld().randomBytes(16));
  });
});
