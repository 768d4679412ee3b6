import { expect, test } from "vitest";
import type { Accept } from "../../src/base/transport.ts";
import { openPipe } from "../../src/io/pipe.ts";
import { Recorder, aMoment, transportContract, until, type Peer, type Rig } from "./transport_contract.ts";

function pipePeer(accept: Accept): Peer {
  const client = openPipe(accept);
  const chunks: Uint8Array[] = [];
  let closed = false;
  client.onData = (bytes) => void chunks.push(bytes);
  client.onClose = () => (closed = true);
  return {
    send: (bytes) => void client.write(bytes),
    received: () => Buffer.concat(chunks),
    stopReading: () => client.pause(),
    startReading: () => client.resume(),
    halfClose: () => client.end(),
    vanish: () => client.close(),
    get closed() {
      return closed;
    },
  };
}

transportContract("a pipe", (accept): Promise<Rig> => {
  const peers: Peer[] = [];
  return Promise.resolve({
    connect: () => {
      const peer = pipePeer(accept);
      peers.push(peer);
      return Promise.resolve(peer);
    },
    close: () => {
      for (const peer of peers) peer.vanish();
      return Promise.resolve();
    },
  });
});

test("a pipe copies: the client may use its buffer again at once", async () => {
  let recorder: Recorder | undefined;
  const client = openPipe((transport) => (recorder = new Recorder(transport)));
  const buffer = Buffer.from("first");
  client.write(buffer);
  buffer.write("other");
  client.write(buffer);
  await until(() => recorder?.text === "firstother");
  client.close();
  await until(() => recorder?.gone.length === 1);
});

test("a pipe holds its client back while the server does not read", async () => {
  let recorder: Recorder | undefined;
  const client = openPipe((transport) => {
    transport.pause();
    return (recorder = new Recorder(transport));
  });
  await until(() => recorder !== undefined);
  let drained = 0;
  client.onDrain = () => drained++;
  let writes = 0;
  do {
    writes++;
    await aMoment(0);
  } while (client.write(Buffer.alloc(64 * 1024)) && writes < 100);
  expect(writes).toBeLessThan(10);
  await aMoment();
  expect(drained).toBe(0);
  recorder!.transport.resume();
  await until(() => drained === 1);
  expect(recorder!.bytes.length).toBe(writes * 64 * 1024);
  client.close();
});

test("closed before it was accepted: the server hears of both", async () => {
  let recorder: Recorder | undefined;
  const client = openPipe((transport) => (recorder = new Recorder(transport)));
  let closed = 0;
  client.onClose = () => closed++;
  client.close();
  client.close();
  await until(() => recorder?.gone.length === 1 && closed === 1);
  await aMoment();
  expect([recorder!.gone, closed]).toEqual([[["eof", ""]], 1]);
});
