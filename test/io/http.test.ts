import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Page } from "../../src/base/page.ts";
import { type HttpListener, serveHttp } from "../../src/io/http.ts";
import { tlsSettings } from "../../src/io/tls_settings.ts";
import { certPair, certPem } from "../support/certs.ts";

const open: HttpListener[] = [];
const bugs: unknown[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
  expect(bugs.splice(0)).toEqual([]);
});

function page(...body: string[]): Page {
  return { status: 200, headers: [["Content-Type", "text/plain"]], body: body[Symbol.iterator]() };
}
async function serve(makePage: (path: string, query: string) => Page, basePath = ""): Promise<number> {
  const onBug = (error: unknown): void => void bugs.push(error);
  const listener = await serveHttp({ host: "127.0.0.1", port: 0, tls: undefined, basePath, makePage, onBug });
  open.push(listener);
  return listener.port;
}
/** Sends raw bytes, returns everything that came until the peer closed or `ms` went by without a byte. */
function exchange(port: number, text: string, ms = 150): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let got = "";
    socket.setTimeout(ms, () => socket.destroy());
    socket.on("data", (data) => (got += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
    socket.write(text);
  });
}
const get = (port: number, path: string, method = "GET"): Promise<string> =>
  exchange(port, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);

describe("a page over HTTP", () => {
  const echo = (path: string, query: string): Page => page(`${path}|${query}`);

  test("of one slice has its length", async () => {
    const port = await serve(echo);
    const got = await get(port, "/varz?a=1&b=%20");
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: 15\r\nDate: /);
    expect(got).toMatch(/\r\n\r\n\/varz\|a=1&b=%20$/);
  });
  test("of several slices is chunked, one slice a turn", async () => {
    let turns = 0;
    const port = await serve(() => page("a", "", "b", "c"));
    const count = setInterval(() => turns++, 0);
    const got = await get(port, "/");
    clearInterval(count);
    expect(got).toContain("Transfer-Encoding: chunked");
    expect(got.slice(got.indexOf("\r\n\r\n") + 4)).toBe("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
    expect(turns).toBeGreaterThan(0);
  });
  test("of slices longer than what a socket holds back is written one slice a turn, too", async () => {
    const SLICES = 60;
    const slice = "x".repeat(100_000);
    const slicesOfTurn: number[] = [];
    let turn = 0;
    let isOver = false;
    const countTurns = (): void => {
      turn++;
      if (!isOver) setImmediate(countTurns);
    };
    function* body(): Generator<string> {
      for (let i = 0; i < SLICES; i++) {
        slicesOfTurn[turn] = (slicesOfTurn[turn] ?? 0) + 1;
        yield slice;
      }
    }
    const port = await serve(() => ({ status: 200, headers: [], body: body() }));
    countTurns();
    const got = await get(port, "/");
    isOver = true;
    expect(got.length).toBeGreaterThan(SLICES * slice.length);
    // The first one is made where the request is read.
    expect(Math.max(...slicesOfTurn.filter((made) => made !== undefined))).toBeLessThanOrEqual(2);
  });
  test("any method is answered; HEAD without a body", async () => {
    const port = await serve(echo);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect(await get(port, "/x", method)).toContain("/x|");
    const head = await get(port, "/x", "HEAD");
    expect(head).toContain("Content-Length: 3\r\n");
    expect(head).toMatch(/\r\n\r\n$/);
    expect(await exchange(port, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")).toContain("/x|");
    expect(await get(port, "*", "OPTIONS")).toContain("Content-Length: 0");
  });
  test("paths are decoded and cleaned as Go's server does", async () => {
    const port = await serve(echo);
    expect(await get(port, "/%68ealthz")).toContain("/healthz|");
    expect(await get(port, "http://foo/healthz")).toContain("/healthz|");
    expect(await get(port, "//healthz")).toMatch(
      /^HTTP\/1\.1 307 [^]*Location: \/healthz\r\n[^]*<a href="\/healthz">Temporary Redirect<\/a>\.\n\n$/,
    );
    expect(await get(port, "/a/../healthz?x=1")).toContain("Location: /healthz?x=1\r\n");
    expect(await get(port, "/a/../healthz", "POST")).toMatch(/307[^]*Content-Length: 0\r\n[^]*\r\n\r\n$/);
    expect(await get(port, "/health%zz")).toBe(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request",
    );
  });
  test("below a base path", async () => {
    const port = await serve(echo, "/nats/x");
    const bodyOf = async (path: string): Promise<string> => (await get(port, path)).split("\r\n\r\n")[1]!;
    expect(await bodyOf("/nats/x/varz")).toBe("/varz|");
    expect(await bodyOf("/nats/x")).toBe("/|");
    expect(await bodyOf("/nats/x/")).toBe("|");
    expect(await bodyOf("/varz")).toBe("|");
    expect(await bodyOf("/nats/xvarz")).toBe("|");
  });
  test("requests that are none, or too large, are refused", async () => {
    const port = await serve(echo);
    expect(await exchange(port, "garbage\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(70_000)}\r\n\r\n`)).toMatch(
      /^(HTTP\/1\.1 431 |$)/,
    );
    const flood = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n${"a".repeat(400_000)}`;
    expect((await exchange(port, flood)).length).toBeLessThan(500);
  });
  test("keep-alive serves one after the other", async () => {
    const port = await serve(echo);
    const got = await exchange(port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(got.indexOf("/a|")).toBeGreaterThan(0);
    expect(got.indexOf("/b|")).toBeGreaterThan(got.indexOf("/a|"));
  });
  test("is made no faster than the peer reads", async () => {
    let made = 0;
    function* endless(): Generator<string> {
      for (;;) {
        made++;
        yield "x".repeat(64 * 1024);
      }
    }
    const port = await serve(() => ({ ...page(), body: endless() }));
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = made;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(made).toBe(before);
    socket.destroy();
  });
  test("a bug in a page ends the connection and is reported", async () => {
    const port = await serve(() => {
      throw new Error("bug");
    });
    expect(await get(port, "/")).toBe("");
    expect(bugs.splice(0)).toEqual([new Error("bug")]);
  });
});

test("closing leaves no handle, kept-alive connections included", async () => {
  const port = await serve(() => page("x"));
  const socket = connect(port, "127.0.0.1");
  const gone = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => {}).on("data", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await open.splice(0)[0]!.close();
  await gone;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind))).toEqual([]);
});

test("over TLS, without asking for a client certificate", async () => {
  const ca = certPem("ca");
  const tls = tlsSettings({ certs: [certPair("server")], ca, verify: true });
  const onBug = (error: unknown): void => void bugs.push(error);
  const failed: string[] = [];
  const listener = await serveHttp({
    host: "127.0.0.1", port: 0, tls, basePath: "", makePage: () => page("secret-free"), onBug,
    onHandshakeFailed: (_, text) => failed.push(text),
  }); // prettier-ignore
  open.push(listener);
  const got = await new Promise<string>((resolve, reject) => {
    const request = httpsRequest(
      { host: "127.0.0.1", port: listener.port, path: "/", ca, servername: "localhost", agent: false },
      (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve(text));
      },
    );
    request.on("error", reject).end();
  });
  expect(got).toBe("secret-free");
  await new Promise((resolve) =>
    httpRequest({ host: "127.0.0.1", port: listener.port, agent: false }).on("error", resolve).end(),
  );
  expect(failed).toHaveLength(1);
});
