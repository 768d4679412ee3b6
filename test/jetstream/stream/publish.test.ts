import { describe, expect, test } from "vitest";
import { Rig } from "./support.ts";

describe("a publish", () => {
  test("is answered with its stream and sequence", () => {
    const rig = new Rig();
    const stream = rig.open();
    expect(rig.ask("s.a", "x")).toEqual(['{"stream":"S","seq":1}']);
    expect(rig.ask("s.b", "y")).toEqual(['{"stream":"S","seq":2}']);
    expect(stream.state()).toMatchObject({ msgs: 2, firstSeq: 1, lastSeq: 2, bytes: 40 });
    expect(rig.used.memory).toBe(40);
  });

  test("tells the domain", () => {
    const rig = new Rig({ domain: "D" });
    rig.open();
    expect(rig.ask("s.a")).toEqual(['{"stream":"S","domain":"D","seq":1}']);
  });

  test("is answered when its group has landed, and in order", () => {
    const rig = new Rig({ slow: true });
    const stream = rig.open();
    rig.publish("s.a");
    rig.publish("s.b");
    expect(rig.bodies()).toEqual([]);
    expect(stream.state().msgs).toBe(0);
    rig.publish("s.c");
    expect(rig.bodies()).toEqual([]);
    rig.land();
    expect(rig.bodies()).toEqual([1, 2, 3].map((seq) => `{"stream":"S","seq":${seq}}`));
  });
});
