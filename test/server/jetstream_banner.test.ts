// What the log says of JetStream, against what nats-server 2.14.5 logged.

import { expect, test } from "vitest";
import { type Log, silentLog } from "../../src/base/log.ts";
import {
  friendlyBytes,
  type JetStreamBanner,
  logAccountEnabled,
  logAccountRecovered,
  logJetStream,
  logRestored,
  logRestoring,
  logStarted,
  nodeName,
} from "../../src/server/jetstream_banner.ts";

function linesOf(say: (log: Log) => void): string[] {
  const lines: string[] = [];
  const at = (label: string) => (text: string) => void lines.push(`${label} ${text}`);
  say({ ...silentLog, notice: at("INF"), warn: at("WRN"), debug: at("DBG") });
  return lines;
}

const banner: JetStreamBanner = {
  strict: true,
  maxMemory: 18957382656,
  maxStorage: 62736227328,
  storeDir: "/d/s/jetstream",
  domain: "hub",
  apiLevel: 4,
  syncAlways: true,
  syncIntervalNanos: 120e9,
};

test("the banner and its block; the line Sync is ours", () => {
  expect(linesOf((log) => logJetStream(log, banner))).toEqual([
    "INF     _ ___ _____ ___ _____ ___ ___   _   __  __",
    "INF  _ | | __|_   _/ __|_   _| _ \\ __| /_\\ |  \\/  |",
    "INF | || | _|  | | \\__ \\ | | |   / _| / _ \\| |\\/| |",
    "INF  \\__/|___| |_| |___/ |_| |_|_\\___/_/ \\_\\_|  |_|",
    "INF ",
    "INF          https://docs.nats.io/jetstream",
    "INF ",
    "INF ---------------- JETSTREAM ----------------",
    "INF   Strict:          true",
    "INF   Max Memory:      17.66 GB",
    "INF   Max Storage:     58.43 GB",
    'INF   Store Directory: "/d/s/jetstream"',
    "INF   Domain:          hub",
    "INF   Sync:            always, before a message is acknowledged",
    "INF   API Level:       4",
    "INF -------------------------------------------",
  ]);
});

test("what is not so is not in the block", () => {
  const lines = linesOf((log) => logJetStream(log, { ...banner, strict: false, domain: "", syncAlways: false }));
  expect(lines.slice(8)).toEqual([
    "INF   Max Memory:      17.66 GB",
    "INF   Max Storage:     58.43 GB",
    'INF   Store Directory: "/d/s/jetstream"',
    "INF   Sync:            every 2m0s, messages since then can be lost with the machine",
    "INF   API Level:       4",
    "INF -------------------------------------------",
  ]);
  expect(linesOf((log) => logJetStream(log, { ...banner, storeDir: "" })).slice(11, 14)).toEqual([
    "INF   Store:           in memory, gone with the server",
    "INF   Domain:          hub",
    "INF   Sync:            none",
  ]);
});

test("recovery", () => {
  expect(
    linesOf((log) => {
      logAccountEnabled(log, "A", { maxMemory: 100e6, maxStorage: -1 }, true);
      logRestoring(log, "A", "S");
      logRestored(log, "A", "S", 1234567, 2.4);
      logRestored(log, "A", "T", 100, 0.2);
      logAccountRecovered(log, "A");
      logStarted(log, 12.3456789);
    }),
  ).toEqual([
    'DBG Enabled JetStream for account "A"',
    "DBG   Max Memory:      95.37 MB",
    "DBG   Max Storage:     -1 B",
    'DBG Recovering JetStream state for account "A"',
    "INF   Starting restore for stream 'A > S'",
    "INF   Restored 1,234,567 messages for stream 'A > S' in 2ms",
    "INF   Restored 100 messages for stream 'A > T' in 0s",
    'DBG JetStream state for account "A" recovered',
    "INF Took 12.346ms to start JetStream",
  ]);
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.00 KB"],
  [1e9, "953.67 MB"],
  [10e9, "9.31 GB"],
  [2 ** 40, "1.00 TB"],
])("%i bytes are %s", (bytes, text) => {
  expect(friendlyBytes(bytes)).toBe(text);
});

test.each([
  ["NAM7O2VE6OUVG3J3YYMWFBMYYAKKBP6PEVTG55ROG6C3C2MPAJVJSNYP", "IfCjhaYn"],
  ["NALEWG6BUKP3NGFJIMP36ILF6J4JQOWAUHFE7BYXOUX54YLKKYBBS23Q", "J4XT1okp"],
])("the node of server %s is %s", (name, node) => {
  expect(nodeName(name)).toBe(node);
});
