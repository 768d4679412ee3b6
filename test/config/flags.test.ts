// The command line: every flag under each of its names and spellings, over what a file says.

import { describe, expect, test } from "vitest";
import type { Action } from "../../src/config/flags.ts";
import { parseFlags, signalCommands, usage } from "../../src/config/flags.ts";
import { loadOptions } from "../../src/config/load.ts";
import type { ServerOptions } from "../../src/config/options.ts";
import { flagNotices } from "../../src/config/overrides.ts";
import { FILE, files, outcome } from "./support.ts";

/** Options of a file with flags over it. */
function run(args: readonly string[], document?: string, others: Record<string, string> = {}): ServerOptions {
  const action = parseFlags(args);
  if (action.kind !== "run") throw new Error(`${args.join(" ")}: ${JSON.stringify(action)}`);
  const source = files({ ...others, ...(document === undefined ? {} : { [FILE]: document }) });
  return loadOptions(document === undefined ? undefined : FILE, action.overrides, source).options;
}
const said = (args: readonly string[], document?: string): string =>
  outcome(() => {
    run(args, document);
    return "starts";
  });

type Text = [names: string, value: string, option: string, read: unknown, inFile: string];
const texts: Text[] = [
  ["a addr net", "h", "host", "h", "host: x"],
  ["p port", "4333", "port", 4333, "port: 5"],
  ["n name server_name", "s", "server_name", "s", "server_name: x"],
  ["P pid", "f", "pid_file", "f", "pid_file: x"],
  ["m http_port", "8222", "http_port", 8222, "http_port: 5"],
  ["client_advertise", "h:1", "client_advertise", "h:1", "client_advertise: x"],
  ["ports_file_dir", "d", "ports_file_dir", "d", "ports_file_dir: x"],
  ["l log", "f", "log_file", "f", "log_file: x"],
  ["r remote_syslog", "udp://h:1", "remote_syslog", "udp://h:1", "remote_syslog: x"],
  ["log_size_limit", "77", "logfile_size_limit", 77, "log_size_limit: 5"],
  ["max_traced_msg_len", "77", "max_traced_msg_len", 77, "max_traced_msg_len: 5"],
  ["sd store_dir", "d", "store_dir", "d", "store_dir: x"],
  ["profile", "77", "prof_port", 77, "prof_port: 5"],
];
const switches: [names: string, options: Partial<ServerOptions>][] = [
  ["T logtime", { logtime: true }],
  ["logtime_utc", { logtime_utc: true }],
  ["s syslog", { syslog: true }],
  ["D debug", { debug: true }],
  ["V trace", { trace: true }],
  ["VV", { trace: true, trace_verbose: true }],
  ["DV", { debug: true, trace: true }],
  ["DVV", { debug: true, trace: true, trace_verbose: true }],
];
const each = <T extends readonly [string, ...unknown[]]>(rows: readonly T[]): (readonly [name: string, row: T])[] =>
  rows.flatMap((row) => row[0].split(" ").map((name) => [name, row] as const));

describe("a flag with a value", () => {
  test.each(each(texts))("-%s", (name, [, value, option, read, inFile]) => {
    for (const args of [[`-${name}`, value], [`--${name}`, value], [`-${name}=${value}`], [`--${name}=${value}`]]) {
      expect(run(args)).toHaveProperty([option], read);
      expect(run(args, inFile)).toHaveProperty([option], read);
    }
    expect(run([], inFile)).not.toHaveProperty([option], read);
  });
  test.each(each(texts))("-%s wants one", (name) => {
    expect(parseFlags([`--${name}`])).toEqual({ kind: "usage", error: `flag needs an argument: -${name}` });
  });
  test("takes the last one given", () => {
    expect(run(["-p", "1", "--port=2", "-n", "a", "--name", "b"])).toMatchObject({ port: 2, server_name: "b" });
  });
  test("may be empty, which is nothing", () => {
    expect(run(["-n", "", "-P=", "-l", ""], "server_name: x")).toMatchObject({
      server_name: undefined,
      pid_file: undefined,
    });
  });
  test("takes whatever follows, even what looks like a flag", () => {
    expect(run(["-n", "-p", "-a=b=c"])).toMatchObject({ server_name: "-p", host: "b=c", port: 4222 });
  });
  test.each([
    ["0x10", 16],
    ["010", 8],
    ["0b11", 3],
    ["1_000", 1000],
    ["-1", -1],
    ["0", 4222],
  ])("reads the number %s as Go does", (text, port) => {
    expect(run(["-p", text]).port).toBe(port);
  });
});

