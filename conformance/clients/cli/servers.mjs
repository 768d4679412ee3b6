// What `nats server`, `account`, `events`, `trace` and `rtt` print of a server with accounts, compared with what
// they printed against nats-server.
//
// Of JSON only the fields and the kinds of their values are compared: what is in them is for the transcripts of system/.

import { serverScreens } from "./screens.mjs";
import { playScript } from "./script.mjs";

const sys = "--user sys --password s";
const config = (dir) => `
server_name: host
jetstream { store_dir: "${dir}/js", max_mem: 64MB, max_file: 256MB, sync_interval: 2m }
accounts {
  SYS { users: [ { user: sys, password: s } ] }
  A { jetstream: enabled, users: [ { user: a, password: a } ], exports: [ { service: "time.>" } ] }
  B { users: [ { user: b, password: b } ], imports: [ { service: { account: A, subject: "time.>" } } ] }
}
system_account: SYS
no_auth_user: a
`;

const entries = [
  "stream add ORDERS --subjects orders.* --defaults",
  "consumer add ORDERS pull --pull --defaults",
  "kv add BUCKET",
  "kv put BUCKET key value",
  "pub orders.1 one -J",
  "rtt --json",
  "rtt 3",
  "latency --server-b {url} --rate 200 --duration 1s --size 64",
  "account info",
  "account report connections",
  "account report connections --sort in-msgs --reverse --top 1",
  "account report connections --username a",
  "account report connections --username nobody",
  "account report connections --subject nobody.there",
  "account report connections --state closed --top 1 --sort cid",
  "account report connections --state all --closed-reason nothing",
  "account report statistics",
  "account tls",
  `${sys} account info`,
  `${sys} server list`,
  `${sys} server list 1 --json --sort conns --reverse`,
  `${sys} server ping 1`,
  `${sys} server ping 1 --id`,
  `${sys} server ping 1 --graph`,
  `${sys} server info host`,
  `${sys} server info {id}`,
  `${sys} server info nobody --timeout 1s`,
  `${sys} server account info A`,
  `${sys} server account info B --json`,
  `${sys} server account info SYS`,
  `${sys} server account info NOSUCH`,
  "server account info A --timeout 1s",
  `${sys} server report accounts`,
  `${sys} server report accounts A`,
  `${sys} server report accounts --json --sort conns --top 1`,
  `${sys} server report connections`,
  `${sys} server report connections --json --sort cid --reverse`,
  `${sys} server report connections --account A`,
  `${sys} server report connections --account SYS --username sys --state all --top 1`,
  `${sys} server report connections --state closed --closed-reason Client --top 1`,
  `${sys} server report jetstream`,
  `${sys} server report jetstream --account A`,
  `${sys} server report jetstream 1 --sort msgs --reverse --leaders --no-compact`,
  `${sys} server report jetstream --host host`,
  `${sys} server report jetstream --tags nosuch --timeout 1s`,
  `${sys} server report health`,
  `${sys} server report health --js-enabled --server-only`,
  `${sys} server report health --account A --stream ORDERS --consumer pull`,
  `${sys} server report health --account A --stream NOSUCH`,
  `${sys} server report downgrade 0`,
  `${sys} server report cpu`,
  `${sys} server report mem`,
  `${sys} server report routes`,
  `${sys} server report gateways`,
  `${sys} server report leafnodes`,
  `${sys} server request variables`,
  `${sys} server request variables 1`,
  `${sys} server request variables --name host --host 127.0.0.1`,
  `${sys} server request variables --name nobody --timeout 1s`,
  `${sys} server request variables --cluster c --timeout 1s`,
  `${sys} server request variables --tags t --timeout 1s`,
  "server request variables --timeout 1s",
  `${sys} server request accounts`,
  `${sys} server request accounts --account A`,
  `${sys} server request accounts --account B`,
  `${sys} server request accounts --account SYS`,
  `${sys} server request accounts --account NOSUCH`,
  `${sys} server request connections`,
  `${sys} server request connections --filter-account A --subscriptions`,
  `${sys} server request connections --filter-account SYS --subscriptions`,
  `${sys} server request connections --filter-account A --filter-subject nobody.there`,
  `${sys} server request connections --filter-subject nobody.there`,
  `${sys} server request connections --filter-cid 1`,
  `${sys} server request connections --filter-user sys --filter-state all --limit 1 --offset 1`,
  `${sys} server request connections --filter-state closed --limit 1`,
  `${sys} server request connections --filter-state closed --sort stop --limit 1`,
  `${sys} server request connections --filter-user nobody --filter-empty`,
  ...["cid", "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from", "last", "idle", "uptime", "rtt"].map((sort) => `${sys} server request connections --sort ${sort} --limit 1`), // prettier-ignore
  `${sys} server request connections --sort stop`,
  `${sys} server request connections --sort bogus`,
  `${sys} server request subscriptions`,
  `${sys} server request subscriptions --detail --filter-subject nobody.there`,
  `${sys} server request subscriptions --filter-account NOSUCH`,
  `${sys} server request jetstream`,
  `${sys} server request jetstream --accounts`,
  `${sys} server request jetstream --streams`,
  `${sys} server request jetstream --consumer --config`,
  `${sys} server request jetstream --account A --consumer`,
  `${sys} server request jetstream --account B`,
  `${sys} server request jetstream --leader --timeout 1s`,
  `${sys} server request jetstream --streams --raft --stream-leader`,
  `${sys} server request jetstream --accounts --limit 1 --offset 1`,
  `${sys} server request jetstream --all`,
  `${sys} server request jetstream-health`,
  `${sys} server request jetstream-health --js-enabled --server-only`,
  `${sys} server request jetstream-health --account A --stream ORDERS --consumer pull --details`,
  `${sys} server request jetstream-health --account A --stream NOSUCH --details`,
  `${sys} server request jetstream-health --account A --stream NOSUCH --no-details`,
  `${sys} server request jetstream-health --stream ORDERS`,
  `${sys} server request gateways`,
  `${sys} server request gateways 1 other --accounts --filter-account A --subscriptions`,
  `${sys} server request leafnodes`,
  `${sys} server request leafnodes --subscriptions`,
  `${sys} server request routes`,
  `${sys} server request routes --subscriptions`,
  `${sys} server request ipqueue --all --filter nosuch`,
  `${sys} server request raft --account NOSUCH --group none`,
  `${sys} server request profile heap`,
  `${sys} server request profile cpu --timeout 1s`,
  `${sys} server request profile cpu --timeout 16s`,
  `${sys} server request kick 99999 host`,
  `${sys} server request kick 99999 {id}`,
  `${sys} server config reload {id} -f`,
  `${sys} server cluster balance -f`,
  `${sys} top host --output=screen.txt`,
  `${sys} top host --output=rows.csv --delimiter , --sort msgs_to -n 1 --subs`,
  `${sys} top host --output=none.txt --sort bogus`,
  `${sys} top nobody --output=none.txt --timeout 1s`,
  `${sys} server check server --name host --uptime-warn 0 --uptime-critical 0`,
  `${sys} server check server --name nobody`,
  "server check connection",
  "server check jetstream",
  "server check stream --stream ORDERS --peer-expect 0",
  "server check stream --stream NOSUCH --peer-expect 0",
  "server check consumer --stream ORDERS --consumer pull",
  "server check consumer --stream ORDERS --consumer pull --unprocessed-critical 1",
  "server check message --stream ORDERS --subject orders.1 --content one",
  "server check message --stream ORDERS --subject orders.1 --content two",
  "server check kv --bucket BUCKET --key key",
  "server check kv --bucket BUCKET --key nosuch",
  "server check request --subject nobody.there",
  "server check request --subject $SYS.REQ.USER.INFO --match-payload account",
  "server check meta --expect 1 --lag-critical 1 --seen-critical 1s --timeout 1s",
  `${sys} server check meta --expect 1 --lag-critical 1 --seen-critical 1s --timeout 1s`,
  "server mappings orders.* shop.{{wildcard(1)}} orders.1",
  { watch: `${sys} events --all --json`, ready: /^/, meanwhile: ["--user b --password b pub x y", "--user b --password b pub x y", "--user b --password b pub x y"], until: /_connect[^]*_disconnect/ }, // prettier-ignore
  { watch: `${sys} events --all --json --js-advisory`, ready: /^/, meanwhile: ["stream add HEARD --subjects heard --defaults", "stream rm HEARD -f", "--user a --password a pub x y"], until: /disconnect/ }, // prettier-ignore
  { watch: `${sys} events --short`, ready: /Listening/, meanwhile: ["--user b --password b pub x y"], until: /\[Disconnection\]/ }, // prettier-ignore
  { watch: "events --all --js-advisory --json", ready: /^/, meanwhile: ["stream add HEARD --subjects heard --defaults", "stream rm HEARD -f", "stream info ORDERS"], until: /deleted|delete/ }, // prettier-ignore
  "trace orders.1 one",
  "trace orders.1 one -T -H Color:red",
  "trace orders.1 one --deliver",
  "trace nobody.there one",
];

