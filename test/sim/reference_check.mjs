// nats-server on the directories that simulated lives left: it must show what our store showed.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { RawClient } from "./raw_client.mjs";

const START_MS = 20_000;

/**
 * Opens all dumps (store_dump.ts) with one server.
 * @returns {Promise<string[]>} what it shows otherwise
 */
export async function checkWithReference(binary, dumps) {
  const root = mkdtempSync(path.join(tmpdir(), "sim-"));
  for (const { stream, files } of dumps) {
    for (const [name, bytes] of files) {
      const file = path.join(root, "jetstream/$G/streams", stream, name);
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: 0o600 });
    }
  }
  const port = await freePort();
  const child = spawn(binary, ["-js", "-sd", root, "-p", String(port), "-a", "127.0.0.1"], { stdio: "ignore" });
  try {
    const client = await connect(port);
    const faults = [];
    for (const dump of dumps) faults.push(...(await compare(client, dump)));
    client.close();
    if (faults.length === 0) rmSync(root, { recursive: true });
    else faults.push(`the directory is left in ${root}`);
    return faults;
  } finally {
    child.kill("SIGKILL");
  }
}

async function compare(client, { stream, messages, lastSeq, trimmed }) {
  const faults = [];
  const wrong = (text) => void faults.push(`nats-server on ${stream}: ${text}`);
  let info;
  try {
    info = await client.api(`STREAM.INFO.${stream}`, { deleted_details: true });
  } catch (error) {
    wrong(error.message);
    return faults;
  }
  const { state } = info;
  if (state.last_seq !== lastSeq) wrong(`last sequence ${state.last_seq}, not ${lastSeq}`);
  const deleted = new Set(state.deleted);
  const wanted = new Map(messages.map((message) => [message.seq, message]));
  const asked = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) if (!deleted.has(seq)) asked.push(seq);
  for (const seq of wanted.keys()) if (!asked.includes(seq)) wrong(`message ${seq} is missing`);
  await Promise.all(
    asked.map(async (seq) => {
      const { message } = await client
        .api(`STREAM.MSG.GET.${stream}`, { seq })
        .catch((error) => ({ message: error.message }));
      const expected = wanted.get(seq);
      if (expected === undefined) {
        if (!trimmed.has(seq)) wrong(`message ${seq} should not be there`);
      } else if (JSON.stringify(shape(message)) !== JSON.stringify(expected)) {
        wrong(`message ${seq} is ${JSON.stringify(message)}, not ${JSON.stringify(expected)}`);
      }
    }),
  );
  return faults;
}

function shape({ seq, subject, hdrs = "", data = "", time }) {
  if (time === undefined) return undefined;
  const [whole, fraction = ""] = time.replace("Z", "").split(".");
  return {
    seq,
    subject,
    header: Buffer.from(hdrs, "base64").toString("latin1"),
    body: Buffer.from(data, "base64").toString("latin1"),
    sec: Date.parse(`${whole}Z`) / 1000,
    nanos: Number(fraction.padEnd(9, "0")),
  };
}

async function connect(port) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      const client = await RawClient.connect(port);
      await client.api("INFO");
      return client;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
