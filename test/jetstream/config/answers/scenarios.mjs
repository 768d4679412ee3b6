// Random stream configurations: mostly sensible, each with a few fields drawn
// from what is on the edge or beyond it.

const NS = 1_000_000_000;
const long = (length) => "x".repeat(length);

/** Values to choose from; a string that begins with `=` is JSON text as it stands. */
const values = {
  name: ["", "S", "T", "a b", "a.b", "a*", ">", "a/b", "a\\b", long(256), "=null", "=5"],
  description: ["hello", long(4096), long(4097), "ü<&>", "=7", "=null"],
  subjects: [
    [],
    ["foo"],
    ["foo", "bar"],
    ["foo", "foo"],
    ["foo.*", "foo.bar"],
    ["foo.>", "foo.*.x"],
    [">"],
    ["*"],
    ["a..b"],
    [""],
    ["a b"],
    ["$JS.>"],
    ["$JS.EVENT.>"],
    ["$JS.EVENT.ADVISORY.X"],
    ["$JS.API.INFO"],
    ["$JSC.x"],
    ["$NRG.a"],
    ["$SYS.>"],
    ["$SYS.ACCOUNT.x"],
    ["$SYS.ACCOUNT.*"],
    ["$SYS.SERVER.x"],
    ["*.x"],
    ["$JS"],
    ["foo.>", ">"],
    ["in.*"],
    ["in.>", "out"],
    ["a\tb"],
    ["ü.*", "ü.x"],
    ["a.*.c", "a.b.*"],
    "=null",
    "=[null]",
    '="foo"',
    "=[5]",
    '=["a",5]',
  ],
  retention: ["limits", "interest", "workqueue", "Limits", "nope", "=null", "=3", ""],
  max_consumers: [0, -1, -2, 10, "=9223372036854775807", "=1e3", '="5"', "=1.5"],
  max_msgs: [0, -1, -5, 100, "=9223372036854775807", "=9223372036854775808", "=true"],
  max_bytes: [0, -1, -7, 1000, 2000, 2001, 5000, 5001, "=-9223372036854775808"],
  max_age: [0, -1, 1, 99_999_999, 100_000_000, NS, 20 * NS, 60 * NS, 120 * NS, 200 * NS, "=31536000000000001", '="1s"'],
  max_msgs_per_subject: [0, -1, -3, 1, 5],
  max_msg_size: [0, -1, -9, 100, 2147483647, "=2147483648", "=-2147483649"],
  discard: ["old", "new", "NEW", "oLd", "none", "=null", "=1"],
  storage: ["file", "memory", "File", "=null", "disk"],
  num_replicas: [0, 1, 2, 3, 5, 6, -1, "=9223372036854775807"],
  no_ack: [true, false, "=null", "=1"],
  duplicate_window: [
    0,
    -1,
    1,
    99_999_999,
    100_000_000,
    NS,
    10 * NS,
    30 * NS,
    31 * NS,
    120 * NS,
    121 * NS,
    "=31536000000000001",
  ],
  placement: [
    {},
    { cluster: "" },
    { cluster: "c" },
    { tags: ["a"] },
    { tags: [] },
    { tags: null },
    { preferred: "x" },
    { cluster: "c", preferred: "x" },
    "=null",
    "=5",
    '={"nope":1}',
    '={"cluster":5}',
  ],
  compression: ["none", "s2", "S2", "zip", "=null", "=5", ""],
  first_seq: [0, 1, 100, "=9007199254740991", "=-1", "=18446744073709551616"],
  subject_transform: [
    { src: "", dest: "out.>" },
    { src: ">", dest: "out.>" },
    { src: "foo", dest: "bar" },
    { src: "in.*", dest: "out.$1" },
    { src: "in.*", dest: "out.{{wildcard(2)}}" },
    { src: "a b", dest: "x" },
    { src: "a..b", dest: "x" },
    { src: "", dest: "" },
    { src: "in.*", dest: "{{left(1,2)}}" },
    { src: "in.*", dest: "out.{{partition(5,1)}}" },
    { src: "in.*", dest: "out.{{nope(1)}}" },
    { src: "in.>", dest: "out" },
    { src: "foo", dest: "a b" },
    { src: "*", dest: "out.*" },
    { dest: "x.>" },
    "=null",
    "=[]",
    '={"source":"a"}',
    { src: "foo", dest: "foo.>.x" },
    { src: ">", dest: "mapped.>" },
  ],
  republish: [
    { dest: "out.>" },
    { src: ">", dest: "out.>" },
    { src: "", dest: ">" },
    { src: ">", dest: ">" },
    { src: "foo", dest: "bar" },
    { src: "foo", dest: "foo" },
    { src: "in.*", dest: "re.{{left(1,2)}}" },
    { src: "in.*", dest: "re.$2" },
    { src: "in.*", dest: "in.$1" },

    { src: "a b", dest: "x" },
    { src: "foo", dest: "bar", headers_only: true },
    "=null",
    { src: "a..b", dest: "x" },
    { src: "in.>", dest: "re.>" },
    { src: "foo.*", dest: "x" },
  ],
  allow_direct: [true, false, "=null"],
  mirror_direct: [true, false],
  discard_new_per_subject: [true, true, false],
  sealed: [true, false],
  deny_delete: [true, false],
  deny_purge: [true, false],
  allow_rollup_hdrs: [true, false],
  consumer_limits: [
    {},
    { inactive_threshold: NS },
    { max_ack_pending: 7 },
    { inactive_threshold: -1, max_ack_pending: -1 },
    "=null",
    '={"x":1}',
    { max_ack_pending: 5, inactive_threshold: 3 },
    '={"inactive_threshold":"1s"}',
  ],
  allow_msg_ttl: [true, false],
  subject_delete_marker_ttl: [0, -1, 1, NS - 1, NS],
  allow_msg_counter: [true, false],
  allow_atomic: [true, false],
  allow_msg_schedules: [true, false],
  persist_mode: ["default", "async", "", "Async", "=null", "=1"],
  allow_batched: [true, false],
  metadata: [
    {},
    { a: "b" },
    { "_nats.ver": "x", "_nats.level": "9", "_nats.req.level": "7", z: "ü" },
    { k: long(131_072) },
    { k: long(131_055) },
    { k: long(131_056) },
    { k: long(131_071) },
    "=null",
    '={"a":5}',
    '={"a":null}',
    "=[]",
    { b: "1", a: "<&>\u2028", B: "" },
  ],
  pedantic: [true, true, true, false],
  unknown: [1, null],
};
const common = [
  "max_msgs",
  "max_age",
  "discard",
  "storage",
  "duplicate_window",
  "subjects",
  "republish",
  "subject_transform",
];
const later = [
  "allow_msg_ttl",
  "subject_delete_marker_ttl",
  "allow_msg_counter",
  "allow_atomic",
  "allow_msg_schedules",
  "allow_batched",
];

