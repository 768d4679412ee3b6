// The sinks of the log: how lines look, where they go, what happens when nobody takes them.

import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileSink } from "../../src/io/log_file.ts";
import { LineFormat, type LineStyle } from "../../src/io/log_line.ts";
import { openSink, ServerLog, type LogSettings } from "../../src/io/log_server.ts";
import { StreamSink, type LogStream } from "../../src/io/log_stream.ts";
import { openLocalSyslog, openRemoteSyslog } from "../../src/io/log_syslog.ts";

const plain: LineStyle = { pid: 7, time: false, utc: false, color: false };
const settings: LogSettings = {
  debug: false,
  trace: false,
  logtime: true,
  logtimeUtc: false,
  file: undefined,
  fileSizeLimit: 0,
  fileMaxNum: 0,
  syslog: false,
  remoteSyslog: undefined,
};
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subjectd-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a line", () => {
  test("has pid, date, time with microseconds, level and text", () => {
    const line = new LineFormat({ ...plain, time: true }).line("INF", "Server is ready");
    expect(line).toMatch(/^\[7\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] Server is ready$/);
  });
  test("without logtime has neither date nor time", () => {
    expect(new LineFormat(plain).line("WRN", "x")).toBe("[7] [WRN] x");
  });
  test("is coloured by level", () => {
    const format = new LineFormat({ ...plain, color: true });
    expect(format.line("INF", "x")).toBe("[7] [\x1b[32mINF\x1b[0m] x");
    expect(format.line("WRN", "x")).toBe("[7] [\x1b[0;93mWRN\x1b[0m] x");
  });
  test.each([
    ["UTC", 0],
    ["America/New_York", -5 * 60],
    ["Asia/Kolkata", 5 * 60 + 30],
  ])("shows the time of %s, and UTC when asked to", (zone, winterMinutes) => {
    const module = JSON.stringify(join(import.meta.dirname, "../../src/io/log_line.ts"));
    // Node 20 does not read TypeScript: esbuild bundles the module for the child.
    const program = `import { LogClock } from ${module}; const c = new LogClock(); console.log(JSON.stringify([c.stamp(false), c.stamp(true), new Date().getTimezoneOffset()]))`;
    const bundle = join(folder, "clock.cjs");
    execFileSync(
      "node_modules/.bin/esbuild",
      ["--bundle", "--platform=node", "--format=cjs", `--outfile=${bundle}`, "--log-level=error"],
      { input: program },
    );
    const output = execFileSync(process.execPath, [bundle], { env: { ...process.env, TZ: zone }, encoding: "utf8" });
    const [local, utc, offset] = JSON.parse(output) as [string, string, number];
    const ms = (stamp: string): number => Date.parse(`${stamp.replaceAll("/", "-").replace(" ", "T").slice(0, 23)}Z`);
    expect(Math.abs(ms(utc) - Date.now())).toBeLessThan(5000);
    expect(Math.abs(ms(local) - ms(utc) + offset * 60_000)).toBeLessThan(1000);
    // Summer time is an hour more, where they have it.
    expect([winterMinutes, winterMinutes + 60]).toContain(-offset);
  });
});

describe("the log on a stream", () => {
  test("drops lines that nobody reads, within bounds, and says how many later", () => {
    const written: string[] = [];
    const stream: LogStream & { writableLength: number } = {
      writableLength: 0,
      write(text) {
        written.push(text);
        this.writableLength += text.length;
        return false;
      },
      on: () => undefined,
    };
    const sink = new StreamSink(stream, plain);
    const text = "x".repeat(1000);
    for (let i = 0; i < 1000; i++) sink.write("INF", text);
    expect(stream.writableLength).toBeLessThan(300_000);
    const dropped = sink.dropped;
    expect(dropped).toBe(1000 - written.length);
    stream.writableLength = 0;
    sink.write("INF", "again");
    expect(written.slice(-2)).toEqual([
      `[7] [WRN] ${dropped} log lines dropped, nobody was reading them\n`,
      "[7] [INF] again\n",
    ]);
  });
});

