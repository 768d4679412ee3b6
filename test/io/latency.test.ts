import { expect, test } from "vitest";
import { holdPolling, releasePolling, socketWasRead } from "../../src/io/latency.ts";
import { aMoment } from "./transport_contract.ts";

/** How long the loop was awake within the next milliseconds. */
async function activeMsIn(ms: number): Promise<number> {
  const { performance } = globalThis;
  const before = performance.eventLoopUtilization().active;
  await aMoment(ms);
  return performance.eventLoopUtilization().active - before;
}

test("the loop polls for a moment after a read and sleeps again", async () => {
  await aMoment();
  for (let i = 0; i < 100; i++) {
    socketWasRead(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await aMoment(5);
  expect(await activeMsIn(50)).toBeLessThan(25);
});

test("it does not poll while that is held", async () => {
  holdPolling();
  socketWasRead(0);
  releasePolling();
  expect(await activeMsIn(30)).toBeLessThan(15);
});
