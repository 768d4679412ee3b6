// Plays the operations on one stream over a connection and collects the answers, without times.
//
// Owns: the connection and what is known of sequences while a script is played.

import { Connection } from "../harness/connection.mjs";

const timeoutMs = 8000;

export class StreamPlayer {
  #connection = new Connection();
  #inbox = 0;

  /** @param {number} port */
  async open(port) {
    await this.#connection.openTcp(port);
    this.#send(`CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\nSUB f.* 1\r\n`);
  }

  close() {
    this.#connection.destroy();
  }

  /**
   * The answers of each operation, in their order, the stream made first and removed last.
   * @param {string} name
   * @param {import("./stream_script.mjs").StreamScript} script
   * @returns {Promise<string[]>}
   */
  async play(name, { config, operations }) {
    const known = { last: 0, of: {} };
    const words = (text) => text.replaceAll("SUBJECT", `${name}.s`).replaceAll("STREAM", name);
    const asked = fill({ name, subjects: [`${name}.s.>`], ...config }, words, known);
    let created = await this.#api(`STREAM.CREATE.${name}`, asked);
    // nats-server fails so once in a thousand times, when a stream has just been deleted.
    if (created.includes('"err_code":10049')) created = await this.#api(`STREAM.CREATE.${name}`, asked);
    const answers = [created];
    for (const operation of operations) {
      const { kind } = operation;
      if (kind === "publish") answers.push(await this.#publish(name, operation.messages, words, known));
      else if (kind === "direct") {
        const body = fill(operation.body, words, known);
        answers.push(await this.#direct(`$JS.API.DIRECT.GET.${name}${words(operation.subject)}`, body));
      } else {
        const base =
          operation.verb === "STREAM.UPDATE" ? { name, subjects: [`${name}.s.>`], ...operation.body } : operation.body;
        answers.push(await this.#api(`${operation.verb}.${name}`, fill(base, words, known)));
      }
    }
    await this.#api(`STREAM.DELETE.${name}`, "");
    return answers.map((answer) => answer.replaceAll(name, "STREAM"));
  }

  #send(text) {
    this.#connection.send(Buffer.from(text));
  }

  /** One message for the inbox `f.N`; its headers and payload as text. */
  async #answer() {
    for (;;) {
      const line = await this.#connection.readLine(timeoutMs);
      if (!Buffer.isBuffer(line)) return { head: `(${line})`, body: "", status: "", inbox: 0, ended: true };
      const found = /^(H?)MSG f\.(\d+) 1 (?:(\d+) )?(\d+)$/.exec(line.toString());
      if (line.toString() === "PING") this.#send("PONG\r\n");
      if (!found) {
        if (/^(INFO|PING|PONG)/.test(line.toString())) continue;
        return { head: line.toString(), body: "", status: "", inbox: 0, ended: true };
      }
      const bytes = await this.#connection.readBytes(Number(found[4]) + 2, timeoutMs);
      const text = bytes.toString("latin1").slice(0, -2);
      const size = Number(found[3] ?? 0);
      const head = text.slice(0, size);
      return {
        head,
        body: text.slice(size),
        status: /^NATS\/1\.0 (\d+)/.exec(head)?.[1] ?? "",
        inbox: Number(found[2]),
      };
    }
  }

  async #api(subject, body) {
    this.#send(`PUB $JS.API.${subject} f.${++this.#inbox} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
    const { head, body: answer } = await this.#answer();
    return steady(head + answer);
  }

  async #publish(name, messages, words, known) {
    const first = this.#inbox + 1;
    let sent = "";
    for (const { token, headers, body } of messages) {
      const lines = headers.map(([key, value]) => `${key}: ${sequence(words(value), known)}\r\n`).join("");
      const head = headers.length > 0 ? `NATS/1.0\r\n${lines}\r\n` : "";
      const size = head === "" ? String(body.length) : `${head.length} ${head.length + body.length}`;
      sent += `${head === "" ? "PUB" : "HPUB"} ${name}.s.${token} f.${++this.#inbox} ${size}\r\n${head}${body}\r\n`;
    }
    this.#send(sent);
    const answers = [];
    for (let n = 0; n < messages.length; n++) {
      const { head, body, inbox, ended } = await this.#answer();
      answers.push(`${inbox - first}: ${head}${body}`);
      if (ended) break;
      const seq = Number(/"seq":(\d+)\}$/.exec(body)?.[1] ?? 0);
      if (seq > known.last) known.last = seq;
      if (seq > 0) known.of[messages[inbox - first].token] = seq;
    }
    return answers.join("\n");
  }

  async #direct(subject, body) {
    this.#send(`PUB ${subject} f.${++this.#inbox} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
    const many = /"batch":[1-9]|"multi_last"/.test(body);
    const answers = [];
    for (;;) {
      const { head, body: payload, status, ended } = await this.#answer();
      answers.push(steady(head + payload));
      if (!many || status !== "" || ended) return answers.join("\n");
    }
  }
}

/** An operation's body as text, with what is known now in it. */
function fill(body, words, known) {
  if (typeof body === "string") return body;
  const text = JSON.stringify(body, (_key, value) =>
    typeof value === "string" && value.startsWith("$last") ? sequence(value, known) : value,
  );
  return words(text).replaceAll(/"(-?\d+)"/g, "$1");
}

/** What `$last`, `$last-1`, `$of a` stand for. */
function sequence(text, known) {
  const found = /^\$last([+-]\d+)?$/.exec(text);
  if (found) return String(Math.max(0, known.last + Number(found[1] ?? 0)));
  const of = /^\$of (.*)$/.exec(text);
  return of ? String(known.of[of[1]] ?? 0) : text;
}

function steady(text) {
  // nats-server says of an empty file stream that sequence 0 is deleted.
  return text
    .replace('"num_deleted":1,"deleted":[0],', "")
    .replaceAll(/(?!0001)\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/"_nats\.ver":"[^"]*"/g, '"_nats.ver":"V"');
}