/** Numbers that are the same for the same seed. */
function chance(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function bodyText(fields) {
  const members = Object.entries(fields).map(([key, value]) => {
    const isText = typeof value === "string" && value.startsWith("=");
    return `${JSON.stringify(key)}:${isText ? value.slice(1) : JSON.stringify(value)}`;
  });
  return `{${members.join(",")}}`;
}

/** `count` scenarios of up to four steps. */
export function* scenarios(count, seed) {
  const random = chance(seed);
  const pick = (list) => list[random(list.length)];
  const names = Object.keys(values).filter((name) => name !== "name" && !later.includes(name));
  const mutate = (fields, most) => {
    const changed = { ...fields };
    for (let i = random(most + 1); i > 0; i--) {
      const name = random(3) === 0 ? pick(common) : random(12) === 0 ? pick(later) : pick(names);
      changed[name] = pick(values[name]);
    }
    if (random(40) === 0) changed.name = pick(values.name);
    if (random(30) === 0) changed[pick(["Max_Msgs", "MAX_AGE", "STORAGE"])] = pick(["=5", "=null", "memory"]);
    return changed;
  };
  // Each value once by itself, then whatever comes.
  const single = Object.entries(values).flatMap(([name, choices]) => choices.map((value) => ({ [name]: value })));
  for (let i = 0; i < count; i++) {
    const server = random(4) === 0 ? "limited" : "plain";
    const base = { name: "S", ...(server === "limited" && random(8) > 0 ? { max_bytes: 1000 } : {}) };
    let fields = i < single.length ? { ...base, ...single[i] } : mutate(base, 5);
    const steps = [{ verb: "CREATE", body: bodyText(fields) }];
    for (let more = random(4); more > 0; more--) {
      const verb = random(4) === 0 ? "CREATE" : "UPDATE";
      const next = random(6) === 0 ? { ...fields } : mutate(random(3) === 0 ? base : fields, 2);
      if (verb === "UPDATE" && random(8) === 0) next.sealed = true;
      steps.push({ verb, body: bodyText(next) });
      fields = next;
    }
    yield { server, steps };
  }
}
