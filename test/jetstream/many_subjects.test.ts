// Streams with as many subjects as a request holds.

import { describe, expect, test } from "vitest";
import { FakeDisk } from "../support/fake_disk.ts";
import { Bench } from "./bench.ts";

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
