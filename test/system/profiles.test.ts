import { describe, expect, test } from "vitest";
import { Profiles } from "../../src/system/profiles.ts";

/** Profiles that are taken when the test says so. */
function rig() {
  const taking: { name: string; nanos: number; done: (profile: Uint8Array | string) => void }[] = [];
  const profiles = new Profiles((name, nanos, done) => void taking.push({ name, nanos, done }));
  const told: string[] = [];
  const take = (name: string, nanos = 0): void =>
    profiles.take(name, nanos, (profile, error) => told.push(profile === undefined ? error : String(profile)));
  return { taking, told, take };
}

describe("a profile", () => {
  test("of the CPU is taken for as long as was asked, one at a time", () => {
    const { taking, told, take } = rig();
    take("cpu", 5e9);
    take("cpu", 1e9);
    expect(told).toEqual(["Failed to start CPU profile: cpu profiling already in use"]);
    expect(taking).toMatchObject([{ name: "cpu", nanos: 5e9 }]);
    taking[0]!.done("no inspector");
    expect(told[1]).toBe("Failed to start CPU profile: no inspector");
    take("cpu", 15e9);
    expect(taking).toHaveLength(2);
  });

  test("of the heap is shared by all who ask while it is taken, as far as there is room", () => {
    const { taking, told, take } = rig();
    for (let i = 0; i < 17; i++) take("heap");
    expect(taking).toMatchObject([{ name: "heap", nanos: 1e9 }]);
    expect(told).toEqual([`Profile "heap" error: too many wait for it`]);
    taking[0]!.done(Buffer.from([0x31]));
    expect(told.slice(1)).toEqual(Array.from({ length: 16 }, () => "1"));
    take("heap", 60e9);
    expect(taking[1]).toMatchObject({ name: "heap", nanos: 15e9 });
    taking[1]!.done("out of it");
    expect(told.at(-1)).toBe(`Profile "heap" error: out of it`);
  });

  test("of the heap does not keep from one of the CPU", () => {
    const { taking, take } = rig();
    take("heap");
    take("cpu", 1);
    expect(taking.map(({ name }) => name)).toEqual(["heap", "cpu"]);
  });

  test.each([
    ["", 0, "Profile name not specified"],
    ["goroutine", 0, `Profile "goroutine" not found`],
    ["é\u2028\u{10FFFF}", 0, `Profile "é\\u2028\\U0010ffff" not found`],
    ["cpu", 0, "Duration 0s should be between 0s and 15s"],
    ["cpu", -1, "Duration -1ns should be between 0s and 15s"],
    ["cpu", 15e9 + 1, "Duration 15.000000001s should be between 0s and 15s"],
  ])("named %j of %d ns is refused", (name, nanos, error) => {
    const { taking, told, take } = rig();
    take(name, nanos);
    expect(told).toEqual([error]);
    expect(taking).toEqual([]);
  });
});
