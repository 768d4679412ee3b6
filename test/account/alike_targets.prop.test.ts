import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerRun } from "../../src/account/bus.ts";
import { Receiver } from "../../src/account/receiver.ts";
import { Router } from "../../src/account/router.ts";
import { bytes, READ } from "../../src/base/arena.ts";
import { byteString } from "../../src/base/bytes.ts";
import { Outbound } from "../../src/outbound/outbound.ts";
import { freeSlots } from "../../src/outbound/slots.ts";
import { Turn } from "../../src/outbound/turn.ts";
import { Subscriptions } from "../../src/peer/subscriptions.ts";
import { unknownClient } from "../support/clients.ts";
import { FakeTransport } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";
import { publishingParser } from "../support/publishing_parser.ts";

const ignore = (): void => {};

/** A client, and what it should have got. */
interface Client {
  readonly receiver: Receiver;
  readonly transport: FakeTransport;
  readonly subscriptions: Subscriptions;
  /** Subjects it subscribes to, with the sid and how many more it gets. */
  readonly wants: Map<string, { sid: string; got: number; left: number }>;
  wanted: string;
  msgs: number;
  isOpen: boolean;
}

class Room {
  readonly world = new FakeWorld({ seed: 7 });
  readonly turn = new Turn((fire) => this.world.atTurnEnd(fire));
  readonly router = new Router(this.world);
  readonly clients: Client[] = [];
  #sender: Client | undefined = undefined;
  #skipsNext = false;
  readonly #parser = publishingParser((frame) => {
    if (this.#skipsNext) this.#skipsNext = false;
    else this.delivered += this.router.publish(frame, this.#sender?.receiver);
  });
  delivered = 0;
  wantedDeliveries = 0;

  client(headers = true, maxPendingBytes = 1 << 26): Client {
    const transport = new FakeTransport(this.world);
    const owner = { onPendingExceeded: ignore, onWriteDeadline: ignore };
    const limits = { maxPendingBytes, writeDeadlineMs: 0 };
    const outbound = new Outbound(this.turn, this.world, transport, owner, limits);
    transport.open(() => ({
      onChunk: ignore,
      onWritten: () => outbound.onWritten(),
      onSecured: ignore,
      onGone: () => outbound.gone(),
    }));
    const hooks = { deniesDelivery: () => false, onReply: ignore, onTrace: ignore, info: unknownClient };
    const receiver = new Receiver(outbound, hooks, (sub) => subscriptions.remove(this.router, sub));
    receiver.headers = headers;
    const subscriptions = new Subscriptions(receiver);
    const client = { receiver, transport, subscriptions, wants: new Map(), wanted: "", msgs: 0, isOpen: true };
    this.clients.push(client);
    return client;
  }
  subscribe(client: Client, subject: string, sid: string): void {
    client.subscriptions.add(this.router, byteString(subject), undefined, byteString(sid));
    client.wants.set(subject, { sid, got: 0, left: Infinity });
  }
  /** Ends a subscription after so many messages more, with a number that may be reached long since. */
  unsubscribe(client: Client, subject: string, left: number): void {
    const want = client.wants.get(subject);
    if (want === undefined) return;
    const sid = byteString(want.sid);
    const most = left === 0 ? 0 : Math.max(1, want.got + left);
    client.subscriptions.end(this.router, sid, most);
    if (most <= want.got) client.wants.delete(subject);
    else want.left = most - want.got;
  }
  close(client: Client): void {
    if (!client.isOpen) return;
    client.isOpen = false;
    client.receiver.outbound.finish();
    client.receiver.isOpen = false;
  }
  /** One chunk; `skipsFirst` puts a message in front that goes nowhere, as one that is only traced. */
  publish(
    sender: Client | undefined,
    subject: string,
    sizes: readonly number[],
    headers: string | undefined,
    skipsFirst = false,
  ): void {
    const block = headers ?? "";
    let text = skipsFirst ? `PUB ${subject} 4\r\nskip\r\n` : "";
    this.#skipsNext = skipsFirst;
    for (const size of sizes) {
      const payload = String.fromCharCode(97 + (size % 26)).repeat(size);
      const body = `${block}${payload}\r\n`;
      const lengths = headers !== undefined ? `${block.length} ${block.length + size}` : `${size}`;
      text += `${headers !== undefined ? "HPUB" : "PUB"} ${subject} ${lengths}\r\n${body}`;
      for (const client of this.clients) {
        const want = client.wants.get(subject);
        if (want === undefined || !client.isOpen || (client === sender && !client.receiver.echo)) continue;
        const isWhole = headers === undefined || (client.receiver.headers && headers !== "");
        client.wanted += `${headers !== undefined && isWhole ? "HMSG" : "MSG"} ${subject} ${want.sid} `;
        client.wanted += isWhole ? `${lengths}\r\n${body}` : `${size}\r\n${payload}\r\n`;
        client.msgs++;
        want.got++;
        this.wantedDeliveries++;
        if (--want.left === 0) client.wants.delete(subject);
      }
    }
    this.#sender = sender;
    const raw = Buffer.from(text, "latin1");
    bytes.set(raw, READ);
    this.#parser.parse(READ, READ + raw.length);
  }
  put(client: Client, text: string, isOwned: boolean): void {
    if (!client.isOpen) return;
    client.wanted += text;
    if (isOwned) client.receiver.outbound.putOwned(Buffer.from(text));
    else client.receiver.outbound.put(Buffer.from(text));
  }
  /** Everybody reads all there is, and is gone. */
  end(): void {
    for (const { transport } of this.clients) transport.release();
    this.world.settle();
    for (const [i, { transport, wanted, receiver, msgs }] of this.clients.entries()) {
      expect(transport.take(), `client ${i}`).toBe(wanted);
      expect(receiver.outMsgs, `messages of client ${i}`).toBe(msgs);
      expect(receiver.outbound.pendingBytes).toBe(0);
    }
    expect(this.delivered).toBe(this.wantedDeliveries);
    expect(this.router.outMsgs).toBe(this.wantedDeliveries);
    expect(this.router.outBytes).toBe(this.clients.reduce((sum, { receiver }) => sum + receiver.outBytes, 0));
    for (const { receiver } of this.clients) receiver.outbound.gone();
  }
}

