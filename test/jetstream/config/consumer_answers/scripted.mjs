// Scenarios that chance would take long to find: what an update may change, one
// field at a time, names, and consumers in each other's way.

const NS = 1_000_000_000;

function create(config, more = {}, form = "named", name = "C") {
  const subject = { named: `CREATE.S.${name}`, durable: `DURABLE.CREATE.S.${name}`, ephemeral: "CREATE.S" }[form];
  return { subject, body: JSON.stringify({ stream_name: "S", config, ...more }) };
}
const on = (stream, ...steps) => ({ server: "plain", stream, steps });
const pull = { durable_name: "C", ack_policy: "explicit" };
const push = { durable_name: "C", ack_policy: "explicit", deliver_subject: "d" };
const listens = { listen: "d" };
const start = "2026-01-02T03:04:05Z";

/** From the first configuration to the second, and back. */
const changes = [
  [pull, { ...pull, description: "other" }],
  [pull, { ...pull, deliver_policy: "new" }],
  [pull, { ...pull, mem_storage: true }],
  [
    { ...pull, deliver_policy: "by_start_sequence", opt_start_seq: 5 },
    { ...pull, deliver_policy: "by_start_sequence", opt_start_seq: 6 },
  ],
  [
    { ...pull, deliver_policy: "by_start_time", opt_start_time: start },
    { ...pull, deliver_policy: "by_start_time", opt_start_time: "2026-01-02T03:04:06Z" },
  ],
  [
    { ...pull, deliver_policy: "by_start_time", opt_start_time: start },
    { ...pull, deliver_policy: "by_start_time", opt_start_time: "2026-01-02T05:04:05+02:00" },
  ],
  [pull, { ...pull, ack_policy: "all" }],
  [pull, { ...pull, ack_wait: NS }],
  [pull, { ...pull, max_deliver: 3 }],
  [pull, { ...pull, backoff: [NS, 2 * NS], max_deliver: 3 }],
  [pull, { ...pull, filter_subject: "foo.a" }],
  [
    { ...pull, filter_subjects: ["foo.a", "bar"] },
    { ...pull, filter_subject: "foo.a" },
  ],
  [pull, { ...pull, replay_policy: "original" }],
  [pull, { ...pull, sample_freq: "50%" }],
  [pull, { ...pull, sample_freq: "9223372036854775807" }],
  [pull, { ...pull, max_waiting: 5 }],
  [pull, { ...pull, max_ack_pending: 5 }],
  [pull, { ...pull, headers_only: true }],
  [pull, { ...pull, max_batch: 5, max_expires: NS, max_bytes: 100 }],
  [pull, { ...pull, inactive_threshold: NS }],
  [pull, { ...pull, num_replicas: 1 }],
  [pull, { ...pull, metadata: { a: "b" } }],
  [pull, { ...pull, pause_until: "2036-01-02T03:04:05+02:00" }],
  [
    { ...pull, pause_until: "2036-01-02T03:04:05+02:00" },
    { ...pull, description: "other" },
  ],
  [pull, { ...pull, priority_policy: "overflow", priority_groups: ["g"] }],
  [
    { ...pull, priority_policy: "pinned_client", priority_groups: ["g"] },
    { ...pull, priority_policy: "prioritized", priority_groups: ["h", "g"] },
  ],
  [pull, push],
  [push, { ...push, deliver_subject: "e" }],
  [push, { ...push, deliver_group: "g" }],
  [push, { ...push, rate_limit_bps: 8000 }],
  [push, { ...push, idle_heartbeat: NS }],
  [
    { ...push, idle_heartbeat: NS },
    { ...push, idle_heartbeat: NS, flow_control: true },
  ],
  [pull, { name: "C", ack_policy: "explicit" }],
  [{ ...pull, inactive_threshold: NS }, { ack_policy: "explicit" }],
  [{ ack_policy: "explicit", inactive_threshold: NS }, { ack_policy: "explicit" }],
  [{ durable_name: "C", deliver_subject: "d", ack_policy: "flow_control" }, push],
];

const names = ["a".repeat(255), "a".repeat(256), "ü".repeat(127), "ü".repeat(128)];
const queue = { ack_policy: "explicit" };

