// Mistakes of nats-server about consumers that were found and mended there: the
// list of all of them is in test/server/advisories.test.ts.

import { expect, test } from "vitest";
import type { Frame } from "../../src/account/bus.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import { Bench } from "./bench.ts";

/** What a pull brings: the ack subject of each message, or the status. */
function pull(bench: Bench, consumer: string, request: object): string[] {
  const got: string[] = [];
  const inbox = byteString(`pulled.${consumer}`);
  const sub = bench.account.bus.subscribe(inbox, {
    onMsg: ({ source, replyFrom, replyTo, payloadFrom, headerBytes }: Frame) => {
      const status = byteStringOf(source, payloadFrom, payloadFrom + Math.max(0, headerBytes)).split("\r\n")[0]!;
      got.push(replyTo > replyFrom ? byteStringOf(source, replyFrom, replyTo) : status);
      return true;
    },
  });
  const subject = byteString(`$JS.API.CONSUMER.MSG.NEXT.S.${consumer}`);
  bench.account.bus.publishParts(subject, inbox, new Uint8Array(0), Buffer.from(JSON.stringify(request)));
  bench.settle();
  bench.account.bus.unsubscribe(sub);
  return got;
}

function create(bench: Bench, name: string, config: object): void {
  const body = { stream_name: "S", config: { durable_name: name, ack_policy: "explicit", ...config } };
  expect(bench.api(`CONSUMER.DURABLE.CREATE.S.${name}`, body).error).toBeUndefined();
}

const messages = (bench: Bench): unknown =>
  (bench.api("STREAM.INFO.S")["state"] as Record<string, unknown>)["messages"];

test("58ede94d2: a pull without a group of a consumer with a pinned client is refused, and nothing falls over", () => {
  const bench = new Bench();
  bench.api("STREAM.CREATE.S", { name: "S" });
  bench.request("S", "one");
  create(bench, "C", { priority_policy: "pinned_client", priority_groups: ["A"], priority_timeout: 1e9 });
  for (const request of [{ batch: 1 }, { batch: 1, id: "x" }, { batch: 1, group: "" }, { batch: 1, group: "B" }]) {
    const [status, ...more] = pull(bench, "C", request);
    expect(status, JSON.stringify(request)).toMatch(/^NATS\/1\.0 400 /);
    expect(more).toEqual([]);
  }
  expect(pull(bench, "C", { batch: 1, group: "A" })).toHaveLength(1);
});

test.each(["%", "a%sb", "%d%s%v", "100%"])(
  "fb51ff0aa, fd80b022c: %j is a name like any other in ack subjects",
  (name) => {
    const bench = new Bench();
    bench.api("STREAM.CREATE.S", { name: "S" });
    bench.request("S", "one");
    create(bench, name, {});
    const [reply] = pull(bench, name, { batch: 1 });
    expect(reply).toMatch(/^\$JS\.ACK\.S\./);
    expect(reply!.split(".")[3]).toBe(name);
    const answers = bench.ask(reply!, "+ACK");
    bench.world.advance(1000);
    bench.settle();
    expect(answers).toEqual([""]);
    expect(bench.api(`CONSUMER.INFO.S.${name}`)["num_ack_pending"]).toBe(0);
  },
);

test("74d7a2d94: ack all takes only what its consumer filters; a work queue has none", () => {
  const bench = new Bench();
  bench.api("STREAM.CREATE.W", { name: "W", retention: "workqueue" });
  const refused = bench.api("CONSUMER.DURABLE.CREATE.W.A", {
    stream_name: "W",
    config: { durable_name: "A", ack_policy: "all" },
  });
  expect(refused.error?.err_code).toBe(10098);
  bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.*"], retention: "interest" });
  create(bench, "A", { filter_subject: "s.a", ack_policy: "all" });
  create(bench, "B", { filter_subject: "s.b" });
  for (const subject of ["s.b", "s.a", "s.b", "s.a", "s.b"]) bench.request(subject, "x");
  const replies = pull(bench, "A", { batch: 2 });
  expect(replies).toHaveLength(2);
  bench.ask(replies[1]!, "+ACK");
  bench.world.advance(1000);
  bench.settle();
  expect(messages(bench)).toBe(3);
  expect(pull(bench, "B", { batch: 3 }).map((reply) => reply.split(".")[5])).toEqual(["1", "3", "5"]);
});
