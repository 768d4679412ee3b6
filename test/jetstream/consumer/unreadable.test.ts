// A disk that does not tell for a while: consumers wait, and lose and skip nothing. What is damaged for good is passed over.

import { describe, expect, test } from "vitest";
import { byteString, byteStringOf } from "../../../src/base/bytes.ts";
import { FakeDisk } from "../../support/fake_disk.ts";
import { Bench } from "../bench.ts";

const BLOCK = "A/streams/S/msgs/1.blk";
/** Pages that nobody reads are gone by then. */
const FORGOTTEN_MS = 20_000;
/** The longest wait between two tries. */
const TRIED_MS = 2000;
const FAR = 3600e9;

class Life {
  readonly disk = new FakeDisk();
  bench = this.#open();
  /** "consumer: sequence deliveries", of each delivery. */
  readonly got: string[] = [];
  /** Acks of what was delivered last, by consumer and sequence. */
  readonly replies = new Map<string, string>();

  constructor(config: object = {}) {
    this.bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], allow_direct: true, ...config });
  }

  #open(): Bench {
    return new Bench({ disk: this.disk, settleDisk: () => this.disk.complete() });
  }
  restart(): void {
    this.bench.close();
    this.bench = this.#open();
  }

  put(...subjects: string[]): void {
    for (const subject of subjects) {
      this.bench.account.bus.publishParts(byteString(subject), byteString(""), new Uint8Array(0), Buffer.from("x"));
      this.bench.settle();
    }
  }
  create(name: string, config: object = {}): string[] {
    const all = { durable_name: name, name, ack_policy: "explicit", ack_wait: FAR, ...config };
    const answers = this.bench.ask(`$JS.API.CONSUMER.CREATE.S.${name}`, { stream_name: "S", action: "create", config: all }); // prettier-ignore
    this.bench.account.bus.subscribe(byteString(`to.${name}`), {
      onMsg: ({ source, replyFrom, replyTo }) => {
        const reply = byteStringOf(source, replyFrom, replyTo);
        if (!reply.startsWith("$JS.ACK.")) return true;
        const [deliveries, seq] = reply.split(".").slice(4, 6);
        this.got.push(`${name}: ${seq} ${deliveries}`);
        this.replies.set(`${name} ${seq}`, reply);
        return true;
      },
    });
    this.bench.settle();
    return answers;
  }
  pull(name: string, batch: number): void {
    const body = Buffer.from(JSON.stringify({ batch, expires: FAR }));
    this.bench.account.bus.publishParts(byteString(`$JS.API.CONSUMER.MSG.NEXT.S.${name}`), byteString(`to.${name}`), new Uint8Array(0), body); // prettier-ignore
    this.bench.settle();
  }
  say(name: string, seq: number, what: string): void {
    const reply = this.replies.get(`${name} ${seq}`)!;
    this.bench.account.bus.publishParts(byteString(reply), byteString(""), new Uint8Array(0), Buffer.from(what));
    this.bench.settle();
  }
  info(name: string): Record<string, unknown> {
    return this.bench.api(`CONSUMER.INFO.S.${name}`);
  }
  pass(ms: number): void {
    this.bench.world.advance(ms);
    this.bench.settle();
  }
  /** Nothing can be read, and nothing is in memory, while `run` runs; afterwards all has been tried again. */
  unreadable(run: () => void): void {
    this.pass(FORGOTTEN_MS);
    this.disk.failReads(1e9);
    run();
    this.disk.heal();
    this.pass(TRIED_MS);
  }
}

