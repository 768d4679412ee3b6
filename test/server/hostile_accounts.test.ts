// Account tokens whose signature is good and whose claims are anything, pushed to a server that has clients in them.

import { afterEach, expect, test } from "vitest";
import { account, key, operatorSigningKey, operatorToken, sign, user } from "../auth/operator/world.ts";
import { hostileToken, numbers } from "../auth/operator/hostile_tokens.ts";
import { reference, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const [system, one, two] = [key("account", 191), key("account", 192), key("account", 193)];
const [admin, bob, ann] = [key("user", 194), key("user", 195), key("user", 196)];

const [SEED, ROUNDS] = [Number(process.env["SEED"] ?? 21), Number(process.env["ROUNDS"] ?? 60)];

test.skipIf(reference !== undefined)(`no account token ends the server, seed ${SEED}`, async () => {
  const activation = sign("activation", { sub: two.publicKey, name: "n", nats: { subject: "news.>", kind: "stream" } } as never, one); // prettier-ignore
  const whole = {
    [one.publicKey]: account(one, {
      exports: [
        { name: "s", subject: "svc.*.>", type: "service", service_latency: { sampling: 100, results: "lat" } },
        { name: "t", subject: "news.>", type: "stream", token_req: true },
        { name: "u", subject: "more.*.*", type: "stream", account_token_position: 2 },
      ],
      mappings: new Map([["map.*", [{ subject: "svc.$1.x", weight: 50 }]]]),
      trace: { dest: "trace", sampling: 100 },
    } as never),
    [two.publicKey]: account(two, {
      imports: [
        { name: "s", subject: "svc.*.>", account: one.publicKey, type: "service", share: true },
        { name: "t", subject: "news.>", account: one.publicKey, type: "stream", token: activation, local_subject: "n.>" }, // prettier-ignore
      ],
      exports: [{ name: "back", subject: "back.>", type: "service" }],
      default_permissions: { pub: { deny: ["no"] } },
    } as never),
  };
  const server = await tcp.start({
    operator: operatorToken(false, system.publicKey),
    resolver: "MEMORY",
    resolver_preload: { [system.publicKey]: account(system), ...whole },
    jetstream: { max_memory_store: 1e6, max_file_store: 1e6 },
  } as never);
  let failed: unknown;
  server.server.closed.catch((error: unknown) => (failed = error));
  const sys = await server.connect({ jwt: user(admin, system, { bearer_token: true }) });
  sys.send("SUB box 1");
  const random = numbers(SEED);
  let taken = 0;
  const tokens = { bob: user(bob, one, { bearer_token: true }), ann: user(ann, two, { bearer_token: true }) };
  for (let round = 0; round < ROUNDS; round++) {
    const of = random(2) === 0 ? one : two;
    const token = hostileToken(
      whole[of.publicKey]!,
      operatorSigningKey,
      { sub: of.publicKey },
      random,
      10 + random(60),
    );
    sys.send(`PUB $SYS.REQ.ACCOUNT.${of.publicKey}.CLAIMS.UPDATE box ${token.length}`, token);
    if ((await sys.ping()).join("").includes("jwt updated")) taken++;
    for (const jwt of [tokens.bob, tokens.ann]) {
      const peer = await server.dial();
      await server.answer(peer, { jwt });
      peer.send("SUB > 1", "SUB n.> 2", "PUB news.x 1", "x", "PUB svc.a.b box 1", "x", "PUB map.a 1", "x", "PUB more.a.b 0", ""); // prettier-ignore
      peer.send("PING");
      peer.close();
    }
    expect(failed, `SEED=${SEED} ROUNDS=${round + 1}: ${token}`).toBeUndefined();
  }
  expect(taken).toBeGreaterThan(ROUNDS / 20);
  // Whoever is let in again is served.
  sys.send(
    `PUB $SYS.REQ.ACCOUNT.${one.publicKey}.CLAIMS.UPDATE ${whole[one.publicKey]!.length}`,
    whole[one.publicKey]!,
  );
  await sys.ping();
  expect(await server.tryConnect({ jwt: tokens.bob })).toEqual(["PONG"]);
  expect(failed).toBeUndefined();
});

test("accounts that are called like things of JavaScript have nothing that others have not", async () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
  const accounts = Object.fromEntries(names.map((name) => [name, { users: [{ user: name, password: "p" }] }]));
  const server = await tcp.start({ accounts } as never);
  for (const name of names) {
    const peer = await server.connect({ user: name, pass: "p" });
    peer.send("SUB > 1", "PUB $JS.API.INFO 1", "x");
    expect(await peer.ping()).toEqual(["MSG $JS.API.INFO 1 1", "x"]);
  }
});
