// How long a server takes from its start until a stream that it finds says how many messages it has.

import { readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { startServer } from "./servers.mjs";

const GIVE_UP_MS = 120_000;
const AGAIN_MS = 10;
const ASK = "PUB $JS.API.STREAM.INFO.LOAD000 _INBOX.recovery 0\r\n\r\n";

/** Removes the index of every stream in a store. */
export function removeIndexes(storeDir) {
  const names = readdirSync(storeDir, { recursive: true }).filter((name) => path.basename(name) === "index.db");
  if (names.length === 0) throw new Error(`no index in ${storeDir}`);
  for (const name of names) rmSync(path.join(storeDir, name));
}

/**
 * One run: CPU per message is that of everything the process did.
 * @param {import("./servers.mjs").Program} program
 * @param {{ config: string, cacheDir: string, filled: string, prepare?: (storeDir: string) => void }} how
 * @param {{ count: number }} load
 */
export async function runRecovery(program, how, { count }) {
  const before = machineCpuSec();
  const server = await startServer(program, how);
  try {
    await untilStream(server.port, count);
    const seconds = (performance.now() - server.startedAtMs) / 1000;
    const cpu = processCpuSec(server.pid);
    return {
      rate: count / seconds,
      seconds,
      cpuUs: (cpu * 1e6) / count,
      rssKb: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]),
      othersBusy: Math.max(0, machineCpuSec() - before - cpu) / seconds,
    };
  } finally {
    await server.stop();
  }
}

/** Asks until the answer tells of all messages. */
function untilStream(port, count) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    let text = "";
    const ask = () => socket.write(ASK);
    const giveUp = setTimeout(
      () => end(new Error(`the stream was not there in time: ${text.slice(-300)}`)),
      GIVE_UP_MS,
    );
    const end = (error) => {
      clearTimeout(giveUp);
      socket.destroy();
      if (error) reject(error);
      else resolve(undefined);
    };
    socket.once("connect", () => {
      socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _INBOX.recovery 1\r\n');
      ask();
    });
    socket.once("error", end);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const answer = text.lastIndexOf("MSG _INBOX.recovery");
      if (answer < 0 || !text.slice(answer).endsWith("\r\n")) return;
      if (text.includes(`"messages":${count},`)) end(undefined);
      else setTimeout(ask, AGAIN_MS);
      text = "";
    });
  });
}

function processCpuSec(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanos = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]));
  return nanos.reduce((sum, value) => sum + value, 0) / 1e9;
}

function machineCpuSec() {
  const busy = os.cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busy.reduce((sum, value) => sum + value, 0) / 1000;
}
