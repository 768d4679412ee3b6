// One GET of the URL resolver, against servers that mean no good.

import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { getText } from "../../src/io/http_get.ts";
import { tlsSettings } from "../../src/io/tls_settings.ts";
import { certPair, certPem } from "../support/certs.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an answer", async () => {
  const url = await serve((request, response) => void response.end(`token of ${request.url}`));
  expect(await getText(`${url}/A`, 1000)).toEqual({ status: 200, statusText: "200 OK", body: "token of /A" });
  expect(await getText("http://a:secret@127.0.0.1:1/", 1000)).toBe(
    'Get "http://a:xxxxx@127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  );
  expect(await getText("nonsense", 1000)).toBe("Invalid URL");
});

test("an answer that never ends is over in time", async () => {
  const url = await serve((_, response) => {
    response.write("e");
    const timer = setInterval(() => response.write("e"), 20);
    response.on("close", () => clearInterval(timer));
  });
  const before = performance.now();
  expect(await getText(url, 200)).toBe("context deadline exceeded");
  expect(performance.now() - before).toBeLessThan(2000);
});

test("one that is too large, or breaks off, is none", async () => {
  const large = await serve((_, response) => void response.end("e".repeat(1024 * 1024 + 1)));
  expect(await getText(large, 2000)).toBe("http: response body too large");
  const broken = await serve((_, response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("e");
    setTimeout(() => response.destroy(), 20);
  });
  expect(await getText(broken, 2000)).toMatch(/aborted|hang up/);
});

describe("redirects", () => {
  test("are followed, also to a place beside", async () => {
    const target = await serve((_, response) => void response.end("token"));
    const url = await serve((request, response) => {
      response.writeHead(302, { location: request.url === "/a" ? "/b" : `${target}/x` }).end();
    });
    expect(await getText(`${url}/a`, 1000)).toMatchObject({ status: 200, body: "token" });
  });
  test("in a circle end", async () => {
    let count = 0;
    const url = await serve((_, response) => {
      count++;
      response.writeHead(302, { location: "/" }).end();
    });
    expect(await getText(url, 2000)).toBe("stopped after 10 redirects");
    expect(count).toBe(10);
  });
  test("to something else than HTTP are refused", async () => {
    const url = await serve((_, response) => void response.writeHead(301, { location: "file:///etc/passwd" }).end());
    expect(await getText(url, 1000)).toBe('unsupported protocol scheme "file"');
  });
});

describe("over HTTPS", () => {
  async function serveSecure(options: ServerOptions = {}): Promise<string> {
    const server = createSecureServer(
      { ...certPair("server"), ...options },
      (_, response) => void response.end("token"),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `https://localhost:${(server.address() as AddressInfo).port}/`;
  }
  const trusting = tlsSettings({ certs: [], ca: certPem("ca") });

  test("the authorities of the settings are believed, and no others", async () => {
    const url = await serveSecure();
    expect(await getText(url, 2000)).toMatch(/certificate|self-signed/);
    expect(await getText(url, 2000, { settings: trusting, insecure: false })).toMatchObject({ body: "token" });
    const other = tlsSettings({ certs: [], ca: certPem("other-ca") });
    expect(await getText(url, 2000, { settings: other, insecure: false })).toMatch(/certificate/);
    expect(await getText(url, 2000, { settings: other, insecure: true })).toMatchObject({ body: "token" });
  });
  test("a certificate is shown to a server that asks for one", async () => {
    const url = await serveSecure({ ca: certPem("ca"), requestCert: true, rejectUnauthorized: true });
    expect(await getText(url, 2000, { settings: trusting, insecure: false })).toBeTypeOf("string");
    const shown = tlsSettings({ certs: [certPair("client")], ca: certPem("ca") });
    expect(await getText(url, 2000, { settings: shown, insecure: false })).toMatchObject({ body: "token" });
  });
});
