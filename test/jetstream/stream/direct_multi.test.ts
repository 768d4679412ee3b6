// A request for the last messages of very many subjects, in slices.

import { expect, test } from "vitest";
import { type ByteString, byteString } from "../../../src/base/bytes.ts";
import { MultiGet } from "../../../src/jetstream/stream/direct_multi.ts";
import type { DirectReply } from "../../../src/jetstream/stream/direct_reply.ts";
import type { StreamStore } from "../../../src/store/stream_store.ts";
import type { SubjectFilter } from "../../../src/store/subject_filter.ts";

test("looks up some subjects a slice, and one pattern with wildcards", () => {
  const asked: number[] = [];
  const store = {
    state: () => ({ firstSeq: 1, lastSeq: 9 }),
    subjects: ({ patterns }: SubjectFilter) => void asked.push(patterns.length),
    lastPerSubject: ({ patterns }: SubjectFilter) => asked.push(patterns.length) > 0,
  } as unknown as StreamStore;
  const said: string[] = [];
  const reply = { status: (_: ByteString, status: string) => said.push(status) } as unknown as DirectReply;
  const multiLast = [
    ...Array.from({ length: 1000 }, (_, i) => byteString(`a.${i}`)),
    ...Array.from({ length: 50 }, (_, i) => byteString(`*.${i}`)),
    byteString("b..c"),
  ];
  const request = { seq: 0, multiLast, upToSeq: 0, upToTime: undefined, batch: 0, maxBytes: 0 };
  const job = new MultiGet(store, reply, request as never, byteString("r"), "memory", 1 << 20);
  let slices = 1;
  while (job.step()) slices++;
  expect(slices).toBe(asked.length);
  expect(Math.max(...asked)).toBeLessThanOrEqual(256);
  expect(asked.filter((count) => count === 1).length).toBeGreaterThanOrEqual(50);
  expect(asked.reduce((sum, count) => sum + count, 0)).toBe(1050);
  expect(said).toEqual(["404 No Results"]);
});
