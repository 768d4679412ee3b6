import { expect, test } from "vitest";
import { Bus, type Listener } from "../../../src/account/bus.ts";
import { InnerQueue } from "../../../src/account/inner_queue.ts";
import { Router } from "../../../src/account/router.ts";
import { type ByteString, byteString, byteStringOf } from "../../../src/base/bytes.ts";
import { DomainPrefix } from "../../../src/jetstream/api/domain_prefix.ts";
import { FakeWorld } from "../../support/fake_world.ts";

const PREFIX = "$JS.hub.API.";
const HEADER = Buffer.from("NATS/1.0\r\nX: y\r\n\r\n");

/** A bus with the prefix and with the API, which hears all of its own subjects and serves none of these. */
function open() {
  const inner = new InnerQueue();
  const bus = new Bus(new Router(new FakeWorld({ seed: 1 }), inner), inner);
  const answers: boolean[] = [];
  const watched = Object.assign(Object.create(bus) as Bus, {
    subscribe: (subject: ByteString, listener: Listener) =>
      bus.subscribe(subject, {
        onMsg: (frame, sub, sender) => {
          answers.push(listener.onMsg(frame, sub, sender));
          return answers.at(-1)!;
        },
      }),
    publishParts: bus.publishParts.bind(bus),
  });
  new DomainPrefix(watched, PREFIX).listen((subject, listener) => void watched.subscribe(subject, listener));
  bus.subscribe(byteString("$JS.API.>"), { onMsg: () => false });
  const heard: string[] = [];
  const listen = (subject: string): void => {
    bus.subscribe(byteString(subject), {
      onMsg: ({ source, subjectFrom, subjectTo, replyFrom, replyTo, headerBytes, payloadFrom, payloadTo }) => {
        const parts = [byteStringOf(source, subjectFrom, subjectTo), byteStringOf(source, replyFrom, replyTo)];
        heard.push(`${parts.join(" ")} ${headerBytes} ${byteStringOf(source, payloadFrom, payloadTo)}`);
        return true;
      },
    });
  };
  const publish = (subject: string, reply: string, header: Uint8Array, body: string): number =>
    bus.publishParts(byteString(subject), byteString(reply), header, Buffer.from(body));
  return { heard, answers, listen, publish };
}

test.each([
  ["$JS.hub.API.DIRECT.GET.S", "$JS.API.DIRECT.GET.S"],
  ["$JS.hub.API.DIRECT.GET.S.a.b", "$JS.API.DIRECT.GET.S.a.b"],
  ["$JS.hub.API.CONSUMER.MSG.NEXT.S.C", "$JS.API.CONSUMER.MSG.NEXT.S.C"],
  ["$JS.hub.API.$KV.bucket.key", "$KV.bucket.key"],
  ["$JS.hub.API.$OBJ.bucket.key", "$OBJ.bucket.key"],
])("%s is heard on %s, with reply, headers and body", (subject, without) => {
  const { heard, listen, publish } = open();
  listen(without);
  expect(publish(subject, "in", HEADER, "body")).toBe(1);
  expect(publish(subject, "", new Uint8Array(0), "")).toBe(1);
  expect(heard).toEqual([`${without} in 18 ${HEADER.toString()}body`, `${without}  -1 `]);
});

test.each(["$JS.hub.API.DIRECT.GET.S", "$JS.hub.API.$KV.bucket.key"])(
  "who finds nobody behind %s is told",
  (subject) => {
    const { answers, listen, publish } = open();
    publish(subject, "in", HEADER, "body");
    listen(subject.replace("$JS.hub.API.$KV", "$KV").replace("$JS.hub", "$JS"));
    publish(subject, "in", HEADER, "body");
    expect(answers).toEqual([false, true]);
  },
);

test("a body too large for the arena arrives whole", () => {
  const { heard, listen, publish } = open();
  listen("$KV.>");
  const body = "x".repeat(300_000);
  expect(publish("$JS.hub.API.$KV.b.k", "in", new Uint8Array(0), body)).toBe(1);
  expect(heard).toEqual([`$KV.b.k in -1 ${body}`]);
});
