import { describe, expect, test } from "vitest";
import { Bus } from "../../src/account/bus.ts";
import { InnerQueue } from "../../src/account/inner_queue.ts";
import { Router } from "../../src/account/router.ts";
import { byteString } from "../../src/base/bytes.ts";
import { FakeWorld } from "../support/fake_world.ts";

const nobody = { onMsg: () => true };

function open() {
  const inner = new InnerQueue();
  const bus = new Bus(new Router(new FakeWorld(), inner), inner);
  const changes: boolean[] = [];
  const watch = (subject: string, queue?: string) => {
    const one = bus.watch(byteString(subject), queue === undefined ? undefined : byteString(queue), () =>
      changes.push(one.isPresent),
    );
    return one;
  };
  const subscribe = (subject: string, queue?: string) =>
    bus.subscribe(byteString(subject), nobody, queue === undefined ? undefined : byteString(queue));
  return { bus, changes, watch, subscribe };
}

describe("a watched subject", () => {
  test("tells when the first subscriber comes and the last one goes", () => {
    const { bus, changes, watch, subscribe } = open();
    const one = watch("d");
    expect(one.isPresent).toBe(false);
    const [a, b] = [subscribe("d"), subscribe("d")];
    expect(changes).toEqual([true]);
    bus.unsubscribe(a);
    bus.unsubscribe(a);
    expect(one.isPresent).toBe(true);
    bus.unsubscribe(b);
    expect(changes).toEqual([true, false]);
    one.close();
    subscribe("d");
    expect(changes.length).toBe(2);
  });

  test("counts who was there before, and only subscriptions to just that", () => {
    const { changes, watch, subscribe } = open();
    subscribe("d");
    subscribe("e.*");
    subscribe(">");
    subscribe("f", "g");
    expect(["d", "e.x", "f"].map((subject) => watch(subject).isPresent)).toEqual([true, false, false]);
    expect([watch("f", "g").isPresent, watch("f", "h").isPresent]).toEqual([true, false]);
    subscribe("e.>");
    subscribe("f", "other");
    expect(changes).toEqual([]);
    subscribe("f", "h");
    expect(changes).toEqual([true]);
  });

  test("tells each of those who watch it", () => {
    const { changes, watch, subscribe } = open();
    const first = watch("d");
    watch("d");
    first.close();
    first.close();
    watch("d");
    subscribe("d");
    expect(changes).toEqual([true, true]);
  });
});
