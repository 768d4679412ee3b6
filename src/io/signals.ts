// Signals: those this process gets, and those `--signal` sends to another one.
//
// Owns the process's signal handlers; only the command uses it. Signals that
// come before somebody listens are kept, so that none ends a server half
// started and SIGUSR1 does not open Node's inspector.

import { readFileSync, writeFileSync } from "node:fs";
import { systemWords, type SystemError } from "./system_text.ts";

/** The signals a server answers, with the names nats-server logs. */
export const signalTexts = {
  SIGINT: "interrupt",
  SIGTERM: "terminated",
  SIGHUP: "hangup",
  SIGUSR1: "user defined signal 1",
  SIGUSR2: "user defined signal 2",
} as const;
export type ServerSignal = keyof typeof signalTexts;
const serverSignals = Object.keys(signalTexts) as ServerSignal[];

export class Signals {
  readonly #held: ServerSignal[] = [];
  #listener: ((signal: ServerSignal) => void) | undefined = undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#listener === undefined) this.#held.push(signal as ServerSignal);
    else this.#listener(signal as ServerSignal);
  };

  /** Takes over the process's signals at once. */
  constructor() {
    for (const signal of serverSignals) {
      try {
        process.on(signal, this.#onSignal);
      } catch {
        // Not every system has them all.
      }
    }
  }

  /** From now on signals go to `listener`, those held first. */
  listen(listener: (signal: ServerSignal) => void): void {
    this.#listener = listener;
    for (const signal of this.#held.splice(0)) listener(signal);
  }

  /** Gives the signals back to the system. */
  release(): void {
    for (const signal of serverSignals) process.off(signal, this.#onSignal);
  }
}

/** Names this process as pgrep and killall look for it; its command line stays. */
export function nameProcess(name: string): void {
  try {
    writeFileSync("/proc/self/comm", name);
  } catch {
    process.title = name;
  }
}

const commands: ReadonlyMap<string, NodeJS.Signals> = new Map([
  ["stop", "SIGKILL"],
  ["quit", "SIGINT"],
  ["term", "SIGTERM"],
  ["reopen", "SIGUSR1"],
  ["reload", "SIGHUP"],
  ["ldm", "SIGUSR2"],
]);

/** `--signal` did not work; the message is ready to print after `nats-server: `. */
export class SignalError extends Error {
  override name = "SignalError";
}

/**
 * Sends what `--signal` asks for to a pid, to the pid in a file, to all that
 * match a glob (`12*`), or without a target to the only server. Throws a SignalError.
 */
export function sendSignal(command: string, target: string | undefined): void {
  const pids = target === undefined || target === "" ? [onlyProcess()] : pidsOf(target);
  const signal = commands.get(command);
  if (signal === undefined) throw new SignalError(`unknown signal ${JSON.stringify(command)}`);
  const failures: string[] = [];
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      failures.push(`\nsignal ${JSON.stringify(command)} ${pid}: ${systemWords(error as SystemError)}`);
    }
  }
  if (failures.length > 0) throw new SignalError(failures.join(""));
}

function onlyProcess(): number {
  const pids = runningServers();
  if (pids.length === 0) throw new SignalError("no nats-server processes running");
  if (pids.length > 1) throw new SignalError(`multiple nats-server processes running:\n${pids.join("\n")}`);
  return pids[0]!;
}

function pidsOf(target: string): number[] {
  if (target.endsWith("*")) {
    const prefix = target.slice(0, -1);
    if (prefix !== "" && pidOf(prefix) === undefined) throw new SignalError(`invalid pid: ${prefix}`);
    const pids = runningServers();
    if (pids.length === 0) throw new SignalError("no nats-server processes running");
    return pids.filter((pid) => String(pid).startsWith(prefix));
  }
  const pid = pidOf(target) ?? pidOf(contentsOf(target));
  if (pid === undefined) throw new SignalError(`invalid pid: ${contentsOf(target)}`);
  return [pid];
}

/** What the pid file holds, or the target itself when there is none. */
function contentsOf(target: string): string {
  try {
    return readFileSync(target, "latin1");
  } catch {
    return target;
  }
}

/** Zero and less would reach whole process groups. */
function pidOf(text: string): number | undefined {
  if (!/^\+?\d+$/.test(text)) return undefined;
  const pid = Number(text);
  return pid > 0 && pid <= 0x7fff_ffff ? pid : undefined;
}

function runningServers(): number[] {
  let found: string;
  try {
    // Loaded only here: a plain start has no use for it, and it takes milliseconds.
    const { execFileSync } = process.getBuiltinModule("node:child_process");
    found = execFileSync("pgrep", ["nats-server"], { encoding: "latin1", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    // A status means that it ran and found none.
    if (typeof (error as { status?: unknown }).status === "number") return [];
    throw new SignalError("unable to resolve pid, try providing one");
  }
  return found
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}
