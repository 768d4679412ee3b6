// A client that speaks the protocol over a bare socket and asks questions, many at a time. It never reconnects: when
// the server is killed every open question ends in `Gone`.

import net from "node:net";

export class Gone extends Error {}

export class RawClient {
  #socket;
  #inbox = `_INBOX.${Math.random().toString(36).slice(2)}`;
  #asked = new Map();
  #fetches = new Map();
  #count = 0;
  #buffer = Buffer.alloc(0);
  #out = [];
  /** @type {Promise<void>} */
  gone;

  constructor(socket) {
    this.#socket = socket;
    this.gone = new Promise((resolve) => void socket.once("close", () => resolve()));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => this.#onData(bytes));
    socket.once("close", () => {
      for (const { reject } of [...this.#asked.values(), ...this.#fetches.values()])
        reject(new Gone("the server is gone"));
      this.#asked.clear();
      this.#fetches.clear();
    });
    socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${this.#inbox}.* 1\r\n`);
  }

  /** @returns {Promise<RawClient>} connected; rejects when nobody listens */
  static connect(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Questions without an answer. */
  get pending() {
    return this.#asked.size;
  }

  /** The body of the answer to a message, and its status when it has one. */
  request(subject, payload = "", headers = "") {
    if (this.#socket.destroyed) return Promise.reject(new Gone("the server is gone"));
    const key = String(++this.#count);
    const body = Buffer.from(payload);
    const reply = `${this.#inbox}.${key}`;
    const head = Buffer.from(headers === "" ? "" : `NATS/1.0\r\n${headers}\r\n`);
    this.#send(
      headers === ""
        ? `PUB ${subject} ${reply} ${body.length}\r\n`
        : `HPUB ${subject} ${reply} ${head.length} ${head.length + body.length}\r\n`,
      head,
      body,
    );
    return new Promise((resolve, reject) => void this.#asked.set(key, { resolve, reject }));
  }

  /** A message that nobody answers. */
  tell(subject, payload) {
    if (!this.#socket.destroyed) this.#send(`PUB ${subject} ${payload.length}\r\n`, NOTHING, Buffer.from(payload));
  }

  /**
   * Asks a pull consumer; `onMsg` gets each message. Ends with the batch, or when a status comes.
   * @param {{ batch: number }} asked
   */
  fetch(stream, consumer, asked, onMsg) {
    if (this.#socket.destroyed) return Promise.reject(new Gone("the server is gone"));
    // What is delivered has the subject it was stored with: the subscription tells whose it is.
    const sid = String(++this.#count + 1);
    const body = Buffer.from(JSON.stringify(asked));
    const inbox = `${this.#inbox}F.${sid}`;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#send(`SUB ${inbox} ${sid}\r\nPUB ${subject} ${inbox} ${body.length}\r\n`, NOTHING, body);
    return new Promise((resolve, reject) => {
      let left = asked.batch;
      const onMessage = (message) => {
        if (message.status === undefined) onMsg(message);
        if (message.status === undefined && --left > 0) return;
        this.#fetches.delete(sid);
        if (!this.#socket.destroyed) this.#socket.write(`UNSUB ${sid}\r\n`);
        resolve(message.status);
      };
      this.#fetches.set(sid, { onMessage, reject });
    });
  }

  /** The answer of the JetStream API, parsed. An error in it is thrown. */
  async api(what, body) {
    const { payload, status } = await this.request(`$JS.API.${what}`, body === undefined ? "" : JSON.stringify(body));
    if (status !== undefined) throw new Error(`${what}: status ${status}`);
    const answer = JSON.parse(payload.toString());
    if (answer.error !== undefined)
      throw Object.assign(new Error(`${what}: ${JSON.stringify(answer.error)}`), answer.error);
    return answer;
  }

  close() {
    this.#socket.destroy();
  }

  #send(line, head, body) {
    if (this.#out.length === 0) {
      setImmediate(() => {
        if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(this.#out));
        this.#out = [];
      });
    }
    this.#out.push(Buffer.from(line), head, body, CRLF);
  }

  #onData(bytes) {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    let at = 0;
    for (;;) {
      const end = this.#buffer.indexOf("\r\n", at);
      if (end < 0) break;
      const [verb, ...words] = this.#buffer.toString("latin1", at, end).split(" ");
      if (verb === "MSG" || verb === "HMSG") {
        const total = Number(words.at(-1));
        const from = end + 2;
        if (this.#buffer.length < from + total + 2) break;
        const headLength = verb === "HMSG" ? Number(words.at(-2)) : 0;
        const bytes = Buffer.from(this.#buffer.subarray(from, from + total));
        const status = /^NATS\/1\.0 (\d{3})/.exec(bytes.toString("latin1", 0, headLength))?.[1];
        const message = { subject: words[0], reply: words[2], payload: bytes.subarray(headLength), status };
        if (words[1] === "1") this.#answer(message);
        else this.#fetches.get(words[1])?.onMessage(message);
        at = from + total + 2;
        continue;
      }
      if (verb === "PING") this.#socket.write("PONG\r\n");
      else if (verb === "-ERR") throw new Error(this.#buffer.toString("latin1", at, end));
      at = end + 2;
    }
    this.#buffer = this.#buffer.subarray(at);
  }

  #answer(message) {
    const key = message.subject.slice(this.#inbox.length + 1);
    const asked = this.#asked.get(key);
    if (asked === undefined) return;
    this.#asked.delete(key);
    asked.resolve(message);
  }
}

const CRLF = Buffer.from("\r\n");
const NOTHING = Buffer.alloc(0);
