// Acknowledgements that a client sends come to whoever hears them as any other
// message would, also where they are read one behind the other.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame, Listener } from "../../src/account/bus.ts";
import { byteString, byteStringOf } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { fromObject, type ObjectOptions } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { Core } from "../../src/server/core.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const nobodyMust = {
  authRequired: () => false,
  infoAuthRequired: () => false,
  nonceRequired: false,
  authenticateAnonymous: () => undefined,
};

const number = fc.oneof(fc.integer({ min: 0, max: 20 }).map(String), fc.constantFrom("0", "007", "999999999999999", "1234567890123456", "9007199254740993", "", "x", "-1", "*")); // prettier-ignore
const plain = fc
  .tuple(fc.constantFrom("S.C", "S.C", "S.C", "S.longer"), fc.nat(9), fc.nat(1e6), fc.nat(1e6))
  .map(([whose, ...numbers]) => `PUB $JS.ACK.${whose}.${numbers.join(".")}.1700000000123456789.7 4\r\n+ACK\r\n`);
const numbered = fc
  .array(number, { minLength: 4, maxLength: 6 })
  .map((numbers) => `PUB $JS.ACK.S.C.${numbers.join(".")} 4\r\n+ACK\r\n`);
const otherwise = fc.constantFrom(
  "PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+NAK\r\n",
  "PUB $JS.ACK.S.C.1.2.3.4.5 0\r\n\r\n",
  "PUB $JS.ACK.S.C.1.2.3.4.5 04\r\n+ACK\r\n",
  "PUB $JS.ACK.S.C.1.2.3.4.5 reply 4\r\n+ACK\r\n",
  "pub $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n",
  "PUB  $JS.ACK.S.C.1.2.3.4.5  4 \r\n+ACK\r\n",
  "HPUB $JS.ACK.S.C.1.2.3.4.5 18 22\r\nNATS/1.0\r\nX: y\r\n\r\n+ACK\r\n",
  "PUB $JS.ACK._.HASH.S.C.1.2.3.4.5 4\r\n+ACK\r\n",
  "PUB $JS.ACK.S.nobody.1.2.3.4.5 4\r\n+ACK\r\n",
  "PUB $JS.ACK.S.C.6.7.8.9.1 4\r\n+ACK\r\n",
  "PUB other 4\r\n+ACK\r\n",
  "PING\r\n",
  "SUB $JS.ACK.> 1\r\n",
  "SUB $JS.ACK.S.C.6.> 1\r\n",
  "UNSUB 1\r\n",
);
const line = fc.oneof({ weight: 8, arbitrary: plain }, { weight: 2, arbitrary: numbered }, { weight: 3, arbitrary: otherwise }); // prettier-ignore

let together = 0;

/** The same of a consumer with a longer name, whose acknowledgements are read ahead. */
const ofLonger = (text: string): string => text.replaceAll("S.C.", "STREAM.CONSUMER.");

