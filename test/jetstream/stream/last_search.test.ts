// The last message of a pattern among very many subjects, in slices.

import { beforeEach, describe, expect, test } from "vitest";
import { byteString } from "../../../src/base/bytes.ts";
import { LastSearch } from "../../../src/jetstream/stream/last_search.ts";
import type { StreamStore } from "../../../src/store/stream_store.ts";
import type { Stream } from "../../../src/jetstream/stream.ts";
import { Rig } from "./support.ts";

const MANY = 60_000;
let rig: Rig;
let stream: Stream;

beforeEach(() => {
  rig = new Rig();
  stream = rig.open({ max_msgs_per_subject: 1n });
  for (let i = 1; i <= MANY; i++) rig.publish(`s.${i}.x`, String(i), [], "");
  rig.read();
});

function searched(pattern: string, between: (slice: number) => void = () => {}): [seq: number, slices: number] {
  const search = new LastSearch(stream.store, byteString(pattern));
  for (let slices = 1; ; slices++) {
    const seq = search.step();
    if (seq !== undefined) return [seq, slices];
    between(slices);
  }
}

/** How often the store is asked in one turn, at most. */
function callsATurn(ask: () => void): number {
  let calls = 0;
  let most = 0;
  const { store } = stream;
  const count = (method: "subjects" | "last"): void => {
    const real = store[method].bind(store) as (...args: unknown[]) => unknown;
    (store as unknown as Record<string, unknown>)[method] = (...args: unknown[]) => {
      most = Math.max(most, ++calls);
      return real(...args);
    };
  };
  count("subjects" satisfies keyof StreamStore);
  count("last");
  const { nextTurn } = rig.surroundings;
  (rig.surroundings as { nextTurn: typeof nextTurn }).nextTurn = (fire) => {
    nextTurn(() => {
      calls = 0;
      fire();
    });
  };
  ask();
  return most;
}

describe("the last message of a pattern", () => {
  test("is found at once near the end, and over slices among all subjects", () => {
    expect(searched("s.*.x")).toEqual([MANY, 1]);
    const [seq, slices] = searched("s.7.*");
    expect([seq, slices]).toEqual([7, 1]);
    for (const [pattern, last] of [
      ["*.7.x", 7],
      ["s.*.y", 0],
    ] as const) {
      // prettier-ignore
      const found = searched(pattern);
      expect(found[0]).toBe(last);
      expect(found[1]).toBeGreaterThan(3);
      expect(found[1]).toBeLessThan(10);
    }
  });

  test("is another one when that is removed meanwhile", () => {
    rig.publish("s.0.y", "", [], "");
    rig.publish("s.1.y", "", [], "");
    for (let i = 1; i <= 2000; i++) rig.publish(`s.${i}.x`, "", [], "");
    rig.read();
    const [seq] = searched("s.*.y", (slice) => {
      if (slice !== 3) return;
      stream.removeMsg(MANY + 2, false, () => {});
      rig.read();
    });
    expect(seq).toBe(MANY + 1);
  });

  test("is asked of the API over turns", () => {
    const found: (number | undefined)[] = [];
    const ask = (): void => {
      for (const last of ["*.7.x", "s.*.y"]) {
        const query = { seq: 0, last: byteString(last), next: byteString(""), start: undefined };
        stream.getMsg(query, (msg) => found.push(msg?.seq));
      }
      rig.read();
    };
    expect(callsATurn(ask)).toBeLessThanOrEqual(2);
    expect(found).toEqual([7, undefined]);
  });

  test("is asked directly, and of many patterns at once", () => {
    rig.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ last_by_subj: "*.7.x" }));
    rig.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ last_by_subj: "s.*.y" }));
    rig.publish("$JS.API.DIRECT.GET.S.s.*.x");
    expect(rig.messages().map(({ header, body }) => body || header.split("\r\n")[0])).toEqual([
      String(MANY),
      "7",
      "NATS/1.0 404 Message Not Found",
    ]);
    rig.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ multi_last: ["*.7.x", "s.*.y", "s.9.*", "s.11.x"] }));
    expect(rig.messages().map(({ header, body }) => body || header.split("\r\n")[0])).toEqual([
      "7",
      "9",
      "11",
      "NATS/1.0 204 EOB",
    ]);
    rig.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ multi_last: ["s.*.x"] }));
    expect(rig.messages().map(({ header }) => header.split("\r\n")[0])).toEqual(["NATS/1.0 413 Too Many Results"]);
  });
});

test("a batch without max_bytes sends what a client may have waiting", () => {
  const small = new Rig({ maxPendingBytes: 16 });
  small.open();
  for (let i = 0; i < 9; i++) small.publish("s.a", "12345", [], "");
  small.read();
  small.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ seq: 1, batch: 9 }));
  expect(small.messages()).toHaveLength(3);
});

test("a batch that nobody waits for any more ends", () => {
  const other = new Rig();
  const asked = other.open();
  for (let i = 0; i < 20_000; i++) other.publish("s.a", "", [], "");
  other.read();
  const sub = other.hear("gone");
  other.publish("$JS.API.DIRECT.GET.S", JSON.stringify({ seq: 1, batch: 20_000 }), [], "gone");
  let loads = 0;
  const load = asked.store.load.bind(asked.store);
  asked.store.load = (...args) => ++loads > 0 && load(...args);
  other.router.remove(sub);
  other.read();
  expect(loads).toBeLessThan(2000);
});