describe("a message that cannot be read now", () => {
  test.each([
    ["all subjects", {}, [1, 2, 3]],
    ["a pattern", { filter_subject: "s.*" }, [1, 2, 3]],
    ["a subject", { filter_subject: "s.a" }, [1, 3]],
    ["two subjects", { filter_subjects: ["s.a", "s.b"] }, [1, 2, 3]],
    ["the last of each subject", { filter_subject: "s.>", deliver_policy: "last_per_subject" }, [2, 3]],
  ])("is delivered when it can be: %s", (_what, config, seqs) => {
    const life = new Life();
    life.put("s.a", "s.b", "s.a");
    life.create("C", config);
    life.unreadable(() => {
      life.pull("C", 10);
      life.pass(30_000);
      expect(life.got).toEqual([]);
      expect(life.info("C")).toMatchObject({ num_pending: seqs.length, delivered: { consumer_seq: 0 } });
    });
    expect(life.got).toEqual(seqs.map((seq) => `C: ${seq} 1`));
    expect(life.info("C")).toMatchObject({ num_pending: 0, num_ack_pending: seqs.length });
  });

  test("is not skipped by one that already passed others", () => {
    const life = new Life();
    life.put("s.a", "s.b", "s.a");
    life.create("C", { filter_subject: "s.*" });
    life.pull("C", 1);
    life.unreadable(() => life.pull("C", 10));
    expect(life.got).toEqual(["C: 1 1", "C: 2 1", "C: 3 1"]);
  });

  test("is pushed when it can be", () => {
    const life = new Life();
    life.put("s.a", "s.b");
    life.unreadable(() => {
      life.create("C", { deliver_subject: "to.C" });
      life.pass(5000);
      expect(life.got).toEqual([]);
    });
    expect(life.got).toEqual(["C: 1 1", "C: 2 1"]);
  });

  test("is delivered again when it can be, and nobody is told that it is gone", () => {
    const life = new Life();
    const advisories = life.bench.hear("$JS.EVENT.ADVISORY.CONSUMER.>");
    life.put("s.a", "s.b");
    life.create("C");
    life.pull("C", 2);
    life.unreadable(() => {
      life.pull("C", 2);
      life.say("C", 1, "-NAK");
      life.pass(5000);
      expect(life.info("C")).toMatchObject({ num_ack_pending: 2 });
    });
    expect(life.got).toEqual(["C: 1 1", "C: 2 1", "C: 1 2"]);
    expect(advisories.filter((line) => line.includes("TERMINATED"))).toEqual([]);
  });

  test("is asked for less and less often, whatever else happens to the consumer", () => {
    const life = new Life();
    life.put("s.a", "s.a");
    life.create("C");
    life.unreadable(() => {
      life.pull("C", 1);
      life.pass(10_000);
      const before = life.disk.calls;
      for (let i = 0; i < 60; i++) {
        life.pull("C", 1);
        life.pass(100);
      }
      expect(life.disk.calls - before).toBeLessThan(60);
    });
    expect(life.got).toEqual(["C: 1 1", "C: 2 1"]);
    life.pass(FORGOTTEN_MS);
    expect(life.bench.world.pendingTimers).toBeLessThan(10);
  });

  test("holds no consumer of another stream", () => {
    const life = new Life();
    life.bench.api("STREAM.CREATE.M", { name: "M", subjects: ["m"], storage: "memory" });
    life.put("s.a", "m");
    life.create("C");
    life.bench.api("CONSUMER.CREATE.M.D", { stream_name: "M", config: { durable_name: "D", name: "D", ack_policy: "none" } }); // prettier-ignore
    life.unreadable(() => {
      life.pull("C", 1);
      const heard = life.bench.ask("$JS.API.CONSUMER.MSG.NEXT.M.D", "1");
      life.bench.settle();
      expect(heard).toEqual(["x"]);
    });
  });

  test("that comes meanwhile is counted by those with filters", () => {
    const life = new Life();
    life.create("ALL");
    life.create("A", { filter_subject: "s.a" });
    life.unreadable(() => life.put("s.a", "s.b", "s.a"));
    expect(life.info("A")).toMatchObject({ num_pending: 2 });
    expect(life.info("ALL")).toMatchObject({ num_pending: 3 });
    life.pull("A", 5);
    life.pull("ALL", 5);
    expect(life.got).toEqual(["A: 1 1", "A: 3 1", "ALL: 1 1", "ALL: 2 1", "ALL: 3 1"]);
  });

  test.each([
    ["all", {}, 4],
    ["one subject", { filter_subject: "s.a" }, 2],
    ["a pattern", { filter_subject: "s.*" }, 3],
    [
      "a pattern, from the third on",
      { filter_subject: "s.*", deliver_policy: "by_start_sequence", opt_start_seq: 3 },
      1,
    ],
    [
      "a subject, from the second on",
      { filter_subject: "s.a", deliver_policy: "by_start_sequence", opt_start_seq: 2 },
      1,
    ],
    ["the last", { filter_subject: "s.*", deliver_policy: "last" }, 1],
    ["the last of each", { filter_subject: "s.>", deliver_policy: "last_per_subject" }, 3],
  ])("is counted when it can be: %s", (_what, config, pending) => {
    const life = new Life();
    life.put("s.a", "s.b", "s.a", "s.c.d");
    life.restart();
    let answers: string[] = [];
    life.unreadable(() => {
      answers = life.create("C", config);
      life.pass(3000);
    });
    expect(JSON.parse(answers[0]!)).toMatchObject({ num_pending: pending });
    expect(life.info("C")).toMatchObject({ num_pending: pending });
    life.pull("C", 10);
    expect(life.got.length).toBe(pending);
  });

  test("stays in a stream that keeps by interest, and goes once it can be read", () => {
    const life = new Life({ retention: "interest" });
    life.create("ALL");
    life.create("A", { filter_subject: "s.a" });
    life.put("s.a", "s.b");
    life.pull("ALL", 5);
    life.unreadable(() => {
      life.say("ALL", 1, "+ACK");
      life.say("ALL", 2, "+ACK");
      life.pass(3000);
    });
    expect(life.bench.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 1, first_seq: 1 } });
    life.pull("A", 5);
    expect(life.got.at(-1)).toBe("A: 1 1");
    life.say("A", 1, "+ACK");
    expect(life.bench.api("STREAM.INFO.S")).toMatchObject({ state: { messages: 0 } });
  });

  test("is not found by a direct get, at once", () => {
    const life = new Life();
    life.put("s.a");
    const heard: string[] = [];
    life.bench.account.bus.subscribe(byteString("answer"), {
      onMsg: ({ source, payloadFrom, headerBytes }) => {
        heard.push(byteStringOf(source, payloadFrom, payloadFrom + headerBytes).split("\r\n")[0]!);
        return true;
      },
    });
    life.unreadable(() => {
      life.bench.account.bus.publishParts(byteString("$JS.API.DIRECT.GET.S"), byteString("answer"), new Uint8Array(0), Buffer.from(`{"seq":1}`)); // prettier-ignore
      life.bench.settle();
      expect(heard).toEqual(["NATS/1.0 404 Message Not Found"]);
    });
  });
});

test("what is damaged is passed over, and one that was to be delivered again is told of as gone", () => {
  const life = new Life();
  const advisories = life.bench.hear("$JS.EVENT.ADVISORY.CONSUMER.>");
  life.put("s.a", "s.b", "s.c");
  life.create("C");
  life.create("D");
  life.pull("C", 2);
  life.pass(FORGOTTEN_MS);
  const length = life.disk.contents(BLOCK).length / 3;
  life.disk.flipBit(BLOCK, (length + 26) * 8);
  life.say("C", 2, "-NAK");
  life.pull("C", 10);
  life.pull("D", 10);
  expect(life.got).toEqual(["C: 1 1", "C: 2 1", "C: 3 1", "D: 1 1", "D: 3 1"]);
  expect(advisories.filter((line) => line.includes("TERMINATED")).length).toBe(1);
  expect(life.info("D")).toMatchObject({ num_pending: 0, num_ack_pending: 2 });
});
