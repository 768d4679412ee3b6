// The steps of a transcript that send or look at whole messages: req, answer, told, unanswered, msg, pub, pull,
// delivered; and <like for any line.
//
// Each connection that asks has one inbox, `_R.<name>.<number of the request>`, subscribed once.

import { show } from "./literal.mjs";
import { asRegExp, matchJson, matchLine, matchTemplate } from "./match.mjs";
import { connectionOf, expectLine, nextLine } from "./wire_steps.mjs";

/** @typedef {import("./player.mjs").Player} Player */

const inboxSid = 90210;

/** The inbox of a connection: how many requests went out, how many answers were read. */
async function inboxOf(player, name) {
  const known = player.inboxes.get(name);
  if (known) return known;
  const inbox = { asked: 0, answered: 0 };
  player.inboxes.set(name, inbox);
  (await connectionOf(player, name)).send(Buffer.from(`SUB _R.${name}.* ${inboxSid}\r\n`));
  return inbox;
}

/** `[Name: value; Name: value] subject payload` into its parts. */
function parseRequest(text) {
  const [, headers, subject, payload] = /^(?:\[([^\]]*)\] )?(\S+)(?: (.*))?$/s.exec(text);
  const lines = headers === undefined ? [] : headers.split(/;\s*/).map((line) => `${line}\r\n`);
  return {
    headers: lines.length > 0 ? Buffer.from(`NATS/1.0\r\n${lines.join("")}\r\n`) : Buffer.alloc(0),
    subject,
    payload: Buffer.from(payload ?? ""),
  };
}

/** Lines of headers and the body, parted by ` | `; what is empty is left out. */
function joined(headers, body) {
  const lines = headers.toString("utf8").split("\r\n");
  const parts = [...lines.map((line) => Buffer.from(line)), body].filter((part) => part.length > 0);
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(" | "), part])));
}

/** The next message: its subject and its headers and payload as text. */
export async function readMessage(player, name) {
  const connection = await connectionOf(player, name);
  const line = await nextLine(player, name, connection, false, false);
  if (!Buffer.isBuffer(line)) throw new Error(`expected a message, but none came (${line})`);
  const words = line.toString("utf8").split(" ");
  const isPlain = words[0] === "MSG" && (words.length === 4 || words.length === 5);
  const hasHeaders = words[0] === "HMSG" && (words.length === 5 || words.length === 6);
  if (!isPlain && !hasHeaders) throw new Error(`expected a message, got: ${show(line)}`);
  const size = Number(words.at(-1));
  const headerSize = hasHeaders ? Number(words.at(-2)) : 0;
  const bytes = await connection.readBytes(size + 2, player.timeoutMs);
  if (!Buffer.isBuffer(bytes)) throw new Error(`an unfinished message (${bytes})`);
  return {
    subject: words[1],
    reply: words.length > (hasHeaders ? 5 : 4) ? words[3] : undefined,
    content: joined(bytes.subarray(0, headerSize), bytes.subarray(headerSize, size)),
  };
}

/** Content compared with a /regex/ or, byte for byte, with a template. */
function matchContent(content, wanted, captured) {
  return asRegExp(wanted) ? matchLine(content, wanted, captured) : matchTemplate(content, wanted, captured);
}

/** Sends a message, with a reply when there is one. */
async function publish(player, name, subject, reply, headers, payload) {
  const size = headers.length + payload.length;
  const words = [headers.length > 0 ? "HPUB" : "PUB", subject, reply, headers.length > 0 ? headers.length : undefined];
  const control = Buffer.from(`${[...words, size].filter((word) => word !== undefined).join(" ")}\r\n`);
  (await connectionOf(player, name)).send(Buffer.concat([control, headers, payload, Buffer.from("\r\n")]));
}

/** The parts of `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time>.<pending>`. */
export function partsOfAck(reply) {
  const found = /^\$JS\.ACK\.([^.]+)\.([^.]+)\.(\d+)\.(\d+)\.(\d+)\.\d{19}\.(\d+)$/.exec(reply ?? "");
  return found ? { told: found.slice(1).join("."), consumerSeq: found[5] } : undefined;
}

