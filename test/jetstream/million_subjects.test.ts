// One consumer over a million subjects: what it costs in turns and in what is asked of the store, never in time. Twice as
// many subjects cost at most 2.6 times as much, and what is about a few of them costs the same.

import { afterEach, describe, expect, test, vi } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { FileStore } from "../../src/store/file/file_store.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { Bench } from "./bench.ts";

const MILLION = 1_000_000;
/** Subjects are s.<group>.<number>. */
const GROUPS = 1000;
/** Messages published between two turns. */
const A_TURN = 20_000;
/** Twice as many may cost so much more. */
const DOUBLED = 2.6;
/** Of the store, what a consumer asks for. */
const QUESTIONS = ["next", "load", "last", "lastPerSubject", "count"] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

function fill(bench: Bench, from: number, to: number): void {
  const nothing = new Uint8Array(0);
  for (let i = from; i < to; i++) {
    bench.account.bus.publishParts(byteString(`s.${i % GROUPS}.${i}`), byteString(""), nothing, nothing);
    if (i % A_TURN === A_TURN - 1) bench.world.settle();
  }
  bench.world.settle();
}

/** Turns, and questions to the store, until `isOver`. */
function steps(bench: Bench, storage: string, isOver: () => boolean): number {
  const store = storage === "memory" ? MemoryStore.prototype : FileStore.prototype;
  const spies = QUESTIONS.map((name) => vi.spyOn(store, name));
  let turns = 0;
  for (; !isOver(); turns++) {
    if (turns > 100_000) throw new Error("it does not end");
    bench.world.turn();
  }
  const asked = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  return turns + asked;
}

interface Info {
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly ack_floor: { readonly stream_seq: number };
}

class Million {
  readonly bench = new Bench();
  readonly #storage: string;

  constructor(storage: string) {
    this.#storage = storage;
    this.bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], storage });
  }

  /** Steps until a consumer is there that has so many to deliver. */
  create(name: string, pending: number, config: object): number {
    const cost = this.#ask(`CONSUMER.CREATE.S.${name}`, {
      stream_name: "S",
      config: { name, durable_name: name, ack_policy: "explicit", max_ack_pending: -1, ...config },
    });
    expect(this.info(name)).toMatchObject({ num_pending: pending });
    return cost;
  }

  /** Steps until as many came as were asked for; each is acknowledged when all are there. Their bodies do not matter. */
  fetch(name: string, count: number): number {
    const { bench } = this;
    const acks: string[] = [];
    const inbox = byteString(`inbox.of.${name}.${count}`);
    bench.account.bus.subscribe(inbox, {
      onMsg: ({ source, replyFrom, replyTo }) => {
        acks.push(Buffer.from(source).toString("latin1", replyFrom, replyTo));
        return true;
      },
    });
    const request = Buffer.from(JSON.stringify({ batch: count, no_wait: true }));
    bench.account.bus.publishParts(
      byteString(`$JS.API.CONSUMER.MSG.NEXT.S.${name}`),
      inbox,
      new Uint8Array(0),
      request,
    );
    const cost = steps(bench, this.#storage, () => acks.length >= count);
    expect(new Set(acks).size).toBe(count);
    for (const ack of acks) bench.account.bus.publishText(byteString(ack), "+ACK");
    bench.settle();
    expect(this.info(name).num_ack_pending).toBe(0);
    return cost;
  }

  purge(filter: string): number {
    return this.#ask("STREAM.PURGE.S", { filter });
  }
  info(name: string): Info {
    return this.bench.api(`CONSUMER.INFO.S.${name}`) as unknown as Info;
  }
  remove(name: string): void {
    this.bench.api(`CONSUMER.DELETE.S.${name}`);
  }

  #ask(verb: string, body: object): number {
    const answers = this.bench.ask(`$JS.API.${verb}`, body);
    const cost = steps(this.bench, this.#storage, () => answers.length > 0);
    expect(JSON.parse(answers[0]!)).not.toHaveProperty("error");
    return cost;
  }
}

/** What consumers do, with so many subjects in the stream, of which one group goes; `again` messages were stored twice. */
function lifeOf(
  million: Million,
  count: number,
  goes: number,
  again: number,
): Record<"whole" | "few", Record<string, number>> {
  const each = count / GROUPS;
  const whole: Record<string, number> = {};
  const few: Record<string, number> = {};
  whole["all"] = million.create("ALL", count, {});
  whole["wildcards"] = million.create("WILD", count, { filter_subject: "s.*.*" });
  whole["last"] = million.create("LAST", count, { deliver_policy: "last_per_subject", filter_subject: "s.>" });
  whole["group"] = million.create("GROUP", each, { filter_subject: "s.7.*" });
  whole["end"] = million.create("END", 1, { filter_subject: `s.*.${count - 1}` });
  whole["fetch of a group"] = million.fetch("GROUP", each);
  whole["fetch of the last"] = million.fetch("END", 1);
  few["one"] = million.create("ONE", 1, { filter_subject: `s.7.${count - GROUPS + 7}` });
  few["fetch of one"] = million.fetch("ONE", 1);
  few["fetch of all"] = million.fetch("ALL", 1000);
  few["fetch of wildcards"] = million.fetch("WILD", 1000);
  few["fetch of last"] = million.fetch("LAST", 1000);
  // What goes is in none of the first thousand but one.
  whole["purge"] = million.purge(`s.${goes}.*`);
  for (const name of ["ALL", "WILD", "LAST"]) expect(million.info(name).num_pending).toBe(count - 1000 - each + 1);
  expect(million.info("GROUP")).toMatchObject({
    num_pending: 0,
    ack_floor: { stream_seq: count - GROUPS + 8 + again },
  });
  for (const name of ["ALL", "WILD", "LAST", "GROUP", "END", "ONE"]) million.remove(name);
  return { whole, few };
}

describe.each(["memory", "file"])("one consumer over a million subjects in %s", (storage) => {
  test(
    "takes steps that grow with the stream at most, and as many for what is about a few of them",
    { timeout: 120_000 },
    () => {
      const million = new Million(storage);
      const half = MILLION / 2;
      fill(million.bench, 0, half);
      const before = lifeOf(million, half, 500, 0);
      // The group comes back, behind the others.
      for (let i = 500; i < half; i += GROUPS) million.bench.account.bus.publishText(byteString(`s.500.${i}`), "");
      fill(million.bench, half, MILLION);
      const after = lifeOf(million, MILLION, 501, half / GROUPS);
      for (const [what, cost] of Object.entries(before.whole)) {
        expect.soft(after.whole[what]!, what).toBeLessThanOrEqual(DOUBLED * cost);
      }
      for (const [what, cost] of Object.entries(before.few)) {
        expect.soft(after.few[what]!, what).toBeLessThanOrEqual(cost + 2);
      }
    },
  );
});
