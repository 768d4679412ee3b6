import { expect, test } from "vitest";
import { AckQueue, ANSWER } from "../../../src/jetstream/stream/ack_queue.ts";

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
