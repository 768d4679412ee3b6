// The comparison of what nats-server and this server answered to one script.

import { isDeepStrictEqual } from "node:util";

/** Of conformance/gaps.json: nats-server lets a subscription's `>` pass under an allowed `*`, this server does not. */
const refusedTail = /^-ERR 'Permissions Violation for Subscription to "(\S+\.)?>"/;

/**
 * The first batch whose answers differ. An intended difference ends the comparison without one, as the servers hold
 * different subscriptions from there on.
 * @typedef {{ batch: number, theirs: import("./player.mjs").Answer[], ours: import("./player.mjs").Answer[] }} Difference
 * @param {import("./player.mjs").Answer[][]} theirs
 * @param {import("./player.mjs").Answer[][]} ours
 * @returns {Difference | "intended" | undefined}
 */
export function compare(theirs, ours) {
  for (const [batch, answers] of theirs.entries()) {
    const pairs = answers.map((answer, client) => [answer, ours[batch][client]]);
    if (pairs.every(([their, our]) => same(their, our))) continue;
    if (pairs.some(([their, our]) => isIntended(their, our))) return "intended";
    return { batch, theirs: answers, ours: ours[batch] };
  }
  return undefined;
}

/**
 * nats-server checks a PUB again, and tells of its subject again, when the end of a read cuts the payload: how often it
 * says so depends on its buffer, so that one is as good as several.
 */
const repeated = "-ERR 'Invalid Publish Subject'";

/** Where nats-server closes and says nothing, what it had to say may have been lost with the connection. */
function same(their, our) {
  if (isDeepStrictEqual(withoutRepeats(their), withoutRepeats(our))) return true;
  return their.ended && our.ended && !their.control.some((line) => line.startsWith("-ERR"));
}

function withoutRepeats(answer) {
  const control = answer.control.filter((line, at) => line !== repeated || line !== answer.control[at - 1]);
  return { ...answer, control, messages: answer.messages.map(withoutChance).sort() };
}

/** A reply made up for a service is another one each time, and so is the time it took to the requester. */
function withoutChance(message) {
  const one = message.replace(/_R_\.\w{6}\.\w{6}/g, "_R_.x.y");
  if (!one.includes("Nats-Request-Info:")) return one;
  return one.replace(/,"rtt":\d+/, "").replace(/ \d+ \d+\r\n/, " ");
}

function isIntended(their, our) {
  return our.control.some((line) => refusedTail.test(line) && !their.control.includes(line));
}
