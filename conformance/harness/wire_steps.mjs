// The steps of a transcript that concern one connection: send, expect, count, close.
//
// INFO and PING that a transcript does not expect are stepped over (and PING answered), so that a transcript
// only shows them when they are its subject.

import { readFileSync } from "node:fs";
import path from "node:path";
import { Connection } from "./connection.mjs";
import { parseLiterals, parseMs, show } from "./literal.mjs";
import { asRegExp, matchJsonLine, matchLine } from "./match.mjs";

/** @typedef {import("./player.mjs").Player} Player */

/** The connection called `name`, opened over the transport of this play when it is new. @param {Player} player */
export async function connectionOf(player, name) {
  return player.connections.get(name) ?? (await open(player, name, player.transport, {}));
}

/** @param {Player} player */
async function open(player, name, kind, options) {
  const server = await player.server();
  const connection = new Connection();
  player.connections.get(name)?.destroy();
  player.connections.set(name, connection);
  const port = server.ports[options.port ?? (kind === "ws" || kind === "wss" ? "ws" : "client")];
  if (port === undefined) throw new Error(`the server has no ${options.port ?? kind} port`);
  if (kind === "ws" || kind === "wss") {
    const ws = { headers: {}, ...tlsOptions(player, options) };
    if (options.origin) ws.origin = options.origin;
    if (options.cookie) ws.headers.Cookie = options.cookie;
    if (options.compress) ws.perMessageDeflate = true;
    await connection.openWs(`${kind}://127.0.0.1:${port}${options.path ?? "/"}`, ws);
  } else {
    await connection.openTcp(port);
    if (kind === "tls") {
      if (!options.first) await peekInfo(player, name, connection);
      await connection.startTls(tlsOptions(player, options));
    }
  }
  if (!options.raw) await peekInfo(player, name, connection);
  return connection;
}

function tlsOptions(player, options) {
  const result = { servername: options.servername ?? "localhost" };
  const file = (name) => readFileSync(path.join(player.setting.certsDir, name));
  if (options.cert) Object.assign(result, { cert: file(`${options.cert}.pem`), key: file(`${options.cert}-key.pem`) });
  if (options.verify) Object.assign(result, { ca: file("ca.pem"), rejectUnauthorized: true });
  if (options.max) result.maxVersion = options.max;
  if (options.min) result.minVersion = options.min;
  if (options.ciphers) result.ciphers = options.ciphers;
  return result;
}

/** Remembers the INFO that opens a connection without consuming it. */
async function peekInfo(player, name, connection) {
  const line = await connection.peekLine(player.timeoutMs);
  if (Buffer.isBuffer(line)) noteInfo(player, name, line);
}

function noteInfo(player, name, line) {
  const found = /^INFO (\{.*\})\s*$/s.exec(line.toString("utf8"));
  if (found) player.infos[name] = { ...player.infos[name], ...JSON.parse(found[1]) };
}

const isInfo = (line) => line.subarray(0, 5).toString("latin1") === "INFO ";
const isPing = (line) => line.length === 4 && line.toString("latin1") === "PING";

/**
 * The next line, stepping over INFO and PING unless wanted.
 * @param {Player} player
 * @returns {Promise<Buffer | "closed" | "timeout">}
 */
export async function nextLine(player, name, connection, wantInfo, wantPing) {
  for (;;) {
    const line = await connection.readLine(player.timeoutMs);
    if (!Buffer.isBuffer(line)) return line;
    if (isInfo(line)) noteInfo(player, name, line);
    if (isInfo(line) && !wantInfo) continue;
    if (isPing(line) && !wantPing) {
      connection.send(Buffer.from("PONG\r\n"));
      continue;
    }
    return line;
  }
}

/** @param {Player} player */
export async function expectLine(player, step, match) {
  const connection = await connectionOf(player, step.name);
  const subject = step.text.replace(/^\/\^?/, "");
  const line = await nextLine(player, step.name, connection, subject.startsWith("INFO"), subject.startsWith("PING"));
  if (!Buffer.isBuffer(line)) {
    const unread = connection.unread.length > 0 ? `, after an unfinished line: ${show(connection.unread)}` : "";
    throw new Error(`expected: ${show(step.text)}, but ${ended(connection, line)}${unread}`);
  }
  const wrong = match(line, step.text);
  if (wrong) throw new Error(wrong);
}

const ended = (connection, how) =>
  how === "timeout"
    ? "nothing came in time"
    : `the connection was closed${connection.error ? ` (${connection.error})` : ""}`;

async function expectPong(player, name) {
  const connection = await connectionOf(player, name);
  connection.send(Buffer.from("PING\r\n"));
  return connection;
}

function inRange(count, range) {
  const [low, high] = range.includes("..") ? range.split("..").map(Number) : [Number(range), Number(range)];
  return count >= low && count <= high;
}