describe("a switch", () => {
  test.each(each(switches))("-%s", (name, [, options]) => {
    for (const arg of [`-${name}`, `--${name}`, `-${name}=true`, `--${name}=1`, `-${name}=T`]) {
      expect(run([arg], "logtime: false")).toMatchObject(options);
    }
  });
  test("can be turned off, over the file", () => {
    expect(run(["-D=false", "-T=0", "--trace=F"], "debug: true\ntrace: true")).toMatchObject({
      debug: false,
      logtime: false,
      trace: false,
    });
  });
  test("takes no word for a value", () => {
    expect(parseFlags(["-D", "false"])).toEqual({ kind: "error", error: 'unrecognized command: "false"' });
  });
});

describe("credentials", () => {
  test.each([
    [["--user", "u", "--pass", "p"], { user: "u", password: "p", token: undefined }],
    [["--auth", "t"], { user: undefined, token: "t" }],
  ])("%j", (args, authorization) => {
    expect(run(args).authorization).toMatchObject(authorization);
  });
  test("stand over those of the file", () => {
    expect(
      run(["--user", "u", "--pass", "p"], "authorization { user: a, password: b, timeout: 5 }").authorization,
    ).toMatchObject({
      user: "u",
      password: "p",
      timeout: 5000,
    });
  });
});

describe("JetStream", () => {
  test.each<[string[], string, boolean]>([
    [["-js"], "port: 1", true],
    [["--jetstream"], "port: 1", true],
    [["-js=false"], "jetstream: true", false],
    [[], "jetstream: true", true],
    [["-sd", "d"], "port: 1", false],
  ])("%j over %j", (args, document, on) => {
    expect(run(args, document).jetstream !== undefined).toBe(on);
  });
  test("-sd says where, whatever the file says", () => {
    expect(run(["-sd=d"], "jetstream { store_dir: x }").jetstream?.store_dir).toBe("d");
  });
});

describe("TLS", () => {
  test.each([
    [["--tls"], "TLS Server certificate must be present and valid"],
    [["--tlscert", "c"], "TLS Server private key must be present and valid"],
    [
      ["--tls", "--tlscert", "c", "--tlskey", "k"],
      "error parsing X509 certificate/key pair: open c: no such file or directory",
    ],
  ])("%j needs its files", (args, error) => {
    expect(said(args)).toBe(error);
  });
  test("--tls=false turns the block of the file off", () => {
    expect(run(["--tls=false"], "tls { verify: true }").tls).toBeUndefined();
  });
});

describe("the cluster", () => {
  test.each<[string[], object | undefined]>([
    [["--cluster", "nats://h:6222"], { host: "h", port: 6222 }],
    [["--cluster_listen=nats://h:-1"], { host: "h", port: -1 }],
    [["--cluster", "nats://u:p@h:1"], { authorization: { user: "u", password: "p" } }],
    [["--cluster", "nats://u%40:%c3%a9ü%3A@h:1"], { authorization: { user: "u@", password: "éü:" } }],
    [["--cluster", "nats://h:1", "--routes", "nats://a:1, nats://b:2"], { routes: ["nats://a:1", "nats://b:2"] }],
    [["--cluster", "nats://h:1", "--cluster_name", "c", "--no_advertise"], { name: "c", no_advertise: true }],
    [
      ["--cluster", "nats://h:1", "--cluster_advertise", "x:1", "--connect_retries=5"],
      { advertise: "x:1", connect_retries: 5 },
    ],
    [["--cluster_name", "c"], undefined],
  ])("%j", (args, cluster) => {
    if (cluster === undefined) expect(run(args).cluster).toBeUndefined();
    else expect(run(args).cluster).toMatchObject(cluster);
  });
  test.each([
    [["--routes", "nats://a:1"], "solicited routes require cluster capabilities, e.g. --cluster"],
    [["--cluster", "nats://h"], "address h: missing port in address"],
    [["--cluster", "nats://u@h:1"], "expected cluster password to be set"],
    [["--cluster", "nats://h:x"], 'parse "nats://h:x": invalid port ":x" after host'],
    [["--cluster", "foo:1"], "missing port in address"],
    [["--cluster", ":5"], 'parse ":5": missing protocol scheme'],
    [["--cluster", "127.0.0.1:6222"], 'parse "127.0.0.1:6222": first path segment in URL cannot contain colon'],
    [["--cluster", "nats://a%2:p@h:1"], 'parse "nats://a%2:p@h:1": invalid URL escape "%2"'],
    [["--cluster", "nats://%zz:p@h:1"], 'parse "nats://%zz:p@h:1": invalid URL escape "%zz"'],
    [["--cluster_name", "a b", "--cluster", "nats://h:1"], "cluster name cannot contain spaces"],
    [["-n", "a b"], "server name cannot contain spaces"],
  ])("%j is a mistake", (args, error) => {
    expect(said(args)).toBe(error);
  });
});

