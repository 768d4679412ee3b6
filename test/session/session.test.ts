// A session without a network: its timers, its suspensions and its ends.

import { describe, expect, test, vi } from "vitest";
import type { Credentials, Identity, Verdict } from "../../src/auth/authenticator.ts";
import { silentLog } from "../../src/base/log.ts";
import type { TransportHandler } from "../../src/base/transport.ts";
import { fromObject, type ObjectOptions } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { Core } from "../../src/server/core.ts";
import { LameDuck } from "../../src/server/lame_duck.ts";
import { FakeTransport, type FakeTransportOptions } from "../support/fake_transport.ts";
import { FakeWorld } from "../support/fake_world.ts";

const quiet = 'CONNECT {"verbose":false,"pedantic":false,"protocol":1}\r\n';

const somebody: Identity = {
  accountName: "$G",
  shownName: "u",
  label: "user:u",
  nkey: undefined,
  permissions: undefined,
  limits: undefined,
  user: undefined,
  secret: undefined,
};

/** Says yes to everybody, or asks for users who are decided on by hand. */
class Doorman {
  readonly asked: { readonly credentials: Credentials; readonly answer: (verdict: Verdict) => void }[] = [];
  required: boolean;

  constructor(required: boolean) {
    this.required = required;
  }
  authRequired(): boolean {
    return this.required;
  }
  infoAuthRequired(): boolean {
    return this.required;
  }
  get nonceRequired(): boolean {
    return false;
  }
  authenticate(credentials: Credentials): Promise<Verdict> {
    return new Promise((answer) => void this.asked.push({ credentials, answer }));
  }
  authenticateAnonymous(): Verdict | undefined {
    return undefined;
  }
  /** Answers the oldest question. */
  async decide(ok: boolean): Promise<void> {
    const { answer } = this.asked.shift()!;
    answer(
      ok
        ? { ok: true, identity: somebody, warning: undefined }
        : { ok: false, reason: "credentials", logText: "authentication error" },
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Rig {
  readonly world: FakeWorld;
  readonly core: Core;
  readonly doorman: Doorman;
  readonly open: (options?: FakeTransportOptions) => FakeTransport;
  /** A client that has sent CONNECT and its first PING, INFO and answers taken. */
  readonly connect: () => FakeTransport;
}

function rig(options: ObjectOptions = {}, auth = false, seed = 1): Rig {
  const world = new FakeWorld({ seed });
  const doorman = new Doorman(auth);
  const identity = { id: "N", name: "n", xkey: "X" };
  const core = new Core(fromObject(options, systemSource).options, identity, world, silentLog, doorman as never, "");
  const open = (given?: FakeTransportOptions): FakeTransport => {
    const transport = new FakeTransport(world, given).open((transport) => core.accept(transport));
    world.settle();
    return transport;
  };
  return {
    world,
    core,
    doorman,
    open,
    connect() {
      const transport = open();
      transport.feed(`${quiet}PING\r\n`);
      world.settle();
      transport.take();
      return transport;
    },
  };
}

test.each([
  ["messages of a kilobyte", `PUB a 1024\r\n${"x".repeat(1024)}\r\n`.repeat(20), true],
  ["small messages", "PUB a 16\r\n0123456789abcdef\r\n".repeat(1000), false],
  ["operations without messages", "PING\r\n".repeat(1000), false],
  ["a large message among many operations", `PUB a 1024\r\n${"x".repeat(1024)}\r\n${"PING\r\n".repeat(1000)}`, false],
])("who sends %s may have more read at once: only for large ones", (_, chunk, takesLarge) => {
  const { world, core } = rig();
  const handlers: TransportHandler[] = [];
  const peer = new FakeTransport(world).open((transport) => {
    handlers.push(core.accept(transport));
    return handlers[0]!;
  });
  peer.feed(quiet);
  world.settle();
  peer.feed(chunk);
  expect(handlers[0]!.takesLarge).toBe(takesLarge);
});

describe("authentication", () => {
  test("who does not send CONNECT in time is told so and sent away", () => {
    const { world, open } = rig({ authorization: { timeout: 2 } }, true);
    const peer = open();
    peer.take();
    world.advance(1999);
    expect(peer.closed).toBeUndefined();
    world.advance(1);
    expect(peer.take()).toBe("-ERR 'Authentication Timeout'\r\n");
    expect(peer.closed?.how).toBe("end");
  });

  test("the time starts after the TLS handshake", () => {
    const { world, open } = rig({ authorization: { timeout: 2 } }, true);
    const peer = open({ tlsPending: true });
    world.advance(10_000);
    expect(peer.closed).toBeUndefined();
    peer.secure({ version: "1.3", cipherSuite: "", peerCertificates: [], first: false });
    world.advance(1999);
    expect(peer.closed).toBeUndefined();
    world.advance(1);
    expect(peer.closed?.how).toBe("end");
  });

  test("where nobody has to say who he is there is no such time", () => {
    const { world, open } = rig();
    const peer = open();
    world.advance(60_000);
    expect(peer.closed).toBeUndefined();
  });

  test("nothing of a chunk is processed before the verdict; then all of it, in order", async () => {
    const { world, doorman, open } = rig({}, true);
    const peer = open();
    peer.take();
    peer.feed(`${quiet}SUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n`);
    world.advance(500);
    expect(peer.take()).toBe("");
    expect(peer.paused).toBe(true);
    expect(doorman.asked).toHaveLength(1);
    await doorman.decide(true);
    world.settle();
    expect(peer.take()).toMatch(/^MSG foo 1 2\r\nhi\r\nPONG\r\nINFO .*\r\n$/);
    expect(peer.paused).toBe(false);
  });

  test("a refusal forgets the rest of the chunk", async () => {
    const { world, core, doorman, open } = rig({}, true);
    const peer = open();
    peer.take();
    peer.feed(`${quiet}SUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n`);
    await doorman.decide(false);
    world.settle();
    expect(peer.take()).toBe("-ERR 'Authorization Violation'\r\n");
    expect(core.sessions.size).toBe(0);
    expect(core.account("$G")!.inMsgs).toBe(0);
  });

  test("the time for CONNECT does not run while the verdict is awaited", async () => {
    const { world, doorman, open } = rig({ authorization: { timeout: 2 } }, true);
    const peer = open();
    peer.feed(quiet);
    world.advance(10_000);
    expect(peer.closed).toBeUndefined();
    await doorman.decide(true);
    world.advance(1000);
    expect(peer.closed).toBeUndefined();
  });

  test("a verdict about somebody who has left changes nothing", async () => {
    const { world, core, doorman, open } = rig({}, true);
    const peer = open();
    peer.feed(quiet);
    peer.peerGone();
    await doorman.decide(true);
    world.settle();
    expect(core.sessions.size).toBe(0);
    expect(core.account("$G")!.connections).toBe(0);
    expect(world.pendingTimers).toBe(0);
  });

  test("before it is known a peer can have no more than a control line waiting", () => {
    const { open } = rig({ max_control_line: 1024 }, true);
    const peer = open();
    peer.take();
    peer.feed(`CONNECT {"user":"${"x".repeat(900)}`);
    expect(peer.closed).toBeUndefined();
    peer.feed("y".repeat(300));
    expect(peer.take()).toBe("-ERR 'maximum control line exceeded'\r\n");
    expect(peer.closed).toBeDefined();
    expect(peer.trusted).toBe(false);
  });

  test("any first operation but CONNECT is refused without being looked at", () => {
    const { core, open } = rig({}, true);
    for (const line of ["PUB foo 5", "SUB foo 1", "PING", "HPUB foo 999999999 999999999", "+OK", "x", "\r"]) {
      const peer = open();
      peer.take();
      peer.feed(`${line}\r\n`);
      expect(peer.take(), line).toMatch(/^-ERR '(Authorization Violation|Unknown Protocol Operation)'\r\n$/);
      expect(peer.closed?.how, line).toBe("end");
    }
    expect(core.sessions.size).toBe(0);
  });

  test("a second CONNECT is asked about anew, what comes behind it waits", async () => {
    const { world, doorman, open } = rig({}, true);
    const peer = open();
    peer.feed(`${quiet}SUB foo 1\r\n`);
    await doorman.decide(true);
    world.settle();
    peer.take();
    peer.feed(`${quiet}PUB foo 2\r\nhi\r\n`);
    world.settle();
    expect(peer.take()).toBe("");
    await doorman.decide(false);
    world.settle();
    expect(peer.take()).toBe("-ERR 'Authorization Violation'\r\n");
  });
});

describe("pings", () => {
  test("the first comes two to two point four seconds after CONNECT, not always the same", () => {
    const firsts = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const { world, connect } = rig({}, false, seed);
      const peer = connect();
      let ms = 0;
      while (!peer.take().includes("PING") && ms < 5000) {
        world.advance(1);
        ms++;
      }
      expect(ms).toBeGreaterThanOrEqual(2000);
      expect(ms).toBeLessThanOrEqual(2400);
      firsts.add(ms);
    }
    expect(firsts.size).toBeGreaterThan(5);
  });

  test("with a shorter ping_interval the first comes after that", () => {
    const { world, connect } = rig({ ping_interval: "500ms" });
    const peer = connect();
    world.advance(499);
    expect(peer.take()).toBe("");
    world.advance(101);
    expect(peer.take()).toBe("PING\r\n");
  });

  test("then one each interval, and the connection is stale after ping_max unanswered ones", () => {
    const { world, core, connect } = rig({ ping_interval: "10s", ping_max: 3 });
    const peer = connect();
    world.advance(2400);
    expect(peer.take()).toBe("PING\r\n");
    for (let pings = 2; pings <= 3; pings++) {
      world.advance(10_000);
      expect(peer.take()).toBe("PING\r\n");
    }
    expect(peer.closed).toBeUndefined();
    world.advance(10_000);
    expect(peer.take()).toBe("-ERR 'Stale Connection'\r\n");
    expect(peer.closed).toBeDefined();
    expect(core.totals.staleConnections).toBe(1);
  });

  test("a PONG starts the count anew and tells the round trip time", () => {
    const { world, core, connect } = rig({ ping_interval: "10s", ping_max: 1 });
    const peer = connect();
    for (let pings = 0; pings < 5; pings++) {
      // Heard of within the interval, it is passed over once.
      let seconds = 0;
      while (peer.take() !== "PING\r\n" && seconds++ < 25) world.advance(1000);
      expect(seconds).toBeLessThan(25);
      world.advance(7);
      peer.feed("PONG\r\n");
      const [session] = core.sessions.values();
      expect(session!.rttMs).toBeGreaterThanOrEqual(7);
      expect(session!.rttMs).toBeLessThan(1008);
    }
    expect(peer.closed).toBeUndefined();
  });

  test("who has never been heard of since accept gets one after the interval, too", () => {
    const { world, open } = rig({ ping_interval: "3s", ping_max: 1 });
    const peer = open();
    peer.take();
    world.advance(3000);
    expect(peer.take()).toBe("PING\r\n");
    world.advance(3000);
    expect(peer.take()).toBe("-ERR 'Stale Connection'\r\n");
  });
});

test("of two who log in at once the second one waits for its turn, and only until then", async () => {
  const { world, core, doorman, open } = rig({}, true);
  const peers = [open(), open()];
  for (const peer of peers) peer.feed('CONNECT {"verbose":false,"auth_token":"t"}\r\nPING\r\n');
  const waiting = (): boolean[] => [...core.sessions.values()].map(({ isWaiting }) => isWaiting);
  expect(waiting()).toEqual([false, true]);
  world.settle();
  expect(waiting()).toEqual([false, false]);
  await doorman.decide(true);
  await doorman.decide(true);
  world.settle();
  for (const peer of peers) expect(peer.take()).toContain("PONG");
});

describe("slow consumers", () => {
  const limits = { max_pending: 300_000, max_payload: 100_000, write_deadline: "3s" };
  const message = `PUB t 20000\r\n${"x".repeat(20_000)}\r\n`;

  function subscribed(
    options: ObjectOptions = limits,
  ): Rig & { readonly slow: FakeTransport; readonly fast: FakeTransport } {
    const each = rig(options);
    const [slow, fast] = [each.connect(), each.connect()];
    slow.feed("SUB t 1\r\n");
    slow.hold();
    return { ...each, slow, fast };
  }

  test("a write that takes longer than the deadline closes the connection, with its bytes", () => {
    const { world, core, slow, fast } = subscribed();
    fast.feed("PUB t 1\r\nx\r\n");
    world.advance(2999);
    expect(slow.closed).toBeUndefined();
    world.advance(1);
    expect(slow.closed?.how).toBe("destroy");
    expect([...core.closed].map(({ reason }) => reason)).toEqual(["Slow Consumer (Write Deadline)"]);
    expect(core.totals.slowConsumers).toBe(1);
    fast.feed("PING\r\n");
    world.settle();
    expect(fast.take()).toBe("PING\r\nPONG\r\n");
  });

  test("a write that ends in time does not, and the next one has the whole time again", () => {
    const { world, slow, fast } = subscribed();
    for (let i = 0; i < 4; i++) {
      fast.feed("PUB t 1\r\nx\r\n");
      world.advance(2500);
      slow.release();
      slow.hold();
    }
    expect(slow.closed).toBeUndefined();
  });

  test("a producer waits for a receiver that is nearly full, at most ten milliseconds a chunk", () => {
    const { world, core, slow, fast } = subscribed();
    for (let i = 0; i < 13; i++) fast.feed(message);
    world.turn();
    expect(fast.paused).toBe(true);
    expect(core.totals.stalledClients).toBeGreaterThan(0);
    fast.feed("PING\r\n");
    world.advance(1);
    expect(fast.take()).toBe("");
    world.advance(11);
    expect(fast.take()).toContain("PONG");
    expect(slow.closed).toBeUndefined();
  });

  test("a receiver that takes its bytes lets the producer go on at once", () => {
    const { world, slow, fast } = subscribed();
    for (let i = 0; i < 13; i++) fast.feed(message);
    world.turn();
    expect(fast.paused).toBe(true);
    slow.release();
    world.settle();
    expect(fast.paused).toBe(false);
    fast.feed("PING\r\n");
    world.settle();
    expect(fast.take()).toContain("PONG");
  });

  test("with no_fast_producer_stall the message is dropped instead", () => {
    const { world, slow, fast } = subscribed({ ...limits, no_fast_producer_stall: true });
    for (let i = 0; i < 50; i++) {
      fast.feed(message);
      world.settle();
    }
    expect(fast.paused).toBe(false);
    expect(slow.closed).toBeUndefined();
    slow.release();
    world.settle();
    const got = slow.take().split("MSG t 1 20000").length - 1;
    expect(got).toBeGreaterThan(10);
    expect(got).toBeLessThan(16);
  });

  test("more than max_pending closes the connection, and only that one", () => {
    const { world, core, slow, fast } = subscribed({ ...limits, write_deadline: "60s" });
    for (let i = 0; i < 25; i++) {
      fast.feed(message);
      world.advance(20);
    }
    expect(slow.closed?.how).toBe("destroy");
    expect([...core.closed].map(({ reason }) => reason)).toEqual(["Slow Consumer (Pending Bytes)"]);
    fast.feed("PING\r\n");
    world.settle();
    expect(fast.take()).toBe("PONG\r\n");
    expect(core.account("$G")!.slowConsumers).toBe(1);
  });

  test("whose last words are too many is closed once", () => {
    const { world, core, slow, fast } = subscribed({ ...limits, write_deadline: "60s" });
    // In flight, then as much in its slot as fits, then the error that closes it.
    fast.feed("PUB t 1\r\nx\r\n");
    world.settle();
    for (let i = 0; i < 14; i++) {
      fast.feed(message);
      world.advance(20);
    }
    fast.feed(`PUB t 19900\r\n${"x".repeat(19_900)}\r\n`);
    world.advance(20);
    expect(slow.closed).toBeUndefined();
    slow.feed("nonsense\r\n");
    world.advance(5000);
    expect([...core.closed]).toHaveLength(1);
    expect(core.account("$G")!.connections).toBe(1);
  });
});

describe("the end", () => {
  test("nothing is delivered after it, and no timer is left", () => {
    const { world, core, connect } = rig();
    const [a, b] = [connect(), connect()];
    a.feed("SUB foo 1\r\n");
    a.feed("nonsense\r\n");
    b.feed("PUB foo 1\r\nx\r\n");
    world.settle();
    expect(a.take()).toBe("-ERR 'Unknown Protocol Operation'\r\n");
    expect(core.sessions.size).toBe(1);
    b.peerGone();
    world.settle();
    expect(core.sessions.size).toBe(0);
    expect(core.account("$G")!.connections).toBe(0);
    expect([...core.account("$G")!.router.subscriptions()]).toEqual([]);
    expect(world.pendingTimers).toBe(0);
  });

  test("what a chunk says behind its last word is not heard", () => {
    const { world, core, connect } = rig();
    const [a, b] = [connect(), connect()];
    b.feed("SUB foo 1\r\n");
    a.feed("PUB foo 1\r\nx\r\nPUB foo\r\nPUB foo 1\r\ny\r\n");
    world.settle();
    expect(b.take()).toBe("MSG foo 1 1\r\nx\r\n");
    expect(core.sessions.size).toBe(1);
  });

  test("every reason has its close frame on a WebSocket", () => {
    const { core, open } = rig();
    const ends: (readonly [string, number])[] = [
      ["nonsense\r\n", 1002],
      ["PUB a\r\n", 1002],
      ["PUB a 999999999\r\n", 1009],
    ];
    for (const [line, status] of ends) {
      const peer = open({ kind: "ws" });
      peer.feed(`${quiet}${line}`);
      expect(peer.closed?.wsStatus, line).toBe(status);
    }
    const peer = open({ kind: "ws" });
    core.closeAll();
    expect(peer.closed?.wsStatus).toBe(1001);
  });
});

describe("lame duck mode", () => {
  test("tells who reads INFO, waits, then sends one after the other away", () => {
    const { world, core, connect, open } = rig({ lame_duck_duration: "40s", lame_duck_grace_period: "10s" });
    const peers = Array.from({ length: 10 }, () => connect());
    const old = open();
    old.feed('CONNECT {"verbose":false}\r\nPING\r\n');
    world.settle();
    old.take();
    const done = vi.fn<() => void>();
    const lameDuck = new LameDuck(core, done);
    lameDuck.start();
    world.settle();
    for (const peer of peers) expect(JSON.parse(peer.take().slice(5))).toMatchObject({ ldm: true });
    expect(old.take()).toBe("");
    world.advance(9_999);
    expect(core.sessions.size).toBe(11);
    const left: number[] = [];
    for (let second = 0; second < 12; second++) {
      world.advance(1000);
      left.push(core.sessions.size);
    }
    // At most a second apart, at least half of one.
    expect(left[0]).toBeGreaterThanOrEqual(8);
    expect(left[3]).toBeGreaterThan(0);
    expect(left.at(-1)).toBe(0);
    expect(done).toHaveBeenCalledTimes(1);
    expect([...core.closed].map(({ reason }) => reason)).toEqual(Array(11).fill("Server Shutdown"));
  });

  test("many go in the time there is", () => {
    const { world, core, connect } = rig({ lame_duck_duration: "30s", lame_duck_grace_period: "10s" });
    for (let i = 0; i < 500; i++) connect();
    const done = vi.fn<() => void>();
    new LameDuck(core, done).start();
    world.advance(10_000);
    expect(core.sessions.size).toBeGreaterThan(490);
    world.advance(10_000);
    expect(core.sessions.size).toBeLessThan(400);
    world.advance(10_000);
    expect(core.sessions.size).toBe(0);
    expect(done).toHaveBeenCalledTimes(1);
  });

  test("without clients it is over at once, and it can be broken off", () => {
    const { world, core, connect } = rig();
    const done = vi.fn<() => void>();
    new LameDuck(core, done).start();
    expect(done).toHaveBeenCalledTimes(1);
    connect();
    const broken = new LameDuck(core, done);
    broken.start();
    broken.stop();
    world.advance(1_000_000);
    expect(done).toHaveBeenCalledTimes(1);
  });
});
