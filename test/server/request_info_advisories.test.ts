// What a service is told of who asks is the server's word, whatever the requester writes.

import { afterEach, describe, expect, test } from "vitest";
import type { Peer } from "../support/peer.ts";
import { reference, type Running, stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

const user = (name: string): readonly object[] => [{ user: name, password: "p" }];

async function as(server: Running, name: string): Promise<Peer> {
  const peer = await server.dial();
  peer.send(`CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, user: name, pass: "p" })}`);
  await peer.ping();
  return peer;
}

const start = (share: boolean, more: object = {}): Promise<Running> =>
  tcp.start({
    accounts: {
      A: { users: user("a"), exports: [{ service: "svc.>" }] },
      B: { users: user("b"), imports: [{ service: { account: "A", subject: "svc.>" }, share, ...more }] },
    },
  } as never);

const FALSE = '{"acc":"A","user":"root","svc":"yes"}';
const written = [
  [`Nats-Request-Info: ${FALSE}`],
  [`Nats-Request-Info:${FALSE}`],
  [`Nats-Request-Info:  ${FALSE}  `],
  [`Nats-Request-Info: ${FALSE}`, `Nats-Request-Info: ${FALSE}`],
  [`Nats-Request-Info: ${FALSE}`, "A: b", `Nats-Request-Info: ${FALSE}`, `Nats-Request-Info: ${FALSE}`],
  ["A: b", `Nats-Request-Info: ${FALSE}`],
  [`Nats-Request-Info: x`, ` ${FALSE}`],
];
/** Names that only some readers take for it; nats-server lets them pass. */
const similar = [[`nats-request-info: ${FALSE}`], [`NATS-REQUEST-INFO : ${FALSE}`], [`Nats-Request-Info \t: ${FALSE}`]];

/** The headers that reach the service, a line each. */
async function heard(share: boolean, lines: readonly string[]): Promise<string[]> {
  const server = await start(share);
  const [a, b] = [await as(server, "a"), await as(server, "b")];
  a.send("SUB svc.> 1");
  await a.ping();
  const block = `NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
  b.raw(`HPUB svc.x box ${block.length} ${block.length + 1}\r\n${block}z\r\n`);
  await b.ping();
  const head = (await a.line()).split(" ");
  const text = (await a.bytes(Number(head.at(-1)) + 2)).toString("latin1");
  return text.slice(0, Number(head.at(-2))).split("\r\n").slice(1).filter((line) => line !== ""); // prettier-ignore
}

describe("CVE-2026-33223, CVE-2026-33246: the header that says who asks", () => {
  const tried = reference === undefined ? [...written, ...similar] : written;
  test.each(tried)("is the server's where it is shared: %j", async (...lines) => {
    const found = (await heard(true, lines)).filter((line) => /^nats-request-info/i.test(line.trim()));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('"acc":"B"');
    expect(found[0]).not.toContain("root");
  });

  test.each(tried)("is the server's also where nothing is shared: %j", async (...lines) => {
    const found = (await heard(false, lines)).filter((line) => /^nats-request-info/i.test(line.trim()));
    expect(found.join("\n")).not.toContain("root");
  });
});
