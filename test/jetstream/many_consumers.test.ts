// Streams with very many consumers: what is done for one of them does not grow
// with the others. Counted in what is looked at, never in time.

import { afterEach, describe, expect, test, vi } from "vitest";
import { AckState } from "../../src/jetstream/consumer/ack_state.ts";
import { Consumer } from "../../src/jetstream/consumer/consumer.ts";
import { Bench } from "./bench.ts";

interface Page {
  readonly total: number;
  readonly consumers: readonly unknown[];
}

/** Twice as many may cost so much more. */
const DOUBLED = 2.6;

afterEach(() => {
  vi.restoreAllMocks();
});

function streamOf(retention: string): Bench {
  const bench = new Bench();
  const made = bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], storage: "memory", retention });
  expect(made.error).toBeUndefined();
  return bench;
}

function create(bench: Bench, count: number, config: (i: number) => object): void {
  const answers = Array.from({ length: count }, (_, i) => {
    const name = `C${i}`;
    const body = { stream_name: "S", action: "create", config: { name, durable_name: name, ...config(i) } };
    return bench.ask(`$JS.API.CONSUMER.CREATE.S.${name}`, body);
  });
  bench.settle();
  for (const [answer] of answers) expect(answer).toContain('"config"');
}

/** How often consumers are looked at while `work` runs. */
function looks(work: () => void): number {
  const config = vi.spyOn(Consumer.prototype, "config", "get");
  const finished = vi.spyOn(Consumer.prototype, "isFinishedWith");
  const stored = vi.spyOn(Consumer.prototype, "onStored");
  const before = [config, finished, stored].reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  work();
  const after = [config, finished, stored].reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  vi.restoreAllMocks();
  return after - before;
}

function list(bench: Bench, verb: "LIST" | "NAMES", count: number): void {
  let seen = 0;
  while (seen < count) {
    const page = bench.api(`CONSUMER.${verb}.S`, { offset: seen }) as unknown as Page;
    expect(page.total).toBe(count);
    seen += page.consumers.length;
  }
}

function removeAll(bench: Bench, count: number): void {
  const answers = Array.from({ length: count }, (_, i) => bench.ask(`$JS.API.CONSUMER.DELETE.S.C${i}`));
  bench.settle();
  for (const [answer] of answers) expect(answer).toContain('"success":true');
}

function messagesOf(bench: Bench): number {
  return (bench.api("STREAM.INFO.S") as unknown as { state: { messages: number } }).state.messages;
}

/** What `run` looks at with `few` consumers, and with twice as many. */
function growth(few: number, run: (count: number) => number): number {
  return run(2 * few) / run(few);
}

describe("twice as many consumers of a stream cost at most 2.6 times as much", () => {
  test("to create, list and delete", () => {
    const costs = [200, 400].map((count) => {
      const bench = streamOf("limits");
      return [
        looks(() => create(bench, count, () => ({ ack_policy: "explicit" }))),
        looks(() => list(bench, "LIST", count)),
        looks(() => list(bench, "NAMES", count)),
        looks(() => removeAll(bench, count)),
      ];
    });
    for (const [i, cost] of costs[1]!.entries()) expect(cost).toBeLessThanOrEqual(DOUBLED * Math.max(1, costs[0]![i]!));
  });

  test("to create where no two may want the same", () => {
    const run = (count: number): number => {
      const bench = streamOf("workqueue");
      return looks(() => create(bench, count, (i) => ({ ack_policy: "explicit", filter_subject: `s.${i}.*` })));
    };
    expect(growth(200, run)).toBeLessThanOrEqual(DOUBLED);
  });

  test("to be told of messages of which each wants its own", () => {
    const run = (count: number): number => {
      const bench = streamOf("limits");
      create(bench, count, (i) => ({ ack_policy: "explicit", filter_subject: `s.${i}.*` }));
      return looks(() => {
        for (let i = 0; i < count; i++) bench.ask(`s.${i}.x`, "hello");
        bench.settle();
      });
    };
    expect(growth(200, run)).toBeLessThanOrEqual(DOUBLED);
  });

  test.each([
    ["in their order", (i: number) => i],
    ["the last one first", (i: number, count: number) => count - 1 - i],
    ["in any order", (i: number, count: number) => (i * 7919) % count],
  ])("to find that all have acked what goes then, %s", (_, order) => {
    const run = (count: number): number => {
      const bench = streamOf("interest");
      create(bench, count, () => ({ ack_policy: "explicit" }));
      bench.request("s.1", "hello");
      for (let i = 0; i < count; i++) {
        const asked = bench.ask(`$JS.API.CONSUMER.MSG.NEXT.S.C${i}`, "1");
        bench.settle();
        expect(asked).toEqual(["hello"]);
      }
      const state = (): number => messagesOf(bench);
      expect(state()).toBe(1);
      const cost = looks(() => {
        for (let i = 0; i < count; i++) bench.ask(`$JS.ACK.S.C${order(i, count)}.1.1.1.1700000000000000000.0`, "+ACK");
        bench.settle();
      });
      expect(state()).toBe(0);
      return cost;
    };
    expect(growth(60, run)).toBeLessThanOrEqual(DOUBLED);
  });

  test("to let go of messages when all of them are deleted at once", () => {
    const needs = (count: number): number => {
      const bench = streamOf("interest");
      create(bench, count, () => ({ ack_policy: "explicit" }));
      for (let i = 0; i < 2000; i++) bench.ask(`s.${i}`, "hello");
      bench.settle();
      const spy = vi.spyOn(AckState.prototype, "needs");
      removeAll(bench, count);
      const asked = spy.mock.calls.length;
      vi.restoreAllMocks();
      expect(messagesOf(bench)).toBe(0);
      return asked + count;
    };
    expect(growth(50, needs)).toBeLessThanOrEqual(DOUBLED);
  });
});

test("consumers are listed by name, whenever they came", () => {
  const bench = streamOf("limits");
  for (const name of ["b", "a", "d", "c", "B"]) {
    bench.api(`CONSUMER.CREATE.S.${name}`, { stream_name: "S", config: { name, ack_policy: "explicit" } });
  }
  bench.api("CONSUMER.DELETE.S.d");
  expect(bench.api("CONSUMER.NAMES.S")).toMatchObject({ consumers: ["B", "a", "b", "c"] });
  expect(bench.api("CONSUMER.NAMES.S", { offset: 3 })).toMatchObject({ total: 4, offset: 3, consumers: ["c"] });
  expect(bench.api("CONSUMER.LIST.S", { offset: 9 })).toMatchObject({ total: 4, offset: 4, consumers: [] });
});
