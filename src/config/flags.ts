// The command line: nats-server's flags, in the syntax of Go's flag package.
//
//   -p 4222   --p 4222   -p=4222   --p=4222     the same
//   -D   -D=false                               switches take a value only after "="
//
// Knows the flags, not what becomes of them: overrides.ts puts them over the file.

import type { Overrides } from "./overrides.ts";
import { didYouMean } from "./suggest.ts";

/** What the command line asks for. */
export type Action =
  | { readonly kind: "run"; readonly configFile: string | undefined; readonly overrides: Overrides }
  | { readonly kind: "checkConfig"; readonly configFile: string }
  | { readonly kind: "version" }
  | { readonly kind: "help" }
  | { readonly kind: "helpTls" }
  /** `target` is a pid or a pid file; undefined or empty means the only server that runs. */
  | { readonly kind: "signal"; readonly command: SignalCommand; readonly target: string | undefined }
  /** Goes to stderr as it is, usage follows on stdout, and the exit code is 0: so does Go. */
  | { readonly kind: "usage"; readonly error: string }
  /** Goes to stderr after "nats-server: ", and the exit code is 1. */
  | { readonly kind: "error"; readonly error: string };

export const signalCommands = ["stop", "quit", "term", "reopen", "reload", "ldm"] as const;
export type SignalCommand = (typeof signalCommands)[number];

type Value = string | number | boolean;
interface Flag {
  readonly names: readonly string[];
  readonly type: "text" | "number" | "switch";
  /** What the usage calls its value, and says about it; a flag without `doc` is not shown. */
  readonly value?: string;
  readonly doc?: string;
  readonly set: (given: Given, value: never) => void;
}

