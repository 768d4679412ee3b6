// A NATS connection spoken by hand, as with telnet: lines out, lines in.

import net from "node:net";
import tls from "node:tls";
import { within } from "./wait.mjs";

export class Raw {
  /** Everything received so far. */
  text = "";
  closed = false;

  /** @param {number} port */
  static async connect(port) {
    const raw = new Raw();
    raw.attach(net.connect({ host: "127.0.0.1", port }));
    return raw;
  }

  attach(socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => (this.text += chunk));
    socket.on("close", () => (this.closed = true));
    socket.on("error", () => {});
  }

  /** Speaks TLS from here on. @param {tls.ConnectionOptions} options */
  async startTls(options) {
    const plain = this.socket;
    plain.removeAllListeners("data");
    const secure = tls.connect({ socket: plain, host: "127.0.0.1", ...options });
    await new Promise((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
    this.attach(secure);
  }

  /** Sends each line with CRLF. */
  send(...lines) {
    for (const line of lines) this.socket.write(`${line}\r\n`, "latin1");
  }

  /** Waits until what was received contains `text` (or matches); returns all that was received. */
  async expect(text, timeoutMs = 5000) {
    const seen = () => (typeof text === "string" ? this.text.includes(text) : text.test(this.text));
    await within(timeoutMs, () => `${text}; received ${JSON.stringify(this.text)}`, seen);
    return this.text;
  }

  /** Waits until the server has closed the connection. */
  async expectClosed(timeoutMs = 5000) {
    await within(
      timeoutMs,
      () => `the server to close; received ${JSON.stringify(this.text)}`,
      () => this.closed,
    );
    return this.text;
  }

  /** The server's INFO, parsed. */
  async info() {
    await this.expect(/^INFO .*\r\n/);
    return JSON.parse(/^INFO (.*)\r\n/.exec(this.text)[1]);
  }

  /** Sends PING and waits until another PONG has come. */
  async ping() {
    const before = this.text.split("PONG\r\n").length;
    this.send("PING");
    await within(5000, "PONG", () => this.text.split("PONG\r\n").length > before);
  }

  close() {
    this.socket.destroy();
  }
}
