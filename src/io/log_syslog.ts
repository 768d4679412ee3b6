// The log in a syslog, of this machine or another one.
//
// Knows the two formats and severities nats-server uses. Queues little: what a
// syslog does not take is dropped and counted. Node has no unix datagram
// sockets, which most local syslogs listen on; there logger(1) sends the lines.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { LogClock, type Level, type LogSink } from "./log_line.ts";
import * as natives from "./natives.ts";
import { systemWords, type SystemError } from "./system_text.ts";

const MOST_QUEUED_BYTES = 256 * 1024;
const CLOSE_MS = 200;
const RECONNECT_MS = 1000;
const TAG = "nats-server";
const DAEMON = 3 << 3;
const LOCAL_PATHS = ["/dev/log", "/var/run/syslog", "/var/run/log"];
const severities: Readonly<Record<Level, number>> = { FTL: 2, ERR: 3, WRN: 4, INF: 5, TRC: 5, DBG: 7 };
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Carries messages to a syslog. */
interface SyslogWire {
  /** False when the message was not taken. */
  send(message: string): boolean;
  close(): Promise<void>;
}

/** Opens the syslog at `address` (udp://host:port, tcp://host:port). Rejects with nats-server's text. */
export async function openRemoteSyslog(address: string, pid: number): Promise<LogSink> {
  const { network, host, port } = parseAddress(address);
  const wire = network === "tcp" ? await StreamWire.open({ host, port }) : await openUdp(host, port);
  const from = `${hostname()} ${TAG}[${pid}]`;
  return new SyslogSink(
    wire,
    (severity, text) => `<${severity}>${rfc3339(new Date(natives.dateMs()))} ${from}: ${text}\n`,
  );
}

/** Opens this machine's syslog. Rejects with nats-server's text, or why Node cannot. */
export async function openLocalSyslog(pid: number, paths: readonly string[] = LOCAL_PATHS): Promise<LogSink> {
  const clock = new LogClock();
  const line = (severity: number, text: string): string =>
    `<${DAEMON + severity}>${rfc3164(clock.second(false))} ${TAG}[${pid}]: ${text}\n`;
  for (const path of paths) {
    try {
      return new SyslogSink(await StreamWire.open({ path }), line);
    } catch (error) {
      const { code } = error as SystemError;
      if (code !== "EPROTOTYPE") continue;
      const wire = await LoggerWire.open(path, pid);
      // logger adds time and tag itself; a line break would begin another message.
      return new SyslogSink(wire, (severity, text) => `<${DAEMON + severity}>${text.replaceAll("\n", " ")}\n`);
    }
  }
  throw new Error('error connecting to syslog: "Unix syslog delivery error"');
}

class SyslogSink implements LogSink {
  readonly #wire: SyslogWire;
  readonly #message: (severity: number, text: string) => string;
  #dropped = 0;

  constructor(wire: SyslogWire, message: (severity: number, text: string) => string) {
    this.#wire = wire;
    this.#message = message;
  }
  write(level: Level, text: string): void {
    if (!this.#wire.send(this.#message(severities[level], text))) {
      this.#dropped++;
      return;
    }
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.write("WRN", `${dropped} log lines dropped, the syslog did not take them`);
  }
  reopen(): boolean {
    return false;
  }
  close(): Promise<void> {
    return this.#wire.close();
  }
}

/** TCP or a unix stream socket; connects again, at most once a second, when it was lost. */
class StreamWire implements SyslogWire {
  readonly #to: { host: string; port: number } | { path: string };
  #socket: Socket;
  #retryAtMs = 0;

  static open(to: { host: string; port: number } | { path: string }): Promise<StreamWire> {
    return new Promise((resolve, reject) => {
      const socket = connect(to);
      socket.once("connect", () => {
        socket.off("error", fail);
        resolve(new StreamWire(to, socket));
      });
      const fail = (error: SystemError): void => {
        if (!("host" in to)) reject(error);
        else
          reject(new Error(`error connecting to syslog: "dial tcp ${dialled(to.host, to.port)}: ${dialText(error)}"`));
      };
      socket.once("error", fail);
    });
  }