/** What listeners and the client are told, and what is counted. `isOne`: listeners hear nothing but messages. */
function play(options: ObjectOptions, connect: object, chunks: readonly string[], isOne: boolean): unknown {
  const world = new FakeWorld();
  const identity = { id: "N", name: "n", xkey: "X" };
  const core = new Core(fromObject(options, systemSource).options, identity, world, silentLog, nobodyMust as never, "");
  const peer = new FakeTransport(world).open((opened) => core.accept(opened));
  peer.feed(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, headers: true, ...connect })}\r\nPING\r\n`);
  world.settle();
  peer.take();
  const { bus, router } = core.accounts.get("$G")!;
  const log: string[] = [];
  for (const whose of ["S.C", "STREAM.CONSUMER", "S.longer", "*.*"]) {
    const heard: Listener = {
      onMsg({ source, subjectFrom, subjectTo, replyFrom, replyTo, payloadFrom, payloadTo }: Frame) {
        const subject = byteStringOf(source, subjectFrom, subjectTo);
        const tail = [byteStringOf(source, replyFrom, replyTo), byteStringOf(source, payloadFrom, payloadTo)];
        const plainly = /^\$JS\.ACK\.[^.]+\.[^.]+\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.\d+\.\d+$/.exec(subject);
        if (plainly !== null && tail.join(" ") === " +ACK")
          this.onAck!(Number(plainly[1]), Number(plainly[2]), Number(plainly[3])); // prettier-ignore
        else log.push(`${whose}: ${subject} ${tail.join(" ")}`);
        return true;
      },
    };
    const noted = (...numbers: number[]): void => void log.push(`${whose}: ack ${numbers.join(" ")}`);
    // Only one of them has the short way.
    if (whose === "*.*") bus.subscribe(byteString("$JS.ACK.other.*.*.*.*.*.*"), { ...heard, onAck: noted });
    else if (isOne)
      bus.subscribe(byteString(`$JS.ACK.${whose}.*.*.*.*.*`), { onMsg: (frame, sub, sender) => heard.onMsg.call({ ...heard, onAck: noted }, frame, sub, sender) }); // prettier-ignore
    else {
      const onAck = (...numbers: number[]): void => {
        together++;
        noted(...numbers);
      };
      bus.subscribe(byteString(`$JS.ACK.${whose}.*.*.*.*.*`), { onMsg: (frame, sub, sender) => heard.onMsg.call({ ...heard, onAck: noted }, frame, sub, sender), onAck }); // prettier-ignore
    }
  }
  const told: string[] = [];
  for (const chunk of chunks) {
    peer.feed(chunk);
    told.push(peer.take());
  }
  world.settle();
  told.push(peer.take(), String(peer.closed?.how));
  const account = core.accounts.get("$G")!;
  const [session] = [...core.sessions.values()];
  const { matches, totalFanout, maxFanout } = router.stats;
  const counts = [account.inMsgs, account.inBytes, session?.inMsgs, session?.inBytes, matches, totalFanout, maxFanout];
  return { log, told: told.join(""), counts };
}

test.each<[string, ObjectOptions, object]>([
  ["at once", {}, {}],
  ["where clients want to be told each", {}, { verbose: true }],
  ["where lines are short", { max_control_line: 50 }, {}],
  ["where payloads are small", { max_payload: 3 }, {}],
  ["where subjects are mapped", { mappings: { "$JS.ACK.S.C.>": "$JS.ACK.S.longer.>" } }, {}],
])("acknowledgements are heard as they are one by one: %s", (_, options, connect) => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 40 }),
      fc.array(fc.nat(300), { maxLength: 6 }),
      fc.boolean(),
      (lines, cuts, isLonger) => {
        const text = isLonger ? ofLonger(lines.join("")) : lines.join("");
        const at = [0, ...cuts.map((cut) => cut * 7).sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
        const first = play(options, connect, chunks, false);
        expect(first).toEqual(play(options, connect, chunks, true));
      },
    ),
    { numRuns: 60 },
  );
});

test("most of them come without a message being made", () => {
  together = 0;
  play({}, {}, ["PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n".repeat(50)], false);
  expect(together).toBe(50);
});

test("many are read ahead, and heard in order with their numbers", () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => [1 + (i % 9), 10 ** (i % 15) + i, i * 7]);
  const text = numbers.map((three) => `PUB $JS.ACK.STREAM.CONSUMER.${three.join(".")}.1700000000123456789.1 4\r\n+ACK\r\n`); // prettier-ignore
  together = 0;
  const { log } = play({}, {}, [text.join("")], false) as { log: string[] };
  expect(log).toEqual(numbers.map((three) => `STREAM.CONSUMER: ack ${three.join(" ")}`));
  expect(together).toBe(1000);
});

test("the last one may take the listener away", () => {
  const world = new FakeWorld();
  const core = new Core(fromObject({}, systemSource).options, { id: "N", name: "n", xkey: "X" }, world, silentLog, nobodyMust as never, ""); // prettier-ignore
  const peer = new FakeTransport(world).open((opened) => core.accept(opened));
  peer.feed('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n');
  world.settle();
  const { bus } = core.accounts.get("$G")!;
  let left = 3;
  const listener: Listener = {
    onMsg: () => true,
    onAck: () => {
      if (--left === 0) bus.unsubscribe(sub);
    },
  };
  const sub = bus.subscribe(byteString("$JS.ACK.S.C.*.*.*.*.*"), listener);
  peer.feed("PUB $JS.ACK.S.C.1.2.3.4.5 4\r\n+ACK\r\n".repeat(10));
  expect(left).toBe(0);
});
