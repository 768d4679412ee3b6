// Draws what happens to one stream: its configuration, publishes with every header, deletes, purges, updates, reads.
//
// Knows the words of the API, nothing of servers. `$last`, `$last-1` and `$of TOKEN` stand for sequences that are known when
// an operation is played.

import { Random } from "./random.mjs";

/**
 * @typedef {{ kind: "publish", messages: { token: string, headers: [string, string][], body: string }[] } |
 *   { kind: "api", verb: string, body: object | string } | { kind: "direct", subject: string, body: object | string }} StreamOperation
 * @typedef {{ config: object, operations: StreamOperation[] }} StreamScript
 */

const tokens = ["a", "b", "c", "b.x"];
const filters = ["a", "b", "b.x", "b.*", "*", ">", "none"];

/** The same script for the same seed. @param {number} seed @returns {StreamScript} */
export function drawStreamScript(seed) {
  const random = new Random(seed);
  const config = drawConfig(random);
  return { config, operations: random.list(10, 60, () => drawOperation(random, config)) };
}

function drawConfig(random) {
  const config = { storage: random.pick(["file", "memory"]), allow_direct: true, ...drawChanges(random) };
  if (random.once(4)) config.retention = random.pick(["interest", "workqueue"]);
  if (random.once(5)) config.first_seq = random.pick([1, 2, 100]);
  if (config.storage === "file" && random.once(4)) config.compression = "s2";
  if (random.once(6))
    config.subject_transform = random.pick([
      { src: "SUBJECT.b.*", dest: "SUBJECT.b.$1.y" },
      { src: "SUBJECT.a", dest: "SUBJECT.c" },
    ]);
  return config;
}

/** What an update may change too. */
function drawChanges(random) {
  const changes = {};
  const maybe = (key, values) => {
    if (random.once(3)) changes[key] = random.pick(values);
  };
  maybe("max_msgs", [-1, 1, 3, 8]);
  maybe("max_bytes", [-1, 60, 150, 400, 1000]);
  maybe("max_msgs_per_subject", [-1, 1, 2, 4]);
  maybe("discard", ["old", "new"]);
  maybe("max_msg_size", [-1, 40, 100]);
  maybe("allow_rollup_hdrs", [true]);
  maybe("discard_new_per_subject", [true]);
  if (random.once(10)) changes.deny_delete = true;
  return changes;
}

function drawOperation(random, config) {
  const kind = random.below(20);
  if (kind < 10) return drawPublish(random);
  if (kind === 10)
    return {
      kind: "api",
      verb: "STREAM.MSG.DELETE",
      body: { seq: drawSeq(random), ...(random.once(2) && { no_erase: true }) },
    };
  if (kind === 11) return { kind: "api", verb: "STREAM.PURGE", body: drawPurge(random) };
  if (kind === 12) return { kind: "api", verb: "STREAM.UPDATE", body: { ...config, ...drawChanges(random) } };
  if (kind === 13 || kind === 14) return { kind: "api", verb: "STREAM.MSG.GET", body: drawGet(random) };
  if (kind < 18) return drawDirect(random);
  return {
    kind: "api",
    verb: "STREAM.INFO",
    body: {
      ...(random.once(2) && { deleted_details: true }),
      ...(random.once(2) && { subjects_filter: drawFilter(random) }),
    },
  };
}

/** Mostly one message; of several in one write none asks for its subject's last, which limits may remove meanwhile. */
function drawPublish(random) {
  const messages = random.list(1, random.once(4) ? 5 : 1, () => drawMessage(random));
  if (messages.length > 1) {
    for (const message of messages)
      message.headers = message.headers.filter(([name]) => !name.startsWith("Nats-Expected-Last-Subject"));
  }
  return { kind: "publish", messages };
}

const drawFilter = (random) => (random.once(4) ? ">" : `SUBJECT.${random.pick(filters)}`);
const drawSeq = (random) =>
  random.once(3) ? random.pick(["$last", "$last-1", "$last+1", "$last+9"]) : random.below(25);

function drawMessage(random) {
  const headers = [];
  const maybe = (times, name, draw) => {
    if (random.once(times)) headers.push([name, draw()]);
  };
  const number = () =>
    String(random.pick(["$last", "$last", "$last-1", "$of a", "$of b", "$of c", 0, 1, 7, "x", "01", "-1", ""]));
  maybe(5, "Nats-Msg-Id", () => random.pick(["1", "2", "3", "", "four"]));
  maybe(12, "Nats-Expected-Last-Sequence", number);
  maybe(10, "Nats-Expected-Last-Subject-Sequence", number);
  maybe(20, "Nats-Expected-Last-Subject-Sequence-Subject", () => drawFilter(random));
  maybe(25, "Nats-Expected-Last-Msg-Id", () => random.pick(["1", "2", "", "x"]));
  maybe(25, "Nats-Expected-Stream", () => random.pick(["STREAM", "OTHER"]));
  maybe(12, "Nats-Rollup", () => random.pick(["sub", "all", "SUB", "bad"]));
  maybe(8, "X-Other", () => "y".repeat(random.below(40)));
  maybe(40, "Nats-TTL", () => random.pick(["1", "never", ""]));
  maybe(40, "Nats-Trace-Dest", () => "nobody.listens");
  return {
    token: random.pick(tokens),
    headers,
    body: "z".repeat(random.once(5) ? random.below(200) : random.below(12)),
  };
}

function drawPurge(random) {
  const body = {};
  if (random.once(2)) body.filter = drawFilter(random);
  if (random.once(3)) body.seq = drawSeq(random);
  if (random.once(3)) body.keep = random.below(4);
  return random.once(6) ? "" : body;
}

function drawGet(random) {
  const body = {};
  if (random.once(2)) body.seq = drawSeq(random);
  if (random.once(3)) body.last_by_subj = drawFilter(random);
  if (random.once(3)) body.next_by_subj = drawFilter(random);
  if (random.once(10)) body.no_hdr = true;
  if (random.once(12)) body.start_time = random.pick(["2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z"]);
  return body;
}

function drawDirect(random) {
  if (random.once(5))
    return { kind: "direct", subject: `.SUBJECT.${random.pick(tokens)}`, body: random.once(2) ? "" : { no_hdr: true } };
  const body = drawGet(random);
  const form = random.below(9);
  if (form < 3) {
    delete body.last_by_subj;
    body.batch = random.below(6);
  } else if (form < 5) {
    delete body.last_by_subj;
    delete body.next_by_subj;
    body.multi_last = random.list(1, 3, () => drawFilter(random));
    if (random.once(3)) body.up_to_seq = drawSeq(random);
  }
  if (random.once(8)) body.max_bytes = random.pick([1, 150, 100_000]);
  return { kind: "direct", subject: "", body };
}
