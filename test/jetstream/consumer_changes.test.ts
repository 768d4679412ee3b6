// Many consumers made and removed at the same time: together at the disk, each
// durable before its answer, and none more than there may be.

import { describe, expect, test } from "vitest";
import { ConsumerChanges } from "../../src/jetstream/consumer_changes.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { type Answer, Bench } from "./bench.ts";

describe("changes", () => {
  function line(): {
    changes: ConsumerChanges;
    begun: string[];
    ask: (kind: "make" | "remove" | "alone", name: string) => void;
    end: (name: string) => void;
  } {
    const changes = new ConsumerChanges();
    const begun: string[] = [];
    const releases = new Map<string, () => void>();
    const ask = (kind: "make" | "remove" | "alone", name: string): void =>
      changes.run(kind, name, (release) => {
        begun.push(name);
        releases.set(name, release);
      });
    return { changes, begun, ask, end: (name) => releases.get(name)!() };
  }

  test("of a kind go on together, those of another kind wait, and nobody overtakes them", () => {
    const { begun, ask, end } = line();
    ask("make", "a");
    ask("make", "b");
    ask("remove", "c");
    ask("make", "d");
    expect(begun).toEqual(["a", "b"]);
    end("b");
    expect(begun).toEqual(["a", "b"]);
    end("a");
    expect(begun).toEqual(["a", "b", "c"]);
    end("c");
    expect(begun).toEqual(["a", "b", "c", "d"]);
  });

  test("of one consumer come one after the other", () => {
    const { begun, ask, end } = line();
    ask("make", "a");
    ask("make", "a");
    ask("make", "b");
    expect(begun).toEqual(["a"]);
    end("a");
    expect(begun).toEqual(["a", "a", "b"]);
  });

  test("that are to be alone are", () => {
    const { begun, ask, end } = line();
    ask("alone", "a");
    ask("alone", "b");
    ask("make", "c");
    expect(begun).toEqual(["a"]);
    end("a");
    expect(begun).toEqual(["a", "b"]);
    end("b");
    expect(begun).toEqual(["a", "b", "c"]);
  });

  test("are bounded", () => {
    const { begun, ask, end } = line();
    for (let i = 0; i < 1000; i++) ask("make", `${i}`);
    expect(begun.length).toBe(64);
    for (let i = 0; i < 1000; i++) end(`${i}`);
    expect(begun).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
  });

  test("that end within their beginning do not pile up", () => {
    const changes = new ConsumerChanges();
    const order: number[] = [];
    const ask = (i: number): void =>
      changes.run("make", `${i}`, (release) => {
        order.push(i);
        if (i < 20_000) ask(i + 1);
        release();
      });
    ask(1);
    expect(order.length).toBe(20_000);
    expect(changes.going).toBe(0);
  });
});

const errorOf = (answers: readonly string[]): number | undefined => {
  expect(answers).toHaveLength(1);
  return (JSON.parse(answers[0]!) as Answer).error?.err_code;
};

function make(bench: Bench, name: string, config: object = {}): string[] {
  return bench.ask(`$JS.API.CONSUMER.CREATE.S.${name}`, {
    stream_name: "S",
    action: "create",
    config: { name, durable_name: name, ack_policy: "explicit", ...config },
  });
}

interface Slow {
  readonly disk: FakeDisk;
  readonly bench: Bench;
  /** Lets the disk finish one call after the other; the most that were under way at once, and how many there were. */
  readonly run: (until?: () => boolean) => { most: number; calls: number };
}

/** A server on a disk that finishes nothing by itself. */
function slow(seed: number, stream: object = {}): Slow {
  const disk = new FakeDisk({ seed });
  let isSlow = false;
  const bench = new Bench({ disk, settleDisk: () => (isSlow ? undefined : disk.complete()) });
  bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], ...stream });
  isSlow = true;
  const run = (until = (): boolean => false): { most: number; calls: number } => {
    let [most, calls] = [0, 0];
    for (;;) {
      bench.world.settle();
      most = Math.max(most, disk.pending);
      if (until() || !disk.completeOne()) return { most, calls };
      calls++;
    }
  };
  return { disk, bench, run };
}