/** What was found, in the making. */
interface Given {
  configFile: string | undefined;
  signal: string | undefined;
  check: boolean;
  version: boolean;
  help: boolean;
  helpTls: boolean;
  readonly overrides: Omit<Writable<Overrides>, keyof Groups> & Groups;
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Groups = { readonly [K in "options" | "tls" | "cluster"]: Writable<NonNullable<Overrides[K]>> };

const text = (names: string, value: string, doc: string, set: (given: Given, value: string) => void): Flag => ({
  names: names.split(" "),
  type: "text",
  value,
  doc,
  set,
});
const number = (names: string, value: string, doc: string, set: (given: Given, value: number) => void): Flag => ({
  names: names.split(" "),
  type: "number",
  value,
  doc,
  set,
});
const flip = (names: string, doc: string, set: (given: Given, value: boolean) => void): Flag => ({
  names: names.split(" "),
  type: "switch",
  doc,
  set,
});

const groups: readonly (readonly [title: string, flags: readonly Flag[]])[] = [
  [
    "Server",
    [
      text(
        "a addr net",
        "host",
        "Address for clients (0.0.0.0)",
        ({ overrides: { options } }, host) => void (options.host = host),
      ),
      number(
        "p port",
        "port",
        "Port for clients (4222; -1 picks a free one)",
        ({ overrides: { options } }, port) => void (options.port = port),
      ),
      text(
        "n name server_name",
        "name",
        "Name of the server",
        ({ overrides: { options } }, name) => void (options.server_name = name || undefined),
      ),
      text(
        "P pid",
        "file",
        "File that gets the process id",
        ({ overrides: { options } }, file) => void (options.pid_file = file || undefined),
      ),
      number(
        "m http_port",
        "port",
        "Port for monitoring",
        ({ overrides: { options } }, port) => void (options.http_port = port),
      ),
      number(
        "ms https_port",
        "port",
        "Port for monitoring over TLS",
        ({ overrides: { options } }, port) => void (options.https_port = port),
      ),
      text("c config", "file", "Configuration file", (given, file) => void (given.configFile = file || undefined)),
      flip("t", "Checks the configuration file and ends", (given, on) => void (given.check = on)),
      text(
        "sl signal",
        "command[=pid]",
        `Signals a running server: ${signalCommands.join(", ")}; pid can be a pid file`,
        (given, signal) => void (given.signal = signal || undefined),
      ),
      text(
        "client_advertise",
        "host:port",
        "Address told to clients",
        ({ overrides: { options } }, address) => void (options.client_advertise = address || undefined),
      ),
      text(
        "ports_file_dir",
        "dir",
        "Directory that gets a file with the ports in use",
        ({ overrides: { options } }, dir) => void (options.ports_file_dir = dir || undefined),
      ),
    ],
  ],
  [
    "Logging",
    [
      text(
        "l log",
        "file",
        "File to log to",
        ({ overrides: { options } }, file) => void (options.log_file = file || undefined),
      ),
      flip(
        "T logtime",
        "Begins log lines with the time (on)",
        ({ overrides: { options } }, on) => void (options.logtime = on),
      ),
      flip(
        "logtime_utc",
        "Shows that time in UTC",
        ({ overrides: { options } }, on) => void (options.logtime_utc = on),
      ),
      flip("s syslog", "Logs to syslog", ({ overrides: { options } }, on) => void (options.syslog = on)),
      text(
        "r remote_syslog",
        "address",
        "Logs to a syslog elsewhere, as udp://host:514",
        ({ overrides: { options } }, address) => void (options.remote_syslog = address || undefined),
      ),
      flip("D debug", "Logs what helps to find faults", ({ overrides: { options } }, on) => void (options.debug = on)),
      flip("V trace", "Logs the protocol", ({ overrides: { options } }, on) => void (options.trace = on)),
      flip("VV", "Logs the protocol, of the system account too", ({ overrides }, on) => {
        overrides.options.trace = on;
        overrides.options.trace_verbose = on;
      }),
      flip("DV", "-D and -V", ({ overrides }, on) => {
        overrides.options.debug = on;
        overrides.options.trace = on;
      }),
      flip("DVV", "-D and -VV", ({ overrides }, on) => {
        overrides.options.debug = on;
        overrides.options.trace = on;
        overrides.options.trace_verbose = on;
      }),
      number(
        "log_size_limit",
        "bytes",
        "Begins a new log file at this size",
        ({ overrides: { options } }, size) => void (options.logfile_size_limit = size),
      ),
      number(
        "max_traced_msg_len",
        "bytes",
        "Longest payload shown by -V",
        ({ overrides: { options } }, size) => void (options.max_traced_msg_len = size),
      ),
    ],
  ],
  [
    "JetStream",
    [
      flip("js jetstream", "Switches JetStream on", ({ overrides }, on) => void (overrides.jetstream = on)),
      text(
        "sd store_dir",
        "dir",
        "Directory for streams",
        ({ overrides: { options } }, dir) => void (options.store_dir = dir || undefined),
      ),
    ],
  ],
  [
    "Authorization",
    [
      text("user", "name", "User that clients have to be", ({ overrides }, user) => void (overrides.user = user)),
      text(
        "pass",
        "password",
        "That user's password",
        ({ overrides }, password) => void (overrides.password = password),
      ),
      text(
        "auth",
        "token",
        "Token that clients have to show",
        ({ overrides }, token) => void (overrides.token = token),
      ),
    ],
  ],
  [
    "TLS",
    [
      flip("tls", "Speaks TLS with clients", ({ overrides: { tls } }, on) => void (tls.on = on)),
      text(
        "tlscert",
        "file",
        "Certificate of the server",
        ({ overrides: { tls } }, file) => void (tls.cert_file = file),
      ),
      text("tlskey", "file", "Its private key", ({ overrides: { tls } }, file) => void (tls.key_file = file)),
      flip("tlsverify", "Demands certificates of clients", ({ overrides: { tls } }, on) => void (tls.verify = on)),
      text(
        "tlscacert",
        "file",
        "Authorities that those are checked against",
        ({ overrides: { tls } }, file) => void (tls.ca_file = file),
      ),
    ],
  ],
  [
    "Cluster",
    [
      text(
        "routes",
        "urls",
        "Servers to connect to, separated by commas",
        ({ overrides: { cluster } }, urls) => void (cluster.routes = urls),
      ),
      text(
        "cluster cluster_listen",
        "url",
        "Address for routes",
        ({ overrides: { cluster } }, url) => void (cluster.listen = url),
      ),
      text(
        "cluster_name",
        "name",
        "Name of the cluster",
        ({ overrides: { cluster } }, name) => void (cluster.name = name),
      ),
      flip(
        "no_advertise",
        "Does not tell clients about other servers",
        ({ overrides: { cluster } }, on) => void (cluster.no_advertise = on),
      ),
      text(
        "cluster_advertise",
        "host:port",
        "Address told to other servers",
        ({ overrides: { cluster } }, address) => void (cluster.advertise = address),
      ),
      number(
        "connect_retries",
        "number",
        "Attempts to reach a server it was told about",
        ({ overrides: { cluster } }, count) => void (cluster.connect_retries = count),
      ),
    ],
  ],
  [
    "Other",
    [
      number(
        "profile",
        "port",
        "Accepted for compatibility; there are no Go profiles",
        ({ overrides: { options } }, port) => void (options.prof_port = port),
      ),
      flip("h help", "Shows this", (given, on) => void (given.help = on)),
      flip("v version", "Shows the version", (given, on) => void (given.version = on)),
      flip("help_tls", "Explains TLS", (given, on) => void (given.helpTls = on)),
    ],
  ],
];
const flags = new Map(
  groups.flatMap(([, list]) => list.flatMap((flag) => flag.names.map((name) => [name, flag] as const))),
);

/** What the arguments after the program's name ask for. */
export function parseFlags(args: readonly string[]): Action {
  const given: Given = {
    configFile: undefined,
    signal: undefined,
    check: false,
    version: false,
    help: false,
    helpTls: false,
    overrides: { options: {}, tls: {}, cluster: {} },
  };
  const left = take(args, given);
  if (typeof left === "string") return { kind: "usage", error: left };
  if (given.version) return { kind: "version" };
  if (given.help) return { kind: "help" };
  if (given.helpTls) return { kind: "helpTls" };
  const [word] = left;
  if (word?.toLowerCase() === "version") return { kind: "version" };
  if (word?.toLowerCase() === "help") return { kind: "help" };
  if (word !== undefined) return { kind: "error", error: `unrecognized command: ${JSON.stringify(word)}` };
  if (given.signal !== undefined) return signalAction(given.signal);
  if (!given.check) return { kind: "run", configFile: given.configFile, overrides: given.overrides };
  if (given.configFile !== undefined) return { kind: "checkConfig", configFile: given.configFile };
  return { kind: "error", error: "must specify [-c, --config] option to check configuration file syntax" };
}

/** Takes flags until the first word that is none; the words left, or Go's complaint. */
function take(args: readonly string[], given: Given): readonly string[] | string {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg.length < 2 || !arg.startsWith("-")) return args.slice(i);
    if (arg === "--") return args.slice(i + 1);
    const [, name = "", inline] = /^--?([^=]*)(?:=([^]*))?$/.exec(arg) ?? [];
    if (name === "" || name.startsWith("-")) return `bad flag syntax: ${arg}`;
    const flag = flags.get(name);
    if (flag === undefined) {
      const hint = didYouMean(
        name,
        [...flags.keys()].filter((known) => known.length > 2),
      );
      return `flag provided but not defined: -${name}${hint === undefined ? "" : `\n  ${hint}`}`;
    }
    let value = inline;
    if (value === undefined) {
      if (flag.type === "switch") value = "true";
      else if (i + 1 < args.length) value = args[++i]!;
      else return `flag needs an argument: -${name}`;
    }
    const read = readValue(flag, value);
    if ("complaint" in read) {
      const what = flag.type === "switch" ? `boolean value ${quoted(value)} for` : `value ${quoted(value)} for flag`;
      return `invalid ${what} -${name}: ${read.complaint}`;
    }
    flag.set(given, read.value as never);
  }
  return [];
}