/** The next message, which has to be the answer to the oldest request that has none yet. */
export async function readAnswer(player, name) {
  const inbox = await inboxOf(player, name);
  const { subject, content } = await readMessage(player, name);
  const wanted = `_R.${name}.${++inbox.answered}`;
  if (subject !== wanted) throw new Error(`expected the answer to ${wanted}, got on ${subject}: ${show(content)}`);
  return content;
}

export const requestSteps = {
  async req(player, step) {
    const inbox = await inboxOf(player, step.name);
    const { headers, subject, payload } = parseRequest(step.text);
    const reply = `_R.${step.name}.${++inbox.asked}`;
    await publish(player, step.name, subject, reply, headers, payload);
  },
  async answer(player, step) {
    const answer = await readAnswer(player, step.name);
    const wrong = matchContent(answer, step.text, player.variables);
    if (wrong) throw new Error(wrong);
  },
  /** `A told {…}`: the next answer is JSON, compared as a subset. */
  async told(player, step) {
    const answer = (await readAnswer(player, step.name)).toString("utf8");
    const wrong = matchJson(JSON.parse(answer), JSON.parse(step.text), "");
    if (wrong) throw new Error(`${wrong} (all: ${answer})`);
  },
  /** `A pub [Name: value] subject payload`: a message without a reply. */
  async pub(player, step) {
    const { headers, subject, payload } = parseRequest(step.text);
    await publish(player, step.name, subject, undefined, headers, payload);
  },
  /** `A pull reply stream.consumer body`: a request for the next messages. */
  async pull(player, step) {
    const [, headers, reply, consumer, body] = /^(\[[^\]]*\] )?(\S+) (\S+)(?: (.*))?$/s.exec(step.text);
    const asked = parseRequest(`${headers ?? ""}$JS.API.CONSUMER.MSG.NEXT.${consumer} ${body ?? ""}`);
    await publish(player, step.name, asked.subject, reply, asked.headers, asked.payload);
  },
  /** `A delivered subject stream.consumer.deliveries.sequence.consumerSequence.pending content`: the next message, and how to
   *  acknowledge it, which becomes `${ack}` and, with the consumer's sequence, `${ack7}`. */
  async delivered(player, step) {
    const [, subject, wanted, template] = /^(\S+) (\S+)(?: (.*))?$/s.exec(step.text);
    const got = await readMessage(player, step.name);
    const ack = partsOfAck(got.reply);
    if (got.subject !== subject || ack?.told !== wanted) {
      const all = `${got.subject} ${got.reply}: ${show(got.content)}`;
      throw new Error(`expected ${subject} delivered as ${wanted}, got ${all}`);
    }
    player.variables.ack = player.variables[`ack${ack.consumerSeq}`] = got.reply;
    const wrong = matchContent(got.content, template ?? "", player.variables);
    if (wrong) throw new Error(wrong);
  },
  /** `A answers 100 template`: as many answers, in any order, each like the template. */
  async answers(player, step) {
    const [, count, template] = /^(\d+) (.*)$/s.exec(step.text);
    const inbox = await inboxOf(player, step.name);
    for (let i = 0; i < Number(count); i++) {
      const { content } = await readMessage(player, step.name);
      const wrong = matchTemplate(content, template, player.variables);
      if (wrong) throw new Error(wrong);
    }
    inbox.answered += Number(count);
  },
  /** `A msg subject content`: the next message, with any size and any sid. */
  async msg(player, step) {
    const [, wanted, template] = /^(\S+)(?: (.*))?$/s.exec(step.text);
    const { subject, content } = await readMessage(player, step.name);
    const wrong =
      subject === wanted ? undefined : `expected a message on ${wanted}, got on ${subject}: ${show(content)}`;
    const differs = wrong ?? matchContent(content, template ?? "", player.variables);
    if (differs) throw new Error(differs);
  },
  /** The last request is not answered: nothing comes before the PONG. */
  async unanswered(player, step) {
    const inbox = await inboxOf(player, step.name);
    inbox.answered = inbox.asked;
    const connection = await connectionOf(player, step.name);
    connection.send(Buffer.from("PING\r\n"));
    const line = await nextLine(player, step.name, connection, false, false);
    if (!Buffer.isBuffer(line) || !line.equals(Buffer.from("PONG"))) {
      throw new Error(`expected no answer, got: ${Buffer.isBuffer(line) ? show(line) : line}`);
    }
  },
  "<like": (player, step) =>
    expectLine(player, step, (line, template) => matchTemplate(line, template, player.variables)),
};
