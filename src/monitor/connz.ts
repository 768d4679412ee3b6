// /connz: the client connections, open or closed, a page at a time.
//
// The connections to show are chosen first, a slice at a time: filtered,
// their keys copied, the keys sorted. Their rows are made while the page is
// written.

import { goDuration, rfc3339Nano, uptimeText } from "../base/gotime.ts";
import { bigInt64, bool, byteText, type Encodable, int, int64, list, nullable, omitEmpty, record, text, uint64 } from "../base/json.ts"; // prettier-ignore
import { type ConnzOptions, type SortKey } from "./connz_options.ts";
import { rowsOf } from "./query.ts";
import { sortedIndexes } from "./sort.ts";
import type { ConnectionView, Moment, MonitorSource, SubscriptionView } from "./source.ts";

/** A subscription in a list of them. */
export const subscriptionDetail = record({
  account: omitEmpty(text),
  account_tag: omitEmpty(text),
  subject: byteText,
  qgroup: omitEmpty(byteText),
  sid: byteText,
  msgs: int64,
  max: omitEmpty(int64),
  cid: uint64,
});

const connection = record({
  cid: uint64,
  kind: omitEmpty(text),
  type: omitEmpty(text),
  ip: text,
  port: int,
  start: text,
  last_activity: text,
  stop: omitEmpty(text),
  reason: omitEmpty(text),
  rtt: omitEmpty(text),
  uptime: text,
  idle: text,
  pending_bytes: int64,
  in_msgs: int64,
  out_msgs: int64,
  in_bytes: int64,
  out_bytes: int64,
  stalls: omitEmpty(int64),
  subscriptions: int,
  name: omitEmpty(text),
  lang: omitEmpty(text),
  version: omitEmpty(text),
  tls_version: omitEmpty(text),
  tls_cipher_suite: omitEmpty(text),
  tls_peer_certs: omitEmpty(list(record({ subject: omitEmpty(text), spki_sha256: omitEmpty(text), cert_sha256: omitEmpty(text) }))), // prettier-ignore
  tls_first: omitEmpty(bool),
  authorized_user: omitEmpty(text),
  account: omitEmpty(text),
  subscriptions_list: omitEmpty(list(byteText)),
  subscriptions_list_detail: omitEmpty(list(subscriptionDetail)),
  jwt: omitEmpty(text),
  issuer_key: omitEmpty(text),
  name_tag: omitEmpty(text),
  tags: omitEmpty(list(text)),
  mqtt_client: omitEmpty(text),
  proxy: omitEmpty(record({ key: text })),
});
type ConnectionRow = Encodable<typeof connection>;

/** The fields of /connz in nats-server's order. */
export const connz = record({
  server_id: text,
  now: text,
  num_connections: int,
  total: int,
  offset: bigInt64,
  limit: bigInt64,
  connections: nullable(list(connection)),
});
export type Connz = Encodable<typeof connz>;

/** Connections, or subscriptions of one, looked at between two yields. */
const SLICE = 4096;

/** Makes the value of /connz. Its rows are made when they are walked, once. */
export function* connzOf(source: MonitorSource, options: ConnzOptions): Generator<undefined, Connz> {
  const now = source.now();
  const nowText = rfc3339Nano(now.sec, now.nanos);
  if (options.account !== "" && !source.hasAccount(options.account)) {
    const { offset, limit } = options;
    return { server_id: "", now: nowText, num_connections: 0, total: 0, offset, limit, connections: undefined };
  }
  const found: ConnectionView[] = [];
  let total = 0;
  let seen = 0;
  for (const each of candidates(source, options)) {
    if (options.account === "" || each.account === options.account) {
      total++;
      if (isWanted(each, options) && (yield* listens(each, options))) found.push(each);
    }
    if (++seen % SLICE === 0) yield;
  }
  const order = yield* sortedBy(found, options.sort, now);
  const { from, to } = rowsOf(options, found.length);
  return {
    server_id: source.serverId,
    now: nowText,
    num_connections: to - from,
    total,
    offset: options.offset,
    limit: options.limit,
    connections: rows(found, order.subarray(from, to), options, now, source.globalAccount),
  };
}

function* candidates(source: MonitorSource, { state }: ConnzOptions): Generator<ConnectionView> {
  if (state === "open" || state === "all") yield* source.connections();
  if (state === "closed" || state === "all") yield* source.closedConnections();
}

function isWanted(each: ConnectionView, { cid, user, mqttClient }: ConnzOptions): boolean {
  if (cid !== 0 && each.cid !== cid) return false;
  if (user !== "" && each.authorizedUser !== user) return false;
  return mqttClient === "" || each.mqttClient === mqttClient;
}

/** Whether one of its subscriptions, which may be many, is wanted. */
function* listens(each: ConnectionView, { filterSubject }: ConnzOptions): Generator<undefined, boolean> {
  if (filterSubject === undefined) return true;
  let seen = 0;
  for (const sub of each.subscriptions) {
    if (filterSubject(sub)) return true;
    if (++seen % SLICE === 0) yield;
  }
  return false;
}

function* rows(
  found: readonly ConnectionView[],
  order: Uint32Array,
  options: ConnzOptions,
  now: Moment,
  globalAccount: string,
): Generator<ConnectionRow> {
  for (const index of order) yield rowOf(found[index]!, options, now, globalAccount);
}

