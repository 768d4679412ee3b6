// How many messages are pending: those of one subject are counted in short slices, however far apart they lie; and what
// comes and goes meanwhile is counted as well.

import { expect, test } from "vitest";
import type { ByteString } from "../../../src/base/bytes.ts";
import { PendingNumber } from "../../../src/jetstream/consumer/pending_number.ts";
import type { StreamStore } from "../../../src/store/stream_store.ts";
import { SubjectFilter } from "../../../src/store/subject_filter.ts";
import { ConsumerRig } from "./support.ts";

const MSGS = 1_000_000;

/** A stream where every `apart`th message is of the subject "a"; counts how often the next one is searched for. */
function counted(apart: number): { value: number; most: number } {
  let searches = 0;
  const store = {
    readFailures: 0,
    state: () => ({ firstSeq: 1, lastSeq: MSGS, msgs: MSGS, subjects: 1000 }),
    subjects: (_filter: unknown, _from: unknown, _most: number, show: (subject: { count: number }) => void) => {
      show({ count: MSGS / apart });
      return undefined;
    },
    next: (_filter: unknown, from: number) => {
      searches++;
      const seq = Math.ceil(from / apart) * apart;
      return seq > MSGS ? 0 : seq;
    },
  } as unknown as StreamStore;
  const filter = new SubjectFilter(["a" as ByteString]);
  const pending = new PendingNumber(store, filter);
  pending.count(filter, MSGS / 2 + 1);
  let most = 0;
  for (let isMore = true; isMore;) {
    searches = 0;
    isMore = pending.step();
    most = Math.max(most, searches);
  }
  expect(pending.isExact).toBe(true);
  return { value: pending.value, most };
}

test.each([
  [10_000, 1],
  [1000, 6],
  [10, 250],
])("one in %d: at most %d searches in a slice", (apart, most) => {
  const found = counted(apart);
  expect(found.value).toBe(MSGS / apart / 2);
  expect(found.most).toBeLessThanOrEqual(most);
});

test("a subject that goes while another comes, which nobody asked for, is not taken for it", () => {
  const rig = new ConsumerRig();
  const subjects = 3000;
  for (let i = 0; i < 2 * subjects; i++) rig.stage(`a.${i % subjects} x`);
  rig.world.settle();
  const filter = new SubjectFilter(["a.*" as ByteString]);
  const pending = new PendingNumber(rig.kept, filter);
  pending.count(filter, 2000);
  expect(pending.step()).toBe(true);
  // Both messages of a subject that is counted already.
  for (const seq of [1, 1 + subjects]) {
    rig.remove(seq);
    pending.removed(seq, Buffer.from("a.0"), 0, 3, true);
  }
  rig.put("b x");
  while (pending.step());
  expect(pending.value).toBe(rig.kept.count(filter, 2000, rig.kept.lastSeq));
});
