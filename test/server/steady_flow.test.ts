// A steady flow of messages leaves no garbage: what V8 was asked for, by the function that asked, over many messages.

import { once } from "node:events";
import { Session } from "node:inspector/promises";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { stopAll, tcp } from "../support/transports.ts";

afterEach(stopAll);

interface SampledNode {
  readonly callFrame: { readonly url: string; readonly functionName: string };
  readonly selfSize: number;
  readonly children: readonly SampledNode[];
}

/** Bytes asked for by each function of the server, also those that were collected since. */
function bytesOfServer(node: SampledNode, found = new Map<string, number>()): Map<string, number> {
  const { url, functionName } = node.callFrame;
  if (url.includes("/src/")) found.set(functionName, (found.get(functionName) ?? 0) + node.selfSize);
  for (const child of node.children) bytesOfServer(child, found);
  return found;
}

async function client(port: number, lines: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "data");
  socket.write(`CONNECT {"verbose":false}\r\n${lines}PING\r\n`);
  let text = "";
  while (!text.includes("PONG")) text += String((await once(socket, "data"))[0]);
  return socket;
}

test.each<[string, (i: number) => string, number]>([
  ["to the same subject", () => "bench.000", 1],
  ["to two subjects by turns", (i: number) => `bench.00${i % 2}`, 1],
  ["to four subscribers that get the same bytes", () => "bench.000", 4],
])("a message %s allocates nothing", async (_, subjectOf, subscribers) => {
  const server = await tcp.start({});
  const subscriber = await client(server.server.port, "SUB bench.* 1\r\n");
  for (let i = 1; i < subscribers; i++) (await client(server.server.port, "SUB bench.* 1\r\n")).resume();
  const publisher = await client(server.server.port, "");
  const messages = 2000;
  const chunk = Buffer.from(Array.from({ length: messages }, (_, i) => `PUB ${subjectOf(i)} 16\r\n0123456789abcdef\r\n`).join("")); // prettier-ignore
  const each = "MSG bench.000 1 16\r\n0123456789abcdef\r\n".length;
  const got = { bytes: 0 };
  subscriber.on("data", (bytes) => (got.bytes += bytes.length));
  const flow = async (chunks: number): Promise<void> => {
    const wanted = got.bytes + chunks * messages * each;
    for (let i = 0; i < chunks; i++) if (!publisher.write(chunk)) await once(publisher, "drain");
    while (got.bytes < wanted) await once(subscriber, "data");
  };
  await flow(100);
  const session = new Session();
  session.connect();
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as object);
  const chunks = 200;
  await flow(chunks);
  const { profile } = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  subscriber.destroy();
  publisher.destroy();
  const found = bytesOfServer(profile.head as SampledNode);
  const total = [...found.values()].reduce((sum, bytes) => sum + bytes, 0);
  // A write, or a turn, may cost a few objects: it carries many messages.
  expect(total / (chunks * messages * subscribers), JSON.stringify([...found])).toBeLessThan(1);
});
