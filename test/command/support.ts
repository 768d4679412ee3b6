// Starts the built command as a child process, building it first when the
// sources are newer. Every child is ended when its test ends.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach } from "vitest";

const root = join(import.meta.dirname, "../..");
export const executable = join(root, "dist/nats-server.cjs");

/** When the file changed, 0 when it is not there. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Builds dist/ when something in src/ or .make/ is newer. One test file at a time does it. */
export function buildWhenStale(): void {
  const lock = join(root, ".cache/build.lock");
  mkdirSync(join(root, ".cache"), { recursive: true });
  const untilMs = Date.now() + 60_000;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      // Left behind by a run that was killed.
      if (Date.now() > untilMs || Date.now() - changedAt(lock) > 60_000) rmSync(lock, { recursive: true, force: true });
      else execFileSync("sleep", ["0.1"]);
    }
  }
  try {
    const sources = ["src", ".make"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(root, folder, file)),
    );
    const newest = Math.max(...sources.map(changedAt));
    if (changedAt(executable) === 0 || changedAt(join(root, "dist")) < newest) {
      execFileSync(process.execPath, [join(root, ".make/build.mjs")], {
        cwd: root,
        stdio: ["ignore", "ignore", "inherit"],
      });
    }
  } finally {
    rmdirSync(lock);
  }
}

/** A child process of the command. */
export class Command {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  /** Settles when it has ended and all it printed was read. */
  readonly end: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #listeners: (() => void)[] = [];

  constructor(args: readonly string[], more: { env?: Record<string, string>; cwd?: string } = {}) {
    this.child = spawn(process.execPath, [executable, ...args], {
      cwd: more.cwd ?? folder,
      env: { ...process.env, NODE_OPTIONS: "", ...more.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout!.on("data", (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr!.on("data", (bytes: Buffer) => {
      this.stderr += bytes.toString();
      for (const look of this.#listeners) look();
    });
    this.end = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve({ code, signal }));
    });
    children.push(this.child);
  }

  get pid(): number {
    return this.child.pid!;
  }
  /** The port for clients, once it is ready. */
  get port(): number {
    return Number(/Listening for client connections on .*:(\d+)/.exec(this.stderr)?.[1]);
  }

  /** Resolves with the match once stderr has `what`; rejects when the command ends first. */
  logs(what: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = what.exec(this.stderr);
        if (found === null) return;
        this.#listeners = this.#listeners.filter((each) => each !== look);
        resolve(found);
      };
      this.#listeners.push(look);
      void this.end.then(() => reject(new Error(`ended without ${String(what)}:\n${this.stderr}`)));
      look();
    });
  }
  async ready(): Promise<this> {
    await this.logs(/Server is ready\n/);
    return this;
  }
  /** Stops it as a supervisor does. */
  stop(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    this.child.kill("SIGTERM");
    return this.end;
  }
  /** Texts of the log with their level: "INF Server is ready". */
  get lines(): string[] {
    return logLines(this.stderr);
  }
}

/** Texts of a log with their level. */
export function logLines(log: string): string[] {
  return log
    .split(/\r?\n/)
    .slice(0, -1)
    .map((line) => line.replace(/^\[\d+\] (?:\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} )?\[(\w{3})\] /, "$1 "));
}

/** Flags that start a server on a free port of this machine only. */
export const local = ["-a", "127.0.0.1", "-p", "-1"];

/** Runs the command to its end. */
export async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new Command(args);
  const { code } = await command.end;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

/** A client that has had its PONG. */
export async function connectClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.on("data", (bytes: Buffer) => {
      got += bytes.toString();
      if (got.includes("PONG")) resolve();
    });
    socket.write('CONNECT {"verbose":false}\r\nPING\r\n');
  });
  socket.on("error", () => {});
  return socket;
}

/** The test's own folder; commands run in it. */
export let folder = "";
let children: ChildProcess[] = [];

/** Writes a file into the test's folder; returns its path. */
export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** To be called once at the top of every test file. */
export function useCommand(): void {
  beforeAll(buildWhenStale, 90_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "subjectd-command-"));
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    children = [];
    rmSync(folder, { recursive: true, force: true });
  });
}
