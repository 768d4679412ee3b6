// One server process under test: started, watched through its log, signalled, restarted, stopped.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { target } from "./target.mjs";
import { within } from "./wait.mjs";

const running = new Set();
process.on("exit", () => {
  for (const server of running) server.destroy();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

export class Server {
  /** What the process wrote to stderr so far. */
  log = "";
  /** What it wrote to stdout so far. */
  output = "";
  exitCode = undefined;

  /**
   * Starts a server and waits for `Server is ready`. `config` is text or a function of the server's directory;
   * it is written to server.conf there. `flags` follow `-a 127.0.0.1 -p PORT`.
   * @param {{ config?: string | ((dir: string) => string), flags?: string[], port?: number, ready?: boolean, env?: object }} options
   */
  static async start(options = {}) {
    const server = new Server(options);
    await server.spawn();
    return server;
  }

  constructor({ config, flags = [], port = -1, ready = true, env = {}, bare = false } = {}) {
    this.dir = mkdtempSync(path.join(os.tmpdir(), "clients-"));
    this.flags = flags;
    this.asked = port;
    this.ready = ready;
    this.env = env;
    this.bare = bare;
    this.configFile = path.join(this.dir, "server.conf");
    this.hasConfig = config !== undefined;
    if (this.hasConfig) this.configure(config);
  }

  /** Writes the configuration file anew; the running server is not told. */
  configure(config) {
    writeFileSync(this.configFile, typeof config === "function" ? config(this.dir) : config);
  }

  async spawn() {
    const { command } = target();
    const address = this.bare ? [] : ["-a", "127.0.0.1", "-p", String(this.asked)];
    const flags = this.flags.map((flag) => flag.replaceAll("{dir}", this.dir));
    const args = [...command.slice(1), ...(this.hasConfig ? ["-c", this.configFile] : []), ...address, ...flags];
    this.log = "";
    this.exitCode = undefined;
    this.child = spawn(command[0], args, {
      cwd: this.dir,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.env },
    });
    running.add(this);
    this.child.stderr.on("data", (chunk) => (this.log += chunk));
    this.child.stdout.on("data", (chunk) => (this.output += chunk));
    this.exited = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.log += `cannot start ${command.join(" ")}: ${error.message}\n`;
        this.exitCode = -1;
        resolve(-1);
      });
      this.child.once("close", (code, signal) => {
        this.exitCode ??= code ?? signal;
        running.delete(this);
        resolve(this.exitCode);
      });
    });
    if (this.ready) await this.logged("Server is ready");
    if (this.asked === -1) this.asked = this.port ?? -1;
  }

  /** Waits for `text` (or a match) in the log; fails at once when the process ends first. */
  async logged(text, timeoutMs = 10_000) {
    const seen = () => (typeof text === "string" ? this.log.includes(text) : text.test(this.log));
    await within(
      timeoutMs,
      () => `the log to show ${text}; it shows:\n${this.log.slice(-2000)}`,
      () => {
        if (seen()) return true;
        if (this.exitCode !== undefined)
          throw new Error(`the server ended (${String(this.exitCode)}); its log:\n${this.log.slice(-2000)}`);
        return false;
      },
    );
  }

  get pid() {
    return this.child.pid;
  }
  get port() {
    const found = /Listening for client connections on .*:(\d+)/.exec(this.log);
    return found ? Number(found[1]) : undefined;
  }
  get url() {
    return `nats://127.0.0.1:${this.port}`;
  }
  get wsUrl() {
    const found = /Listening for websocket clients on (wss?):\/\/.*:(\d+)/.exec(this.log);
    return found ? `${found[1]}://127.0.0.1:${found[2]}` : undefined;
  }
  get httpUrl() {
    const found = /Starting (https?) monitor on .*:(\d+)/.exec(this.log);
    return found ? `${found[1]}://127.0.0.1:${found[2]}` : undefined;
  }

  /** Reads a file of the server's directory. @param {string} name */
  read(name) {
    return readFileSync(path.join(this.dir, name), "utf8");
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Ends the process with `signal` and waits; after 5 s it is killed. Returns its exit code. */
  async end(signal = "SIGTERM", timeoutMs = 5000) {
    if (this.exitCode !== undefined) return this.exitCode;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), timeoutMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  /** The same process again, on the same client port. @param {NodeJS.Signals} signal */
  async restart(signal = "SIGTERM") {
    await this.end(signal);
    await this.spawn();
  }

  async stop() {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  }

  destroy() {
    if (this.exitCode === undefined) this.child?.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
