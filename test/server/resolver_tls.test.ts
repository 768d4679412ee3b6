// A resolver behind HTTPS: what `resolver_tls` shows it, and whom it believes; asked of both servers.

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import { account, key, operatorToken, user } from "../auth/operator/world.ts";
import { dialTcp, type Endpoint } from "../support/peer.ts";
import { startReference } from "../support/reference.ts";
import { cert, reference, Running, stopAll, tcp } from "../support/transports.ts";

const program = process.env["NATS_SERVER"] ?? "/root/go/bin/nats-server";
const [system, one, bob] = [key("account", 181), key("account", 182), key("user", 183)];

const others: Endpoint[] = [];
const webs: HttpsServer[] = [];
afterEach(async () => {
  await stopAll();
  await Promise.all(others.splice(0).map((each) => each.stop()));
  for (const web of webs.splice(0)) {
    web.closeAllConnections();
    web.close();
  }
});

/** Accounts over HTTPS; with `asks` only for who shows a certificate. Tells of who came. */
async function serve(asks: boolean): Promise<{ url: string; shown: string[] }> {
  const tokens = new Map([
    ["/", "ok"],
    [`/${system.publicKey}`, account(system)],
    [`/${one.publicKey}`, account(one)],
  ]);
  const read = (name: string): Buffer => readFileSync(cert(name));
  const shown: string[] = [];
  const web = createServer(
    { cert: read("server.pem"), key: read("server-key.pem"), ca: read("ca.pem"), requestCert: asks, rejectUnauthorized: asks }, // prettier-ignore
    (request, response) => {
      const { subject } = (request.socket as unknown as { getPeerCertificate(): { subject?: object } }).getPeerCertificate(); // prettier-ignore
      shown.push(JSON.stringify(subject ?? {}));
      const token = tokens.get(request.url!);
      response.writeHead(token === undefined ? 404 : 200).end(token);
    },
  );
  webs.push(web);
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  return { url: `https://localhost:${(web.address() as AddressInfo).port}/`, shown };
}

const starters: Readonly<Record<string, (options: never) => Promise<Running>>> = {
  ours: (options) => tcp.start(options),
  "nats-server": async (options) => {
    const server = await startReference(program, options, []);
    others.push(server);
    return new Running(server, dialTcp);
  },
};

async function logIn(server: Running): Promise<string> {
  const peer = await server.dial();
  const sig = encodeBase64Url(bob.sign(Buffer.from(peer.info["nonce"] as string)));
  return (await server.answer(peer, { jwt: user(bob, one), sig }))[0]!;
}

const optionsOf = (url: string, resolver_tls?: object): never =>
  ({
    operator: operatorToken(false, system.publicKey),
    resolver: `URL(${url})`,
    ...(resolver_tls === undefined ? {} : { resolver_tls }),
  }) as never;
const client = { cert_file: cert("client.pem"), key_file: cert("client-key.pem") };

describe.skipIf(reference !== undefined || !existsSync(program)).each(Object.keys(starters))("%s", (name) => {
  const start = starters[name]!;

  test("shows its certificate, and believes the authority it was given", async () => {
    const { url, shown } = await serve(true);
    const server = await start(optionsOf(url, { ...client, ca_file: cert("ca.pem") }));
    expect(await logIn(server)).toBe("PONG");
    expect(shown.length).toBeGreaterThan(1);
    for (const subject of shown) expect(subject).not.toBe("{}");
  });

  test("does not start when the other side is not believed, or wants a certificate", async () => {
    const [asking, open] = [await serve(true), await serve(false)];
    await expect(start(optionsOf(open.url))).rejects.toThrow(/certificate|could not fetch/);
    await expect(start(optionsOf(open.url, { ca_file: cert("other-ca.pem") }))).rejects.toThrow(/certificate|could not fetch/); // prettier-ignore
    await expect(start(optionsOf(asking.url, { ca_file: cert("ca.pem") }))).rejects.toThrow(/certificate|could not fetch/); // prettier-ignore
    expect(open.shown).toEqual([]);
  });

  test("believes anybody when it is told to", async () => {
    const { url } = await serve(false);
    const server = await start(optionsOf(url, { insecure: true }));
    expect(await logIn(server)).toBe("PONG");
  });
});
