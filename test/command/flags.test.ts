// What the command says and how it ends when it runs no server.

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Command, file, folder, local, run, useCommand } from "./support.ts";

useCommand();

const version = /^nats-server: v2\.14\.\d+\n$/;

describe("the version", () => {
  test.each(["-v", "--version", "-version", "version", "VERSION"])("%s goes to stdout only", async (flag) => {
    const { code, stdout, stderr } = await run(flag);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(version);
  });
  test("is shown whatever else is asked for", async () => {
    const { code, stdout } = await run("-c", "none.conf", "-v");
    expect(code).toBe(0);
    expect(stdout).toMatch(version);
  });
});

describe("the usage", () => {
  test.each(["-h", "--help", "help"])("%s goes to stdout only", async (flag) => {
    const { code, stdout, stderr } = await run(flag);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: nats-server");
  });
  test("of TLS too", async () => {
    const { code, stdout, stderr } = await run("--help_tls");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("cert_file");
  });
  test.each([
    [["-p"], "flag needs an argument: -p\n"],
    [["-p", "abc"], 'invalid value "abc" for flag -p: parse error\n'],
    [["--qqq"], "flag provided but not defined: -qqq\n"],
    [["-DV=3"], 'invalid boolean value "3" for -DV: parse error\n'],
    [["---x"], "bad flag syntax: ---x\n"],
  ])("follows the complaint about %j, which is no failure", async (args, complaint) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, complaint]);
    expect(stdout).toContain("Usage: nats-server");
  });
});

describe("what cannot be done exits 1", () => {
  test.each([
    [["bogus"], 'unrecognized command: "bogus"'],
    [["-t"], "must specify [-c, --config] option to check configuration file syntax"],
    [["-c", "none.conf"], "open none.conf: no such file or directory"],
    [["-c", "/"], "read /: is a directory"],
    [["-n", "a b"], "server name cannot contain spaces"],
    [["-sl", "stop=abc"], "invalid pid: abc"],
    [["-sl", "foo=1"], 'unknown signal "foo"'],
    [["-sl", "stop=2147483647"], '\nsignal "stop" 2147483647: no such process'],
    [["-sl", "stop=0"], "invalid pid: 0"],
  ])("%j", async (args, text) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout, stderr]).toEqual([1, "", `nats-server: ${text}\n`]);
  });
});

describe("a configuration file", () => {
  test("that is fine is said to be so on stderr", async () => {
    file("a.conf", "listen: 127.0.0.1:4222\n");
    const { code, stdout, stderr } = await run("-t", "-c", "a.conf");
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^nats-server: configuration file a\.conf is valid \(sha256:[0-9a-f]{64}\)\n$/);
  });
  test("that is wrong has its place", async () => {
    file("a.conf", "port: 4222\nfoo: 1\n");
    for (const args of [
      ["-c", "a.conf"],
      ["-t", "-c", "a.conf"],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^nats-server: a\.conf:2:1: unknown field "foo"\n/);
    }
  });
  test("that cannot be read is said to be so before anything is opened", async () => {
    file("a.conf", "max_payload: -a\n");
    const { code, stderr } = await run("-c", "a.conf", "-l", "nats.log", "-P", "nats.pid");
    expect([code, stderr]).toEqual([1, "nats-server: Parse error on line 1: 'Expected a digit but got 'a'.'\n"]);
    expect(readdirSync(folder)).toEqual(["a.conf"]);
  });
});

describe("flags", () => {
  test.each([
    [["-a", "127.0.0.1", "-p", "-1", "-n", "one"]],
    [["--addr", "127.0.0.1", "--port", "-1", "--server_name", "one"]],
    [["-addr=127.0.0.1", "-port=-1", "-name=one"]],
    [["--net=127.0.0.1", "--port=-1", "--name=one"]],
  ])("may be written as %j", async (args) => {
    const command = await new Command(args).ready();
    expect(command.lines).toContain("INF   Name:     one");
    expect(command.stderr).toContain("Listening for client connections on 127.0.0.1:");
  });
  test("go before the file", async () => {
    file("a.conf", "listen: 127.0.0.1:1\nserver_name: file\ndebug: false\n");
    const command = await new Command(["-c", "a.conf", "-p", "-1", "-n", "flag", "-D"]).ready();
    expect(command.lines).toContain("INF   Name:     flag");
    expect(command.port).toBeGreaterThan(1);
  });
  test("of what is not there yet warn", async () => {
    const command = await new Command([...local, "--profile", "15999"]).ready();
    expect(command.lines.filter((line) => line.startsWith("WRN"))).toEqual([expect.stringContaining("--profile")]);
  });
});
