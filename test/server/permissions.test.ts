// What a user may publish and hear. (The rules by themselves: test/auth/.)

import { afterEach, describe, expect, test } from "vitest";
import type { Running } from "../support/transports.ts";
import { stopAll, transports, type TransportUnderTest } from "../support/transports.ts";
import type { Peer } from "../support/peer.ts";

afterEach(stopAll);

type Permissions = Readonly<Record<string, unknown>>;

/** A server whose user "u" has these permissions; "root" may do everything. */
async function with_(
  start: TransportUnderTest["start"],
  permissions: Permissions,
): Promise<Running & { u: Peer; root: Peer }> {
  const server = await start({
    authorization: {
      users: [
        { user: "u", password: "p", permissions: permissions as never },
        { user: "root", password: "p" },
      ],
    },
  });
  const u = await server.connect({ user: "u", pass: "p" });
  const root = await server.connect({ user: "root", pass: "p" });
  return Object.assign(server, { u, root });
}
const pubDenied = (subject: string): string => `-ERR 'Permissions Violation for Publish to "${subject}"'`;
const subDenied = (subject: string): string => `-ERR 'Permissions Violation for Subscription to "${subject}"'`;
const queueDenied = (subject: string, queue: string): string =>
  `-ERR 'Permissions Violation for Subscription to "${subject}" using queue "${queue}"'`;