describe("durables on a disk", () => {
  test("wait for it together", () => {
    const { bench, run } = slow(1);
    const answers = Array.from({ length: 200 }, (_, i) => make(bench, `C${i}`));
    const { most } = run();
    for (const answer of answers) expect(errorOf(answer)).toBeUndefined();
    // As many as the API serves at a time.
    expect(most).toBeGreaterThan(10);
    const gone = Array.from({ length: 200 }, (_, i) => bench.ask(`$JS.API.CONSUMER.DELETE.S.C${i}`));
    expect(run().most).toBeGreaterThan(0);
    for (const answer of gone) expect(errorOf(answer)).toBeUndefined();
  });

  test.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    "are there after a power cut when they were answered, and not when their removal was (seed %i)",
    (seed) => {
      const { disk, bench, run } = slow(seed);
      const answers = Array.from({ length: 20 }, (_, i) => make(bench, `C${i}`));
      if (seed % 2 === 0) run();
      const gone =
        seed % 2 === 0 ? Array.from({ length: 20 }, (_, i) => bench.ask(`$JS.API.CONSUMER.DELETE.S.C${i}`)) : [];
      let left = disk.random(seed % 2 === 0 ? 40 : 120);
      run(() => left-- === 0);
      const made = answers.flatMap((answer, i) => (answer.length > 0 && gone.length === 0 ? [`C${i}`] : []));
      const removed = gone.flatMap((answer, i) => (answer.length > 0 ? [`C${i}`] : []));
      disk.powerCut();
      const again = new Bench({ disk, settleDisk: () => disk.complete() });
      const names = again.api("CONSUMER.NAMES.S")["consumers"] as string[];
      expect(names).toEqual(expect.arrayContaining(made));
      for (const name of removed) expect(names).not.toContain(name);
    },
  );

  test("are no more than there may be, also when a call of the disk fails meanwhile", () => {
    const seen = new Set<number | undefined>();
    for (let call = 1; call <= 60; call++) {
      const { disk, bench, run } = slow(call, { max_consumers: 3 });
      const answers = Array.from({ length: 6 }, (_, i) => make(bench, `C${i}`));
      disk.failAt(call);
      run();
      disk.heal();
      const errors = answers.map((answer) => errorOf(answer));
      // Whoever waited for the one that failed has got its place.
      expect(errors.filter((error) => error === undefined).length).toBe(3);
      expect(bench.api("CONSUMER.NAMES.S")["total"]).toBe(3);
      for (const error of errors) seen.add(error);
    }
    expect(seen).toEqual(new Set([undefined, 10012, 10026]));
  });

  test("of a work queue never want the same", () => {
    const { bench, run } = slow(4, { retention: "workqueue" });
    const answers = ["s.a", "s.*", "s.b", "s.a.>", "s.a"].map((filter, i) =>
      make(bench, `C${i}`, { filter_subject: filter }),
    );
    run();
    expect(answers.map((answer) => errorOf(answer))).toEqual([undefined, 10100, undefined, undefined, 10100]);
  });

  test("asked for twice are made once", () => {
    const { bench, run } = slow(5);
    const answers = [make(bench, "C"), make(bench, "C"), make(bench, "C", { ack_policy: "none" })];
    run();
    expect(answers.map((answer) => errorOf(answer))).toEqual([undefined, undefined, 10148]);
  });

  test.each([0, 5, 50, 150])(
    "are all answered when their stream is deleted meanwhile (after %i calls of the disk)",
    (calls) => {
      const { bench, run } = slow(6);
      const answers = Array.from({ length: 100 }, (_, i) => make(bench, `C${i}`));
      let left = calls;
      run(() => left-- === 0);
      const deleted = bench.ask("$JS.API.STREAM.DELETE.S");
      run();
      expect(errorOf(deleted)).toBeUndefined();
      for (const answer of answers) expect(answer).toHaveLength(1);
      expect(bench.api("STREAM.NAMES")["total"]).toBe(0);
      expect(bench.complaints.filter((text) => !text.includes("Consumer create failed"))).toEqual([]);
    },
  );
});
