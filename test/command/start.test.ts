// What launchers see of a start and an end: log lines, pid and ports files, exit codes.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Command, connectClient, file, folder, local, logLines, run, useCommand } from "./support.ts";

useCommand();

interface Ports {
  readonly nats?: string[];
  readonly monitoring?: string[];
  readonly websocket?: string[];
}
function portsOf(command: Command, dir = folder): Ports {
  return JSON.parse(readFileSync(join(dir, `nats-server_${command.pid}.ports`), "utf8")) as Ports;
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("the log of a start", () => {
  test("has nats-server's lines in its order, ready last", async () => {
    file("a.conf", "listen: 127.0.0.1:-1\n");
    const command = await new Command(["-c", "a.conf"]).ready();
    expect(command.lines).toEqual([
      "INF Starting nats-server",
      expect.stringMatching(/^INF   Version:  2\.14\.\d+$/),
      expect.stringMatching(/^INF   Git:      \[.+\]$/),
      expect.stringMatching(/^INF   Server:   subjectd \d/),
      expect.stringMatching(/^INF   Name:     N[A-Z2-7]{55}$/),
      expect.stringMatching(/^INF   ID:       N[A-Z2-7]{55}$/),
      expect.stringMatching(/^INF Using configuration file: a\.conf \(sha256:[0-9a-f]{64}\)$/),
      expect.stringMatching(/^INF Listening for client connections on 127\.0\.0\.1:\d+$/),
      "INF Server is ready",
    ]);
    expect(command.stdout).toBe("");
  });
  test.skipIf(process.platform === "win32")("is that of a configuration that can be read only once", async () => {
    execFileSync("mkfifo", [join(folder, "a.pipe")]);
    const command = new Command(["-c", "a.pipe"]);
    await writeFile(join(folder, "a.pipe"), "listen: 127.0.0.1:-1\nserver_name: piped\n");
    expect((await command.ready()).lines).toContain("INF   Name:     piped");
  });
  test("has the process's pid and the time in every line", async () => {
    const command = await new Command(local).ready();
    const form = new RegExp(
      `^\\[${command.pid}\\] \\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6} \\[[A-Z]{3}\\] .`,
    );
    for (const line of command.stderr.split("\n").slice(0, -1)) expect(line).toMatch(form);
  });
  test("has no time with -T=false", async () => {
    const command = await new Command([...local, "-T=false"]).ready();
    expect(command.stderr).toMatch(new RegExp(`^\\[${command.pid}\\] \\[INF\\] Starting nats-server\n`));
  });
  test("shows local time", async () => {
    const command = await new Command(local, { env: { TZ: "Asia/Kolkata" } }).ready();
    const [, date = "", time = ""] = /^\[\d+\] (\S+) (\S{8})/.exec(command.stderr) ?? [];
    const shown = Date.parse(`${date.replaceAll("/", "-")}T${time}+05:30`);
    expect(Math.abs(shown - Date.now())).toBeLessThan(10_000);
  });
  test("goes to a file and nowhere else", async () => {
    const log = join(folder, "nats.log");
    const command = new Command([...local, "-l", log]);
    await until(() => existsSync(log) && readFileSync(log, "utf8").includes("Server is ready"));
    expect(readFileSync(log, "utf8")).toMatch(/.+\sclient connections on\s+(\S+)/);
    expect(await command.stop()).toEqual({ code: 0, signal: null });
    expect([command.stdout, command.stderr]).toEqual(["", ""]);
    expect(logLines(readFileSync(log, "utf8")).at(-1)).toBe("INF Server Exiting..");
  });
  test("that cannot be opened is an error in plain text", async () => {
    const { code, stderr } = await run(...local, "-l", "none/nats.log");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d error opening file: open none\/nats\.log: no such file or directory\n$/,
    );
  });
  test.each([
    ["authorization { user: a, password: b }", true],
    ["authorization { users: [{user: a, password: b}] }", true],
    ["accounts { A { users: [{user: a, password: b}] } }", true],
    ['authorization { user: a, password: "$2a$11$3kIDaCxw.Glsl1.u5nKa6eUnNDLV5HV9tIuUp7EHhMt6Nm9myW1aS" }', false],
    ["authorization { token: b }", false],
  ])("warns of plaintext passwords: %s", async (text, warns) => {
    file("a.conf", `listen: 127.0.0.1:-1\n${text}\n`);
    const command = await new Command(["-c", "a.conf"]).ready();
    expect(command.lines.includes("WRN Plaintext passwords detected, use nkeys or bcrypt")).toBe(warns);
    expect(command.stderr).not.toMatch(/password.*b\b.*}/);
  });
  test("begins with the configuration's warnings", async () => {
    file("a.conf", "listen: 127.0.0.1:-1\nping_interval: 30\n");
    const command = await new Command(["-c", "a.conf"]).ready();
    expect(command.stderr).toMatch(
      /^a\.conf:2:1: invalid use of field "ping_interval": ping_interval should be converted to a duration\n\[/,
    );
  });
});

describe("the pid file", () => {
  test("has the child's pid without a line end, for the owner only, and stays", async () => {
    const pid = join(folder, "nats.pid");
    const command = await new Command([...local, "-P", pid]).ready();
    expect(readFileSync(pid, "utf8")).toBe(String(command.pid));
    expect(statSync(pid).mode & 0o777).toBe(0o600);
    await command.stop();
    expect(existsSync(pid)).toBe(true);
  });
  test("that cannot be written ends the start", async () => {
    const { code, stderr } = await run(...local, "-P", "none/nats.pid");
    expect(code).toBe(1);
    expect(logLines(stderr)).toContain("FTL Could not write pidfile: open none/nats.pid: no such file or directory");
  });
});

