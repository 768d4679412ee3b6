// After a reload nobody may do what only the old configuration allowed, and nobody leaves who is welcome.

import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { decodeAuthorizationRequest } from "../../src/auth/jwt/token.ts";
import { JwtError } from "../../src/auth/jwt/jwt_error.ts";
import { fromObject } from "../../src/config/object.ts";
import { systemSource } from "../../src/io/files.ts";
import { account, key, NO_USER_LIMITS, operatorToken, sign, user } from "../auth/operator/world.ts";
import { certPair } from "../support/certs.ts";
import { dialTcp, dialTls } from "../support/peer.ts";
import { cert, type Running, stopAll, tcp, tls } from "../support/transports.ts";

const services: NatsConnection[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((each) => each.close()));
  await stopAll();
});

function tryReload({ server }: Running, options: object): Promise<string | undefined> {
  const files = { openLog: () => Promise.resolve(() => {}), writePidFile: () => {}, movePortsFile: () => {} };
  return server.reload(fromObject({ port: 0, ...options }, systemSource), files);
}
async function reload(server: Running, options: object): Promise<void> {
  expect(await tryReload(server, options)).toBeUndefined();
}

const issuer = key("account", 71);
const users = (...names: string[]): object[] => names.map((name) => ({ user: name, password: "p" }));
const accounts = { AUTH: { users: users("auth", "ordinary") }, APP: { users: users("alice") }, SYS: {} };
const callout = { issuer: issuer.publicKey, account: "AUTH", auth_users: ["auth", "ordinary"] };
const options = (more: object = {}): never =>
  ({ accounts, system_account: "SYS", authorization: { auth_callout: callout }, ...more }) as never;

async function serve({ server }: Running): Promise<void> {
  const service = await connect({ port: server.port, user: "auth", pass: "p", reconnect: false });
  services.push(service);
  service.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_, message) => {
      const request = decodeAuthorizationRequest(message.string());
      if (request instanceof JwtError) throw new Error(request.text);
      const { user_nkey: sub, server_id } = request.nats;
      const jwt = sign("user", { sub, aud: "APP", nats: { ...NO_USER_LIMITS, pub: { allow: ["a"] } } }, issuer);
      message.respond(sign("authorization_response", { sub, aud: server_id.id, nats: { jwt } }, issuer));
    },
  });
  await service.flush();
}

describe("an authorization service", () => {
  test("is asked nothing by the users of its account, who stay", async () => {
    const server = await tcp.start(options());
    await serve(server);
    const peer = await server.connect({ user: "ordinary", pass: "p" });
    const asks = async (): Promise<string[]> => {
      peer.send("PUB $SYS.REQ.USER.AUTH 1", "x");
      return peer.ping();
    };
    const refusal = [`-ERR 'Permissions Violation for Publish to "$SYS.REQ.USER.AUTH"'`];
    expect(await asks()).toEqual(refusal);
    await reload(server, options());
    await reload(server, options());
    expect(await asks()).toEqual(refusal);
  });

  test.each([
    ["nothing", options()],
    ["the account", options({ accounts: { ...accounts, APP: undefined } })],
    ["a user of the service", options({ accounts: { ...accounts, AUTH: { users: users("auth", "other") } } })],
  ])("whom it let in comes again when %s is another", async (_what, after) => {
    const server = await tcp.start(options());
    await serve(server);
    const peer = await server.connect({ auth_token: "x" });
    peer.send("PUB b 0", "");
    expect(await peer.ping()).toEqual([`-ERR 'Permissions Violation for Publish to "b"'`]);
    await reload(server, after);
    expect(await peer.closed()).toEqual([]);
  });

  test.each([
    ["who signs", { ...callout, issuer: key("account", 72).publicKey }],
    ["who is asked", { ...callout, account: "APP" }],
    ["nobody", undefined],
  ])("is not exchanged while the server runs: %s", async (_what, other) => {
    const server = await tcp.start(options());
    await serve(server);
    const peer = await server.connect({ auth_token: "x" });
    const authorization = other === undefined ? {} : { auth_callout: other };
    const failed = await tryReload(server, options({ authorization, max_payload: 5 }));
    expect(failed).toContain("config reload not supported for AuthCallout: old=&{");
    peer.send("PUB a 6", "xxxxxx");
    expect(await peer.ping()).toEqual([]);
  });
});

test("who came through a proxy, and has to, stays", async () => {
  const proxy = key("server", 73);
  const all = {
    proxies: { trusted: [{ key: proxy.publicKey }] },
    authorization: { users: [{ user: "alice", password: "p", proxy_required: true }] },
  };
  const server = await tcp.start(all as never);
  const peer = await server.dial();
  const proxy_sig = Buffer.from(proxy.sign(Buffer.from(String(peer.info["nonce"])))).toString("base64url");
  expect(await server.answer(peer, { user: "alice", pass: "p", proxy_sig })).toEqual(["PONG"]);
  await reload(server, all);
  expect(await peer.ping()).toEqual([]);
});

