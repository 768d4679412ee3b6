// Streams with as many subjects as a request holds.

import { describe, expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import { SLICE_ITEMS } from "../../src/base/json.ts";
import { runAll, THINGS_A_SLICE, type Work } from "../../src/base/work.ts";
import { checkSubjects } from "../../src/jetstream/config/stream_subjects.ts";
import { emptyStreamConfig } from "../../src/jetstream/config/stream_config.ts";
import { writingStreamFile } from "../../src/jetstream/config/stream_file.ts";
import { SubjectClaims } from "../../src/jetstream/subject_claims.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { Bench } from "./bench.ts";

const ZERO = { sec: 0, nanos: 0 };
const MANY = 40_000;
const numbered = (prefix: string, suffix = ""): string[] =>
  Array.from({ length: MANY }, (_, i) => `${prefix}.${i}${suffix}`);
/** Comparing each with each would take a minute. */
const SOON_MS = 5000;

describe("very many subjects", () => {
  test("are checked against each other and against other streams, soon", () => {
    const bench = new Bench();
    const began = performance.now();
    expect(
      bench.api("STREAM.CREATE.A", { name: "A", subjects: numbered("a"), storage: "memory" }).error,
    ).toBeUndefined();
    expect(
      bench.api("STREAM.CREATE.B", { name: "B", subjects: numbered("b"), storage: "memory" }).error,
    ).toBeUndefined();
    const taken = { name: "C", subjects: [...numbered("c"), "c.*"], storage: "memory" };
    expect(bench.api("STREAM.CREATE.C", taken).error).toMatchObject({ err_code: 10052 });
    expect(bench.api("STREAM.CREATE.C", { ...taken, subjects: ["b.*"] }).error).toMatchObject({ err_code: 10065 });
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  test("that overlap are named as nats-server names them: the first, and the first behind it", () => {
    const bench = new Bench();
    const subjects = ["x.y", ...numbered("a"), "x.*", "x.>", "a.7"];
    expect(bench.api("STREAM.CREATE.A", { name: "A", subjects }).error).toMatchObject({
      err_code: 10052,
      description: 'subject "x.y" overlaps with "x.*"',
    });
  });

  test("wildcards that have to be compared with all of them are refused, soon", () => {
    const bench = new Bench();
    const half = MANY / 2;
    const literals = numbered("a", ".x").slice(half);
    const wildcards = Array.from({ length: half }, (_, i) => `a.*.w${i}`);
    const began = performance.now();
    expect(bench.api("STREAM.CREATE.A", { name: "A", subjects: [...literals, ...wildcards] }).error).toMatchObject({
      err_code: 10052,
      description: "too many subjects with wildcards",
    });
    bench.api("STREAM.CREATE.A", { name: "A", subjects: literals, storage: "memory" });
    const other = { name: "B", subjects: wildcards, storage: "memory" };
    expect(bench.api("STREAM.CREATE.B", other).error).toMatchObject({ err_code: 10023 });
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });
});

test("while a stream takes another subject no other stream can", () => {
  const disk = new FakeDisk();
  const bench = new Bench({ disk, settleDisk: () => disk.complete() });
  bench.api("STREAM.CREATE.A", { name: "A", subjects: ["a"] });
  const updated = bench.ask("$JS.API.STREAM.UPDATE.A", { name: "A", subjects: ["b"] });
  const made = ["a", "b"].map((subject) =>
    bench.ask(`$JS.API.STREAM.CREATE.${subject}`, { name: subject, subjects: [subject] }),
  );
  bench.settle();
  expect(JSON.parse(updated[0]!)).not.toHaveProperty("error");
  for (const [answer] of made) expect(JSON.parse(answer!)).toMatchObject({ error: { err_code: 10065 } });
  expect(bench.api("STREAM.CREATE.a", { name: "a", subjects: ["a"] }).error).toBeUndefined();
  bench.api("STREAM.DELETE.A");
  expect(bench.api("STREAM.CREATE.b", { name: "b", subjects: ["b"] }).error).toBeUndefined();
});

describe("no turn does it all: with very many subjects", () => {
  /** The most subscriptions that came and went in a turn, until the answer is there. */
  function busiestTurn(bench: Bench, verb: string, body: object | string = ""): number {
    const { stats } = bench.account.router;
    const answers = bench.ask(`$JS.API.${verb}`, body);
    let most = 0;
    while (answers.length === 0) {
      const before = stats.inserts + stats.removes;
      bench.world.turn();
      most = Math.max(most, stats.inserts + stats.removes - before);
    }
    expect(JSON.parse(answers[0]!)).not.toHaveProperty("error");
    return most;
  }
  /** As many pieces of work as a turn may have that go on beside each other. */
  const MOST = 2 * THINGS_A_SLICE;

  test.each(["memory", "file"])(
    "a stream in %s comes, changes and goes over turns; each answer tells of all of it",
    (storage) => {
      const INBOXES = 6;
      const bench = new Bench();
      const before = bench.account.router.subscriptionCount;
      const config = { name: "A", subjects: numbered("a"), storage };
      expect(busiestTurn(bench, "STREAM.CREATE.A", config)).toBeLessThanOrEqual(MOST);
      expect(bench.account.router.hasInterest(byteString(`a.${MANY - 1}`))).toBe(true);
      expect(busiestTurn(bench, "STREAM.UPDATE.A", { ...config, subjects: numbered("b") })).toBeLessThanOrEqual(MOST);
      expect(bench.account.router.hasInterest(byteString("a.0"))).toBe(false);
      expect(bench.account.router.hasInterest(byteString(`b.${MANY - 1}`))).toBe(true);
      expect(bench.api("STREAM.CREATE.B", { name: "B", subjects: ["b.7"] }).error).toMatchObject({ err_code: 10065 });
      expect(bench.api("STREAM.CREATE.B", { name: "B", subjects: ["a.>"] }).error).toBeUndefined();
      bench.api("STREAM.DELETE.B");
      expect(busiestTurn(bench, "STREAM.DELETE.A")).toBeLessThanOrEqual(MOST);
      expect(bench.account.router.subscriptionCount - before).toBe(INBOXES);
    },
  );

  test("requests that follow each other are answered as if each was over at once", () => {
    const bench = new Bench();
    const subjects = numbered("a");
    const errors = (asked: string[][]): (number | undefined)[] => {
      for (let i = 0; i < 5; i++) bench.settle();
      return asked.map(([answer]) => (JSON.parse(answer!) as { error?: { err_code: number } }).error?.err_code);
    };
    const create = { name: "A", subjects };
    const other = { name: "B", subjects: ["a.5"] };
    const made = [
      bench.ask("$JS.API.STREAM.CREATE.A", create),
      bench.ask("$JS.API.STREAM.CREATE.A", create),
      bench.ask("$JS.API.STREAM.CREATE.B", other),
      bench.ask("$JS.API.STREAM.PURGE.A"),
    ];
    expect(errors(made)).toEqual([undefined, undefined, 10065, 10059]);
    const removed = [
      bench.ask("$JS.API.STREAM.DELETE.A"),
      bench.ask("$JS.API.STREAM.CREATE.B", other),
      bench.ask("$JS.API.STREAM.CREATE.A", create),
    ];
    expect(errors(removed)).toEqual([undefined, undefined, 10065]);
  });

  test("a server that ends does not wait for what is on its way", () => {
    const bench = new Bench();
    bench.ask("$JS.API.STREAM.CREATE.A", { name: "A", subjects: numbered("a") });
    for (let i = 0; i < 10; i++) bench.world.turn();
    bench.close();
    expect(bench.complaints).toEqual([]);
  });

  test.each<[string, () => Work<unknown>]>([
    ["checks", () => checkSubjects({ ...emptyStreamConfig("A"), subjects: numbered("a") })],
    ["comparisons", () => checkSubjects({ ...emptyStreamConfig("A"), subjects: numbered("a", ".*") })],
    ["claims", () => new SubjectClaims().claim("A", numbered("a"))],
    ["questions", () => new SubjectClaims().taken("A", numbered("a"))],
    ["releases", () => new SubjectClaims().release("A", numbered("a"), numbered("b"))],
    ["what is written down", () => writingStreamFile({ ...emptyStreamConfig("A"), subjects: numbered("a") }, ZERO)],
  ])("%s come in slices", (_, work) => {
    const slices = [...work()].length;
    expect(slices).toBeGreaterThanOrEqual(Math.floor(MANY / SLICE_ITEMS));
  });

  test("one question that takes long is asked in slices", () => {
    const claims = new SubjectClaims();
    runAll(claims.claim("A", numbered("a", ".x")));
    expect([...claims.taken("B", ["a.*.y"])].length).toBeGreaterThanOrEqual(Math.floor(MANY / (8 * THINGS_A_SLICE)));
    expect(runAll(claims.taken("B", ["a.*.y"]))).toBe(false);
    expect(runAll(claims.taken("B", ["a.*.x"]))).toBe(true);
    expect(runAll(claims.taken("A", ["a.*.x"]))).toBe(false);
    runAll(claims.release("A", numbered("a", ".x"), ["a.7.x"]));
    expect(runAll(claims.taken("B", ["a.*.x"]))).toBe(true);
    expect(runAll(claims.taken("B", ["a.8.x"]))).toBe(false);
  });
});
