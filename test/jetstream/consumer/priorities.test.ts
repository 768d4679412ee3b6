import { describe, expect, test } from "vitest";
import { ConsumerRig } from "./support.ts";

const SECOND = 1e9;
const groups = { priority_groups: ["g", "h"] };

describe.each(["overflow", "pinned_client", "prioritized"] as const)("the policy %s", (priority_policy) => {
  test("wants a group that there is", () => {
    const rig = new ConsumerRig();
    rig.put("s.a 1");
    rig.consumer({ ...groups, priority_policy, priority_timeout: 120n * 10n ** 9n });
    rig.pull({ batch: 1 });
    rig.pull({ batch: 1, group: "x" });
    expect(rig.got()).toEqual(["400 Bad Request - Priority Group missing", "400 Bad Request - Invalid Priority Group"]);
  });
});

describe("prioritized requests", () => {
  const policy = { ...groups, priority_policy: "prioritized" } as const;

  test("are served by their number, in turn among equals", () => {
    const rig = new ConsumerRig();
    rig.consumer(policy);
    const heard = rig.listen("a", "b", "c", "d");
    rig.pull({ batch: 2, group: "g", priority: 5, expires: SECOND }, "a");
    rig.pull({ batch: 2, group: "g", priority: 1, expires: SECOND }, "b");
    rig.pull({ batch: 2, group: "g", priority: 1, expires: SECOND }, "c");
    rig.pull({ batch: 1, group: "g", expires: SECOND }, "d");
    rig.put("s 1", "s 2", "s 3", "s 4", "s 5", "s 6", "s 7");
    expect(heard).toEqual(["d 1", "b 2", "c 3", "b 4", "c 5", "a 6", "a 7"]);
  });
});

describe("overflow requests", () => {
  const policy = { ...groups, priority_policy: "overflow" } as const;

  test("are served when as much is pending as they want", () => {
    const rig = new ConsumerRig();
    rig.consumer(policy);
    const heard = rig.listen("a", "b");
    rig.pull({ batch: 10, group: "g", min_pending: 3, expires: SECOND }, "a");
    rig.put("s 1", "s 2");
    expect(heard).toEqual([]);
    rig.put("s 3");
    expect(heard).toEqual(["a 1"]);
    rig.pull({ batch: 1, group: "g", expires: SECOND }, "b");
    rig.world.settle();
    expect(heard).toEqual(["a 1", "b 2"]);
  });

  test("are served when as many acks are missing as they want", () => {
    const rig = new ConsumerRig();
    rig.consumer(policy);
    const heard = rig.listen("a", "b");
    rig.put("s 1", "s 2", "s 3");
    rig.pull({ batch: 10, group: "g", min_ack_pending: 1, expires: SECOND }, "a");
    rig.world.settle();
    expect(heard).toEqual([]);
    rig.pull({ batch: 1, group: "h" }, "b");
    rig.world.settle();
    expect(heard).toEqual(["b 1", "a 2", "a 3"]);
  });

  test("that do not wait are told that there is nothing for them", () => {
    const rig = new ConsumerRig();
    rig.put("s 1");
    rig.consumer(policy);
    rig.pull({ batch: 10, group: "g", min_pending: 5, no_wait: true });
    expect(rig.got()).toEqual(["404 No Messages"]);
  });
});