export const wireSteps = {
  async connect(player, step) {
    const [name, kind = player.transport, ...words] = step.text.split(/\s+/);
    const options = {};
    for (const word of words) {
      const at = word.indexOf("=");
      options[at < 0 ? word : word.slice(0, at)] = at < 0 ? true : word.slice(at + 1);
    }
    const connection = await open(player, name, kind, options);
    if (options.fails && !connection.error) throw new Error("the connection was expected to fail");
  },
  async ">"(player, step) {
    (await connectionOf(player, step.name)).send(Buffer.from(`${step.text}\r\n`));
  },
  async ">>"(player, step) {
    (await connectionOf(player, step.name)).send(parseLiterals(step.text));
  },
  async bytewise(player, step) {
    await (await connectionOf(player, step.name)).sendBytewise(parseLiterals(step.text));
  },
  "<": (player, step) => expectLine(player, step, (line, pattern) => matchLine(line, pattern, player.variables)),
  "<json": (player, step) => expectLine(player, step, matchJsonLine),
  "<keys": (player, step) => expectLine(player, step, matchKeys),
  async "<<"(player, step) {
    const connection = await connectionOf(player, step.name);
    const wanted = parseLiterals(step.text);
    while (!isInfo(wanted) && (await connection.peekBytes(5, player.timeoutMs)) === "INFO ") {
      await nextLine(player, step.name, connection, true, true);
    }
    const got = await connection.readBytes(wanted.length, player.timeoutMs);
    if (!Buffer.isBuffer(got)) {
      throw new Error(`expected: ${show(wanted)}, but ${ended(connection, got)} after: ${show(connection.unread)}`);
    }
    if (!got.equals(wanted)) throw new Error(`expected: ${show(wanted)}, got: ${show(got)}`);
  },
  async closed(player, step) {
    const connection = await connectionOf(player, step.name);
    const end = await nextLine(player, step.name, connection, false, false);
    const rest = Buffer.isBuffer(end) ? end : connection.unread;
    if (rest.length > 0) throw new Error(`expected the connection to close, got: ${show(rest)}`);
    if (end === "timeout") throw new Error("expected the connection to close, it stayed open");
  },
  /** The server closes, whatever it may say before. */
  async ends(player, step) {
    const connection = await connectionOf(player, step.name);
    const how = await connection.readEnd(player.timeoutMs);
    if (how !== "closed") throw new Error("expected the connection to end, it stayed open");
  },
  /** PING is answered and nothing came before the PONG. */
  async silent(player, step) {
    const connection = await expectPong(player, step.name);
    const line = await nextLine(player, step.name, connection, false, false);
    if (!Buffer.isBuffer(line)) throw new Error(`expected nothing but a PONG, but ${ended(connection, line)}`);
    if (!line.equals(Buffer.from("PONG"))) throw new Error(`expected nothing before the PONG, got: ${show(line)}`);
  },
  /** Nothing comes for a while, not even a close. */
  async quiet(player, step) {
    const connection = await connectionOf(player, step.name);
    const kept = player.timeoutMs;
    player.timeoutMs = parseMs(step.text);
    const line = await nextLine(player, step.name, connection, false, false);
    player.timeoutMs = kept;
    if (line !== "timeout") {
      throw new Error(`expected nothing, got: ${Buffer.isBuffer(line) ? show(line) : "the end of the connection"}`);
    }
  },
  /** Everything before the PONG is read and dropped. */
  async drain(player, step) {
    const connection = await expectPong(player, step.name);
    for (;;) {
      const line = await nextLine(player, step.name, connection, false, false);
      if (!Buffer.isBuffer(line)) throw new Error(`expected a PONG, but ${ended(connection, line)}`);
      if (line.equals(Buffer.from("PONG"))) return;
    }
  },
  /** `A count 300..700 /re/`: how many lines match before the PONG. */
  async count(player, step) {
    const [, range, pattern] = /^(\S+) (.*)$/s.exec(step.text);
    const regex = asRegExp(pattern);
    const connection = await expectPong(player, step.name);
    let count = 0;
    for (;;) {
      const line = await nextLine(player, step.name, connection, false, pattern.includes("PING"));
      if (!Buffer.isBuffer(line)) throw new Error(`expected a PONG, but ${ended(connection, line)} (${count} counted)`);
      if (line.equals(Buffer.from("PONG"))) break;
      if (regex.test(line.toString("utf8"))) count++;
    }
    player.counts[step.name] = count;
    if (!inRange(count, range)) throw new Error(`expected ${range} lines like ${pattern}, got ${count}`);
  },
  /** `sum A B = 1000`: of the last counts of these connections. */
  sum(player, step) {
    const [names, range] = step.text.split("=").map((part) => part.trim());
    const total = names.split(/\s+/).reduce((sum, name) => sum + player.counts[name], 0);
    if (!inRange(total, range)) throw new Error(`expected ${range} in all, got ${total}`);
  },
  async close(player, step) {
    (await connectionOf(player, step.name)).close();
  },
  async reset(player, step) {
    (await connectionOf(player, step.name)).reset();
  },
  async pause(player, step) {
    (await connectionOf(player, step.name)).pause();
  },
  async resume(player, step) {
    (await connectionOf(player, step.name)).resume();
  },
};

/** `PREFIX key key …`: these keys are in the JSON object of the line, in this order (others may stand between). */
function matchKeys(line, pattern) {
  const [prefix, ...wanted] = pattern.split(/\s+/);
  const text = line.toString("utf8");
  if (!text.startsWith(`${prefix} {`)) return `expected: ${prefix} {…, got: ${show(line)}`;
  const keys = Object.keys(JSON.parse(text.slice(prefix.length)));
  return keysInOrder(keys, wanted);
}

/** @param {string[]} keys @param {string[]} wanted */
export function keysInOrder(keys, wanted) {
  const missing = wanted.filter((key) => !keys.includes(key));
  if (missing.length > 0) return `missing keys: ${missing.join(" ")}`;
  const order = keys.filter((key) => wanted.includes(key)).join(" ");
  return order === wanted.join(" ") ? undefined : `expected key order: ${wanted.join(" ")}, got: ${order}`;
}
