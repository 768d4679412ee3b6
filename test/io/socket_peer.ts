// A peer on one of Node's own sockets, plain or TLS.

import type { Socket } from "node:net";
import type { Peer } from "./transport_contract.ts";

export function socketPeer(socket: Socket): Peer {
  const chunks: Buffer[] = [];
  let closed = false;
  socket.allowHalfOpen = true;
  socket.on("error", () => (closed = true));
  socket.on("close", () => (closed = true));
  socket.on("end", () => {
    closed = true;
    socket.end();
  });
  socket.on("data", (chunk) => chunks.push(chunk));
  return {
    send: (bytes) => void socket.write(bytes),
    received: () => {
      const all = Buffer.concat(chunks);
      chunks.splice(0, chunks.length, all);
      return all;
    },
    stopReading: () => void socket.pause(),
    startReading: () => void socket.resume(),
    halfClose: () => void socket.end(),
    vanish: () => void socket.destroy(),
    get closed() {
      return closed;
    },
  };
}
