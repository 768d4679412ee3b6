// Asks a real nats-server to create and update streams with random and edge
// configurations, and writes what it answers.
//
//   node test/jetstream/config/answers/record.mjs path/to/nats-server [scenarios] [seed] [file]
//
// A line is a scenario: one stream name, from nothing. Each step has the
// request's text and either the error or the text of `config` in the response;
// some creates of file streams also have the text of meta.inf.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scenarios } from "./scenarios.mjs";

const [server = "nats-server", count = "360", seed = "3", file] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), "streams-"));
const BIG = "max_memory_store: 1000000000000, max_file_store: 1000000000000";
const servers = {
  plain: `jetstream { store_dir: "${dir}/plain", ${BIG} }`,
  limited: `jetstream { store_dir: "${dir}/limited", ${BIG}, limits { duplicate_window: "30s" } }
    accounts { A { users: [{user: a, password: a}]
      jetstream { max_bytes_required: true, mem_max_stream_bytes: 2000, disk_max_stream_bytes: 5000 } } }
    no_auth_user: a`,
};

function start(name) {
  const conf = join(dir, `${name}.conf`);
  writeFileSync(conf, `listen: "127.0.0.1:-1"\n${servers[name]}\n`);
  const child = spawn(server, ["-c", conf], { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let log = "";
    child.on("error", reject);
    child.on("exit", () => reject(new Error(log)));
    child.stderr.on("data", (data) => {
      log += data;
      const port = /Listening for client connections on \S+:(\d+)/.exec(log)?.[1];
      if (port !== undefined && log.includes("Server is ready")) resolve({ child, port: Number(port) });
    });
  });
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
      return new Promise((resolve) => {
        due = resolve;
        const head = Buffer.from(`PUB ${subject} answers.${inbox} ${body.length}\r\n`);
        socket.write(Buffer.concat([head, body, Buffer.from("\r\n")]));
      });
    },
    close: () => socket.destroy(),
  };
}

/** The text of the object behind `"config":`. */
function configText(response) {
  const from = response.indexOf('"config":') + 9;
  let depth = 0;
  for (let at = from; ; at++) {
    if (response[at] === '"') {
      for (at++; response[at] !== '"'; at++) if (response[at] === "\\") at++;
    } else if (response[at] === "{") depth++;
    else if (response[at] === "}" && --depth === 0) return response.slice(from, at + 1);
  }
}

/** Long rows of one letter as their length. */
const short = (text) => text.replace(/x{200,}/g, ({ length }) => `⟨${length}⟩`);

const lines = [];
const running = { plain: await start("plain"), limited: await start("limited") };
const clients = { plain: client(running.plain.port), limited: client(running.limited.port) };
for (const scenario of scenarios(Number(count), Number(seed))) {
  const { request } = clients[scenario.server];
  const metaFile = join(
    dir,
    scenario.server,
    "jetstream",
    scenario.server === "plain" ? "$G" : "A",
    "streams/S/meta.inf",
  );
  const steps = [];
  for (const { verb, body } of scenario.steps) {
    const response = await request(`$JS.API.STREAM.${verb}.S`, body);
    const { error } = JSON.parse(response);
    if (error !== undefined) steps.push({ verb, body, error });
    else if (verb !== "CREATE" || lines.length % 4 > 0 || !existsSync(metaFile))
      steps.push({ verb, body, config: configText(response) });
    else steps.push({ verb, body, config: configText(response), meta: readFileSync(metaFile, "utf8") });
  }
  await request("$JS.API.STREAM.DELETE.S", "");
  // A delete that is not through yet gets in the way of the next create.
  if (steps.some(({ error }) => error?.description === "error creating store for stream")) continue;
  lines.push(short(JSON.stringify({ server: scenario.server, steps })));
}
for (const name of Object.keys(running)) {
  clients[name].close();
  running[name].child.removeAllListeners("exit");
  running[name].child.kill("SIGKILL");
}
rmSync(dir, { recursive: true, maxRetries: 5 });
writeFileSync(file ?? join(import.meta.dirname, "configs.jsonl"), `${lines.join("\n")}\n`);
