// How far a search looks: what it finds is in the contract of the stores.

import { beforeEach, describe, expect, test } from "vitest";
import { type ByteString, byteString } from "../../src/base/bytes.ts";
import { MessageSearch, type SearchedMessages } from "../../src/store/message_search.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
import { SubjectTree } from "../../src/store/subject_tree.ts";

const MANY = 20_000;
let tree: SubjectTree;
let live: Map<number, number>;
let lastSeq: number;
let walks: number;
let looks: number;
let searches: number;
let search: MessageSearch;

function add(name: string): number {
  const bytes = Buffer.from(name);
  const subject = tree.intern(bytes, 0, bytes.length);
  live.set(++lastSeq, subject);
  if (tree.count(subject) === 0) tree.setFirst(subject, lastSeq);
  tree.setLast(subject, lastSeq);
  tree.setCount(subject, tree.count(subject) + 1);
  return lastSeq;
}

/** Its subject has no other message. */
function remove(seq: number): void {
  tree.setCount(live.get(seq)!, 0);
  live.delete(seq);
}

const filter = (...patterns: string[]): SubjectFilter => new SubjectFilter(patterns.map(byteString));

beforeEach(() => {
  tree = new SubjectTree(7);
  live = new Map();
  lastSeq = 0;
  walks = 0;
  looks = 0;
  searches = 0;
  const walk = tree.walk.bind(tree);
  tree.walk = (...args) => {
    walks++;
    return walk(...args);
  };
  const messages: Partial<SearchedMessages> = {
    tree,
    get msgs() {
      return live.size;
    },
    firstSeq: 1,
    get lastSeq() {
      return lastSeq;
    },
    liveFrom: (from) => {
      let at = from;
      while (at <= lastSeq && !live.has(at)) at++;
      return at > lastSeq ? 0 : at;
    },
    subjectAt: (seq) => {
      looks++;
      return live.get(seq)!;
    },
    nextOfSubject: () => {
      searches++;
      return -1;
    },
    liveUpTo: (upTo) => {
      let at = upTo;
      while (at > 0 && !live.has(at)) at--;
      return at;
    },
    matchesAt: (wanted, seq) => {
      looks++;
      const subject = live.get(seq)!;
      const start = tree.startOf(subject);
      return wanted.matches(tree.bufferOf(subject), start, start + tree.lengthOf(subject));
    },
    firstOf: (subject) => tree.first(subject),
    lastOf: (subject) => tree.last(subject),
  };
  search = new MessageSearch(messages as SearchedMessages);
  for (let i = 0; i < MANY; i++) add(`a.${i}.x`);
});

describe("the last message of a pattern", () => {
  test("is looked for from the end first", () => {
    const last = add("b.1");
    for (let i = 0; i < 500; i++) add(`a.${i}.x`);
    expect(search.last(filter("b.*"))).toBe(last);
    expect(walks).toBe(0);
  });

  test("that was found is found again without looking at all subjects", () => {
    expect(search.last(filter("*.7.x"))).toBe(8);
    expect(search.last(filter("*.7.y"))).toBe(0);
    expect(walks).toBe(2);
    looks = 0;
    for (let i = 0; i < 1000; i++) {
      expect(search.last(filter("*.7.x"))).toBe(8);
      expect(search.last(filter("*.7.y"))).toBe(0);
      if (i % 10 === 0) add("a.8.x");
    }
    expect(walks).toBe(2);
    expect(looks).toBe(200);
    const newer = [add("b.7.x"), add("b.7.y")];
    expect([search.last(filter("*.7.x")), search.last(filter("*.7.y"))]).toEqual(newer);
  });

  test("that is gone is looked for anew", () => {
    const before = add("b.1");
    const last = add("b.2");
    for (let i = 0; i < 3000; i++) add(`a.${i}.x`);
    expect(search.last(filter("b.*"))).toBe(last);
    remove(last);
    expect(search.last(filter("b.*"))).toBe(before);
    remove(before);
    expect(search.last(filter("b.*"))).toBe(0);
    expect(walks).toBe(3);
  });

  test("is remembered of some patterns only", () => {
    search.last(filter("*.7.x"));
    for (let i = 0; i < 64; i++) search.last(filter(`*.${i}.y`));
    walks = 0;
    search.last(filter("*.63.y"));
    expect(walks).toBe(0);
    search.last(filter("*.7.x"));
    expect(walks).toBe(1);
  });
});

describe("the next message", () => {
  test("of a pattern with few subjects is found by them, not by all messages before it", () => {
    for (let i = 0; i < 2000; i++) for (let j = 0; j < 3; j++) add(`few.${i}`);
    const last = add("few.1.last");
    expect(search.next(filter("few.*.last"), 1, 10_000)).toBe(last);
    expect(looks).toBeLessThan(1000);
  });

  test("of a subject with many is looked for among the next ones first", () => {
    for (let i = 0; i < 1000; i++) {
      add("even");
      add("odd");
    }
    for (let i = 0; i < 1000; i++) {
      const seq = search.next(filter("odd"), MANY + 2 * i + 1, 10);
      expect(seq).toBe(MANY + 2 * i + 2);
    }
    expect(searches).toBe(0);
    expect(looks).toBeLessThan(3000);
  });

  test("of a subject with few is not looked for among others", () => {
    add("rare");
    for (let i = 0; i < 1000; i++) add("often");
    add("rare");
    search.next(filter("rare"), MANY + 2, 10);
    expect([searches, looks]).toEqual([1, 0]);
  });
});

test("a page of subjects looks at some that do not match and no more", () => {
  const shown: number[] = [];
  let from: ByteString | undefined = "" as ByteString;
  let pages = 0;
  for (; from !== undefined; pages++)
    from = search.subjects(filter("*.7.x"), from, 100, ({ last }) => shown.push(last));
  expect(shown).toEqual([8]);
  expect(pages).toBeGreaterThan(MANY / 2000);
});
