import { expect, test } from "vitest";
import { bytesOf, byteString } from "../../src/base/bytes.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { NO_LIMITS, StoredMsg, type StoreEvents } from "../../src/store/stream_store.ts";
import { SubjectFilter } from "../../src/store/subject_filter.ts";
import { storeContract, type OpenStore } from "./contract.ts";

function opener(rowsPerBlock: number) {
  return ((limits, events) => {
    let waiting: (() => void)[] = [];
    const store = new MemoryStore({ limits, events, seed: 99, later: (fire) => waiting.push(fire), rowsPerBlock });
    const complete = (): void => {
      const fires = waiting;
      waiting = [];
      for (const fire of fires) fire();
    };
    return { store, complete };
  }) satisfies OpenStore;
}
const open = opener(16_384);

storeContract("the memory store", open);
storeContract("the memory store, in blocks of 3 messages,", opener(3));

const deaf: StoreEvents = {
  committed: () => undefined,
  refused: () => undefined,
  removed: () => undefined,
  compacted: () => undefined,
};

function message(subject: string, body: Uint8Array): StoredMsg {
  const msg = new StoredMsg();
  msg.subject = bytesOf(byteString(subject));
  msg.subjectTo = msg.subject.length;
  msg.body = body;
  msg.bodyTo = body.length;
  msg.sec = 1_800_000_000;
  return msg;
}

test("blocks fill, roll and shrink when most of them is gone", () => {
  const { store, complete } = open({ ...NO_LIMITS, maxMsgsPerSubject: 3 }, deaf);
  const bodies = Array.from({ length: 7 }, (_, i) => new Uint8Array(i * 400).fill(i));
  let most = 0;
  for (let i = 0; i < 60_000; i++) {
    expect(store.stage(message(`s.${(i * 31) % 500}`, bodies[i % 7]!), "plain")).toBe(i + 1);
    if (i % 100 === 99) {
      store.submit();
      complete();
    }
    if (i > 20_000) most = Math.max(most, store.heldBytes);
  }
  store.checkInvariants();
  const { bytes, msgs } = store.state();
  expect(msgs).toBe(1500);
  expect(most).toBeLessThan(bytes * 3 + 4_000_000);
  const into = new StoredMsg();
  for (let seq = 58_501; seq <= 60_000; seq++) {
    expect(store.load(seq, into)).toBe(true);
    const body = into.body.subarray(into.bodyFrom, into.bodyTo);
    expect(Buffer.compare(body, bodies[(seq - 1) % 7]!)).toBe(0);
  }
});

test("one message left in each block does not keep the block", () => {
  const { store, complete } = open(NO_LIMITS, deaf);
  const body = new Uint8Array(100);
  for (let i = 0; i < 200_000; i++) store.stage(message("s", body), "plain");
  store.submit();
  complete();
  for (let seq = 1; seq <= 200_000; seq++) if (seq % 10_000 !== 0) store.stageRemove(seq, false);
  store.submit();
  complete();
  store.checkInvariants();
  expect(store.state()).toMatchObject({ msgs: 20, firstSeq: 10_000, deleted: 190_001 - 20 });
  expect(store.heldBytes).toBeLessThan(2_500_000);
});

test("erased bytes are overwritten", () => {
  const { store, complete } = open(NO_LIMITS, deaf);
  store.stage(message("s", bytesOf(byteString("secret"))), "plain");
  store.submit();
  complete();
  const into = new StoredMsg();
  store.load(1, into);
  store.stageRemove(1, true);
  store.submit();
  complete();
  expect([...into.body.subarray(into.bodyFrom, into.bodyTo)]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("a pattern is found behind many subjects that do not match it", () => {
  const { store, complete } = open(NO_LIMITS, deaf);
  for (let i = 0; i < 20_000; i++) store.stage(message(`s.${i}.x`, new Uint8Array(0)), "plain");
  store.stage(message("s.last.y", new Uint8Array(0)), "plain");
  store.submit();
  complete();
  const filter = new SubjectFilter([byteString("s.*.y")]);
  let seq = store.next(filter, 1, 5000);
  for (let steps = 0; seq < 0 && steps < 10; steps++) seq = store.next(filter, -seq, 5000);
  expect(seq).toBe(20_001);
});
