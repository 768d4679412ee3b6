// What the log says about JetStream at its start and end. Tools parse these
// lines, so they are nats-server's; the one on durability is our own.

import type { Log } from "../base/log.ts";
import { goDuration } from "../base/gotime.ts";
import { shortHash } from "../jetstream/short_hash.ts";

/** What the block under the banner shows. */
export interface JetStreamBanner {
  readonly strict: boolean;
  /** Bytes. */
  readonly maxMemory: number;
  readonly maxStorage: number;
  /** Empty when files are kept in memory. */
  readonly storeDir: string;
  /** Empty without one. */
  readonly domain: string;
  readonly apiLevel: number;
  readonly syncAlways: boolean;
  readonly syncIntervalNanos: number;
}

/** The first line about JetStream. */
export function logStarting(log: Log): void {
  log.notice("Starting JetStream");
}

/** Where no directory was given. */
export function logTemporaryDir(log: Log): void {
  log.warn("Temporary storage directory used, data could be lost on system reboot");
}

/** The banner and the block of settings, once the store directory is known to be usable. */
export function logJetStream(log: Log, banner: JetStreamBanner): void {
  for (const line of art) log.notice(line);
  log.notice("---------------- JETSTREAM ----------------");
  if (banner.strict) log.notice("  Strict:          true");
  log.notice(`  Max Memory:      ${friendlyBytes(banner.maxMemory)}`);
  log.notice(`  Max Storage:     ${friendlyBytes(banner.maxStorage)}`);
  if (banner.storeDir === "") log.notice("  Store:           in memory, gone with the server");
  else log.notice(`  Store Directory: "${banner.storeDir}"`);
  if (banner.domain !== "") log.notice(`  Domain:          ${banner.domain}`);
  log.notice(`  Sync:            ${syncText(banner)}`);
  log.notice(`  API Level:       ${banner.apiLevel}`);
  log.notice("-".repeat(43));
}

/** After the accounts are enabled and their streams restored. */
export function logStarted(log: Log, tookMs: number): void {
  log.notice(`Took ${goDuration(Math.round(tookMs * 1e3) * 1e3)} to start JetStream`);
}

/** Before a stream's files are read. */
export function logRestoring(log: Log, account: string, stream: string): void {
  log.notice(`  Starting restore for stream '${account} > ${stream}'`);
}

/** When its messages are there. */
export function logRestored(log: Log, account: string, stream: string, messages: number, tookMs: number): void {
  const took = goDuration(Math.round(tookMs) * 1e6);
  log.notice(`  Restored ${withCommas(messages)} messages for stream '${account} > ${stream}' in ${took}`);
}

/** An account with its limits, in bytes; negative is no limit. `hasState` when there is something to recover. */
export function logAccountEnabled(
  log: Log,
  account: string,
  limits: { readonly maxMemory: number; readonly maxStorage: number },
  hasState: boolean,
): void {
  log.debug(`Enabled JetStream for account "${account}"`);
  log.debug(`  Max Memory:      ${friendlyBytes(limits.maxMemory)}`);
  log.debug(`  Max Storage:     ${friendlyBytes(limits.maxStorage)}`);
  if (hasState) log.debug(`Recovering JetStream state for account "${account}"`);
}

/** When all its streams are there. */
export function logAccountRecovered(log: Log, account: string): void {
  log.debug(`JetStream state for account "${account}" recovered`);
}

/** Before streams are closed at the end of the server, and after. */
export function logShutdown(log: Log, isDone: boolean): void {
  log.notice(isDone ? "JetStream Shutdown" : "Initiating JetStream Shutdown...");
}

const art = [
  "    _ ___ _____ ___ _____ ___ ___   _   __  __",
  " _ | | __|_   _/ __|_   _| _ \\ __| /_\\ |  \\/  |",
  "| || | _|  | | \\__ \\ | | |   / _| / _ \\| |\\/| |",
  " \\__/|___| |_| |___/ |_| |_|_\\___/_/ \\_\\_|  |_|",
  "",
  "         https://docs.nats.io/jetstream",
  "",
];

function syncText({ syncAlways, syncIntervalNanos, storeDir }: JetStreamBanner): string {
  if (storeDir === "") return "none";
  if (syncAlways) return "always, before a message is acknowledged";
  return `every ${goDuration(syncIntervalNanos)}, messages since then can be lost with the machine`;
}

const BASE = 1024;

/** A number of bytes as nats-server shows it: "1000 B", "953.67 MB". */
export function friendlyBytes(bytes: number): string {
  if (bytes < BASE) return `${bytes} B`;
  const power = Math.trunc(Math.log(bytes) / Math.log(BASE));
  return `${(bytes / BASE ** power).toFixed(2)} ${"KMGTPE"[power - 1]}B`;
}

function withCommas(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** The short name that nats-server gives a server of this name, as the line `Node:` shows. */
export const nodeName = shortHash;