  private constructor(to: { host: string; port: number } | { path: string }, socket: Socket) {
    this.#to = to;
    this.#socket = watch(socket);
  }
  send(message: string): boolean {
    if (this.#socket.destroyed) {
      if (natives.nowMs() < this.#retryAtMs) return false;
      this.#retryAtMs = natives.nowMs() + RECONNECT_MS;
      this.#socket = watch(connect(this.#to));
    }
    if (this.#socket.writableLength > MOST_QUEUED_BYTES) return false;
    this.#socket.write(message);
    return true;
  }
  close(): Promise<void> {
    return ended(this.#socket, () => this.#socket.destroy());
  }
}

/** A syslog never keeps the process alive and its errors never end it. */
function watch(socket: Socket): Socket {
  socket.unref();
  socket.on("error", () => {});
  socket.resume();
  return socket;
}

async function openUdp(host: string, port: number): Promise<SyslogWire> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.connect(port, host, () => {
      socket.off("error", reject);
      resolve();
    });
  }).catch((error: SystemError) => {
    throw new Error(`error connecting to syslog: "dial udp: ${dialText(error)}"`, { cause: error });
  });
  socket.unref();
  // Nobody listening is an error of a later send; it costs that message.
  socket.on("error", () => {});
  return {
    send(message) {
      if (socket.getSendQueueSize() > MOST_QUEUED_BYTES) return false;
      socket.send(message, () => {});
      return true;
    },
    async close() {
      const untilMs = natives.nowMs() + CLOSE_MS;
      while (socket.getSendQueueCount() > 0 && natives.nowMs() < untilMs) await nextTurn();
      socket.close();
    },
  };
}

/** logger(1), which can speak to a unix datagram socket. */
class LoggerWire implements SyslogWire {
  readonly #input: Writable;
  readonly #kill: () => void;

  static open(path: string, pid: number): Promise<LoggerWire> {
    return new Promise((resolve, reject) => {
      const args = ["--socket", path, "--tag", TAG, `--id=${pid}`, "--prio-prefix"];
      // Its own group: Ctrl-C is for us, it ends when its input does.
      const logger = spawn("logger", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
      logger.once("spawn", () => {
        logger.unref();
        resolve(new LoggerWire(logger.stdin, () => void logger.kill()));
      });
      logger.once("error", () => {
        const why = `${path} is a datagram socket, which Node cannot open, and logger(1) is not there to do it`;
        reject(new Error(`error connecting to syslog: "${why}"`));
      });
    });
  }

  private constructor(input: Writable, kill: () => void) {
    this.#input = input;
    this.#kill = kill;
    if ("unref" in input && typeof input.unref === "function") input.unref();
    input.on("error", () => {});
  }
  send(message: string): boolean {
    if (this.#input.destroyed || this.#input.writableLength > MOST_QUEUED_BYTES) return false;
    this.#input.write(message);
    return true;
  }
  close(): Promise<void> {
    return ended(this.#input, this.#kill);
  }
}

/** Resolves once what was written is out; after a moment `giveUp`. */
function ended(stream: Writable, giveUp: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) {
      resolve();
      return;
    }
    const timer = natives.setTimeout(() => {
      giveUp();
      resolve();
    }, CLOSE_MS);
    stream.end(() => {
      natives.clearTimeout(timer);
      resolve();
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => natives.setImmediate(resolve));
}

/** `syslog://` is udp, as the documentation has it. */
function parseAddress(address: string): { network: "udp" | "tcp"; host: string; port: number } {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)/i.exec(address);
  if (parts === null) {
    const why = /^[a-z0-9]+\./i.test(address)
      ? "first path segment in URL cannot contain colon"
      : "missing protocol scheme";
    throw new Error(`parse ${JSON.stringify(address)}: ${why}`);
  }
  const scheme = parts[1]!.toLowerCase();
  if (scheme !== "udp" && scheme !== "tcp" && scheme !== "syslog") {
    throw new Error(`error invalid network type: ${JSON.stringify(scheme)}`);
  }
  const network = scheme === "tcp" ? "tcp" : "udp";
  const authority = parts[2]!;
  const split = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(authority);
  if (split === null || Number(split[3]) > 65_535) {
    const why = authority === "" ? "missing address" : `address ${authority}: missing port in address`;
    throw new Error(`error connecting to syslog: "dial ${network}: ${why}"`);
  }
  const host = split[1] ?? split[2]!;
  return { network, host: host === "" ? "127.0.0.1" : host, port: Number(split[3]) };
}

function dialled(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function dialText(error: SystemError): string {
  return error.syscall === undefined ? error.message : `${error.syscall}: ${systemWords(error)}`;
}

/** "2026-11-21T04:43:08Z" or with the zone's offset. */
function rfc3339(at: Date): string {
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** "Nov  1 04:43:08" of "2026/11/01 04:43:08". */
function rfc3164(second: string): string {
  const month = months[Number(second.slice(5, 7)) - 1]!;
  const day = String(Number(second.slice(8, 10))).padStart(2);
  return `${month} ${day} ${second.slice(11)}`;
}
