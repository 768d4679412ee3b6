import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { Account } from "../../src/account/account.ts";
import { Delivery } from "../../src/account/delivery.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { Subscription } from "../../src/account/subscription.ts";
import { byteString } from "../../src/base/bytes.ts";
import type { Outbound } from "../../src/outbound/outbound.ts";
import { StreamTotals } from "../../src/store/stream_totals.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeWorld } from "../support/fake_world.ts";

setFlagsFromString("--allow-natives-syntax");
const haveSameShape = runInThisContext("(a, b) => %HaveSameMap(a, b)") as (a: object, b: object) => boolean;

const world = new FakeWorld();
function receiver(): Receiver {
  const hooks = { deniesDelivery: () => false, onReply: () => {}, onTrace: () => {}, info: unknownClient };
  return new Receiver({} as Outbound, hooks, () => {});
}
const subject = byteString("a");

// Each with the counts that outgrow 2³¹ on a busy server.
test.each<[string, () => object, string[]]>([
  ["a receiver", receiver, ["outMsgs", "outBytes"]],
  ["a subscription", () => new Subscription(receiver(), subject, undefined, subject), ["delivered"]],
  ["a delivery", () => new Delivery(new InnerQueue()), ["outMsgs", "outBytes"]],
  ["a router's statistics", () => new Router(world).stats, ["matches", "cacheHits", "totalFanout"]],
  ["an account", () => new Account("A", world), ["inMsgs", "inBytes"]],
  ["a stream's totals", () => new StreamTotals(), ["msgs", "bytes"]],
])("%s keeps its shape when it has counted very many", (_, make, counts) => {
  const small = make() as Record<string, number>;
  const large = make() as Record<string, number>;
  for (const count of counts) {
    expect(large[count]).toBe(0);
    large[count] = 3 * 2 ** 31;
    expect(haveSameShape(small, large), count).toBe(true);
  }
});
