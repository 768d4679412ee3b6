// The steps of a transcript that concern the server as a process: HTTP, log, signals, command runs, time.

import http from "node:http";
import https from "node:https";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseMs, show } from "./literal.mjs";
import { asRegExp, matchJson } from "./match.mjs";
import { runToEnd } from "./server.mjs";
import { keysInOrder } from "./wire_steps.mjs";

/** @typedef {import("./player.mjs").Player} Player */

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** @param {Player} player */
async function fetchPath(player, target) {
  const server = await player.server();
  const { https: secure, http: plain } = server.ports;
  const client = secure ? https : http;
  const options = { host: "127.0.0.1", port: secure ?? plain, path: target, rejectUnauthorized: false, agent: false };
  return new Promise((resolve, reject) => {
    const request = client.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    request.setTimeout(player.timeoutMs, () => request.destroy(new Error("HTTP timeout")));
    request.on("error", reject);
    request.end();
  });
}

/** Checks the last response; asks again for a while, because counters and closed lists follow a little later. */
async function eventually(player, check) {
  if (!player.http) throw new Error("no GET before this line");
  const deadline = Date.now() + player.timeoutMs;
  for (;;) {
    const wrong = check(player.http.response);
    if (!wrong) return;
    if (Date.now() > deadline) throw new Error(wrong);
    await sleep(50);
    player.http.response = await fetchPath(player, player.http.target);
  }
}

function parsed(response) {
  try {
    return JSON.parse(response.body);
  } catch {
    return undefined;
  }
}

function textMatches(actual, pattern) {
  const regex = asRegExp(pattern);
  return regex ? regex.test(actual) : actual === pattern;
}

function lineOfRun(player, stream, pattern) {
  if (!player.ran) throw new Error("no run before this line");
  const lines = player.ran[stream];
  const line = lines.shift();
  if (line === undefined) throw new Error(`${stream}: expected: ${pattern}, got nothing (exit ${player.ran.code})`);
  if (!textMatches(line, pattern)) throw new Error(`${stream}: expected: ${pattern}, got: ${show(line)}`);
}

function findLog(log, pattern) {
  const regex = asRegExp(pattern);
  if (!regex) throw new Error("log wants a /regex/");
  return log.split("\n").find((line) => regex.test(line));
}

