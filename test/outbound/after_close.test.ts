// What is put while the peer is being closed for having too much already.

import { expect, test } from "vitest";
import { Outbound } from "../../src/outbound/outbound.ts";
import { freeSlots, giveSlot, takeSlot } from "../../src/outbound/slots.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

function setup(): Outbound {
  const world = new FakeWorld();
  const transport = new FakeTransport(world);
  const turn = new Turn((fire) => world.atTurnEnd(fire));
  // As a session does, which closes once.
  const onPendingExceeded = (): void => {
    if (!outbound.isClosed) outbound.close();
  };
  const owner = { onPendingExceeded, onWriteDeadline: () => {} };
  const outbound: Outbound = new Outbound(turn, world, transport, owner, { maxPendingBytes: 1000, writeDeadlineMs: 0 });
  transport.open(() => ({
    onChunk: () => {},
    onWritten: () => {},
    onSecured: () => {},
    onGone: () => outbound.gone(),
  }));
  return outbound;
}

test("owned bytes behind the ones too many are dropped", () => {
  const before = freeSlots();
  const outbound = setup();
  outbound.put(new Uint8Array(1500));
  outbound.putOwned(new Uint8Array(70_000));
  expect(outbound.isClosed).toBe(true);
  expect(outbound.pendingBytes).toBe(0);
  expect(freeSlots()).toEqual(before);
});

test("so are those for a full buffer where the arena has no slots left", () => {
  const taken = [0, 1, 2].map((grade) => {
    const slots: number[] = [];
    for (let slot = takeSlot(grade); slot >= 0; slot = takeSlot(grade)) slots.push(slot);
    return slots;
  });
  const outbound = setup();
  outbound.put(new Uint8Array(60_000));
  outbound.put(new Uint8Array(60_000));
  expect(outbound.isClosed).toBe(true);
  expect(outbound.pendingBytes).toBe(0);
  for (const [grade, slots] of taken.entries()) for (const slot of slots) giveSlot(grade, slot);
});