const CLIENTS = 8;
const who = fc.integer({ min: 0, max: CLIENTS - 1 });
const subject = fc.constantFrom("a", "a", "a", "b");
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      from: fc.option(who),
      subject,
      sizes: fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(1000, 5000, 30_000, 40_000)), {
        minLength: 1,
        maxLength: 12,
      }),
      skipsFirst: fc.boolean(),
      block: fc.constantFrom(undefined, undefined, "NATS/1.0\r\nA: b\r\n\r\n", ""),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("put" as const), who, isOwned: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("turn" as const, "early" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("hold" as const, "release" as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("unsubscribe" as const),
      who,
      subject,
      left: fc.integer({ min: -3, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), who }) },
);

describe("targets that get the same bytes", () => {
  test("get what each would get alone, in the order of all that is sent to it", () => {
    const before = freeSlots();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const room = new Room();
        for (let i = 0; i < CLIENTS; i++) {
          // The sixth reads no headers, the seventh has little room, the last has another sid.
          const client = room.client(i !== 5, i === 6 ? 1 << 20 : 1 << 26);
          room.subscribe(client, "a", i === 7 ? "70" : "1");
          if (i % 2 === 0) room.subscribe(client, "b", "2");
          if (i === 1) client.receiver.echo = false;
        }
        for (const one of steps) {
          const client = "who" in one ? room.clients[one.who]! : undefined;
          if (one.do === "publish")
            room.publish(
              one.from === null ? undefined : room.clients[one.from],
              one.subject,
              one.sizes,
              one.block,
              one.skipsFirst,
            );
          else if (one.do === "put") room.put(client!, `PING ${room.wantedDeliveries}\r\n`, one.isOwned);
          else if (one.do === "turn") room.world.settle();
          else if (one.do === "early") client!.receiver.outbound.flushEarly();
          else if (one.do === "hold") client!.transport.hold();
          else if (one.do === "release") client!.transport.release();
          else if (one.do === "unsubscribe") room.unsubscribe(client!, one.subject, one.left);
          else room.close(client!);
        }
        room.end();
        expect(freeSlots()).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  test("are not counted with answers that one of them gets meanwhile", () => {
    const room = new Room();
    for (let i = 0; i < 5; i++) room.subscribe(room.client(), "a", "1");
    const asker = room.clients[2]!;
    room.subscribe(asker, "_INBOX.abcdefghijk.*", "9");
    room.publish(undefined, "a", [10, 10, 10], undefined);
    const run = new AnswerRun();
    const inboxes = Array.from({ length: 8 }, (_, i) => `_INBOX.abcdefghijk.${i}`);
    run.inboxes = Buffer.from(inboxes.join(""));
    run.length = inboxes[0]!.length;
    run.count = inboxes.length;
    run.first = 1;
    // At first it is not known that one alone waits for them.
    expect(room.router.answerRun(run)).toBe(0);
    expect(room.router.answerRun(run)).toBe(inboxes.length);
    room.delivered += inboxes.length;
    room.wantedDeliveries += inboxes.length;
    asker.msgs += inboxes.length;
    asker.wanted += inboxes.map((inbox, i) => `MSG ${inbox} 9 1\r\n${i + 1}\r\n`).join("");
    room.end();
  });

  test("that cannot have them together are not asked for each message", () => {
    const room = new Room();
    let asked = 0;
    for (let i = 0; i < 5; i++) {
      const client = room.client(true, 1 << 20);
      room.subscribe(client, "a", "1");
      const { outbound } = client.receiver;
      const settle = outbound.settle.bind(outbound);
      outbound.settle = () => {
        asked++;
        settle();
      };
    }
    const sizes = Array.from({ length: 100 }, () => 10);
    for (let i = 0; i < 10; i++) room.publish(undefined, "a", sizes, undefined);
    expect(asked).toBe(5 * 16);
    room.end();
  });
});
