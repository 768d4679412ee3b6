// What accounts whose tokens are somewhere else may cost.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { account, key, operatorToken, user } from "../auth/operator/world.ts";
import { stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const [system, own, missing, bob] = [key("account", 91), key("account", 92), key("account", 93), key("user", 94)];

test("an account that is nowhere is not looked up for each client of who imports from it", async () => {
  const imported = { name: "i", subject: "svc", type: "service" as const, account: missing.publicKey };
  const tokens = new Map([
    // The server looks whether somebody is there.
    ["/", ""],
    [`/${system.publicKey}`, account(system)],
    [`/${own.publicKey}`, account(own, { imports: [imported] })],
  ]);
  let count = 0;
  const accounts = createServer((request, response) => {
    const token = tokens.get(request.url!);
    if (request.url === `/${missing.publicKey}`) count++;
    response.writeHead(token === undefined ? 404 : 200).end(token);
  });
  await new Promise<void>((resolve) => accounts.listen(0, "127.0.0.1", resolve));
  try {
    const server = await tcp.start({
      operator: operatorToken(false, system.publicKey),
      resolver: `URL(http://127.0.0.1:${(accounts.address() as AddressInfo).port}/)`,
    } as never);
    const jwt = user(bob, own, { bearer_token: true });
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.tryConnect({ jwt })));
    answers.push(await server.tryConnect({ jwt }));
    expect(answers.flat()).toEqual(Array.from(answers, () => "PONG"));
    expect(count).toBe(1);
  } finally {
    accounts.closeAllConnections();
    accounts.close();
  }
});