describe("the log in a file", () => {
  const path = (): string => join(folder, "nats.log");
  const lines = (): string[] => readFileSync(path(), "utf8").split("\n").slice(0, -1);

  test("is appended to, and readable by owner and group", () => {
    for (const text of ["one", "two"]) {
      const sink = new FileSink({ path: path(), sizeLimit: 0, maxNum: 0 }, plain);
      sink.write("INF", text);
      void sink.close();
    }
    expect(lines()).toEqual(["[7] [INF] one", "[7] [INF] two"]);
    expect(statSync(path()).mode & 0o777).toBe(0o640);
  });
  test("goes on in a new file after the line that made it too large", () => {
    const sink = new FileSink({ path: path(), sizeLimit: 300, maxNum: 0 }, plain);
    sink.write("INF", "a".repeat(150));
    sink.write("INF", "b".repeat(150));
    sink.write("INF", "after");
    const backup = readdirSync(folder).find((name) => name !== "nats.log")!;
    expect(backup).toMatch(/^nats\.log\.\d{4}(\.\d\d){5}\.\d{9}$/);
    expect(readFileSync(join(folder, backup), "utf8").split("\n")).toHaveLength(3);
    expect(lines()).toEqual([`[7] [INF] Rotated log, backup saved as "${join(folder, backup)}"\r`, "[7] [INF] after"]);
  });
  test("counts what the file held before", () => {
    new FileSink({ path: path(), sizeLimit: 0, maxNum: 0 }, plain).write("INF", "a".repeat(100));
    new FileSink({ path: path(), sizeLimit: 100, maxNum: 0 }, plain).write("INF", "b");
    expect(readdirSync(folder)).toHaveLength(2);
  });
  test("keeps as many files as it may, the newest", () => {
    const sink = new FileSink({ path: path(), sizeLimit: 200, maxNum: 3 }, plain);
    for (let i = 0; i < 10; i++) sink.write("INF", String(i).repeat(200));
    expect(readdirSync(folder)).toHaveLength(3);
    expect(lines()[1]).toMatch(/^\[7\] \[INF\] Purged log file "nats\.log\.[\d.]+"\r$/);
    const kept = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .join("");
    expect(kept).toContain("9".repeat(200));
    expect(kept).not.toContain("3".repeat(200));
  });
  test("is opened again after it was moved away", () => {
    const log = new ServerLog(new FileSink({ path: path(), sizeLimit: 0, maxNum: 0 }, plain), settings);
    log.notice("before");
    renameSync(path(), join(folder, "moved"));
    log.notice("still there");
    log.reopen();
    expect(readFileSync(join(folder, "moved"), "utf8")).toBe("[7] [INF] before\n[7] [INF] still there\n");
    expect(lines()).toEqual(["[7] [INF] File log re-opened"]);
  });
  test("keeps the old file when the new one cannot be opened", () => {
    const inner = mkdtempSync(join(folder, "d"));
    const log = new ServerLog(
      new FileSink({ path: join(inner, "nats.log"), sizeLimit: 0, maxNum: 0 }, plain),
      settings,
    );
    renameSync(inner, join(folder, "moved"));
    log.reopen();
    expect(readFileSync(join(folder, "moved/nats.log"), "utf8")).toMatch(
      /\[ERR\] File log not re-opened: .* no such file/,
    );
  });
  test("that cannot be opened is an error in Go's words", async () => {
    const file = join(folder, "none", "nats.log");
    await expect(openSink({ ...settings, file })).rejects.toThrow(
      `error opening file: open ${file}: no such file or directory`,
    );
  });
  test("that is a pipe nobody reads does not block", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn(process.execPath, [
      "-e",
      `fs.openSync(${JSON.stringify(pipe)}, "r+"); setTimeout(() => {}, 60000)`,
    ]);
    const sink = (() => {
      for (;;) {
        try {
          return new FileSink({ path: pipe, sizeLimit: 0, maxNum: 0 }, plain);
        } catch {
          execFileSync("sleep", ["0.02"]);
        }
      }
    })();
    for (let i = 0; i < 200; i++) sink.write("INF", "x".repeat(1000));
    expect(sink.dropped).toBeGreaterThan(0);
    void sink.close();
    reader.kill();
  });
});

