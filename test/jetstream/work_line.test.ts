import { expect, test } from "vitest";
import type { Work } from "../../src/base/work.ts";
import { WorkLine } from "../../src/jetstream/work_line.ts";

const turns: (() => void)[] = [];
const happened: string[] = [];
const line = new WorkLine((fire) => turns.push(fire));
const done = (name: string): void => void happened.push(`${name} done`);

function* work(name: string, slices: number): Work<string> {
  for (let i = 0; i < slices; i++) {
    happened.push(name);
    if (i + 1 < slices) yield;
  }
  return name;
}

test("one piece after the other, in the order they were asked for, also those asked for when one ends", () => {
  line.run(work("alone", 1), done);
  expect(happened.splice(0)).toEqual(["alone", "alone done"]);
  line.run(work("long", 2), (name) => {
    done(name);
    line.run(work("last", 1), done);
  });
  line.run(work("next", 2), done);
  line.run(work("short", 1), done);
  expect(happened).toEqual(["long"]);
  for (let fire = turns.shift(); fire !== undefined; fire = turns.shift()) fire();
  expect(happened.join(" ")).toBe("long long long done next next next done short short done last last done");
  line.run(work("again", 1), done);
  expect(happened.at(-1)).toBe("again done");
});
