// Requests that wait for an answer, many of them.

import { describe, expect, test } from "vitest";
import { Account } from "../../src/account/account.ts";
import { Responses } from "../../src/account/responses.ts";
import { ServiceState } from "../../src/account/service_state.ts";
import { byteString as s } from "../../src/base/bytes.ts";
import { serviceExport } from "../../src/subject/sharing.ts";
import { FakeWorld } from "../support/fake_world.ts";

function rig(most: number): { responses: Responses; requester: Account; world: FakeWorld } {
  const world = new FakeWorld();
  const [asked, requester] = [new Account("A", world), new Account("B", world)];
  return { responses: new Responses(world, asked.router, "HASHHASH", () => asked, most), requester, world };
}

describe("requests that wait", () => {
  test("are bounded: the one longest unheard goes", () => {
    const { responses, requester } = rig(3);
    const service = new ServiceState(serviceExport(s("svc"), { responseType: "stream" }));
    const open = (reply: string): ReturnType<Responses["open"]> =>
      responses.open(requester, s(reply), service, undefined);
    const [first, second] = [open("1"), open("2")];
    open("3");
    service.push(first);
    open("4");
    expect([responses.count, first.isOpen, second.isOpen]).toEqual([3, true, false]);
    expect(requester.awaited.count).toBe(3);
  });

  test("with one reply are told apart", () => {
    const { responses, requester } = rig(100);
    const service = new ServiceState(undefined);
    const all = [1, 2, 3].map(() => responses.open(requester, s("box"), service, undefined));
    expect(new Set(all.map(({ subject }) => subject)).size).toBe(3);
    responses.close(all[1]!, "answered");
    responses.close(all[1]!, "answered");
    responses.close(all[0]!, "answered");
    expect([responses.count, requester.awaited.count]).toEqual([1, 1]);
    requester.awaited.onRemoved(s("box"));
    expect([responses.count, requester.awaited.count, all[2]!.isOpen]).toEqual([0, 0, false]);
    expect(requester.router.awaited).toBeUndefined();
  });

  test("end in their own time each, by one timer", () => {
    const { responses, requester, world } = rig(100);
    const slow = new ServiceState(serviceExport(s("slow"), { thresholdMs: 1000 }));
    const fast = new ServiceState(serviceExport(s("fast"), { thresholdMs: 100 }));
    responses.open(requester, s("1"), slow, undefined);
    responses.open(requester, s("2"), fast, undefined);
    expect(world.pendingTimers).toBe(1);
    world.advance(150);
    expect(responses.count).toBe(1);
    responses.open(requester, s("3"), fast, undefined);
    expect(world.pendingTimers).toBe(1);
    world.advance(100);
    expect(responses.count).toBe(1);
    world.advance(1000);
    expect([responses.count, world.pendingTimers]).toEqual([0, 0]);
  });

  test("forget nothing of groups of replies, and keep few of them", () => {
    const { responses, requester } = rig(10_000);
    const service = new ServiceState(undefined);
    for (let i = 0; i < 2000; i++) {
      const request = responses.open(requester, s(`inbox.${i}.x`), service, undefined);
      if (i % 2 === 0) responses.close(request, "answered");
    }
    expect(requester.awaited.count).toBe(1000);
    requester.awaited.onRemoved(s("inbox.1.*"));
    requester.awaited.onRemoved(s("inbox.*.x"));
    expect(requester.awaited.count).toBe(0);
  });
});