function rowOf(each: ConnectionView, options: ConnzOptions, now: Moment, globalAccount: string): ConnectionRow {
  const { start, lastActivity, stop, tls, account = "" } = each;
  const until = stop ?? now;
  const withSubs = options.subs && !options.subsDetail;
  return {
    cid: each.cid,
    kind: "Client",
    type: each.type,
    ip: each.ip,
    port: each.port,
    start: rfc3339Nano(start.sec, start.nanos),
    last_activity: rfc3339Nano(lastActivity.sec, lastActivity.nanos),
    stop: stop === undefined ? undefined : rfc3339Nano(stop.sec, stop.nanos),
    reason: each.reason,
    rtt: goDuration(roundTripOf(each.rttNanos)),
    uptime: uptimeText(secondsBetween(start, until)),
    idle: uptimeText(secondsBetween(lastActivity, until)),
    pending_bytes: each.pendingBytes,
    in_msgs: each.inMsgs,
    out_msgs: each.outMsgs,
    in_bytes: each.inBytes,
    out_bytes: each.outBytes,
    stalls: each.stalls,
    subscriptions: each.subscriptionCount,
    name: each.name,
    lang: each.lang,
    version: each.version,
    tls_version: tls?.version,
    tls_cipher_suite: tls?.cipherSuite,
    tls_peer_certs: tls?.peerCertificates.map((certificate) => ({
      subject: certificate.subjectText,
      spki_sha256: certificate.spkiSha256,
      cert_sha256: certificate.certSha256,
    })),
    tls_first: tls?.first,
    subscriptions_list: withSubs ? { [Symbol.iterator]: () => subjectsOf(each) } : undefined,
    subscriptions_list_detail: options.subsDetail ? { [Symbol.iterator]: () => detailsOf(each) } : undefined,
    mqtt_client: each.mqttClient,
    proxy: each.proxyKey === "" ? undefined : { key: each.proxyKey },
    ...(options.auth
      ? {
          authorized_user: each.authorizedUser,
          account: account === globalAccount ? "" : account,
          jwt: each.isBearer === true ? "" : each.jwt,
          issuer_key: each.issuerKey,
          name_tag: stop !== undefined && account === globalAccount ? "" : each.nameTag,
          tags: each.tags,
        }
      : {}),
  };
}

function* subjectsOf(each: ConnectionView): Generator<SubscriptionView["subject"]> {
  for (const sub of each.subscriptions) yield sub.subject;
}

function* detailsOf(each: ConnectionView): Generator<Encodable<typeof subscriptionDetail>> {
  const account = each.stop === undefined ? "" : (each.account ?? "");
  for (const sub of each.subscriptions) yield subscriptionRow(sub, each.cid, account);
}

/** One subscription as a list of them shows it. */
export function subscriptionRow(
  sub: SubscriptionView,
  cid: number,
  account: string,
): Encodable<typeof subscriptionDetail> {
  return {
    account,
    account_tag: account,
    subject: sub.subject,
    qgroup: sub.queue,
    sid: sub.sid,
    msgs: sub.delivered,
    max: sub.max,
    cid,
  };
}

/** Below a millisecond, whole microseconds. */
function roundTripOf(nanos: number): number {
  return nanos > 0 && nanos < 1e6 ? Math.max(Math.floor(nanos / 1e3), 1) * 1e3 : Math.round(nanos);
}

function secondsBetween(from: Moment, to: Moment): number {
  return to.sec - from.sec + (to.nanos - from.nanos) / 1e9;
}

/** What each sort compares; `now` is the origin of times, so that a nanosecond is not lost in them. */
const sortKeys: Readonly<Record<Exclude<SortKey, "cid" | "reason">, (each: ConnectionView, now: Moment) => number>> = {
  start: (each, now) => secondsBetween(now, each.start),
  subs: (each) => -each.subscriptionCount,
  pending: (each) => -each.pendingBytes,
  msgs_to: (each) => -each.outMsgs,
  msgs_from: (each) => -each.inMsgs,
  bytes_to: (each) => -each.outBytes,
  bytes_from: (each) => -each.inBytes,
  last: (each, now) => secondsBetween(each.lastActivity, now),
  idle: (each, now) => secondsBetween(now, each.lastActivity),
  uptime: (each, now) => secondsBetween(each.start, each.stop ?? now),
  stop: (each, now) => secondsBetween(each.stop ?? now, now),
  rtt: (each) => -each.rttNanos,
};

function* sortedBy(found: readonly ConnectionView[], sort: SortKey, now: Moment): Generator<undefined, Uint32Array> {
  const keys = new Float64Array(found.length);
  const reasons = sort === "reason" ? reasonRanks(found) : undefined;
  for (let i = 0; i < found.length; i++) {
    const each = found[i]!;
    if (reasons !== undefined) keys[i] = reasons.get(each.reason)!;
    else keys[i] = sort === "cid" || sort === "reason" ? each.cid : sortKeys[sort](each, now);
    if (i % SLICE === SLICE - 1) yield;
  }
  return yield* sortedIndexes(keys);
}

/** The place of each reason in the alphabet; there are some dozens at most. */
function reasonRanks(found: readonly ConnectionView[]): ReadonlyMap<string, number> {
  const reasons = [...new Set(found.map((each) => each.reason))].sort();
  return new Map(reasons.map((reason, rank) => [reason, rank]));
}