describe("the ports file", () => {
  test("has the real port, and goes when the server does", async () => {
    const command = await new Command([...local, "--ports_file_dir", folder]).ready();
    await until(() => readdirSync(folder).length === 1);
    expect(readFileSync(join(folder, `nats-server_${command.pid}.ports`), "utf8")).toBe(
      `{"nats":["nats://127.0.0.1:${command.port}"]}`,
    );
    await command.stop();
    expect(readdirSync(folder)).toEqual([]);
  });
  test("brackets IPv6", async () => {
    const command = await new Command(["-a", "::1", "-p", "-1", "--ports_file_dir", folder]).ready();
    await until(() => readdirSync(folder).length === 1);
    expect(portsOf(command)).toEqual({ nats: [`nats://[::1]:${command.port}`] });
    expect(command.stderr).toContain(`Listening for client connections on [::1]:${command.port}`);
  });
  test("resolves a name", async () => {
    const command = await new Command(["-a", "localhost", "-p", "-1", "--ports_file_dir", folder]).ready();
    await until(() => readdirSync(folder).length === 1);
    expect(portsOf(command)).toEqual({ nats: [`nats://127.0.0.1:${command.port}`] });
  });
  test("that cannot be written is an error, and the server runs", async () => {
    const command = await new Command([...local, "--ports_file_dir", "none"]).ready();
    const path = `none/nats-server_${command.pid}.ports`;
    await command.logs(/Error writing ports file/);
    expect(command.lines).toContain(`ERR Error writing ports file (${path}): open ${path}: no such file or directory`);
    (await connectClient(command.port)).destroy();
    expect((await command.stop()).code).toBe(0);
  });
  test("lists this machine's addresses for an unspecified host", async () => {
    const { listenerUrls } = await import("../../src/io/files.ts");
    const urls = await listenerUrls("nats", "0.0.0.0", 4222);
    expect(urls).toContain("nats://127.0.0.1:4222");
    expect(urls).toHaveLength(Object.values(networkInterfaces()).flat().length);
  });
});

describe("listeners that a test does not use", () => {
  test("do not stop the server, are warned of, and are not in the ports file", async () => {
    file(
      "a.conf",
      `net: 127.0.0.1
       port: -1
       server_tags: ["a", "b"]
       leafnodes { listen: "127.0.0.1:-1" }
       ports_file_dir: "${folder}"
      `,
    );
    const command = await new Command(["-c", "a.conf"]).ready();
    expect(command.lines.filter((line) => line.startsWith("WRN")).join("\n")).toContain("leafnodes");
    await until(() => readdirSync(folder).some((name) => name.endsWith(".ports")));
    expect(portsOf(command)).toEqual({ nats: [`nats://127.0.0.1:${command.port}`] });
    (await connectClient(command.port)).destroy();
  });
  test("WebSocket and monitoring are in the ports file", async () => {
    file(
      "a.conf",
      `listen: "127.0.0.1:-1"
       http: "127.0.0.1:-1"
       websocket { listen: "127.0.0.1:-1", no_tls: true }
       ports_file_dir: "${folder}"
      `,
    );
    const command = await new Command(["-c", "a.conf"]).ready();
    await until(() => readdirSync(folder).some((name) => name.endsWith(".ports")));
    expect(portsOf(command)).toEqual({
      nats: [`nats://127.0.0.1:${command.port}`],
      monitoring: [expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)],
      websocket: [expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/)],
    });
    expect(command.lines.at(-1)).toBe("INF Server is ready");
  });
});

describe("a port that is taken", () => {
  test("ends the start with a fatal line and exit code 1", async () => {
    const first = await new Command(local).ready();
    const { code, stderr } = await run("-a", "127.0.0.1", "-p", String(first.port));
    expect(code).toBe(1);
    const where = `127.0.0.1:${first.port}`;
    expect(logLines(stderr)).toContain(
      `FTL Error listening on port: ${where}, "listen tcp ${where}: bind: address already in use"`,
    );
    expect(stderr).not.toContain("Server is ready");
  });
});

describe("the process", () => {
  test("is the one that was spawned, and pgrep finds it as nats-server", async () => {
    const command = await new Command(local).ready();
    expect(command.stderr).toContain(`[${command.pid}] `);
    if (process.platform !== "linux") return;
    expect(readFileSync(`/proc/${command.pid}/comm`, "utf8")).toBe("nats-server\n");
    expect(readFileSync(`/proc/${command.pid}/cmdline`, "utf8")).toMatch(/nats-server\.cjs\x00-a\x00127\.0\.0\.1\x00/);
  });
  test("starts again on the same port after SIGKILL", async () => {
    const first = await new Command(local).ready();
    const { port } = first;
    const client = await connectClient(port);
    first.child.kill("SIGKILL");
    expect((await first.end).signal).toBe("SIGKILL");
    const second = await new Command(["-a", "127.0.0.1", "-p", String(port)]).ready();
    expect(second.port).toBe(port);
    client.destroy();
  });
  test("starts in a folder it may not write to", async () => {
    const dir = join(folder, "sealed");
    mkdirSync(dir);
    chmodSync(dir, 0o555);
    const command = await new Command(local, { cwd: dir }).ready();
    expect((await command.stop()).code).toBe(0);
  });
});
