// The steps of a transcript that log in with tokens: login, denied, tries.

import { claimsOf } from "./tokens.mjs";
import { matchLine } from "./match.mjs";
import { connectionOf, nextLine } from "./wire_steps.mjs";
import { show } from "./literal.mjs";
import { publicNkey, seedFrom, signWithSeed } from "./nkey.mjs";

/** @typedef {import("./player.mjs").Player} Player */

/** `A login bob {more of CONNECT}`, `A login bob by user9 …`: the nonce is signed by the key of the token's user. */
async function connect(player, { name, text }) {
  const [, tokenName, , by, json = "{}"] = /^(\S+)( by (\S+))?(?: (\{.*\}))?$/s.exec(text);
  const connection = await connectionOf(player, name);
  const jwt = player.token(tokenName);
  const signer = by ?? keyNameOf(claimsOf(jwt).sub);
  const sig = signer === "none" ? "" : signWithSeed(seedFrom(signer), player.infos[name]?.nonce ?? "");
  const fields = { verbose: false, headers: true, no_responders: true, jwt, sig, ...JSON.parse(json) };
  connection.send(Buffer.from(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`));
  return connection;
}

/** The number of the user key that this is the public one of. */
function keyNameOf(publicKey) {
  for (let i = 0; i < 256; i++) if (publicNkey(seedFrom(`user${i}`)) === publicKey) return `user${i}`;
  throw new Error(`whose key is ${publicKey}?`);
}

async function expectNext(player, name, connection, pattern) {
  const line = await nextLine(player, name, connection, false, false);
  const wrong = Buffer.isBuffer(line) ? matchLine(line, pattern, {}) : `expected: ${pattern}, but: ${line}`;
  if (wrong) throw new Error(wrong);
}

export const loginSteps = {
  /** As login; what comes is for other steps. */
  async tries(player, step) {
    await connect(player, step);
  },
  async login(player, step) {
    await expectNext(player, step.name, await connect(player, step), "PONG");
  },
  async denied(player, step) {
    const connection = await connect(player, step);
    await expectNext(player, step.name, connection, "-ERR 'Authorization Violation'");
    const end = await nextLine(player, step.name, connection, false, false);
    if (end !== "closed") throw new Error(`expected the end, got: ${Buffer.isBuffer(end) ? show(end) : end}`);
  },
};
