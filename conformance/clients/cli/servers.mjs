// What `nats server`, `account`, `events`, `trace` and `rtt` print of a server with accounts, compared with what
// they printed against nats-server.
//
// Of JSON only the fields and the kinds of their values are compared: what is in them is for the transcripts of system/.

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
  "account info",
  "account report connections",
  "account report statistics",
  `${sys} server list`,
  `${sys} server ping 1`,
  `${sys} server info host`,
  `${sys} server report accounts`,
  `${sys} server report accounts A`,
  `${sys} server report connections --account A`,
  `${sys} server report jetstream`,
  `${sys} server report jetstream --account A`,
  `${sys} server report health`,
  `${sys} server report cpu`,
  `${sys} server report mem`,
  `${sys} server report routes`,
  `${sys} server report gateways`,
  `${sys} server report leafnodes`,
  `${sys} server request variables`,
  `${sys} server request accounts`,
  `${sys} server request accounts --account A`,
  `${sys} server request connections`,
  `${sys} server request connections --filter-account A --subscriptions`,
  `${sys} server request subscriptions`,
  `${sys} server request jetstream --all`,
  `${sys} server request jetstream-health`,
  `${sys} server request gateways`,
  `${sys} server request leafnodes`,
  `${sys} server request routes`,
  `${sys} server request kick 99999 host`,
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
  "server mappings orders.* shop.{{wildcard(1)}} orders.1",
  { watch: `${sys} events --all --json`, ready: /^/, meanwhile: ["--user b --password b pub x y", "--user b --password b pub x y", "--user b --password b pub x y"], until: /_connect[^]*_disconnect/ }, // prettier-ignore
  "trace orders.1 one",
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
  });
}

function steady(text, common) {
  return common(shapeOf(text.trim()))
    .replaceAll(/\b\d+\.\d+s\b/g, "AGE")
    .replaceAll(/\bRTT\s+│/g, "RTT │")
    .replaceAll(/Go Version: \S+/g, "Go Version: VERSION")
    .replaceAll(/sha256:[0-9a-f]+/g, "DIGEST")
    .replaceAll(/\/\S*\/clients-\w+\//g, "DIR/")
    .replaceAll(/\b[\d.,]+(e-\d+)?( (B|KiB|MiB|GiB|%|years|cores)|%)/g, "SIZE")
    .replaceAll(/\b\d+(\.\d+)?(e-\d+)?\b/g, "N")
    .replaceAll(/\bN(ns|µs|ms|s|m|h|d)\b/g, "AGE");
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
