// The steps of a transcript that play an authorization service: asked, grants, responds.

import { matchJson } from "./match.mjs";
import { readMessage } from "./request_steps.mjs";
import { claimsOf, opened, sealed, signed } from "./tokens.mjs";
import { connectionOf } from "./wire_steps.mjs";

/** @typedef {import("./player.mjs").Player} Player */

const SUBJECT = "$SYS.REQ.USER.AUTH";
const HEADER = /^NATS\/1\.0 \| Nats-Server-Xkey: (\S+) \| /;

async function respond(player, name, sealedBy, token) {
  const { variables } = player;
  const bytes = sealedBy ? sealed(Buffer.from(token), variables["asked.xkey"], sealedBy) : Buffer.from(token);
  const head = Buffer.from(`PUB ${variables["asked.reply"]} ${bytes.length}\r\n`);
  (await connectionOf(player, name)).send(Buffer.concat([head, bytes, Buffer.from("\r\n")]));
}

/** `[sealed [with curve2]] [unsigned] account1 [from account2] {claims}` */
function parse(text) {
  const [, isSealed, key = "curve1", unsigned, issuer, from = issuer, json = "{}"] =
    /^(sealed (?:with (\S+) )?)?(unsigned )?(\S+)(?: from (\S+))?(?: (\{.*\}))?$/s.exec(text);
  const sealedBy = isSealed === undefined ? undefined : key;
  return { sealedBy, isSigned: unsigned === undefined, issuer, from, claims: JSON.parse(json) };
}

/** A token, or one with the signature of another. */
function signedOrNot(kind, claims, issuer, isSigned) {
  const token = signed(kind, claims, issuer);
  return isSigned ? token : token.slice(0, token.lastIndexOf(".")) + signed(kind, {}, issuer).replace(/^.*(?=\.)/, "");
}

export const calloutSteps = {
  /** `S asked {claims}`: the next message is a question whose claims are at least these; `curve1` opens it where it is sealed. */
  async asked(player, step) {
    const { subject, reply, content } = await readMessage(player, step.name);
    if (subject !== SUBJECT) throw new Error(`expected a question, got a message on ${subject}`);
    const xkey = HEADER.exec(content.toString("latin1"));
    const text = xkey ? opened(content.subarray(xkey[0].length), xkey[1], "curve1") : content;
    const claims = claimsOf(text.toString("utf8"));
    Object.assign(player.variables, {
      "asked.reply": reply,
      "asked.user": claims.nats.user_nkey,
      "asked.server": claims.nats.server_id.id,
      "asked.xkey": xkey?.[1] ?? "",
      "asked.nonce": claims.nats.client_info.nonce ?? "",
    });
    const wrong = matchJson(claims, JSON.parse(player.expand(step.text || "{}")), "");
    if (wrong) throw new Error(`${wrong} (all: ${JSON.stringify(claims)})`);
  },
  /** `S grants [sealed] account1 [from account2] {claims of the user}`: whoever was asked about is let in. */
  async grants(player, step) {
    const { sealedBy, isSigned, issuer, from, claims } = parse(step.text);
    const { variables } = player;
    const jwt = signedOrNot("user", { sub: variables["asked.user"], ...claims }, issuer, isSigned);
    const response = { sub: variables["asked.user"], aud: variables["asked.server"], nats: { jwt } };
    await respond(player, step.name, sealedBy, signed("authorization_response", response, from));
  },
  /** `S responds [sealed] account1 {claims of the response}` */
  async responds(player, step) {
    const { sealedBy, isSigned, issuer, claims } = parse(step.text);
    const { variables } = player;
    const response = { sub: variables["asked.user"], aud: variables["asked.server"], ...claims };
    await respond(player, step.name, sealedBy, signedOrNot("authorization_response", response, issuer, isSigned));
  },
};
