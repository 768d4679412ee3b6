import { expect, test } from "vitest";
import * as arena from "../../src/base/arena.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";
import { Recorder } from "./transport_contract.ts";

function opened(): [world: FakeWorld, transport: FakeTransport, recorder: Recorder] {
  const world = new FakeWorld();
  const transport = new FakeTransport(world);
  const recorder = new Recorder(transport);
  transport.open(() => recorder);
  return [world, transport, recorder];
}

test("chunks come through the read area, small ones until the peer is trusted", () => {
  const [, transport, recorder] = opened();
  transport.feed("x".repeat(10_000));
  transport.trust();
  transport.feed("y".repeat(arena.CHUNK_BYTES + 37_856));
  expect(recorder.chunks.map((chunk) => chunk.length)).toEqual([4096, 4096, 1808, arena.CHUNK_BYTES, 37_856]);
});

test("a paused handler is called again in a later turn only", () => {
  const [world, transport, recorder] = opened();
  transport.pause();
  transport.feed("PING\r\n");
  transport.resume();
  expect(recorder.text).toBe("");
  world.turn();
  expect(recorder.text).toBe("PING\r\n");
});

test("bytes changed while they are held are found out", () => {
  const [, transport, recorder] = opened();
  transport.hold();
  arena.bytes.fill(1, arena.SLOTS, arena.SLOTS + 10);
  expect(transport.write(arena.SLOTS, arena.SLOTS + 10)).toBe(false);
  expect(transport.take()).toBe("");
  arena.bytes[arena.SLOTS] = 2;
  expect(() => transport.release()).toThrow("held bytes stay");
  arena.bytes[arena.SLOTS] = 1;
  transport.release();
  expect([transport.takeBytes().length, recorder.written]).toEqual([10, 1]);
});

test("it is gone once, in a later turn", () => {
  const [world, transport, recorder] = opened();
  transport.end(1000, 1008, "why");
  transport.destroy();
  expect(recorder.gone).toEqual([]);
  world.advance(0);
  transport.peerGone("readError", "late");
  expect(recorder.gone).toEqual([["eof", ""]]);
});