export const scripted = [
  ...changes.map(([one, other]) => on("limits", create(one), create(other), create(one))),
  ...changes.map(([one, other]) =>
    on(
      "memory",
      create(one),
      create(one, { action: "create" }),
      create(other, { action: "create" }),
      create(other, { action: "update" }),
    ),
  ),
  ...changes.slice(0, 12).map(([one, other]) => on("workqueue", create(one), create(other), create(one))),
  on(
    "limits",
    create(push),
    listens,
    create({ ...push, deliver_subject: "e" }),
    create({ ...push, deliver_subject: "d" }),
  ),
  on("limits", listens, create(push), create(push), create({ ...push, deliver_subject: "d.x" })),
  ...names.flatMap((name) => [
    on("limits", create({ ack_policy: "explicit", durable_name: name }, {}, "named", name)),
    on("memory", create({ ack_policy: "explicit", durable_name: name }, {}, "durable", name)),
    on("limits", create({ ack_policy: "explicit" }, {}, "named", name)),
    on("memory", create({ ack_policy: "explicit" }, {}, "named", name)),
  ]),
  ...["a b", "a.b", "a*", "", "x".repeat(17), "A-Za-z0/9_=", "ü"].map((group) =>
    on("limits", create({ ...pull, priority_policy: "prioritized", priority_groups: ["g", group] })),
  ),
  on(
    "limits",
    create({ ack_policy: "explicit", name: "C" }, {}, "ephemeral"),
    create({ ack_policy: "explicit" }, {}, "ephemeral"),
  ),
  on(
    "limits",
    create({ ack_policy: "explicit", inactive_threshold: NS }, {}, "ephemeral"),
    create({ ack_policy: "explicit" }, { action: "update" }, "ephemeral"),
  ),
  on(
    "memory",
    create(queue, {}, "named", "A"),
    create(queue, {}, "named", "B"),
    create(queue, {}, "named", "C"),
    create({ ...queue, description: "x" }, {}, "named", "B"),
  ),
  on(
    "workqueue",
    create(queue, {}, "named", "A"),
    create(queue, {}, "named", "B"),
    create({ ...queue, filter_subject: "foo.a" }, {}, "named", "B"),
    create({ ...queue, filter_subject: "foo.a" }, {}, "named", "A"),
    create({ ...queue, filter_subject: "foo.b" }, {}, "named", "B"),
    create({ ...queue, filter_subject: "foo.*" }, {}, "named", "A"),
    create(queue, {}, "named", "A"),
  ),
  on(
    "workqueue",
    create({ ...queue, filter_subjects: ["foo.a", "foo.b"] }, {}, "named", "A"),
    create({ ...queue, filter_subject: "foo.b" }, {}, "named", "B"),
    create({ ...queue, filter_subjects: ["foo.c", "bar"] }, {}, "named", "B"),
    create({ ...queue, filter_subject: "*.c" }, {}, "named", "D"),
    create({ ...queue, filter_subject: "foo.c" }, {}, "ephemeral"),
    create({ ...queue, filter_subject: "foo.d" }, {}, "ephemeral"),
  ),
  ...[2, 3].map((num_replicas) =>
    on("limits", create({ ...pull, num_replicas }, { action: "nope" }), create({ ...pull, num_replicas })),
  ),
  on("limits", {
    subject: "CREATE.S.C.>",
    body: JSON.stringify({ stream_name: "S", config: { ...pull, filter_subject: ">" } }),
  }),
  on("limits", {
    subject: "CREATE.S.C.foo.*",
    body: JSON.stringify({ stream_name: "S", config: { ...pull, filter_subjects: ["foo.*"] } }),
  }),
  on(
    "limits",
    { subject: "CREATE.S", body: "" },
    { subject: "CREATE.S.C", body: "{}" },
    { subject: "CREATE.S.C", body: '{"stream_name":"S"} x' },
    { subject: "CREATE.S.C", body: '{"stream_name":"S"' },
    { subject: "CREATE.S.C", body: '{"stream_name":"S"}{"config":{"ack_policy":"all"}}' },
  ),
  on(
    "limits",
    create({ ...push, direct: true }),
    create({ ack_policy: "none", deliver_subject: "d", direct: true, durable_name: undefined }),
  ),
];
