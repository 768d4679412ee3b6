import fc from "fast-check";
import { expect, test } from "vitest";
import { byteString, byteStringOf, bytesOf, type ByteString } from "../../src/base/bytes.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
import { NO_SUBJECT, SubjectTree } from "../../src/store/subject_tree.ts";
import { subjectMatches } from "../../src/subject/subject.ts";

const START = "" as ByteString;

function nameOf(tree: SubjectTree, id: number): ByteString {
  return byteStringOf(tree.bufferOf(id), tree.startOf(id), tree.startOf(id) + tree.lengthOf(id));
}
function add(tree: SubjectTree, name: string, count = 1): number {
  const bytes = bytesOf(byteString(name));
  const id = tree.intern(bytes, 0, bytes.length);
  tree.setCount(id, count);
  return id;
}
function find(tree: SubjectTree, name: string): number {
  const bytes = bytesOf(byteString(name));
  return tree.find(bytes, 0, bytes.length);
}
/** All names a walk shows, `slice` looked at a time. */
function walked(tree: SubjectTree, patterns: readonly string[], slice = Number.POSITIVE_INFINITY): string[] {
  const filter = new SubjectFilter(patterns.map((pattern) => byteString(pattern)));
  const names: string[] = [];
  for (let from: ByteString | undefined = START; from !== undefined;) {
    from = tree.walk(filter, from, slice, (id) => {
      names.push(nameOf(tree, id));
      return undefined;
    });
  }
  return names;
}

const token = fc.oneof(fc.constantFrom("a", "b", "c", "a-b", "é", "*"), fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom("x", "y", "$", "~") })); // prettier-ignore
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => byteString(tokens.join(".")));
const patternToken = fc.oneof({ weight: 2, arbitrary: fc.constant("*") }, { weight: 3, arbitrary: token });
const pattern = fc
  .tuple(fc.array(patternToken, { minLength: 0, maxLength: 3 }), patternToken, fc.boolean())
  .map(([head, last, rest]) => byteString([...head, rest ? ">" : last].join(".")));

test("a subject keeps its number and values until it is released", () => {
  const tree = new SubjectTree(1);
  const id = add(tree, "orders.new", 3);
  tree.setFirst(id, 2 ** 53 - 1);
  tree.setLast(id, 7);
  expect(find(tree, "orders.new")).toBe(id);
  expect([tree.first(id), tree.last(id), tree.count(id), tree.size]).toEqual([2 ** 53 - 1, 7, 3, 1]);
  expect(find(tree, "orders")).toBe(NO_SUBJECT);
  tree.setCount(id, 0);
  tree.release(id);
  expect(find(tree, "orders.new")).toBe(NO_SUBJECT);
  expect(tree.held).toBe(0);
});

test("subjects without messages are not walked", () => {
  const tree = new SubjectTree(1);
  add(tree, "a", 0);
  add(tree, "b", 1);
  expect(walked(tree, [">"])).toEqual(["b"]);
});

test("a walk goes in byte order and can be cut anywhere", () => {
  const tree = new SubjectTree(1);
  const names = Array.from({ length: 3000 }, (_, i) => `s.${(i * 7919) % 3000}.${i % 3}`);
  for (const name of names) add(tree, name);
  tree.checkInvariants();
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(walked(tree, [])).toEqual(sorted);
  expect(walked(tree, ["s.*.1"], 17)).toEqual(sorted.filter((name) => name.endsWith(".1")));
  expect(walked(tree, ["s.12.>", "s.2999.*"])).toEqual(sorted.filter((name) => /^s\.(12|2999)\./.test(name)));
});

test("any run of additions and removals agrees with a Map, also when names collide", () => {
  const operation = fc.record({ name: subject, count: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 400 }),
      fc.array(pattern, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(undefined, { slots: 4, depth: 0 }, { slots: 4, depth: 3 }, { slots: 16, depth: 22 }),
      fc.integer({ min: 1, max: 30 }),
      (operations, patterns, bounds, slice) => {
        const tree = new SubjectTree(7, bounds);
        const model = new Map<string, number>();
        for (const { name, count } of operations) {
          const id = add(tree, shownName(name), count);
          if (count > 0) model.set(name, count);
          else {
            tree.release(id);
            model.delete(name);
          }
        }
        tree.checkInvariants();
        expect(tree.size).toBe(model.size);
        for (const [name, count] of model) expect(tree.count(findBytes(tree, name as ByteString))).toBe(count);
        const wanted = [...model.keys()].filter((name) => patterns.some((each) => subjectMatches(each, name as ByteString))); // prettier-ignore
        const filter = new SubjectFilter(patterns);
        const got: string[] = [];
        for (let from: ByteString | undefined = START; from !== undefined;) {
          from = tree.walk(filter, from, slice, (id) => void got.push(nameOf(tree, id)));
        }
        expect(got).toEqual(wanted.sort((a, b) => Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1"))));
      },
    ),
    { numRuns: 300 },
  );
});

test("names that come in runs, rising, falling or woven into each other, are in order; so are those that come back", () => {
  const tree = new SubjectTree(3);
  const numbered = (run: string, n: number): string => `${run}.${String(n).padStart(5, "0")}`;
  const held = new Map<string, number>();
  const enter = (name: string): void => {
    const bytes = bytesOf(byteString(name));
    expect(tree.find(bytes, 0, bytes.length)).toBe(NO_SUBJECT);
    const id = tree.enter(bytes, 0, bytes.length);
    tree.setCount(id, 1);
    held.set(name, id);
  };
  for (let n = 0; n < 1500; n++) {
    enter(numbered("m", n));
    enter(numbered("a", n));
    enter(numbered("z", 9999 - n));
  }
  tree.checkInvariants();
  for (const name of [...held.keys()].slice(1000)) {
    tree.setCount(held.get(name)!, 0);
    tree.release(held.get(name)!);
    held.delete(name);
  }
  tree.checkInvariants();
  for (let n = 3000; n > 2000; n--) enter(numbered("m", n));
  for (const [name, id] of held) {
    tree.setCount(id, 0);
    tree.release(id);
    held.delete(name);
  }
  // Nothing of what was there is looked at any more.
  enter("b");
  enter("a");
  enter("c");
  tree.checkInvariants();
  expect(walked(tree, [">"])).toEqual(["a", "b", "c"]);
});

test("names of many lengths come and go without their memory staying", () => {
  const tree = new SubjectTree(3);
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 5000; i++) add(tree, `${"n".repeat(i % (50 + round * 40))}.${i}`, 1);
    for (let i = 0; i < 5000; i++) {
      if (i % 10 === 0 && round % 2 === 0) continue;
      const id = find(tree, `${"n".repeat(i % (50 + round * 40))}.${i}`);
      tree.setCount(id, 0);
      tree.release(id);
    }
    tree.checkInvariants();
  }
});

function shownName(name: ByteString): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
function findBytes(tree: SubjectTree, name: ByteString): number {
  const bytes = bytesOf(name);
  return tree.find(bytes, 0, bytes.length);
}