export const serverSteps = {
  async start(player) {
    await player.server();
  },
  async GET(player, step) {
    await player.server();
    player.http = { target: step.text, response: await fetchPath(player, step.text) };
  },
  status: (player, step) =>
    eventually(player, ({ status, body }) =>
      status === Number(step.text) ? undefined : `expected status ${step.text}, got ${status}: ${show(body)}`,
    ),
  header: (player, step) =>
    eventually(player, ({ headers }) => {
      const at = step.text.indexOf(":");
      const [name, wanted] = [step.text.slice(0, at).toLowerCase(), step.text.slice(at + 1).trim()];
      return textMatches(String(headers[name]), wanted) ? undefined : `expected ${step.text}, got ${headers[name]}`;
    }),
  json: (player, step) =>
    eventually(player, (response) => {
      const body = parsed(response);
      if (body === undefined) return `expected JSON, got: ${show(response.body)}`;
      return matchJson(body, JSON.parse(step.text), "");
    }),
  /** `keys [.path] k1 k2 …`: present in this order. */
  keys: (player, step) =>
    eventually(player, (response) => {
      const words = step.text.split(/\s+/);
      let body = parsed(response);
      if (words[0].startsWith(".")) for (const part of words.shift().slice(1).split(".")) body = body?.[part];
      return body ? keysInOrder(Object.keys(body), words) : `expected JSON, got: ${show(response.body)}`;
    }),
  body: (player, step) =>
    eventually(player, ({ body }) =>
      textMatches(body, step.text) ? undefined : `expected ${step.text}, got: ${show(body)}`,
    ),

  async log(player, step) {
    const server = await player.server();
    const found = await server.waitFor(() => findLog(server.log, step.text) !== undefined, player.timeoutMs);
    if (!found) throw new Error(`no log line like ${step.text}; the last: ${show(server.log.slice(-250))}`);
    Object.assign(player.variables, asRegExp(step.text).exec(findLog(server.log, step.text)).groups);
  },
  async nolog(player, step) {
    const line = findLog((await player.server()).log, step.text);
    if (line) throw new Error(`unexpected log line: ${show(line)}`);
  },
  async signal(player, step) {
    (await player.server()).signal(`SIG${step.text}`);
  },
  async rewrite(player, step) {
    (await player.server()).writeConfig(step.text, player.setting.transcript.bare);
  },
  /** `server exits 0` */
  async server(player, step) {
    const wanted = step.text.replace(/^exits /, "");
    const code = await (await player.server()).waitExit(player.timeoutMs);
    if (String(code) !== wanted) throw new Error(`expected the server to exit with ${wanted}, got ${code}`);
  },

  /** `run -t -c bad.conf`: the command, to its end, in the directory of the transcript's files. */
  async run(player, step) {
    const dir = (player.running ?? player.setting.scratch()).dir;
    const args = step.text.match(/"[^"]*"|\S+/g).map((arg) => arg.replace(/^"(.*)"$/, "$1"));
    const { env } = player.setting.transcript;
    const { code, stdout, stderr } = await runToEnd(player.setting.program, args, dir, env, 6000);
    const lines = (text) => text.split("\n").filter((line, i, all) => line !== "" || i < all.length - 1);
    player.ran = { code, stdout: lines(stdout), stderr: lines(stderr), all: { stdout, stderr } };
  },
  exit(player, step) {
    if (String(player.ran?.code) !== step.text) {
      throw new Error(`expected exit ${step.text}, got ${player.ran?.code}: ${show(player.ran?.all.stderr ?? "")}`);
    }
  },
  stdout: (player, step) => lineOfRun(player, "stdout", step.text),
  stderr: (player, step) => lineOfRun(player, "stderr", step.text),
  /** `output /re/`: some line of either stream. */
  output(player, step) {
    const text = player.ran.all.stdout + player.ran.all.stderr;
    if (!text.split("\n").some((line) => textMatches(line, step.text))) {
      throw new Error(`expected a line like ${step.text}, got: ${show(text)}`);
    }
  },

  /** `text NAME /re/`: the content of a file in the server's directory; NAME may use * for the pid. */
  async text(player, step) {
    const [, folder = "", name, pattern] = /^(\S+\/)?([^/\s]+) (.*)$/s.exec(step.text);
    const server = await player.server();
    const dir = path.join(server.dir, folder);
    const regex = new RegExp(`^${name.replace(/\./g, "\\.").replace(/\*/g, ".*")}$`);
    let last = "no such file";
    const found = await server.waitFor(() => {
      const file = readdirSync(dir).find((entry) => regex.test(entry) && statSync(path.join(dir, entry)).isFile());
      last = file === undefined ? "no such file" : readFileSync(path.join(dir, file), "utf8");
      return pattern === "$absent" ? file === undefined : file !== undefined && textMatches(last, pattern);
    }, player.timeoutMs);
    if (!found) throw new Error(`${name}: expected ${pattern}, got: ${show(last)}`);
  },

  async wait(_player, step) {
    await sleep(parseMs(step.text));
  },
  timeout(player, step) {
    player.timeoutMs = parseMs(step.text);
  },
  mark(player) {
    player.markedAt = Date.now();
  },
  /** `since 900ms..2500ms`: time passed since `mark`. */
  since(player, step) {
    const [low, high] = step.text.split("..").map(parseMs);
    const passed = Date.now() - player.markedAt;
    if (passed < low || passed > high) throw new Error(`expected ${step.text} since the mark, got ${passed}ms`);
  },
};