test("in operator mode whom a service placed in an account leaves with that", async () => {
  const [system, service, target] = [key("account", 74), key("account", 75), key("account", 76)];
  const [exempt, guest] = [key("user", 77), key("user", 78)];
  const authorization = { auth_users: [exempt.publicKey], allowed_accounts: ["*"] };
  const with_ = (...more: readonly (readonly [string, string])[]): never =>
    ({
      operator: operatorToken(false, system.publicKey),
      resolver: "MEMORY",
      resolver_preload: Object.fromEntries([
        [system.publicKey, account(system)],
        [service.publicKey, account(service, { authorization })],
        ...more,
      ]),
    }) as never;
  const token = [target.publicKey, account(target)] as const;
  const server = await tcp.start(with_(token));
  const authenticator = jwtAuthenticator(user(exempt, service), Buffer.from(exempt.seed));
  const answering = await connect({ port: server.server.port, reconnect: false, authenticator });
  services.push(answering);
  answering.subscribe("$SYS.REQ.USER.AUTH", {
    callback: (_, message) => {
      const request = decodeAuthorizationRequest(message.string());
      if (request instanceof JwtError) throw new Error(request.text);
      const { user_nkey: sub, server_id } = request.nats;
      const jwt = sign("user", { sub, nats: NO_USER_LIMITS }, target);
      message.respond(sign("authorization_response", { sub, aud: server_id.id, nats: { jwt } }, service));
    },
  });
  await answering.flush();
  const peer = await server.connect({ jwt: user(guest, service, { bearer_token: true }) });
  expect(await peer.ping()).toEqual([]);
  await reload(server, with_());
  expect(await peer.closed()).toEqual([]);
});

const pinOf = (name: string): string => {
  const spki = new X509Certificate(readFileSync(cert(`${name}.pem`))).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
};
const files = { cert_file: cert("server.pem"), key_file: cert("server-key.pem"), ca_file: cert("ca.pem") };

test("whose certificate is not pinned any more leaves, the others stay", async () => {
  const withPins = (...names: string[]): never =>
    ({ tls: { ...files, verify: true, pinned_certs: names.map(pinOf) } }) as never;
  const server = await tls.startLogged(withPins("client", "client-dn"));
  const [gone, kept] = [
    await server.dial(certPair("client"), dialTls),
    await server.dial(certPair("client-dn"), dialTls),
  ];
  for (const peer of [gone, kept]) expect(await server.answer(peer, {})).toEqual(["PONG"]);
  await reload(server, withPins("client-dn", "client-server-eku"));
  expect(await gone.closed()).toEqual([]);
  expect(await kept.ping()).toEqual([]);
  expect(server.log).toContain("[INF] Disconnect 1 clients due to pinned certs reload");
  expect(await server.tryConnect({}, certPair("client"), dialTls)).toEqual(["closed"]);
  await reload(server, withPins());
  expect(await kept.ping()).toEqual([]);
});

test("a server begins to speak TLS: nobody gets around it in clear text, and who came before stays", async () => {
  const server = await tcp.start({});
  const before = await server.connect();
  await reload(server, { tls: { ...files, verify: true } });
  expect(await before.ping()).toEqual([]);
  const clear = await server.dial(undefined, dialTcp);
  clear.send('CONNECT {"verbose":false}', "PING");
  expect(await clear.closed()).toEqual([]);
  expect(await server.tryConnect({}, certPair("client"), dialTls)).toEqual(["PONG"]);
  await reload(server, {});
  expect(await server.tryConnect({}, undefined, dialTcp)).toEqual(["PONG"]);
  expect(await before.ping()).toEqual([]);
});

test.each([
  ["the certificate", { cert_file: "nowhere.pem" }, "error parsing X509 certificate/key pair"],
  ["its key", { key_file: "nowhere.pem" }, "error parsing X509 certificate/key pair"],
  ["a key that is another's", { key_file: cert("server2-key.pem") }, "private key does not match public key"],
  ["the authority", { ca_file: "nowhere.pem" }, "nowhere.pem"],
])("files of TLS that are missing or wrong change nothing: %s", async (_what, wrong, text) => {
  const server = await tls.start({ tls: files } as never);
  const options = { max_payload: 5, tls: { ...files, ...wrong } };
  const failed = await Promise.resolve()
    .then(() => tryReload(server, options))
    .catch((error: unknown) => (error as Error).message);
  expect(failed).toContain(text);
  const peer = await server.connect();
  peer.send("PUB a 6", "xxxxxx");
  expect(await peer.ping()).toEqual([]);
});

test("many reloads at once are done one after the other, and the last one holds", async () => {
  const of = (i: number): never =>
    ({
      max_payload: 1000 + i,
      authorization: {
        users: [
          { user: "stays", password: "p" },
          { user: `u${i}`, password: "p" },
        ],
      },
      ...(i % 3 === 1 ? { tls: files } : {}),
      ...(i % 5 === 1 ? { server_name: `n${i}` } : {}),
    }) as never;
  const server = await tcp.startLogged(of(0));
  const peer = await server.connect({ user: "stays", pass: "p" });
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => tryReload(server, of(i))));
  const refused = results.flatMap((text, i) => (text === undefined ? [] : [i]));
  expect(refused).toEqual(Array.from({ length: 40 }, (_, i) => i).filter((i) => i % 5 === 1));
  peer.send(`PUB a ${1000 + 39}`, "x".repeat(1000 + 39));
  expect(await peer.ping()).toEqual([]);
  expect(await server.tryConnect({ user: "u39", pass: "p" })).toEqual(["PONG"]);
  expect(await server.tryConnect({ user: "u38", pass: "p" })).toEqual(["-ERR 'Authorization Violation'"]);
});
