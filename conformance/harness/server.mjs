// A server process under test: starts it in a fresh directory, reads its ports from its log, collects the log.
//
// Owns: the child process and its directory. Everything listens on 127.0.0.1 and on ports the system picks.

import { spawn } from "node:child_process";
import http from "node:http";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const startTimeoutMs = 8000;

const base = (dir) => `listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\nports_file_dir: "${dir}"\n`;

export class ServerProcess {
  #child = undefined;
  #log = "";
  #exit = undefined;
  #waiters = new Set();
  #web = undefined;
  webUrl = "";

  /** @param {{ command: string[] }} program */
  constructor(program) {
    this.program = program;
    this.dir = mkdtempSync(path.join(tmpdir(), "conformance-"));
    this.ports = {};
  }

  /** Serves texts over HTTP, by path, for resolvers. @param {[string, string][]} pages */
  async serve(pages) {
    if (pages.length === 0) return;
    const texts = new Map(pages);
    this.#web = http.createServer((request, response) => {
      const text = texts.get(request.url);
      response.writeHead(text === undefined ? 404 : 200).end(text);
    });
    await new Promise((resolve) => {
      this.#web.listen(0, "127.0.0.1", resolve);
    });
    this.webUrl = `http://127.0.0.1:${this.#web.address().port}`;
  }

  get log() {
    return this.#log;
  }

  get pid() {
    return this.#child?.pid;
  }

  get exitCode() {
    return this.#exit;
  }

  /** Writes a file next to the configuration. @param {string} name @param {string} text */
  writeFile(name, text) {
    const file = path.join(this.dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Writes the configuration; `bare` leaves out the listeners the harness adds. */
  writeConfig(text, bare) {
    this.writeFile("server.conf", (bare ? "" : base(this.dir)) + text);
  }

  /**
   * Starts and waits for "Server is ready".
   * @param {string[]} flags
   * @param {Record<string, string>} env
   */
  async start(flags, env) {
    const [command, ...args] = this.program.command;
    this.#child = spawn(command, [...args, "-c", "server.conf", ...flags], {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const collect = (chunk) => {
      this.#log += chunk;
      this.#changed();
    };
    this.#child.stdout.setEncoding("utf8").on("data", collect);
    this.#child.stderr.setEncoding("utf8").on("data", collect);
    this.#child.on("error", (error) => collect(`spawn failed: ${error.message}\n`));
    this.#child.on("exit", (code, signal) => {
      this.#exit = code ?? signal;
      this.#changed();
    });
    const ready = await this.waitFor(() => this.#readPorts(), startTimeoutMs);
    if (!ready) throw new Error(`the server did not start (exit ${this.#exit}): ${this.#log.slice(-1500)}`);
  }

  #readPorts() {
    if (this.#exit !== undefined)
      throw new Error(`the server exited with ${String(this.#exit)}: ${this.#log.slice(-1500)}`);
    let log = this.#log;
    if (!log.includes("Server is ready")) {
      const logFile = readdirSync(this.dir).find((name) => name.endsWith(".log"));
      if (logFile) log = readFileSync(path.join(this.dir, logFile), "utf8");
      if (!log.includes("Server is ready")) return false;
    }
    const port = (regex) => Number(regex.exec(log)?.[1]) || undefined;
    this.ports = {
      client: port(/Listening for client connections on \S+:(\d+)/),
      http: port(/Starting http monitor on \S+:(\d+)/),
      https: port(/Starting https monitor on \S+:(\d+)/),
      ws: port(/Listening for websocket clients on wss?:\/\/\S+:(\d+)/),
      wss: port(/Listening for websocket clients on wss:\/\/\S+:(\d+)/),
    };
    return this.ports.client !== undefined;
  }

  #changed() {
    for (const waiter of this.#waiters) waiter();
  }

  /** Waits until `check` is true; re-checked when something is logged and every 20 ms. */
  async waitFor(check, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    while (!check()) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, 20);
        this.#waiters.add(done);
      });
    }
    return true;
  }

  /** @param {NodeJS.Signals} name */
  signal(name) {
    this.#child.kill(name);
  }

  /** Waits for the process to end and returns its exit code. */
  async waitExit(timeoutMs) {
    await this.waitFor(() => this.#exit !== undefined, timeoutMs);
    return this.#exit;
  }

  /** Ends the process and removes its directory. */
  async stop() {
    if (this.#child && this.#exit === undefined) {
      this.#child.kill("SIGKILL");
      await this.waitExit(3000);
    }
    this.#web?.close();
    this.#web?.closeAllConnections();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Runs the program to its end in `dir`.
 * @returns {Promise<{ code: number | string, stdout: string, stderr: string }>}
 */
export function runToEnd(program, args, dir, env, timeoutMs) {
  const [command, ...head] = program.command;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...head, ...args], {
      cwd: dir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk) => (out.stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk) => (out.stderr += chunk));
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? signal, ...out });
    });
  });
}
