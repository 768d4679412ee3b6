// Random consumer configurations on several kinds of streams: mostly sensible,
// each with a few fields drawn from what is on the edge or beyond it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scripted } from "./scripted.mjs";

const NS = 1_000_000_000;
const MS = 1_000_000;
const long = (length) => "x".repeat(length);

/** The streams that consumers are made on. */
export const streams = JSON.parse(readFileSync(join(import.meta.dirname, "streams.json"), "utf8"));

/** Values to choose from; a string that begins with `=` is JSON text as it stands. */
export const values = {
  durable_name: ["", "C", "D", "a b", "a.b", "a*", ">", "a/b", "a\\b", long(256), "=null", "=5"],
  name: ["", "C", "D", "a b", "a.b", "a/b", "a\\b", long(255), "=null", "=5", "ü"],
  description: ["hello", long(4096), long(4097), "ü<&>", "=7", "=null"],
  deliver_policy: [
    "all",
    "last",
    "new",
    "by_start_sequence",
    "by_start_time",
    "last_per_subject",
    "undefined",
    "",
    "All",
    "nope",
    "=null",
    "=3",
  ],
  opt_start_seq: [0, 1, 5, "=18446744073709551615", "=18446744073709551616", "=-1", '="5"', "=null"],
  opt_start_time: [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.123456789+02:00",
    "2026-01-02T03:04:05-11:30",
    "2026-01-02T03:04:05+00:00",
    "0001-01-01T00:00:00Z",
    "=null",
    "soon",
    "=5",
  ],
  ack_policy: ["none", "all", "explicit", "flow_control", "Explicit", "", "=null", "=2"],
  ack_wait: [0, 1, -1, NS, 30 * NS, "=31536000000000001", '="1s"', "=1.5", "=null"],
  max_deliver: [0, 1, 2, -1, -2, 10, "=9223372036854775807", "=9223372036854775808"],
  backoff: [[], [NS], [NS, 2 * NS], [NS, -1], [30 * NS], [0], [NS, 2 * NS, 3 * NS], "=null", "=5", '=["1s"]'],
  filter_subject: [
    "",
    "foo.a",
    "foo.*",
    "foo.>",
    ">",
    "bar",
    "baz",
    "a..b",
    "a b",
    "foo.>.x",
    "*",
    "ü.x",
    "=null",
    "=5",
  ],
  filter_subjects: [
    ["foo.a"],
    ["foo.a", "bar"],
    ["foo.*", "foo.a"],
    ["foo.a", "foo.a"],
    ["foo.*", "*.a"],
    [""],
    ["foo.a", ""],
    ["a..b"],
    ["foo.a", "a b"],
    ["foo.>", "bar"],
    ["b", "a"],
    "=null",
    "=[5]",
    '="foo"',
  ],
  replay_policy: ["instant", "original", "", "Instant", "=null", "=1"],
  rate_limit_bps: [0, 1, 1024, "=18446744073709551615", "=-1"],
  sample_freq: [
    "",
    "0",
    "100",
    "50%",
    "%",
    "-1",
    "-0",
    "+5",
    "x",
    "1.5",
    "100%%",
    "5 %",
    " 5",
    "101",
    long(30),
    "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "ü",
    "=5",
  ],
  max_waiting: [0, 1, -1, 512, 1000, "=9223372036854775807", '="5"'],
  max_ack_pending: [0, 1, -1, -2, 50, 51, 300, 301, 1000, 1001, "=9223372036854775807"],
  flow_control: [true, false, "=null", "=1"],
  headers_only: [true, false],
  max_batch: [0, 1, -1, 100, 101, "=9223372036854775807"],
  max_expires: [0, 1, -1, MS - 1, MS, NS, "=null"],
  max_bytes: [0, 1, -1, 1024, "=9223372036854775807"],
  deliver_subject: [
    "",
    "d",
    "e",
    "foo.x",
    "bar",
    "foo",
    "d.*",
    "d.>",
    "d.>.x",
    "d*",
    "d..x",
    "a b",
    ".",
    "ü",
    "=null",
    "=5",
  ],
  deliver_group: ["", "g", "a b", "a.*", "=null"],
  idle_heartbeat: [0, 1, -1, 100 * MS - 1, 100 * MS, NS, 5 * NS],
  inactive_threshold: [0, 1, -1, NS, 60 * NS, 61 * NS, 90 * NS],
  num_replicas: [0, 1, 2, 3, -1, 6, "=null", "=1.5"],
  mem_storage: [true, false],
  direct: [true, false],
  sourcing: [true, false],
  metadata: [
    {},
    { a: "b" },
    { "_nats.ver": "x", "_nats.level": "9", "_nats.req.level": "7", z: "ü" },
    { k: long(131_055) },
    { k: long(131_056) },
    { k: long(131_072) },
    "=null",
    '={"a":5}',
    '={"a":null}',
    "=[]",
    { b: "1", a: "<&>\u2028", B: "" },
  ],
  pause_until: [
    "2036-01-02T03:04:05Z",
    "2036-01-02T03:04:05.5+02:00",
    "2016-01-02T03:04:05Z",
    "0001-01-01T00:00:00Z",
    "=null",
    "soon",
  ],
  priority_groups: [
    ["g"],
    ["g", "h"],
    [""],
    ["a b"],
    [long(17)],
    [long(16)],
    ["A/b_=-9"],
    ["g", "a.b"],
    "=null",
    '="g"',
  ],
  priority_policy: ["none", "overflow", "pinned_client", "prioritized", "", "Overflow", "=null", "=1"],
  priority_timeout: [0, 1, -1, NS, 120 * NS],
  unknown: [1, null],
};
const common = [
  "ack_policy",
  "deliver_policy",
  "filter_subject",
  "deliver_subject",
  "priority_policy",
  "max_ack_pending",
];
const outer = {
  stream_name: ["", "S", "T", "=null", "=5"],
  action: ["", "create", "update", "Create", "nope", "=null", "=1"],
  pedantic: [true, true, true, false, "=null", "=1"],
  config: ["=null", "={}", "=5", "=[]"],
  nope: [1],
};
/** What goes together. */
const together = [
  { deliver_policy: "by_start_sequence", opt_start_seq: 5 },
  { deliver_policy: "by_start_sequence", opt_start_time: "2026-01-02T03:04:05Z", opt_start_seq: 5 },
  { deliver_policy: "by_start_time", opt_start_time: "2026-01-02T03:04:05Z" },
  { deliver_policy: "by_start_time", opt_start_time: "2026-01-02T03:04:05Z", opt_start_seq: 5 },
  { deliver_policy: "by_start_time", opt_start_time: "2026-01-02T05:04:05+02:00" },
  { deliver_policy: "last_per_subject", filter_subject: "foo.>" },
  { deliver_policy: "last_per_subject", filter_subjects: ["foo.>", "bar"] },
  { deliver_policy: "last_per_subject", filter_subject: "foo.>", opt_start_seq: 1 },
  { priority_policy: "pinned_client", priority_groups: ["g"] },
  { priority_policy: "overflow", priority_groups: ["g", "h"] },
  { priority_policy: "prioritized", priority_groups: ["g"], priority_timeout: NS },
  { deliver_subject: "d", flow_control: true, idle_heartbeat: NS },
  { deliver_subject: "d", flow_control: true },
  { deliver_subject: "d", ack_policy: "flow_control" },
  { deliver_subject: "d", ack_policy: "flow_control", flow_control: true, idle_heartbeat: NS, pedantic: true },
  { deliver_subject: "d", ack_policy: "flow_control", max_ack_pending: -1 },
  { deliver_subject: "d", ack_policy: "flow_control", ack_wait: NS },
  { deliver_subject: "d", ack_policy: "flow_control", max_deliver: 5 },
  { backoff: [NS, 2 * NS], max_deliver: 3 },
  { backoff: [NS, 2 * NS], max_deliver: 1 },
  { backoff: [NS, 2 * NS], ack_wait: NS, max_deliver: 2 },
  { direct: true, deliver_subject: "d" },
];

