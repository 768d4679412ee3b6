// Passwords, tokens and seeds are in no log, page, event or error, whoever they were for.

import { afterEach, expect, test } from "vitest";
import { encodeBase64Url } from "../../src/auth/jwt/base64url.ts";
import { account, key, operatorToken, user } from "../auth/operator/world.ts";
import { reference, type Running, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const [system, one] = [key("account", 161), key("account", 162)];
const [admin, bob, guest] = [key("user", 163), key("user", 164), key("user", 165)];
const PAGES = ["/varz", "/connz?auth=1&subs=detail", "/connz?state=any&auth=1", "/accountz", "/accstatz?unused=1", "/subsz?subs=1", "/healthz"]; // prettier-ignore
const REQUESTS = ["SERVER.PING.VARZ", "SERVER.PING.CONNZ", "SERVER.PING.ACCOUNTZ", "SERVER.PING.EXPVARZ", "SERVER.PING.STATSZ", "SERVER.PING.SUBSZ"]; // prettier-ignore

async function logIn(server: Running, who: typeof bob, jwt: string, more: object = {}) {
  const peer = await server.dial();
  const sig = encodeBase64Url(who.sign(Buffer.from(peer.info["nonce"] as string)));
  expect((await server.answer(peer, { jwt, sig, ...more }))[0]).toBe("PONG");
  return { peer, sig };
}

test.skipIf(reference !== undefined)(
  "CVE-2026-33216, of tokens: what proves who somebody is is shown nowhere",
  async () => {
    const server = await tcp.startLogged({
      debug: true,
      http_port: -1,
      operator: operatorToken(false, system.publicKey),
      resolver: "MEMORY",
      resolver_preload: { [system.publicKey]: account(system), [one.publicKey]: account(one) },
    } as never);
    const bearer = user(guest, one, { bearer_token: true });
    const { peer: sys } = await logIn(server, admin, user(admin, system));
    sys.send("SUB $SYS.ACCOUNT.> 1", "SUB $SYS.SERVER.> 2", "SUB box 3");
    await sys.ping();
    const { sig } = await logIn(server, bob, user(bob, one), { pass: "Pa55-word", auth_token: "Pa55-token" });
    expect(await server.tryConnect({ jwt: bearer, pass: "Pa55-bearer" })).toEqual(["PONG"]);
    expect((await server.tryConnect({ jwt: "Pa55-jwt", sig: "Pa55-sig", user: "x", pass: "Pa55-x" }))[0]).toContain("Authorization"); // prettier-ignore
    const shown: string[] = [...server.log];
    for (const path of [...PAGES, `/accountz?acc=${one.publicKey}`]) {
      shown.push(await (await fetch(server.server.monitorUrl + path)).text());
    }
    for (const name of REQUESTS) sys.send(`PUB $SYS.REQ.${name} box 13`, `{"auth":true}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    shown.push(...(await sys.ping()));
    const all = shown.join("\n");
    expect(all).toContain(bob.publicKey);
    expect(all).not.toMatch(/Pa55/);
    expect(all).not.toContain(sig);
    // Whoever has a bearer token is its user; without the signature it says nothing.
    expect(all).not.toContain(bearer.split(".")[2]);
    expect(all).not.toMatch(/\bS[OAUNX][A-Z2-7]{56}\b/);
  },
);
