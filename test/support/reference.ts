// nats-server as a process, behind the same interface as ours: for tests that
// want to know what it does. See transports.ts.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerOptions } from "../../src/index.ts";
import type { Endpoint } from "./peer.ts";

const START_MS = 5000;

/** Starts `program` with options of an embedded server; its log lines, without time and process, go to `log`. */
export async function startReference(program: string, options: ServerOptions, log: string[]): Promise<Endpoint> {
  const folder = mkdtempSync(join(tmpdir(), "reference-"));
  const config = onLoopback({ ...options, ports_file_dir: folder });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const child = spawn(program, ["-c", join(folder, "config.json")], { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
      log.push(text.slice(0, at).replace(/^\[\d+\] \S+ \S+ /, ""));
      text = text.slice(at + 1);
    }
  });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const portsFile = join(folder, `nats-server_${child.pid}.ports`);
  const deadline = Date.now() + START_MS;
  while (!existsSync(portsFile) || !readFileSync(portsFile, "utf8").endsWith("}")) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`nats-server did not start: ${log.join("\n")}${text}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ports = JSON.parse(readFileSync(portsFile, "utf8")) as Record<string, string[] | undefined>;
  return {
    port: Number(ports["nats"]?.[0]?.split(":").at(-1)),
    websocketUrl: ports["websocket"]?.[0],
    monitorUrl: ports["monitoring"]?.[0],
    connectInProcess() {
      throw new Error("not in this process");
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The defaults of an embedded server, written out. */
function onLoopback(options: ServerOptions): Record<string, unknown> {
  const { websocket, http_port } = options;
  return {
    host: "127.0.0.1",
    ...options,
    port: (options.port ?? 0) === 0 ? -1 : options.port,
    ...(websocket === undefined ? {} : { websocket: { host: "127.0.0.1", ...(websocket as object) } }),
    ...(http_port === undefined ? {} : { http_port: undefined, http: `127.0.0.1:${String(http_port)}` }),
  };
}