describe("the log in a syslog", () => {
  test("over UDP has severity, time, host and tag", async () => {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const got = new Promise<string>((resolve) => socket.once("message", (bytes) => resolve(bytes.toString())));
    const sink = await openRemoteSyslog(`udp://127.0.0.1:${socket.address().port}`, 49);
    sink.write("WRN", "careful");
    expect(await got).toMatch(/^<4>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) \S+ nats-server\[49\]: careful\n$/);
    await sink.close();
    socket.close();
  });
  test("over TCP is written out before it closes", async () => {
    let got = "";
    const server = createServer((socket) => socket.on("data", (bytes) => (got += bytes.toString())));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const sink = await openRemoteSyslog(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, 49);
    const levels = ["INF", "WRN", "ERR", "FTL", "DBG", "TRC"] as const;
    for (const level of levels) sink.write(level, level);
    await sink.close();
    await new Promise((resolve) => server.close(resolve));
    const heads = got.match(/^<\d>/gm);
    expect(heads).toEqual(["<5>", "<4>", "<3>", "<2>", "<7>", "<5>"]);
  });
  test.each([
    ["tcp://127.0.0.1:1", 'error connecting to syslog: "dial tcp 127.0.0.1:1: connect: connection refused"'],
    ["foo://127.0.0.1:514", 'error invalid network type: "foo"'],
    ["udp://127.0.0.1", 'error connecting to syslog: "dial udp: address 127.0.0.1: missing port in address"'],
    ["udp://", 'error connecting to syslog: "dial udp: missing address"'],
    ["::bad", 'parse "::bad": missing protocol scheme'],
    ["127.0.0.1:15998", 'parse "127.0.0.1:15998": first path segment in URL cannot contain colon'],
  ])("at %s cannot be opened", async (address, text) => {
    await expect(openRemoteSyslog(address, 1)).rejects.toThrow(text);
  });
  test("of this machine, on a stream socket", async () => {
    let got = "";
    const path = join(folder, "log");
    const server = createServer((socket) => socket.on("data", (bytes) => (got += bytes.toString())));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const sink = await openLocalSyslog(83, [join(folder, "none"), path]);
    sink.write("INF", "hello");
    await sink.close();
    await new Promise((resolve) => server.close(resolve));
    expect(got).toMatch(/^<29>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d nats-server\[83\]: hello\n$/);
  });
  test("of this machine, on a datagram socket, through logger", async (context) => {
    const probe = "import socket";
    try {
      execFileSync("python3", ["-c", probe]);
      execFileSync("logger", ["--version"]);
    } catch {
      context.skip("needs python3 for the socket and logger(1)");
    }
    const path = join(folder, "log");
    const script =
      "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('up',flush=True)\nprint(s.recv(9999).decode(),flush=True)";
    const listener = spawn("python3", ["-c", script, path]);
    let output = "";
    const said = (what: RegExp): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!what.test(output)) return;
          listener.stdout.off("data", add);
          resolve();
        };
        const add = (bytes: Buffer): void => {
          output += bytes.toString();
          look();
        };
        listener.stdout.on("data", add);
        look();
      });
    await said(/up/);
    const sink = await openLocalSyslog(83, [path]);
    sink.write("ERR", "through logger");
    await said(/logger/);
    expect(output).toMatch(/<27>.* nats-server\[83\]: through logger/);
    await sink.close();
    listener.kill();
  });
  test("of this machine that is not there is an error", async () => {
    await expect(openLocalSyslog(1, [join(folder, "none")])).rejects.toThrow(
      'error connecting to syslog: "Unix syslog delivery error"',
    );
  });
});

describe("levels", () => {
  test("that are off write nothing", () => {
    const got: string[] = [];
    const sink = { write: (level: string) => void got.push(level), reopen: () => false, close: async () => {} };
    const quiet = new ServerLog(sink, { debug: false, trace: false });
    quiet.debug("x");
    quiet.trace("x");
    expect([quiet.debugOn, quiet.traceOn, got]).toEqual([false, false, []]);
    const loud = new ServerLog(sink, { debug: true, trace: true });
    loud.debug("x");
    loud.trace("x");
    expect(got).toEqual(["DBG", "TRC"]);
  });
  test("USR1 without a file says that it was ignored", () => {
    const got: string[] = [];
    const sink = {
      write: (_: string, text: string) => void got.push(text),
      reopen: () => false,
      close: async () => {},
    };
    new ServerLog(sink, settings).reopen();
    expect(got).toEqual(["File log re-open ignored, not a file logger"]);
  });
});
