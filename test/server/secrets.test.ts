// What an authorization service is told, what a resolver is asked with and what a reload changes: none of its secrets
// is in a log with everything in it, on a page, in an event or in an answer.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server as WebServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, test } from "vitest";
import { decodeAuthorizationRequest } from "../../src/auth/jwt/token.ts";
import { JwtError } from "../../src/auth/jwt/jwt_error.ts";
import { parseFlags } from "../../src/config/flags.ts";
import { loadOptions } from "../../src/config/load.ts";
import { fromObject } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { account, key, NO_USER_LIMITS, operatorToken, sign, user } from "../auth/operator/world.ts";
import { reference, type Running, stopAll, tcp } from "../support/transports.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await stopAll();
});

const SECRET = /Pa55/;
const LOUD = { debug: true, trace: true, trace_verbose: true, http_port: -1 };
const PAGES = ["/varz", "/connz?auth=1&subs=detail&state=any", "/accountz", "/accountz?acc=APP", "/accstatz?unused=1", "/subsz?subs=1", "/healthz", "/jsz?config=1", "/debug/vars"]; // prettier-ignore
const REQUESTS = ["SERVER.PING.VARZ", "SERVER.PING.CONNZ", "SERVER.PING.ACCOUNTZ", "SERVER.PING.EXPVARZ", "SERVER.PING.STATSZ", "SERVER.PING.SUBSZ", "SERVER.PING.HEALTHZ", "SERVER.PING.IDZ"]; // prettier-ignore

