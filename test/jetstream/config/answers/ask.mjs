// Asks a server to create and update streams with random and edge configurations.
//
// Owns the two servers it starts (one plain, one with limits), their directory
// and the connections to them.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scenarios } from "./scenarios.mjs";

const BIG = "max_memory_store: 1000000000000, max_file_store: 1000000000000";
const configs = {
  plain: (dir) => `jetstream { store_dir: "${dir}", ${BIG} }`,
  limited: (dir) => `jetstream { store_dir: "${dir}", ${BIG}, limits { duplicate_window: "30s" } }
    accounts { A { users: [{user: a, password: a}]
      jetstream { max_bytes_required: true, mem_max_stream_bytes: 2000, disk_max_stream_bytes: 5000 } } }
    no_auth_user: a`,
};
const accounts = { plain: "$G", limited: "A" };

/**
 * What the server says to `count` scenarios. Each is one stream name, from
 * nothing; each step of it has the request's text and either the error or the
 * text of `config` in the response, and, where it was a create that left a
 * meta.inf, that file's text.
 * @param {string[]} command
 */
export async function* ask(command, count, seed) {
  const dir = mkdtempSync(join(tmpdir(), "streams-"));
  const running = {};
  try {
    for (const name of Object.keys(configs)) {
      running[name] = await start(command, dir, name, configs[name](join(dir, name)));
    }
    for (const { server, steps } of scenarios(count, seed)) {
      const { request } = running[server];
      const metaFile = join(dir, server, "jetstream", accounts[server], "streams/S/meta.inf");
      const answered = [];
      for (const { verb, body } of steps) {
        const response = await request(`$JS.API.STREAM.${verb}.S`, body);
        const { error } = JSON.parse(response);
        if (error !== undefined) answered.push({ verb, body, error });
        else if (verb !== "CREATE" || !existsSync(metaFile))
          answered.push({ verb, body, config: configText(response) });
        else answered.push({ verb, body, config: configText(response), meta: readFileSync(metaFile, "utf8") });
      }
      await request("$JS.API.STREAM.DELETE.S", "");
      yield { server, steps: answered };
    }
  } finally {
    for (const { stop } of Object.values(running)) stop();
    rmSync(dir, { recursive: true, maxRetries: 5 });
  }
}

/** Starts a server with a configuration besides its address. */
export async function start([program, ...args], dir, name, config) {
  const conf = join(dir, `${name}.conf`);
  writeFileSync(conf, `listen: "127.0.0.1:-1"\n${config}\n`);
  const child = spawn(program, [...args, "-c", conf], { stdio: ["ignore", "ignore", "pipe"] });
  const port = await new Promise((resolve, reject) => {
    let log = "";
    child.on("error", reject);
    child.once("exit", () => reject(new Error(log)));
    child.stderr.on("data", (data) => {
      log += data;
      const port = /Listening for client connections on \S+:(\d+)/.exec(log)?.[1];
      if (port !== undefined && log.includes("Server is ready")) resolve(Number(port));
    });
  });
  const { request, listen, unlisten, close } = client(port);
  const stop = () => {
    close();
    child.removeAllListeners();
    child.kill("SIGKILL");
  };
  return { request, listen, unlisten, stop };
}

/** Sends requests one after the other; the answer is the payload's text. */
function client(port) {
  const socket = net.connect(port, "127.0.0.1");
  let buffered = "";
  let due;
  let inbox = 0;
  socket.write('CONNECT {"verbose":false}\r\nSUB answers.* 1\r\n');
  socket.setEncoding("latin1").on("data", (data) => {
    buffered += data;
    const head = /MSG answers\.(\d+) 1 (\d+)\r\n/.exec(buffered);
    if (head === null) return;
    const from = head.index + head[0].length;
    const to = from + Number(head[2]);
    if (buffered.length < to + 2) return;
    const payload = Buffer.from(buffered.slice(from, to), "latin1").toString("utf8");
    buffered = buffered.slice(to + 2);
    if (Number(head[1]) === inbox) due(payload);
  });
  return {
    request(subject, text) {
      const body = Buffer.from(text, "utf8");
      inbox++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer to ${subject} ${text.slice(0, 500)}`)), 5000);
        due = (payload) => {
          clearTimeout(timer);
          resolve(payload);
        };
        const head = Buffer.from(`PUB ${subject} answers.${inbox} ${body.length}\r\n`);
        socket.write(Buffer.concat([head, body, Buffer.from("\r\n")]));
      });
    },
    listen: (subject, sid) => void socket.write(`SUB ${subject} ${sid}\r\n`),
    unlisten: (sid) => void socket.write(`UNSUB ${sid}\r\n`),
    close: () => socket.destroy(),
  };
}

/** The text of the object behind `"config":`. */
export function configText(response) {
  const from = response.indexOf('"config":') + 9;
  let depth = 0;
  for (let at = from; ; at++) {
    if (response[at] === '"') {
      for (at++; response[at] !== '"'; at++) if (response[at] === "\\") at++;
    } else if (response[at] === "{") depth++;
    else if (response[at] === "}" && --depth === 0) return response.slice(from, at + 1);
  }
}