/** Numbers that are the same for the same seed. */
function chance(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * below);
  };
}

function objectText(fields) {
  const members = Object.entries(fields).map(([key, value]) => {
    const isText = typeof value === "string" && value.startsWith("=");
    return `${JSON.stringify(key)}:${isText ? value.slice(1) : JSON.stringify(value)}`;
  });
  return `{${members.join(",")}}`;
}

const forms = {
  named: (name) => `CREATE.S.${name}`,
  filtered: (name, filter) => `CREATE.S.${name}.${filter}`,
  durable: (name) => `DURABLE.CREATE.S.${name}`,
  ephemeral: () => "CREATE.S",
};

/** The scripted scenarios, then `count` random ones of up to four steps: a subject behind `$JS.API.CONSUMER.` and a body, or a subject to listen to. */
export function* scenarios(count, seed) {
  yield* scripted;
  const random = chance(seed);
  const pick = (list) => list[random(list.length)];
  const names = Object.keys(values);
  const mutate = (fields, most) => {
    const changed = { ...fields };
    for (let i = random(most + 1); i > 0; i--) {
      if (random(4) === 0) Object.assign(changed, pick(together));
      const name = random(3) === 0 ? pick(common) : pick(names);
      changed[name] = pick(values[name]);
    }
    if (random(30) === 0) changed[pick(["Max_Deliver", "ACK_WAIT", "ACK_policy"])] = pick(["=5", "=null", "all"]);
    return changed;
  };
  const step = (config) => {
    const form = pick(["named", "named", "named", "named", "durable", "ephemeral", "filtered"]);
    const name = random(40) === 0 ? pick(["D", "a\\b", "a/b", "CREATE", "ü"]) : "C";
    const request = { stream_name: "S", config: { ...config } };
    const inner = request.config;
    if (form === "durable" && random(10) > 0) inner.durable_name = name;
    if (form === "ephemeral" && random(10) > 0) delete inner.durable_name;
    const filter = pick(["foo.a", "foo.*", "foo.>", "bar", ">"]);
    if (form === "filtered" && random(6) > 0) inner.filter_subject = filter;
    if ("pedantic" in inner) {
      request.pedantic = inner.pedantic;
      delete inner.pedantic;
    }
    if (random(5) === 0) request.action = pick(["create", "create", "update"]);
    if (random(15) === 0) request.pedantic = true;
    if (random(20) === 0) {
      const field = pick(Object.keys(outer));
      request[field] = pick(outer[field]);
    }
    if (typeof request.config === "object") request.config = `=${objectText(request.config)}`;
    return { subject: forms[form](name, filter), body: objectText(request) };
  };
  // Each value once by itself, pulled and pushed, then whatever comes.
  const bases = [
    { ack_policy: "explicit" },
    { ack_policy: "explicit", durable_name: "C" },
    { ack_policy: "explicit", deliver_subject: "d" },
    { durable_name: "C", deliver_subject: "d" },
    { ack_policy: "all" },
  ];
  const single = Object.entries(values).flatMap(([name, choices]) => choices.map((value) => ({ [name]: value })));
  for (let i = 0; i < count; i++) {
    const server = random(4) === 0 ? "limited" : "plain";
    const stream = pick([...Object.keys(streams), "limits"]);
    const base = pick(bases);
    let fields = i < single.length ? { ...base, ...single[i] } : mutate(base, 4);
    const steps = [step(fields)];
    for (let more = random(4); more > 0; more--) {
      if (random(8) === 0) steps.push({ listen: pick(["d", "e", "d.*", "x"]) });
      if (random(5) > 0) fields = mutate(random(3) === 0 ? base : fields, 2);
      steps.push(step(fields));
    }
    yield { server, stream, steps };
  }
}
