import { expect, test } from "vitest";
import { headerMarks, MARK } from "../../../src/store/file/header_marks.ts";

test.each([
  ["NATS/1.0\r\n\r\n", 0],
  ["NATS/1.0\r\nNats-TTL: 5s\r\n\r\n", MARK.ttl],
  ["NATS/1.0\r\nA: b\r\nNats-Schedule: @at x\r\n\r\n", MARK.schedule],
  ["NATS/1.0\r\nNats-Schedule: x\r\nNats-TTL:\r\n\r\n", MARK.ttl + MARK.schedule],
  ["Nats-TTL: 5s\r\n\r\n", 0],
  ["NATS/1.0\r\nA: Nats-TTL: 5s\r\n\r\n", 0],
  ["NATS/1.0\r\nA: b\nNats-TTL: 5s\r\n\r\n", 0],
  ["NATS/1.0\r\nnats-ttl: 5s\r\nNats-TTLs: 1\r\n\r\n", 0],
  ["NATS/1.0\r\nNats-Schedule-Next: x\r\n\r\n", 0],
  ["NATS/1.0\r\nNats-TTL:", MARK.ttl],
  ["NATS/1.0\r\nNats-TTL", 0],
])("headers %j are marked %i, wherever they lie", (headers, marks) => {
  const bytes = Buffer.from(`Nats-TTL:${headers}Nats-TTL:`);
  expect(headerMarks(bytes, 9, 9 + headers.length)).toBe(marks);
});
