// `--signal`: what it is sent to, and what it says when it cannot.
//
// Every test has a pgrep of its own in PATH: the machine's would find servers
// that are not ours.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sendSignal as send, SignalError } from "../../src/io/signals.ts";

/** Sends `command=target`, as it is on a command line. */
function sendSignal(request: string): void {
  const equals = request.indexOf("=");
  if (equals < 0) send(request, undefined);
  else send(request.slice(0, equals), request.slice(equals + 1));
}

let folder = "";
let target: ChildProcess | undefined = undefined;
const path = process.env["PATH"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subjectd-signals-"));
  pgrepFinds();
});
afterEach(() => {
  process.env["PATH"] = path;
  target?.kill("SIGKILL");
  target = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** From now on pgrep finds `pids`. */
function pgrepFinds(...pids: number[]): void {
  const program = join(folder, "pgrep");
  writeFileSync(
    program,
    `#!/bin/sh\n${pids.map((pid) => `echo ${pid}\n`).join("")}exit ${pids.length === 0 ? 1 : 0}\n`,
  );
  chmodSync(program, 0o755);
  process.env["PATH"] = `${folder}:${path}`;
}
function startTarget(): number {
  target = spawn("sleep", ["60"]);
  return target.pid!;
}
/** The signal that ended the target. */
async function endOfTarget(): Promise<unknown> {
  const [, signal] = (await once(target!, "exit")) as [unknown, unknown];
  return signal;
}
/** A pid that no process has. */
const nobody = 0x7fff_fff0;

describe("a signal", () => {
  test.each([
    ["stop", "SIGKILL"],
    ["quit", "SIGINT"],
    ["term", "SIGTERM"],
    ["reopen", "SIGUSR1"],
    ["reload", "SIGHUP"],
    ["ldm", "SIGUSR2"],
  ])("%s is %s", async (command, signal) => {
    const pid = startTarget();
    sendSignal(`${command}=${pid}`);
    expect(await endOfTarget()).toBe(signal);
  });
  test("goes to the process of a pid file", async () => {
    const file = join(folder, "nats.pid");
    writeFileSync(file, String(startTarget()));
    sendSignal(`term=${file}`);
    expect(await endOfTarget()).toBe("SIGTERM");
  });
  test.each(["term", "term="])("%s goes to the only server", async (request) => {
    pgrepFinds(startTarget(), process.pid);
    sendSignal(request);
    expect(await endOfTarget()).toBe("SIGTERM");
  });
  test("goes to every server whose pid begins like the glob", async () => {
    const pid = startTarget();
    pgrepFinds(pid, nobody);
    sendSignal(`term=${String(pid).slice(0, -1)}*`);
    expect(await endOfTarget()).toBe("SIGTERM");
  });
  test("for a glob that matches no server is nothing", () => {
    pgrepFinds(nobody);
    expect(() => sendSignal("term=9*")).not.toThrow();
  });
});

describe("a signal is refused", () => {
  const refused = (request: string, text: string): void =>
    expect(() => sendSignal(request)).toThrow(new SignalError(text));

  test("without a server", () => {
    refused("term", "no nats-server processes running");
    refused("foo", "no nats-server processes running");
    refused("term=*", "no nats-server processes running");
  });
  test("with several servers", () => {
    pgrepFinds(nobody, nobody + 1);
    refused("term", `multiple nats-server processes running:\n${nobody}\n${nobody + 1}`);
  });
  test("without pgrep", () => {
    process.env["PATH"] = join(folder, "none");
    refused("term", "unable to resolve pid, try providing one");
  });
  test("when it is unknown", () => {
    refused(`foo=${nobody}`, 'unknown signal "foo"');
    refused("=1", 'unknown signal ""');
    refused(`STOP=${nobody}`, 'unknown signal "STOP"');
  });
  test("when nobody has the pid", () => {
    refused(`term=${nobody}`, `\nsignal "term" ${nobody}: no such process`);
    pgrepFinds(nobody, nobody + 1);
    refused("term=*", `\nsignal "term" ${nobody}: no such process\nsignal "term" ${nobody + 1}: no such process`);
  });
  test("for what is no pid", () => {
    refused("term=abc", "invalid pid: abc");
    refused("term=a*", "invalid pid: a");
    refused("term=**", "invalid pid: *");
    refused("term=99999999999999999999", "invalid pid: 99999999999999999999");
    const file = join(folder, "nats.pid");
    writeFileSync(file, "17\n");
    refused(`term=${file}`, "invalid pid: 17\n");
    refused(`term=${folder}`, `invalid pid: ${folder}`);
  });
  test("for zero and less, which are whole groups of processes", () => {
    for (const pid of ["0", "-1", "-5", "00"]) refused(`term=${pid}`, `invalid pid: ${pid}`);
  });
});