describe.each(transports)("over $name", ({ start, startLogged }) => {
  test("publish: allow and deny", async () => {
    const { u, root } = await with_(start, { publish: { allow: ["a.>", "b"], deny: ["a.secret", "*.top"] } });
    root.send("SUB > 1");
    await root.ping();
    u.send("PUB a.x 1", "1", "PUB b 1", "2", "PUB c 1", "3", "PUB a.secret 1", "4", "PUB a.top 1", "5");
    expect(await u.ping()).toEqual([pubDenied("c"), pubDenied("a.secret"), pubDenied("a.top")]);
    expect(await root.ping()).toEqual(["MSG a.x 1 1", "1", "MSG b 1 1", "2"]);
  });

  test("headers and replies change nothing about it", async () => {
    const { u, root } = await with_(start, { publish: "a" });
    root.send("SUB > 1");
    await root.ping();
    u.send("HPUB b r 12 12", "NATS/1.0", "", "", "PUB b r 1", "x");
    expect(await u.ping()).toEqual([pubDenied("b"), pubDenied("b")]);
    expect(await root.ping()).toEqual([]);
  });

  test("subscribe: allow, and a deny narrower than the subscription is filtered", async () => {
    const { u, root } = await with_(start, { subscribe: { allow: ["a.>"], deny: ["a.secret.>", "a.*.key"] } });
    u.send("SUB a.> 1", "SUB a.secret.x 2", "SUB b 3", "SUB > 4", "SUB a.x q 5");
    expect(await u.ping()).toEqual([subDenied("a.secret.x"), subDenied("b"), subDenied(">")]);
    for (const subject of ["a.x", "a.secret.x", "a.y.key", "a.secret", "b"]) root.send(`PUB ${subject} 0`, "");
    await root.ping();
    const heads = (await u.ping()).filter((line) => line !== "");
    expect(heads.toSorted()).toEqual(["MSG a.secret 1 0", "MSG a.x 1 0", "MSG a.x 5 0"]);
  });

  test("CVE-2022-29946: a queue subscription wider than a deny gets nothing denied", async () => {
    const { u, root } = await with_(start, { subscribe: { allow: "foo.>", deny: "foo.secret" } });
    u.send("SUB foo.> q 1");
    await u.ping();
    for (let i = 0; i < 20; i++) root.send("PUB foo.secret 1", "x");
    root.send("PUB foo.open 1", "y");
    await root.ping();
    expect(await u.ping()).toEqual(["MSG foo.open 1 1", "y"]);
  });

  test("GHSA-wh7g-5m82-pmhr: wildcards that overlap a denied one are filtered", async () => {
    const { u, root } = await with_(start, { subscribe: { deny: "a.*" } });
    u.send("SUB *.b 1");
    await u.ping();
    root.send("PUB a.b 1", "x", "PUB c.b 1", "y");
    await root.ping();
    expect(await u.ping()).toEqual(["MSG c.b 1 1", "y"]);
  });

  test("what is filtered is offered to another member of the group", async () => {
    const { u, root } = await with_(start, { subscribe: { deny: "foo.secret" } });
    u.send("SUB foo.* q 1");
    root.send("SUB foo.* q 2");
    await u.ping();
    for (let i = 0; i < 30; i++) root.send("PUB foo.secret 0", "");
    expect((await root.ping()).filter((line) => line !== "")).toHaveLength(30);
    expect(await u.ping()).toEqual([]);
  });

  test("queues have their own entries", async () => {
    const { u } = await with_(start, {
      subscribe: { allow: ["foo", "foo v1", "bar v*", "baz *.dev"], deny: ["> prod"] },
    });
    u.send("SUB foo 1", "SUB foo v1 2", "SUB foo v2 3", "SUB bar 4", "SUB baz x.dev 5", "SUB baz dev 6");
    expect(await u.ping()).toEqual([queueDenied("foo", "v2"), subDenied("bar"), queueDenied("baz", "dev")]);
  });

  test("GHSA-jx8g-9g95-6322: a deny for a queue does not lift the plain one", async () => {
    const { u } = await with_(start, { subscribe: { deny: ["foo", "foo q1"] } });
    u.send("SUB foo q2 1", "SUB foo q1 2", "SUB foo 3");
    expect(await u.ping()).toEqual([queueDenied("foo", "q2"), queueDenied("foo", "q1"), subDenied("foo")]);
  });

  test("allow_responses: one answer to each request, and nothing else", async () => {
    const { u, root } = await with_(start, { subscribe: "help", allow_responses: true });
    u.send("SUB help 1");
    await u.ping();
    root.send("SUB box.* 1", "PUB help box.1 1", "?");
    await root.ping();
    expect(await u.ping()).toEqual(["MSG help 1 box.1 1", "?"]);
    u.send("PUB box.2 1", "x", "PUB box.1 1", "y", "PUB box.1 1", "z");
    expect(await u.ping()).toEqual([pubDenied("box.2"), pubDenied("box.1")]);
    expect(await root.ping()).toEqual(["MSG box.1 1 1", "y"]);
  });

  test("allow_responses: as many as told, for as long as told", async () => {
    const { u, root } = await with_(start, { publish: "own", allow_responses: { max: 2, expires: "150ms" } });
    u.send("SUB help 1");
    await u.ping();
    root.send("PUB help box 1", "?");
    await root.ping();
    await u.ping();
    u.send("PUB box 1", "1", "PUB box 1", "2", "PUB box 1", "3", "PUB own 0", "");
    expect(await u.ping()).toEqual([pubDenied("box")]);
    root.send("PUB help late 1", "?");
    await root.ping();
    await u.ping();
    await expect
      .poll(
        async () => {
          u.send("PUB late 0", "");
          return u.ping();
        },
        { interval: 200, timeout: 2000 },
      ) // prettier-ignore
      .toEqual([pubDenied("late")]);
  });

  test("letters of two, three and four bytes in subjects and permissions", async () => {
    const { u, root } = await with_(start, {
      publish: { allow: ["größe.>", "価格.*"], deny: "größe.🚀" },
      subscribe: { allow: ["größe.>", "価格.*"], deny: ["価格.秘"] },
    });
    root.send("SUB > 1");
    await root.ping();
    u.send("SUB größe.> 1", "SUB 価格.* 2", "SUB 価格.秘 3", "SUB grösse 4");
    expect(await u.ping()).toEqual([subDenied("価格.秘"), subDenied("grösse")]);
    u.send("PUB größe.🚀 0", "", "PUB größe.é 2", "é", "PUB 価格.円 4", "🚀", "PUB Größe.x 0", "");
    expect(await u.ping()).toEqual([
      pubDenied("größe.🚀"), "MSG größe.é 1 2", "é", "MSG 価格.円 2 4", "🚀", pubDenied("Größe.x"),
    ]); // prettier-ignore
    root.send("PUB 価格.秘 1", "x");
    expect((await root.ping()).slice(4)).toEqual(["MSG 価格.秘 1 1", "x"]);
    expect(await u.ping()).toEqual([]);
  });

  test("bytes that are no UTF-8 are delivered as they are", async () => {
    const server = await start();
    const [a, b] = [await server.connect(), await server.connect()];
    const subject = Buffer.from([0x66, 0xff, 0xfe, 0x2e, 0xc3, 0x28, 0x2e, 0xed, 0xa0, 0x80]);
    const payload = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    a.raw(Buffer.concat([Buffer.from("SUB "), subject, Buffer.from(" \xff1\r\n", "latin1")]));
    await a.ping();
    b.raw(Buffer.concat([Buffer.from("PUB "), subject, Buffer.from(" 256\r\n"), payload, Buffer.from("\r\n")]));
    const expected = Buffer.concat([
      Buffer.from("MSG "),
      subject,
      Buffer.from(" \xff1 256\r\n", "latin1"),
      payload,
      Buffer.from("\r\n"),
    ]);
    expect((await a.bytes(expected.length)).toString("hex")).toBe(expected.toString("hex"));
  });

  test("and are quoted in errors", async () => {
    const { u } = await with_(start, { publish: "a" });
    u.raw(Buffer.from('PUB b\xff\x01"\\ 0\r\n\r\n', "latin1"));
    expect(await u.ping()).toEqual([String.raw`-ERR 'Permissions Violation for Publish to "b\xff\x01\"\\"'`]);
  });

  test("default permissions are for those without their own", async () => {
    const server = await start({
      authorization: {
        default_permissions: { publish: "a" },
        users: [
          { user: "d", password: "p" },
          { user: "o", password: "p", permissions: { subscribe: ">" } },
        ],
      },
    });
    const d = await server.connect({ user: "d", pass: "p" });
    d.send("PUB b 0", "");
    expect(await d.ping()).toEqual([pubDenied("b")]);
    const o = await server.connect({ user: "o", pass: "p" });
    o.send("PUB b 0", "");
    expect(await o.ping()).toEqual([]);
  });

  test("violations are logged, with who and what", async () => {
    const server = await startLogged({
      authorization: { users: [{ user: "u", password: "p", permissions: { publish: "a", subscribe: "a" } }] },
    });
    const u = await server.connect({ user: "u", pass: "p" });
    u.send("PUB b 0", "", "SUB c 7", "SUB c q 8", "PUB a $JS.ACK.x 0", "");
    await u.ping();
    for (const text of [
      String.raw`Publish Violation - Subject "b"`,
      String.raw`Subscription Violation - Subject "c", SID 7`,
      String.raw`Subscription Violation - Subject "c", Queue: "q", SID 8`,
      String.raw`Publish Violation - Reply "\$JS\.ACK\.x"`,
    ]) {
      await expect
        .poll(() => server.log)
        .toContainEqual(expect.stringMatching(new RegExp(String.raw`^\[ERR\] .*"\$G/user:u" - ${text}$`)));
    }
  });
});