/** @param {string} binary @param {string} label */
export function serverCommands(binary, label) {
  return playScript({
    binary,
    label,
    about: "server",
    file: "server_commands.txt",
    entries,
    server: { config },
    steady,
    after: (session) => serverScreens(session, label),
  });
}

/** Leaves out what is different each time; of JSON only fields and the kinds of their values stay. */
export function steady(text, common) {
  return common(shapeOf(text.trim()))
    .replaceAll(/(?<=\n)(?: +Subject: .*\n(?: .*(?:\n|$))+\n?)+/g, (blocks) => inOrder(blocks))
    .replaceAll(/\b\d+\.\d+s\b/g, "AGE")
    .replaceAll(/ +│/g, " │")
    .replaceAll(/Uptime: \w+/g, "Uptime: AGE")
    .replaceAll(/^\[[\w.µ]+\] /gm, "[AGE] ")
    .replaceAll(/[▏▎▍▌▋▊▉█]+/g, "BAR")
    .replaceAll(/Band\/Sec: \S+/g, "Band/Sec: SIZE")
    .replaceAll(/Go Version: \S+/g, "Go Version: VERSION")
    .replaceAll(/sha256:[0-9a-f]+/g, "DIGEST")
    .replaceAll(/\/\S*\/clients-\w+\//g, "DIR/")
    .replaceAll(/\b[\d.,]+(e-\d+)?( (B|KiB|MiB|GiB|%|years|cores)|%)/g, "SIZE")
    .replaceAll(/\b\d+(\.\d+)?(e-\d+)?\b/g, "N")
    .replaceAll(/\bN(ns|µs|ms|s|m|h|d)\b/g, "AGE");
}

/** What an account shares comes in any order. */
function inOrder(blocks) {
  const end = blocks.endsWith("\n") ? "\n" : "";
  return blocks.trimEnd().split("\n\n").sort().join("\n\n") + end;
}

/** JSON, one text or one a line, becomes the fields that are in it; other text stays. */
function shapeOf(text) {
  try {
    return JSON.stringify(kindsOf(JSON.parse(text)), null, 1);
  } catch {
    // Not one text.
  }
  try {
    const shapes = text.split("\n").map((line) => JSON.stringify(kindsOf(JSON.parse(line))));
    return [...new Set(shapes)].sort().join("\n");
  } catch {
    return text;
  }
}

function kindsOf(value) {
  // Whatever is in any of them: they come in any order.
  if (Array.isArray(value)) return value.length === 0 ? [] : [value.map(kindsOf).reduce(merged)];
  if (value === null || typeof value !== "object") return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, kindsOf(each)]),
  );
}

function merged(one, other) {
  if (Array.isArray(one) && Array.isArray(other))
    return [...one, ...other].length === 0 ? [] : [[...one, ...other].reduce(merged)];
  if (typeof one !== "object" || typeof other !== "object") return typeof one === "object" ? one : other;
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(
    names.map((name) => [
      name,
      name in one && name in other ? merged(one[name], other[name]) : (one[name] ?? other[name]),
    ]),
  );
}
