// Plays a script against one server and keeps what every client got after every batch.
//
// A batch is followed by a PING of every client that sent something, the sender first: what comes before its PONG
// belongs to the batch. A client that sent nothing is let be, as its CONNECT has to be the first.

import { Connection } from "../harness/connection.mjs";
import { clientCount } from "./script.mjs";

const answerMs = 500;
const endMs = 20;

/**
 * Control lines are in the order they came; messages are sorted, as their order across subscriptions is free.
 * @typedef {{ control: string[], messages: string[], ended: boolean }} Answer
 */

/**
 * The answers of each batch, a list of one per client.
 * @param {number} port
 * @param {import("./script.mjs").Operation[]} script
 * @returns {Promise<Answer[][]>}
 */
export async function play(port, script) {
  const clients = Array.from({ length: clientCount }, () => new Client());
  const answers = [];
  try {
    for (const client of clients) await client.open(port);
    for (const batch of batchesOf(script)) {
      const sender = clients[batch[0].client];
      sender.send(batch.map(({ text }) => text).join(""));
      await sender.readToPong();
      if (batch.at(-1).odd) await sender.read(endMs);
      for (const client of clients) if (client !== sender) await client.readToPong();
      answers.push(clients.map((client) => client.take()));
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  return answers;
}

/** Operations that follow each other and have the same number. @param {import("./script.mjs").Operation[]} script */
export function batchesOf(script) {
  const batches = [];
  for (const operation of script) {
    if (operation.batch === batches.at(-1)?.[0].batch) batches.at(-1).push(operation);
    else batches.push([operation]);
  }
  return batches;
}

class Client {
  #connection = new Connection();
  #control = [];
  #messages = [];
  #ended = false;
  #hasSpoken = false;

  async open(port) {
    await this.#connection.openTcp(port);
    await this.#connection.readLine(answerMs);
  }

  send(text) {
    this.#hasSpoken = true;
    if (!this.#ended) this.#connection.send(Buffer.from(text, "latin1"));
  }

  async readToPong() {
    if (!this.#hasSpoken) return;
    this.send("PING\r\n");
    await this.read(answerMs, "PONG");
  }

  /** Reads until the line `last`, the end, or silence of `waitMs`. */
  async read(waitMs, last) {
    while (!this.#ended) {
      const found = await this.#connection.readLine(waitMs);
      if (found === "timeout") {
        if (last !== undefined) this.#control.push(`(no ${last})`);
        return;
      }
      if (found === "closed") {
        this.#ended = true;
        return;
      }
      const line = found.toString("latin1");
      const payloadSize = /^H?MSG .* (\d+)$/.exec(line)?.[1];
      if (payloadSize !== undefined) {
        const payload = await this.#connection.readBytes(Number(payloadSize) + 2, answerMs);
        this.#messages.push(`${line}\r\n${payload.toString("latin1")}`);
      } else if (line.startsWith("INFO")) this.#control.push("INFO");
      else if (line !== "PING") this.#control.push(line);
      if (line === last) return;
    }
  }

  /** @returns {Answer} */
  take() {
    const answer = { control: this.#control, messages: this.#messages.sort(), ended: this.#ended };
    this.#control = [];
    this.#messages = [];
    return answer;
  }

  /** Waits until the server closed too, so that its subscriptions are gone. */
  async close() {
    this.#connection.close();
    await this.#connection.readEnd(answerMs);
    this.#connection.destroy();
  }
}
