// Signals to a running command, sent by the system and by `--signal`.

import { chmodSync, existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Command, connectClient, file, folder, local, logLines, run, useCommand } from "./support.ts";

useCommand();

const ending = ["INF Initiating Shutdown...", "INF Server Exiting.."];

describe("a signal", () => {
  test.each([
    ["SIGINT", "interrupt"],
    ["SIGTERM", "terminated"],
  ] as const)("%s stops the server and exits 0", async (signal, name) => {
    const command = await new Command(local).ready();
    const client = await connectClient(command.port);
    command.child.kill(signal);
    expect(await command.end).toEqual({ code: 0, signal: null });
    expect(command.lines.slice(-3)).toEqual([`INF Trapped "${name}" signal`, ...ending]);
    client.destroy();
  });
  test("SIGHUP without a file has nothing to reload", async () => {
    const command = await new Command(local).ready();
    command.child.kill("SIGHUP");
    await command.logs(/Failed to reload/);
    expect(command.lines.slice(-2)).toEqual([
      'INF Trapped "hangup" signal',
      "ERR Failed to reload server configuration: can only reload config when a file is provided using -c or --config",
    ]);
    (await connectClient(command.port)).destroy();
  });
  test("SIGHUP with a file reads it anew; one that is broken changes nothing", async () => {
    file("a.conf", "listen: 127.0.0.1:-1\n");
    const command = await new Command(["-c", "a.conf"]).ready();
    file("a.conf", "listen: 127.0.0.1:-1\nmax_payload: 100\ncolour: blue\n");
    command.child.kill("SIGHUP");
    await command.logs(/Failed to reload server configuration: a\.conf:3:1: unknown field "colour"/);
    file("a.conf", "listen: 127.0.0.1:-1\nmax_payload: 100\n");
    command.child.kill("SIGHUP");
    await command.logs(/Reloaded server configuration/);
    // Users and accounts are gone through each time, whether there are some or not.
    const changes = ["authorization users", "accounts", "max_payload = 100"];
    expect(command.lines.slice(-4, -1)).toEqual(changes.map((text) => `INF Reloaded: ${text}`));
    expect(command.stderr.match(/Reloaded: /g)).toHaveLength(changes.length);
    (await connectClient(command.port)).destroy();
  });
  test("SIGUSR1 opens the log again and does not open an inspector", async () => {
    const log = join(folder, "nats.log");
    const command = new Command([...local, "-l", log]);
    while (!existsSync(log) || !readFileSync(log, "utf8").includes("Server is ready")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    renameSync(log, `${log}.1`);
    command.child.kill("SIGUSR1");
    while (!existsSync(log) || !readFileSync(log, "utf8").includes("re-opened")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(logLines(readFileSync(`${log}.1`, "utf8")).at(-1)).toBe('INF Trapped "user defined signal 1" signal');
    expect(logLines(readFileSync(log, "utf8"))).toEqual(["INF File log re-opened"]);
    await command.stop();
    expect(command.stderr).toBe("");
  });
  test("SIGUSR1 without a log file is ignored", async () => {
    const command = await new Command(local).ready();
    command.child.kill("SIGUSR1");
    await command.logs(/File log re-open ignored, not a file logger/);
    expect(command.stderr).not.toContain("Debugger");
  });
  test("SIGUSR2 without clients ends the server at once", async () => {
    const command = await new Command(local).ready();
    command.child.kill("SIGUSR2");
    expect((await command.end).code).toBe(0);
    expect(command.lines.slice(-4)).toEqual([
      'INF Trapped "user defined signal 2" signal',
      "INF Entering lame duck mode, stop accepting new clients",
      ...ending,
    ]);
  });
  test("SIGTERM does not cut lame duck mode short, SIGINT does", async () => {
    const command = await new Command(local).ready();
    const client = await connectClient(command.port);
    command.child.kill("SIGUSR2");
    await command.logs(/Entering lame duck mode/);
    command.child.kill("SIGTERM");
    await command.logs(/Trapped "terminated" signal/);
    // A round trip shows that it is still there.
    const pong = new Promise<string>((resolve) => client.once("data", (bytes: Buffer) => resolve(bytes.toString())));
    client.write("PING\r\n");
    expect(await pong).toMatch(/PONG|INFO/);
    expect(command.stderr).not.toContain("Initiating Shutdown");
    command.child.kill("SIGINT");
    expect((await command.end).code).toBe(0);
    client.destroy();
  });
});

describe("--signal from another process", () => {
  test.each([
    ["quit", 'Trapped "interrupt" signal'],
    ["term", 'Trapped "terminated" signal'],
    ["reopen", 'Trapped "user defined signal 1" signal'],
    ["reload", 'Trapped "hangup" signal'],
    ["ldm", "Entering lame duck mode"],
  ])("%s=pid", async (name, text) => {
    const command = await new Command(local).ready();
    expect(await run("--signal", `${name}=${command.pid}`)).toEqual({ code: 0, stdout: "", stderr: "" });
    await command.logs(new RegExp(text));
  });
  test("stop=pid kills", async () => {
    const command = await new Command(local).ready();
    expect((await run("-sl", `stop=${command.pid}`)).code).toBe(0);
    expect(await command.end).toEqual({ code: null, signal: "SIGKILL" });
  });
  test("takes a pid file", async () => {
    const pid = join(folder, "nats.pid");
    const command = await new Command([...local, "-P", pid]).ready();
    expect((await run(`-sl=term=${pid}`)).code).toBe(0);
    expect((await command.end).code).toBe(0);
  });
  test("without a pid asks pgrep for the only server", async () => {
    const command = await new Command(local).ready();
    // A pgrep of our own: the machine's would find servers that are not ours.
    chmodSync(file("pgrep", `#!/bin/sh\ntest "$*" = nats-server && echo ${command.pid}\n`), 0o755);
    const signaller = new Command(["--signal", "quit"], { env: { PATH: `${folder}:${process.env["PATH"]}` } });
    expect((await signaller.end).code).toBe(0);
    expect((await command.end).code).toBe(0);
  });
});
