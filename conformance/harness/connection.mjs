// One client connection of a transcript: bytes out, lines in, over TCP, TLS or WebSocket.
//
// Owns: the socket and what arrived but was not read yet. Knows nothing of expectations.

import net from "node:net";
import tls from "node:tls";
import { WebSocket } from "ws";

export class Connection {
  #chunks = [];
  #buffered = Buffer.alloc(0);
  #closed = false;
  #error = "";
  #waiter = undefined;
  #socket = undefined;
  #ws = undefined;

  /** Opens a plain socket. @param {number} port @param {string} host */
  async openTcp(port, host = "127.0.0.1") {
    const socket = net.connect({ port, host, noDelay: true });
    this.#attach(socket);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
  }

  /**
   * Starts TLS on the open socket. A refused handshake is not an error here: the connection then reads as closed.
   * @param {tls.ConnectionOptions} options
   */
  async startTls(options) {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    plain.removeAllListeners("end");
    plain.removeAllListeners("close");
    const secured = tls.connect({ socket: plain, rejectUnauthorized: false, ...options });
    this.#attach(secured);
    await new Promise((resolve) => {
      secured.once("secureConnect", resolve);
      secured.once("error", resolve);
      secured.once("close", resolve);
    });
  }

  /** Opens a WebSocket; messages are joined into one stream. @param {string} url @param {object} options */
  async openWs(url, options = {}) {
    const { protocols, ...rest } = options;
    const ws = new WebSocket(url, protocols ?? [], { perMessageDeflate: false, rejectUnauthorized: false, ...rest });
    this.#ws = ws;
    ws.on("message", (data) => this.#push(data));
    ws.on("close", () => this.#end());
    ws.on("error", (error) => this.#end(error));
    await new Promise((resolve) => {
      ws.once("open", resolve);
      ws.once("error", resolve);
    });
  }

  #attach(socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#push(chunk));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error) => this.#end(error));
  }

  #push(chunk) {
    this.#chunks.push(chunk);
    this.#wake();
  }

  #end(error) {
    this.#closed = true;
    if (error) this.#error ||= error.message;
    this.#wake();
  }

  #wake() {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }

  /** What ended the connection, or why it never opened. */
  get error() {
    return this.#error;
  }

  /** @param {Buffer} bytes */
  send(bytes) {
    if (this.#ws) {
      if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(bytes, { binary: true });
    } else if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Sends each byte on its own, so that the server reads in as many pieces as the system allows. */
  async sendBytewise(bytes) {
    for (let i = 0; i < bytes.length; i++) {
      this.send(bytes.subarray(i, i + 1));
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
  }

  #gather() {
    if (this.#chunks.length > 0) {
      this.#buffered = Buffer.concat([this.#buffered, ...this.#chunks]);
      this.#chunks = [];
    }
    return this.#buffered;
  }

  /**
   * Waits until `ready` finds something in the buffered bytes; "closed" and "timeout" say why it did not.
   * @template T
   * @param {(buffered: Buffer) => T | undefined} ready
   * @param {number} timeoutMs
   * @returns {Promise<T | "closed" | "timeout">}
   */
  async #until(ready, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = ready(this.#gather());
      if (found !== undefined) return found;
      if (this.#closed) return "closed";
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) return "timeout";
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiter = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next line without its end. @param {number} timeoutMs */
  readLine(timeoutMs) {
    return this.#until((buffered) => {
      const end = buffered.indexOf(10);
      if (end < 0) return undefined;
      this.#buffered = buffered.subarray(end + 1);
      return buffered.subarray(0, end > 0 && buffered[end - 1] === 13 ? end - 1 : end);
    }, timeoutMs);
  }

  /** The next line, left where it is. @param {number} timeoutMs */
  peekLine(timeoutMs) {
    return this.#until((buffered) => {
      const end = buffered.indexOf(10);
      return end < 0 ? undefined : buffered.subarray(0, end);
    }, timeoutMs);
  }

  /** The next bytes as text, left where they are. @param {number} count @param {number} timeoutMs */
  peekBytes(count, timeoutMs) {
    return this.#until((buffered) => {
      return buffered.length < count ? undefined : buffered.subarray(0, count).toString("latin1");
    }, timeoutMs);
  }

  /** Exactly `count` bytes. @param {number} count @param {number} timeoutMs */
  readBytes(count, timeoutMs) {
    return this.#until((buffered) => {
      if (buffered.length < count) return undefined;
      this.#buffered = buffered.subarray(count);
      return buffered.subarray(0, count);
    }, timeoutMs);
  }

  /** Drops everything until the peer closes. @param {number} timeoutMs */
  readEnd(timeoutMs) {
    return this.#until((buffered) => {
      if (buffered.length > 0) this.#buffered = Buffer.alloc(0);
      return undefined;
    }, timeoutMs);
  }

  /** What is buffered and not read. */
  get unread() {
    return this.#gather();
  }

  /** Stops reading, as a slow consumer does. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  close() {
    this.#ws?.close();
    this.#socket?.end();
  }

  reset() {
    this.#socket.resetAndDestroy();
  }

  destroy() {
    this.#ws?.terminate();
    this.#socket?.destroy();
  }
}