describe("a pinned client", () => {
  const policy = { ...groups, priority_policy: "pinned_client", priority_timeout: 10n ** 9n } as const;
  const pinOf = (headers: readonly string[]): string => headers.find((line) => line.startsWith("Nats-Pin-Id: "))!.slice(13); // prettier-ignore

  test("is the first to ask, and gets everything under its pin", () => {
    const rig = new ConsumerRig();
    const events = rig.events();
    const consumer = rig.consumer(policy);
    const heard = rig.listen("b");
    rig.pull({ batch: 2, group: "g", expires: 5 * SECOND });
    rig.pull({ batch: 2, group: "g", expires: 5 * SECOND }, "b");
    rig.put("s 1", "s 2", "s 3");
    const sent = rig.sent();
    expect(sent.map(({ body }) => body)).toEqual(["1", "2"]);
    const pin = pinOf(sent[0]!.headers);
    expect(pinOf(sent[1]!.headers)).toBe(pin);
    expect(pin).toMatch(/^[0-9A-Za-z]{22}$/);
    expect(heard).toEqual([]);
    expect(consumer.info().priorityGroups).toEqual([
      { group: "g", pinnedClientId: pin, pinnedAt: { sec: 1_800_000_000, nanos: 0 } },
    ]);
    expect(events).toEqual([
      {
        on: "ADVISORY.CONSUMER.PINNED.S.C",
        type: "io.nats.jetstream.advisory.v1.consumer_group_pinned",
        account: "A",
        stream: "S",
        consumer: "C",
        group: "g",
        pinned_id: pin,
      },
    ]);
    rig.pull({ batch: 1, group: "g", id: pin });
    expect(rig.got()).toEqual(["3"]);
  });

  test("loses the pin when it does not ask in time", () => {
    const rig = new ConsumerRig();
    const events = rig.events();
    const consumer = rig.consumer(policy);
    const heard = rig.listen("b");
    rig.put("s 1", "s 2");
    rig.pull({ batch: 1, group: "g" });
    const [sent] = rig.sent();
    rig.pull({ batch: 2, group: "g", expires: 5 * SECOND }, "b");
    rig.world.advance(900);
    rig.pull({ batch: 1, group: "g", id: pinOf(sent!.headers), max_bytes: 1 });
    expect(rig.got()).toEqual(["409 Message Size Exceeds MaxBytes"]);
    rig.world.advance(900);
    expect(heard).toEqual([]);
    rig.world.advance(200);
    expect(heard).toEqual(["b 2"]);
    expect(events.map((event) => (event as { reason?: string }).reason)).toEqual([undefined, "timeout", undefined]);
    expect(consumer.info().priorityGroups[0]!.pinnedClientId).not.toBe(pinOf(sent!.headers));
  });

  test("with another id is refused, at once or when it was waiting", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer(policy);
    rig.put("s 1");
    rig.pull({ batch: 1, group: "g" });
    const pin = pinOf(rig.sent()[0]!.headers);
    rig.pull({ batch: 1, group: "g", id: "other" });
    expect(rig.got()).toEqual(["423 Nats-Pin-Id mismatch"]);
    rig.pull({ batch: 1, group: "g", id: pin, expires: 5 * SECOND });
    expect(consumer.unpin("x")).toBe(false);
    expect(consumer.unpin("g")).toBe(true);
    rig.put("s 2");
    expect(rig.sent().map(({ headers }) => headers)).toEqual([
      ["NATS/1.0 423 Nats-Wrong-Pin-Id", "Nats-Pending-Messages: 1", "Nats-Pending-Bytes: 0"],
    ]);
  });

  test("is unpinned by an administrator, who is told of", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer(policy);
    const events = rig.events();
    consumer.unpin("h");
    expect(events).toEqual([
      {
        on: "ADVISORY.CONSUMER.UNPINNED.S.C",
        type: "io.nats.jetstream.advisory.v1.consumer_group_unpinned",
        account: "A",
        stream: "S",
        consumer: "C",
        group: "h",
        reason: "admin",
      },
    ]);
  });

  test("is not pinned by a message it cannot have", () => {
    const rig = new ConsumerRig();
    const consumer = rig.consumer(policy);
    rig.put("s 1");
    rig.pull({ batch: 1, group: "g", max_bytes: 5 });
    expect(rig.got()).toEqual(["409 Message Size Exceeds MaxBytes"]);
    expect(consumer.info().priorityGroups[0]!.pinnedClientId).toBe("");
  });
});
