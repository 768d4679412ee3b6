// What is remembered of connections that closed, whatever they had.

import { expect, test } from "vitest";
import { byteString } from "../../src/base/bytes.ts";
import type { ConnectionView, SubscriptionView } from "../../src/monitor/source.ts";
import { ClosedConnections } from "../../src/server/closed_connections.ts";

function viewWith(cid: number, count: number, subject: string): ConnectionView {
  const sub: SubscriptionView = {
    subject: byteString(subject),
    queue: undefined,
    sid: byteString("1"),
    delivered: 0,
    max: 0,
  };
  return {
    cid,
    subscriptionCount: count,
    subscriptions: Array.from({ length: count }, () => sub),
  } as unknown as ConnectionView;
}

test("the newest, oldest first", () => {
  const closed = new ClosedConnections(3);
  for (let cid = 1; cid <= 5; cid++) closed.add(viewWith(cid, 1, "a"));
  expect([...closed].map(({ cid }) => cid)).toEqual([3, 4, 5]);
  expect([...closed].every(({ subscriptions }) => [...subscriptions].length === 1)).toBe(true);
});

test.each([
  ["very many", 1000, "a"],
  ["very long", 100, "a".repeat(4000)],
])("of %s subscriptions only the newest lists are kept", (_, count, subject) => {
  const closed = new ClosedConnections(1000);
  for (let cid = 1; cid <= 1000; cid++) closed.add(viewWith(cid, count, subject));
  const views = [...closed];
  expect(views).toHaveLength(1000);
  expect(views.every(({ subscriptionCount }) => subscriptionCount === count)).toBe(true);
  const listed = views.map(({ subscriptions }) => [...subscriptions].length);
  expect(listed.at(-1)).toBe(count);
  expect(listed[0]).toBe(0);
  const kept = listed.filter((length) => length > 0).length;
  expect(kept).toBeGreaterThan(20);
  expect(kept * count * (subject.length + 200)).toBeLessThanOrEqual(32 << 20);
});

test("around the ring the count of what is kept stays right", () => {
  const closed = new ClosedConnections(10);
  for (let cid = 1; cid <= 10_000; cid++) closed.add(viewWith(cid, cid % 7 === 0 ? 1000 : 10, "a"));
  expect([...closed].every(({ subscriptions }) => [...subscriptions].length > 0)).toBe(true);
});
