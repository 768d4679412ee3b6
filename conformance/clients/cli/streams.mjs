// What `nats stream …` prints, command by command, compared with what it printed against nats-server.
//
// The real command line and its substitute print differently: each has a file of its own beside this one.

import assert from "node:assert/strict";
import { runCase } from "../lib/report.mjs";
import { inTerminal, playScript } from "./script.mjs";

const commands = [
  "stream add ORDERS --subjects ORDERS.* --defaults",
  "stream add ORDERS --subjects ORDERS.* --defaults",
  "stream add ORDERS --subjects ORDERS.> --defaults",
  "stream add SECOND --subjects ORDERS.x --defaults",
  "stream add LIMITED --subjects limited.> --storage memory --retention limits --discard new --max-msgs 100 --max-bytes 1MiB --max-age 1h --max-msg-size 1024 --max-msgs-per-subject 10 --dupe-window 1m --allow-rollup --deny-delete --allow-direct --no-deny-purge --description three --defaults",
  "stream add WORK --subjects work.> --retention work --compression s2 --transform-source work.* --transform-destination done.$1 --republish-source > --republish-destination copy.> --republish-headers --defaults",
  "stream add BAD --subjects bad..subject --defaults",
  "stream add bad.name --subjects bad --defaults",
  "stream ls",
  "stream ls --names",
  "stream ls --subject limited.a --names",
  "req ORDERS.scratch hello",
  "req ORDERS.scratch hello -H Nats-Msg-Id:1",
  "req ORDERS.scratch hello -H Nats-Msg-Id:1",
  "req ORDERS.processed order",
  "req limited.a one",
  "req work.a one",
  "req nobody.home one",
  "stream info ORDERS",
  "stream info ORDERS --json",
  "stream info LIMITED",
  "stream info WORK",
  "stream info NOSUCH",
  "stream state ORDERS",
  "stream subjects ORDERS",
  "stream subjects LIMITED --names",
  "stream report",
  "stream get ORDERS 1",
  "stream get ORDERS 2",
  "stream get ORDERS -S ORDERS.scratch",
  "stream get ORDERS 9",
  "stream get WORK 1",
  "stream rmm ORDERS 2 -f",
  "stream rmm ORDERS 2 -f",
  "stream rmm LIMITED 1 -f",
  "stream edit ORDERS --max-msgs 1 --description edited -f",
  "stream edit ORDERS --max-consumers 5 --subjects ORDERS.* --subjects more.* -f",
  "stream edit NOSUCH --max-msgs 1 -f",
  "stream copy ORDERS ARCHIVE --subjects ARCHIVE.* --max-age 2y",
  "stream copy ORDERS ARCHIVE2",
  "stream purge ORDERS --subject ORDERS.nobody -f",
  "stream purge ORDERS -f",
  "stream purge NOSUCH -f",
  "stream info ORDERS --state",
  "stream seal ARCHIVE -f",
  "req ARCHIVE.a late",
  "stream purge ARCHIVE -f",
  "stream ls --all",
  "stream rm ARCHIVE -f",
  "stream rm ARCHIVE -f",
  "stream rm LIMITED -f",
  "stream rm WORK -f",
  "stream ls --names",
  "stream report",
  "stream rm ORDERS -f",
  "stream ls",
  "stream report",
];

/**
 * Runs the commands, in their order, on a server of their own.
 * @param {string} binary @param {boolean} real @param {string} label
 */
export function streamCommands(binary, real, label) {
  const file = real ? "stream_commands.txt" : "stream_commands_substitute.txt";
  const after = (session) => runCase(`${label}: nats stream graph`, () => graph(session));
  return playScript({
    binary,
    label,
    about: "stream",
    file,
    entries: commands,
    steady,
    after: real ? after : undefined,
  });
}

/** Leaves out what is different each time, and the layout that follows from its width. */
function steady(output) {
  return output
    .replaceAll("\u00A0", " ")
    .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g, "TIME")
    .replaceAll(/^\d\d:\d\d:\d\d /gm, "TIME ")
    .replaceAll(/\b\d+(\.\d+)?(ns|µs|ms|s)\b/g, "AGE")
    .replaceAll(/\bN[A-Z2-7]{55}\b/g, "SERVER")
    .replaceAll(/\b2\.14\.\d+\b/g, "2.14")
    .replaceAll(/[─╭╮╯╰├┤┬┴┼]{2,}/g, "──")
    .replaceAll(/ {2,}/g, "  ")
    .replaceAll(/ +$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/** `stream graph` wants a terminal; it is watched for a moment. */
async function graph(session) {
  await session.must("stream add GRAPHED --subjects graphed --defaults");
  const output = await inTerminal(session, "stream graph GRAPHED");
  assert.match(output, /GRAPHED/);
  assert.match(output, /Messages/);
}