describe("what is asked for", () => {
  test.each<[string[], Action]>([
    [["-v"], { kind: "version" }],
    [["--version"], { kind: "version" }],
    [["version"], { kind: "version" }],
    [["Version"], { kind: "version" }],
    [["-p", "1", "-v", "-h"], { kind: "version" }],
    [["-h"], { kind: "help" }],
    [["--help"], { kind: "help" }],
    [["help"], { kind: "help" }],
    [["--help_tls"], { kind: "helpTls" }],
    [["-t", "-c", "x"], { kind: "checkConfig", configFile: "x" }],
    [["--config=x", "-t"], { kind: "checkConfig", configFile: "x" }],
    [["-t"], { kind: "error", error: "must specify [-c, --config] option to check configuration file syntax" }],
    [["-sl", "reload"], { kind: "signal", command: "reload", target: undefined }],
    [["-sl", "stop="], { kind: "signal", command: "stop", target: undefined }],
    [["--signal", "ldm=7"], { kind: "signal", command: "ldm", target: "7" }],
    [["--signal=quit=/run/n.pid"], { kind: "signal", command: "quit", target: "/run/n.pid" }],
    [["-sl", "foo=7"], { kind: "error", error: 'unknown signal "foo"' }],
    [["-sl", "stop=a=b"], { kind: "error", error: "invalid signal parameters: [b]" }],
    [["extra"], { kind: "error", error: 'unrecognized command: "extra"' }],
    [["-p", "1", "extra", "-D"], { kind: "error", error: 'unrecognized command: "extra"' }],
    [["--", "-p"], { kind: "error", error: 'unrecognized command: "-p"' }],
    [["-"], { kind: "error", error: 'unrecognized command: "-"' }],
    [["-qqq"], { kind: "usage", error: "flag provided but not defined: -qqq" }],
    [["--prot=1"], { kind: "usage", error: 'flag provided but not defined: -prot\n  did you mean "port"?' }],
    [["---v"], { kind: "usage", error: "bad flag syntax: ---v" }],
    [["-=1"], { kind: "usage", error: "bad flag syntax: -=1" }],
    [["--__proto__"], { kind: "usage", error: "flag provided but not defined: -__proto__" }],
    [["-p", "abc"], { kind: "usage", error: 'invalid value "abc" for flag -p: parse error' }],
    [["-p", ""], { kind: "usage", error: 'invalid value "" for flag -p: parse error' }],
    [
      ["-p", "9".repeat(20)],
      { kind: "usage", error: `invalid value "${"9".repeat(20)}" for flag -p: value out of range` },
    ],
    [["-D=maybe"], { kind: "usage", error: 'invalid boolean value "maybe" for -D: parse error' }],
  ])("%j", (args, action) => {
    expect(parseFlags(args)).toEqual(action);
  });
  test.each(signalCommands)("the signal %s is known", (command) => {
    expect(parseFlags(["-sl", command])).toMatchObject({ kind: "signal", command });
  });
  test("-c names the file, and the flags come along", () => {
    expect(parseFlags(["-c", "x.conf", "-p", "5"])).toMatchObject({
      kind: "run",
      configFile: "x.conf",
      overrides: { options: { port: 5 } },
    });
  });
});

describe("the usage", () => {
  test("shows every flag under every name", () => {
    const shown = new Set(
      usage("nats-server")
        .match(/(?<=^ {4}.*)-+\w+/gm)
        ?.map((flag) => flag.replace(/^-+/, "")),
    );
    const names = [...texts, ...switches].flatMap(([names]) => names.split(" "));
    const more =
      "ms https_port c config t sl signal user pass auth tls tlscert tlskey tlsverify tlscacert routes cluster cluster_listen cluster_name no_advertise cluster_advertise connect_retries h help v version help_tls js jetstream";
    expect([...names, ...more.split(" ")].filter((name) => !shown.has(name))).toEqual([]);
  });
  test("names the program", () => {
    expect(usage("nats-server")).toMatch(/^Usage: nats-server \[flags\]\n/);
  });
});

describe("a flag that does nothing yet", () => {
  test.each([
    [["--profile", "5"], ["flag --profile has no effect: there are no Go profiles here"]],
    [["-p", "5", "-D"], []],
    [["--profile", "0"], []],
  ])("%j", (args, notices) => {
    const action = parseFlags(args);
    expect(action.kind === "run" ? flagNotices(action.overrides) : undefined).toEqual(notices);
  });
});