function quoted(value: string): string {
  return JSON.stringify(value);
}

const truths = ["1", "t", "T", "true", "TRUE", "True"];
const lies = ["0", "f", "F", "false", "FALSE", "False"];

function readValue(flag: Flag, value: string): { readonly value: Value } | { readonly complaint: string } {
  if (flag.type === "text") return { value };
  if (flag.type === "switch") {
    if (truths.includes(value)) return { value: true };
    return lies.includes(value) ? { value: false } : { complaint: "parse error" };
  }
  const plain = value.replaceAll(/(?<=[0-9a-fx])_(?=[0-9a-f])/gi, "");
  const [, sign = "", digits = ""] = /^([+-]?)(0x[0-9a-f]+|0b[01]+|0o?[0-7]+|[1-9]\d*|0)$/i.exec(plain) ?? [];
  if (digits === "") return { complaint: "parse error" };
  const big = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits) * (sign === "-" ? -1n : 1n);
  if (big !== BigInt.asIntN(64, big)) return { complaint: "value out of range" };
  return { value: Number(big) };
}

function signalAction(signal: string): Action {
  const [command = "", target, ...more] = signal.split("=");
  if (more.length > 0) return { kind: "error", error: `invalid signal parameters: [${more.join(" ")}]` };
  const known = signalCommands.find((name) => name === command);
  if (known === undefined) return { kind: "error", error: `unknown signal ${JSON.stringify(command)}` };
  return { kind: "signal", command: known, target: target === "" ? undefined : target };
}

/** What `-h` prints on stdout. */
export function usage(program: string): string {
  const lines = groups.flatMap(([title, list]) => ["", `${title}:`, ...list.map(usageLine)]);
  return `Usage: ${program} [flags]\n${lines.join("\n")}\n\n${program} help and ${program} version work too.\n`;
}

function usageLine({ names, value, doc }: Flag): string {
  const spelled = names.map((name) => (name.length > 3 ? `--${name}` : `-${name}`)).join(", ");
  const left = `    ${spelled}${value === undefined ? "" : ` <${value}>`}`;
  return left.length < 40 ? left.padEnd(40) + doc : `${left}\n${" ".repeat(40)}${doc}`;
}
