// Walkthrough 13: an nkey user, with the very keys that the documentation prints.

import assert from "node:assert/strict";
import { createUser, fromSeed } from "@nats-io/nkeys";
import { ErrorCode, nkeyAuthenticator } from "nats";
import { walkthrough } from "./walk.mjs";

const SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const KEY = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
const config = `authorization: {\n  users: [\n    { nkey: ${KEY} }\n  ]\n}\n`;

const sign = (pair, nonce) => Buffer.from(pair.sign(Buffer.from(nonce))).toString("base64url");
const pair = fromSeed(Buffer.from(SEED));

async function answer(w, server, claim) {
  const raw = await w.raw(server);
  const { nonce, auth_required: required } = await raw.info();
  assert.equal(required, true);
  assert.match(nonce, /^[\w-]{15}$/);
  raw.send(`CONNECT ${JSON.stringify({ verbose: false, ...claim(nonce) })}`, "PING");
  return raw;
}

await walkthrough("13 nkey", {
  "the seed connects, another does not": async (w) => {
    assert.equal(pair.getPublicKey(), KEY);
    const server = await w.start({ config });
    await (await w.connect(server, { authenticator: nkeyAuthenticator(Buffer.from(SEED)) })).flush();
    const other = await w.refused(server, { authenticator: nkeyAuthenticator(createUser().getSeed()) });
    assert.equal(other.code, ErrorCode.AuthorizationViolation);
  },

  "by hand: the signature is over this connection's nonce": async (w) => {
    const server = await w.start({ config });
    const good = await answer(w, server, (nonce) => ({ nkey: KEY, sig: sign(pair, nonce) }));
    await good.expect("PONG\r\n");
    const nonces = new Set();
    for (let n = 0; n < 5; n++) nonces.add((await (await w.raw(server)).info()).nonce);
    assert.equal(nonces.size, 5);
    const refusals = [
      (nonce) => ({ nkey: KEY, sig: sign(pair, `${nonce}x`) }),
      (nonce) => ({ nkey: KEY, sig: sign(createUser(), nonce) }),
      () => ({ nkey: KEY }),
      (nonce) => ({ nkey: createUser().getPublicKey(), sig: sign(pair, nonce) }),
      () => ({ user: KEY }),
    ];
    for (const claim of refusals) {
      const raw = await answer(w, server, claim);
      await raw.expect("-ERR 'Authorization Violation'\r\n");
      await raw.expectClosed();
    }
  },
});
