// The command with a server in it: log, banner, pid and ports files, signals,
// exit code.
//
// Whatever ends the process is decided here; the server itself never does.

import { flagNotices } from "../config/overrides.ts";
import type { Action } from "../config/flags.ts";
import { loadOptions, type Loaded } from "../config/load.ts";
import type { ServerOptions } from "../config/options.ts";
import { ConfigError } from "../config/problems.ts";
import { portsFilePath, removePortsFile, systemSource, writePidFile, writePortsFile } from "../io/files.ts";
import { giveMemoryBackAtRest } from "../io/idle_memory.ts";
import { LogClock } from "../io/log_line.ts";
import type { ServerLog } from "../io/log_server.ts";
import { nameProcess, signalTexts, type ServerSignal, type Signals } from "../io/signals.ts";
import { logBanner } from "./command_banner.ts";
import { portsOf } from "./command_ports.ts";
import { complain } from "./complain.ts";
import { openLogOf, openSinkOf } from "./log_of.ts";
import { Server } from "./server.ts";

type Run = Extract<Action, { kind: "run" }>;

/** Starts a server and returns once it is ready; from then on signals rule it. */
export async function runServer(run: Run, signals: Signals): Promise<void> {
  const loaded = load(run);
  if (loaded === undefined) {
    signals.release();
    return;
  }
  const { options } = loaded;
  const log = await openLog(options);
  if (log === undefined) {
    signals.release();
    return;
  }
  const command = new Command(run, loaded, log);
  process.on("uncaughtException", (error) => command.onBug(error));
  process.on("unhandledRejection", (error) => command.onBug(error));
  signals.listen((signal) => command.onSignal(signal));
  await command.start();
}

class Command {
  readonly #run: Run;
  #loaded: Loaded;
  readonly #log: ServerLog;
  #server: Server | undefined = undefined;
  #portsFile: string | undefined = undefined;
  #isExiting = false;

  constructor(run: Run, loaded: Loaded, log: ServerLog) {
    this.#run = run;
    this.#loaded = loaded;
    this.#log = log;
  }

  async start(): Promise<void> {
    const { options, digest } = this.#loaded;
    // Lame duck mode may wait with no socket open; the process lives until it says that it exits.
    setInterval(() => {}, 2 ** 30);
    try {
      this.#server = await Server.open(options, {
        log: this.#log,
        withoutDir: "temporary",
        ...(digest === undefined ? {} : { configDigest: digest }),
        onCore: (core) => {
          const notices = [...this.#loaded.notices, ...flagNotices(this.#run.overrides)];
          logBanner(this.#log, core, { file: this.#run.configFile, digest, notices });
          if (options.pid_file !== undefined) this.#writePidFile(options.pid_file);
        },
        reload: (done) => this.#reload(done),
      });
    } catch (error) {
      // In nats-server's words: whoever opens something says so. What cannot be meant is not for the log.
      if (error instanceof ConfigError) complain(error);
      else this.#log.fatal(error instanceof Error ? error.message : String(error));
      await this.#exit(1);
      return;
    }
    this.#server.closed.then(
      () => this.#exit(0),
      (error: unknown) => this.onBug(error),
    );
    // Only now, as it takes milliseconds: nobody looks for a server that is not there yet.
    nameProcess("nats-server");
    giveMemoryBackAtRest();
    await this.#writePortsFile(this.#server, options);
  }

  onSignal(signal: ServerSignal): void {
    this.#log.notice(`Trapped ${JSON.stringify(signalTexts[signal])} signal`);
    switch (signal) {
      case "SIGINT":
        this.#stop();
        return;
      case "SIGTERM":
        // A supervisor that stops us in a hurry must not cut lame duck mode short.
        if (this.#server?.isLameDuck !== true) this.#stop();
        return;
      case "SIGHUP":
        this.#reload(() => {});
        return;
      case "SIGUSR1":
        this.#log.reopen();
        return;
      case "SIGUSR2":
        this.#server?.lameDuck();
    }
  }

  /** A bug anywhere: the process must not go on with half a turn done. */
  onBug(error: unknown): void {
    this.#log.fatal(error instanceof Error ? (error.stack ?? error.message) : String(error));
    void this.#exit(1);
  }

  #stop(): void {
    // Still starting: nothing was promised to anybody.
    if (this.#server === undefined) void this.#exit(0);
    else void this.#server.stop();
  }

  /** Reads the file anew. `done` with what is in the way, which is logged, too. */
  #reload(done: (failed: string | undefined) => void): void {
    const finish = (failed: string | undefined): void => {
      if (failed !== undefined) this.#log.error(`Failed to reload server configuration: ${failed}`);
      done(failed);
    };
    const { configFile, overrides } = this.#run;
    if (configFile === undefined || this.#server === undefined) {
      finish("can only reload config when a file is provided using -c or --config");
      return;
    }
    let loaded: Loaded;
    try {
      loaded = loadOptions(configFile, overrides, systemSource);
    } catch (error) {
      finish((error as Error).message);
      return;
    }
    void this.#server
      .reload(loaded, {
        openLog: (options) => this.#openLog(options),
        writePidFile: (path) => {
          try {
            writePidFile(path);
          } catch (error) {
            this.#log.error(`Failed to write pidfile: ${(error as Error).message}`);
          }
        },
        movePortsFile: () => this.#movePortsFile(loaded.options),
      })
      .then((failed) => {
        if (failed === undefined) {
          for (const notice of loaded.notices) this.#log.warn(notice);
          this.#loaded = loaded;
        }
        finish(failed);
      });
  }

  async #openLog(options: ServerOptions): Promise<() => void> {
    const sink = await openSinkOf(options);
    return () => void this.#log.replace(sink, options);
  }

  #movePortsFile(options: ServerOptions): void {
    this.#removePortsFile();
    if (this.#server !== undefined) void this.#writePortsFile(this.#server, options);
  }

  #writePidFile(path: string): void {
    try {
      writePidFile(path);
    } catch (error) {
      throw new Error(`Could not write pidfile: ${(error as Error).message}`, { cause: error });
    }
  }

  async #writePortsFile(server: Server, options: ServerOptions): Promise<void> {
    if (options.ports_file_dir === undefined) return;
    const path = portsFilePath(options.ports_file_dir);
    this.#portsFile = path;
    const ports = await portsOf(server, options);
    if (this.#isExiting) return;
    try {
      writePortsFile(path, ports);
    } catch (error) {
      this.#log.error(`Error writing ports file (${path}): ${(error as Error).message}`);
    }
  }

  async #exit(code: number): Promise<void> {
    if (this.#isExiting) return;
    this.#isExiting = true;
    this.#removePortsFile();
    await this.#log.close();
    process.exit(code);
  }

  #removePortsFile(): void {
    if (this.#portsFile === undefined) return;
    try {
      removePortsFile(this.#portsFile);
    } catch (error) {
      this.#log.error(`Error cleaning up ports file ${this.#portsFile}: ${(error as Error).message}`);
    }
    this.#portsFile = undefined;
  }
}

function load(run: Run): Loaded | undefined {
  try {
    const loaded = loadOptions(run.configFile, run.overrides, systemSource);
    for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`);
    return loaded;
  } catch (error) {
    complain(error);
    return undefined;
  }
}

async function openLog(options: ServerOptions): Promise<ServerLog | undefined> {
  try {
    return await openLogOf(options);
  } catch (error) {
    process.stderr.write(`${new LogClock().second(false)} ${(error as Error).message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