/** All that a server shows of itself: the log, pages, and what the system account hears and is answered. */
async function shown(server: Running, login: Record<string, unknown>): Promise<string> {
  const sys = await server.connect(login);
  sys.send("SUB box 3");
  for (const name of REQUESTS) sys.send(`PUB $SYS.REQ.${name} box 13`, `{"auth":true}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const answers = await sys.ping();
  const pages = await Promise.all(
    PAGES.map(async (path) => (await fetch(server.server.monitorUrl + path)).text().catch(() => "")),
  );
  return [...server.log, ...pages, ...answers].join("\n");
}

async function reload({ server }: Running, options: object): Promise<string | undefined> {
  const files = { openLog: () => Promise.resolve(() => {}), writePidFile: () => {}, movePortsFile: () => {} };
  try {
    return await server.reload(fromObject({ port: 0, ...options } as never, systemSource), files);
  } catch (error) {
    return (error as Error).message;
  }
}

describe.skipIf(reference !== undefined)("CVE-2026-33216, CVE-2026-33247: secrets are shown nowhere", () => {
  test("of those whom an authorization service is asked about, whatever it answers", async () => {
    const issuer = key("account", 201);
    const accounts = {
      AUTH: { users: [{ user: "auth", password: "Pa55-auth" }] },
      APP: { users: [{ user: "alice", password: "Pa55-alice" }] },
      SYS: { users: [{ user: "sys", password: "Pa55-sys" }] },
    };
    const auth_callout = { issuer: issuer.publicKey, account: "AUTH", auth_users: ["auth", "sys"] };
    const server = await tcp.startLogged({
      ...LOUD,
      accounts,
      system_account: "SYS",
      authorization: { timeout: 1, auth_callout },
    } as never);
    const sys = await server.connect({ user: "sys", pass: "Pa55-sys" });
    sys.send("SUB $SYS.ACCOUNT.> 1", "SUB $SYS.SERVER.> 2");
    await sys.ping();
    const service: NatsConnection = await connect({ port: server.server.port, user: "auth", pass: "Pa55-auth", reconnect: false }); // prettier-ignore
    closing.push(() => service.close());
    const told: string[] = [];
    service.subscribe("$SYS.REQ.USER.AUTH", {
      callback: (_, message) => {
        const request = decodeAuthorizationRequest(message.string());
        if (request instanceof JwtError) throw new Error(request.text);
        const { user_nkey: sub, server_id, connect_opts: asked } = request.nats;
        told.push(JSON.stringify(asked));
        if (asked.user === "silent") return;
        const jwt = sign("user", { sub, aud: asked.user === "lost" ? "nowhere" : "APP", name: "let in", nats: NO_USER_LIMITS }, issuer); // prettier-ignore
        const nats = asked.user === "no" ? { error: "it is not so" } : { jwt: asked.user === "odd" ? "garbage" : jwt };
        message.respond(sign("authorization_response", { sub, aud: server_id.id, nats }, issuer));
      },
    });
    await service.flush();
    for (const who of ["yes", "no", "odd", "lost", "silent", "alice"]) {
      await server.tryConnect({ user: who, pass: `Pa55-${who}`, jwt: "Pa55-jwt" });
    }
    await server.tryConnect({ auth_token: "Pa55-token" });
    await server.tryConnect({ nkey: key("user", 202).publicKey, sig: "Pa55-sig" });
    expect(told.join("\n")).toMatch(SECRET);
    const events = await sys.ping();
    const all = `${events.join("\n")}\n${await shown(server, { user: "sys", pass: "Pa55-sys" })}`;
    expect(all).toContain("it is not so");
    expect(all).toContain("AUTH.ERR");
    expect(all).not.toMatch(SECRET);
  });

  test("of a resolver's address, also when it does not answer", async () => {
    const [system, one] = [key("account", 203), key("account", 204)];
    const tokens = new Map([
      ["/", "ok"],
      [`/${system.publicKey}`, account(system)],
    ]);
    const web: WebServer = createServer((request, response) => {
      const token = tokens.get(request.url!);
      response.writeHead(token === undefined ? 404 : 200).end(token);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      web.closeAllConnections();
      web.close();
    });
    const url = (path = ""): string => `http://bob:Pa55-url@127.0.0.1:${(web.address() as AddressInfo).port}/${path}`;
    const options = { ...LOUD, operator: operatorToken(false, system.publicKey), resolver: `URL(${url()})` };
    const server = await tcp.startLogged(options as never);
    const [admin, bob] = [key("user", 205), key("user", 206)];
    expect(await server.tryConnect({ jwt: user(bob, one, { bearer_token: true }) })).toEqual(["-ERR 'Authorization Violation'"]); // prettier-ignore
    const failed = await reload(server, { ...options, resolver: `URL(${url("elsewhere/")})` });
    expect(failed).toContain("could not fetch");
    expect(failed).not.toMatch(SECRET);
    const all = await shown(server, { jwt: user(admin, system, { bearer_token: true }) });
    expect(all).toContain("could not fetch");
    expect(all).not.toMatch(SECRET);
  });

  test("of what a reload changes, or refuses to", async () => {
    const of = (password: string, more: object = {}): object => ({
      ...LOUD,
      websocket: { port: -1, no_tls: true },
      accounts: {
        A: { users: [{ user: "a", password }, { user: "b", password: `${password}-b` }] },
        SYS: { users: [{ user: "sys", password: "Pa55-sys" }] },
      },
      system_account: "SYS",
      ...more,
    }); // prettier-ignore
    const server = await tcp.startLogged(of("Pa55-one") as never);
    const peers = [await server.connect({ user: "a", pass: "Pa55-one" }), await server.connect({ user: "b", pass: "Pa55-one-b" })]; // prettier-ignore
    expect(await reload(server, of("Pa55-two"))).toBeUndefined();
    for (const peer of peers) expect(await peer.closed()).toEqual(["-ERR 'Authorization Violation'"]);
    const refused = [
      { websocket: { port: -1, no_tls: true, authorization: { user: "w", password: "Pa55-ws" } } },
      { websocket: { port: -1, no_tls: true, authorization: { token: "Pa55-wt" } } },
      { leafnodes: { port: 4001, authorization: { user: "l", password: "Pa55-leaf" } } },
      { gateway: { name: "g", port: 4001, authorization: { user: "g", password: "Pa55-gateway" } } },
      { cluster: { name: "c", port: 4001, authorization: { user: "c", password: "Pa55-cluster" }, routes: ["nats://c:Pa55-route@127.0.0.1:9"] } }, // prettier-ignore
      { mqtt: { port: 4001, authorization: { user: "m", password: "Pa55-mqtt" } }, server_name: "x", jetstream: true },
    ];
    for (const more of refused) {
      const failed = await reload(server, of("Pa55-two", more));
      expect(failed).toMatch(/not supported|not compatible/);
      expect(failed).not.toMatch(SECRET);
    }
    const all = await shown(server, { user: "sys", pass: "Pa55-sys" });
    expect(all).toContain("Reloaded");
    expect(all).not.toMatch(SECRET);
  });

  test("of a sentinel that a reload exchanges", async () => {
    const [system, one, guest, admin] = [key("account", 207), key("account", 208), key("user", 209), key("user", 210)];
    const sentinel = (name: string): string => user(guest, one, { bearer_token: true }, { name });
    const of = (name: string): object => ({
      ...LOUD,
      operator: operatorToken(false, system.publicKey),
      resolver: "MEMORY",
      resolver_preload: { [system.publicKey]: account(system), [one.publicKey]: account(one) },
      default_sentinel: sentinel(name),
    });
    const server = await tcp.startLogged(of("first") as never);
    expect(await server.tryConnect({})).toEqual(["PONG"]);
    expect(await reload(server, of("second"))).toBeUndefined();
    expect(await server.tryConnect({})).toEqual(["PONG"]);
    const all = await shown(server, { jwt: user(admin, system, { bearer_token: true }) });
    expect(all).toContain("default_sentinel");
    for (const name of ["first", "second"]) expect(all).not.toContain(sentinel(name).split(".")[2]);
  });
});

describe("a file that is refused", () => {
  test.each([
    "authorization { user: a, password: [Pa55-1 ] }",
    "authorization { user: a, password: Pa55-1, token: Pa55-2 }",
    "authorization { users: [ {user: a, password: Pa55-1, colour: blue} ] }",
    "authorization { users: [ {user: a, password: {x: Pa55-1}} ] }",
    "authorization { user: a, pasword: Pa55-1 }",
    "authorization { token: Pa55-1",
    "accounts { A { users: [ {user: a, password: Pa55-1}, {user: a, password: Pa55-2} ] } }",
    "operator: eyJPa55-1",
    'resolver: "URL(http://x:Pa55-1@ )"\ntrusted_keys: [ ODQX6 ]',
    "cluster { name: c, port: 1, routes: [ nats://c:Pa55-1@:x:y ] }",
    "leafnodes { remotes: [ {url: nats://c:Pa55-1@:x:y} ] }",
    "default_sentinel: eyJ.Pa55-1.x",
  ])("says what is wrong, and no password: %s", (text) => {
    const dir = mkdtempSync(join(tmpdir(), "secrets-"));
    closing.push(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, "server.conf"), text);
    const action = parseFlags([]);
    if (action.kind !== "run") throw new Error(JSON.stringify(action));
    let said = "";
    try {
      said = loadOptions(join(dir, "server.conf"), action.overrides, systemSource).notices.join("\n");
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).not.toMatch(SECRET);
  });
});
