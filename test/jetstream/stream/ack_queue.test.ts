import { expect, test } from "vitest";
import { AckQueue, ANSWER, type AnswerKind } from "../../../src/jetstream/stream/ack_queue.ts";

const text = (queue: AckQueue, from: number, to: number): string =>
  Buffer.from(queue.bytes.subarray(from, to)).toString();

test("answers come out as they went in, however many wait", () => {
  const queue = new AckQueue();
  let inSeq = 0;
  let outSeq = 0;
  const push = (): void => {
    inSeq++;
    const reply = Buffer.from(`<inbox.${inSeq}>`);
    const body = inSeq % 7 === 0 ? Buffer.from(`body ${inSeq}`.repeat((inSeq % 5) + 1)) : undefined;
    queue.push(body === undefined ? ANSWER.stored : ANSWER.text, inSeq, inSeq * 2, reply, 1, reply.length - 1, body);
  };
  const shift = (): void => {
    outSeq++;
    const hasBody = outSeq % 7 === 0;
    expect([queue.restsOn, queue.seq, queue.kind]).toEqual([outSeq, outSeq * 2, hasBody ? ANSWER.text : ANSWER.stored]);
    expect(text(queue, queue.replyFrom, queue.replyTo)).toBe(`inbox.${outSeq}`);
    expect(text(queue, queue.replyTo, queue.bodyTo)).toBe(hasBody ? `body ${outSeq}`.repeat((outSeq % 5) + 1) : "");
    queue.shift();
  };
  // It never runs empty while it grows and shrinks.
  for (const [pushes, shifts] of [
    [100, 50],
    [3000, 100],
    [10, 2900],
    [5000, 4000],
    [9000, 10_000],
  ] as const) {
    for (let i = 0; i < pushes; i++) push();
    for (let i = 0; i < shifts; i++) shift();
    expect(queue.length).toBe(inSeq - outSeq);
  }
  while (!queue.isEmpty) shift();
  expect(outSeq).toBe(inSeq);
});

test("a flood leaves little memory behind", () => {
  const queue = new AckQueue();
  const reply = Buffer.from("x".repeat(100));
  for (let i = 0; i < 50_000; i++) queue.push(ANSWER.stored, i, i, reply, 0, reply.length);
  expect(queue.heldBytes).toBeGreaterThan(5_000_000);
  while (!queue.isEmpty) queue.shift();
  expect(queue.heldBytes).toBeLessThan(10_000);
});

test("what is alike at the front is counted, and goes together", () => {
  const queue = new AckQueue();
  const push = (kind: AnswerKind, seq: number, reply: string, restsOn = seq): void => {
    queue.push(
      kind,
      restsOn,
      seq,
      Buffer.from(reply),
      0,
      reply.length,
      kind === ANSWER.text ? Buffer.from("no") : undefined,
    );
  };
  push(ANSWER.stored, 1, "a.1");
  push(ANSWER.stored, 2, "a.2");
  push(ANSWER.stored, 3, "a.3");
  push(ANSWER.stored, 4, "b.44");
  push(ANSWER.stored, 5, "b.55");
  push(ANSWER.duplicate, 6, "b.66");
  push(ANSWER.stored, 7, "b.77", 9);
  push(ANSWER.stored, 9, "b.99");
  push(ANSWER.text, 10, "b.00");
  expect([queue.alike(9, 100), queue.alike(2, 100), queue.alike(0, 100), queue.alike(9, 2)]).toEqual([3, 2, 0, 2]);
  queue.shiftAlike(2);
  expect([queue.alike(9, 100), queue.length, queue.replies, queue.usedBytes]).toEqual([1, 7, 7, 3 + 24 + 2]);
  queue.shiftAlike(1);
  expect([queue.alike(9, 100), text(queue, queue.replyFrom, queue.replyTo)]).toEqual([2, "b.44"]);
  queue.shiftAlike(2);
  expect(queue.alike(9, 100)).toBe(0);
  queue.shift();
  expect([queue.alike(8, 100), queue.alike(9, 100)]).toEqual([0, 1]);
  queue.shiftAlike(1);
  queue.shiftAlike(1);
  expect([queue.alike(10, 100), queue.seq, queue.replies]).toEqual([0, 10, 1]);
  queue.shift();
  expect([queue.isEmpty, queue.replies, queue.usedBytes]).toEqual([true, 0, 0]);
});
