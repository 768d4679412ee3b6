// /jsz: JetStream as a whole, its accounts, their streams and consumers.
//
// The totals are added up first, a slice of the streams at a time; accounts,
// streams and consumers are made while the page is written.

import { rfc3339Nano, ZERO_TIME } from "../base/gotime.ts";
import { bigUint64, bool, type Encodable, int, int64, list, omitEmpty, record, text } from "../base/json.ts"; // prettier-ignore
import { byBytes } from "../base/json_writer.ts";
import { apiStats, configOf, jetstreamConfig, jetstreamLimits, jetstreamStats, limitsOf, statsOf } from "./jetstream.ts"; // prettier-ignore
import type { JetStreamAccountView, JetStreamView, StreamStateView, StreamView } from "./jetstream_source.ts";
import { type JsonPart, part } from "./json_part.ts";
import { type Paging, pagingOf, type Query, QueryError, rowsOf } from "./query.ts";
import type { Moment, MonitorSource } from "./source.ts";

const streamState = record({
  messages: int64,
  bytes: int64,
  first_seq: int64,
  first_ts: text,
  last_seq: int64,
  last_ts: text,
  num_subjects: omitEmpty(int),
  num_deleted: omitEmpty(int),
  consumer_count: int,
});

const streamDetail = record({
  name: text,
  created: text,
  cluster: record({ leader: text }),
  config: omitEmpty(part),
  state: streamState,
  consumer_detail: omitEmpty(list(part)),
  direct_consumer_detail: omitEmpty(list(part)),
  mirror: omitEmpty(part),
  sources: omitEmpty(list(part)),
});

export const jszAccount = record({
  name: text,
  id: text,
  memory: int64,
  storage: int64,
  // Its limits; no limit is -1 taken for unsigned.
  reserved_memory: bigUint64,
  reserved_storage: bigUint64,
  accounts: int,
  ha_assets: int,
  api: apiStats,
  stream_detail: omitEmpty(list(streamDetail)),
});

/** The fields of /jsz in nats-server's order. */
export const jsz = record({
  ...jetstreamStats,
  server_id: text,
  now: text,
  disabled: omitEmpty(bool),
  config: jetstreamConfig,
  limits: omitEmpty(jetstreamLimits),
  streams: int,
  streams_leader: omitEmpty(int),
  consumers: int,
  consumers_leader: omitEmpty(int),
  messages: int64,
  bytes: int64,
  account_details: omitEmpty(list(jszAccount)),
  total: int,
});
export type Jsz = Encodable<typeof jsz>;

/** What /jsz may be asked. */
export interface JszOptions extends Paging {
  /** Empty for any. */
  readonly account: string;
  readonly accounts: boolean;
  readonly streams: boolean;
  readonly consumers: boolean;
  readonly directConsumers: boolean;
  readonly config: boolean;
  readonly leaderOnly: boolean;
  readonly raft: boolean;
  /** No paging at all. */
  readonly unlimited: boolean;
}

/** Reads the query in nats-server's order, which decides what is complained about first. */
export function readJsz(query: Query): JszOptions {
  const accounts = query.bool("accounts");
  const streams = query.bool("streams");
  const consumers = query.bool("consumers");
  const directConsumers = query.bool("direct-consumers");
  const config = query.bool("config");
  const offset = query.int("offset");
  const limit = query.int("limit");
  const leaderOnly = query.bool("leader-only");
  const raft = query.bool("raft");
  // A server that is alone leads all of its streams.
  query.bool("stream-leader-only");
  const account = query.text("acc");
  return {
    account,
    accounts: accounts || (account === "" && (streams || consumers)),
    streams: streams || consumers,
    consumers,
    directConsumers,
    config,
    leaderOnly,
    raft,
    unlimited: limit < 0n,
    ...pagingOf(offset, limit),
  };
}

/** Streams looked at between two yields. */
const SLICE = 1024;

/** Makes the value of /jsz. Throws QueryError at once when only a leader may answer and there is none. */
export function* jszOf(source: MonitorSource, options: JszOptions): Generator<undefined, Jsz> {
  const { jetstream } = source;
  const head = { server_id: source.serverId, now: timeOf(source.now()) };
  if (jetstream === undefined) {
    if (options.leaderOnly) throw new QueryError("filtered response: not leader");
    return { ...head, ...nothing };
  }
  const totals = { streams: 0, consumers: 0, messages: 0, bytes: 0, consumers_leader: 0 };
  let seen = 0;
  for (const account of jetstream.accounts()) {
    totals.streams += account.streamCount;
    for (const stream of account.streams()) {
      const { messages, bytes, consumerCount } = stream.state();
      totals.messages += messages;
      totals.bytes += bytes;
      totals.consumers += consumerCount;
      if (options.raft) totals.consumers_leader += stream.consumerCount();
      if (++seen % SLICE === 0) yield;
    }
  }
  const wanted = wantedAccounts(jetstream, options);
  return {
    ...head,
    ...statsOf(jetstream),
    config: configOf(jetstream),
    limits: limitsOf(jetstream),
    ...totals,
    streams_leader: options.raft ? totals.streams : 0,
    account_details: rows(
      () => wanted,
      (each) => accountRow(each, source.serverName, options),
    ),
    total: jetstream.accountCount,
  };
}

const nothing = {
  memory: 0,
  storage: 0,
  reserved_memory: 0,
  reserved_storage: 0,
  accounts: 0,
  ha_assets: 0,
  api: { level: 0, total: 0, errors: 0 },
  disabled: true,
  config: { max_memory: 0, max_storage: 0 },
  streams: 0,
  consumers: 0,
  messages: 0,
  bytes: 0,
  total: 0,
};

function wantedAccounts(jetstream: JetStreamView, options: JszOptions): readonly JetStreamAccountView[] {
  const all = [...jetstream.accounts()];
  const asked = all.filter(({ name }) => name === options.account);
  if (asked.length > 0) return asked;
  if (!options.accounts) return [];
  all.sort((a, b) => byBytes(a.name, b.name));
  if (options.unlimited) return all;
  const { from, to } = rowsOf(options, all.length);
  return all.slice(from, to);
}

/** What `from` gives, each made when its turn comes; can be walked again, which asks again. */
function rows<T, R>(from: () => Iterable<T>, make: (each: T) => R): Iterable<R> {
  return {
    *[Symbol.iterator]() {
      for (const each of from()) yield make(each);
    },
  };
}

function parts(from: () => Iterable<JsonPart>): Iterable<JsonPart> {
  return rows(from, (each) => each);
}

/** As Go converts it to unsigned. */
function unsigned(limit: number | undefined): bigint {
  return BigInt.asUintN(64, BigInt(limit ?? 0));
}

/** One account of the page; alone where it was asked for. */
export function accountRow(
  account: JetStreamAccountView,
  serverName: string,
  options: JszOptions,
): Encodable<typeof jszAccount> {
  return {
    name: account.name,
    id: account.name,
    memory: account.memory,
    storage: account.storage,
    reserved_memory: unsigned(account.memoryLimit),
    reserved_storage: unsigned(account.storageLimit),
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: account.apiTotal, errors: account.apiErrors },
    stream_detail: options.streams
      ? rows(
          () => account.streams(),
          (each) => streamRow(each, serverName, options),
        )
      : [],
  };
}

function streamRow(stream: StreamView, leader: string, options: JszOptions): Encodable<typeof streamDetail> {
  const { consumers, directConsumers, config } = options;
  return {
    name: stream.name,
    created: timeOf(stream.created),
    cluster: { leader },
    config: config ? stream.config() : undefined,
    state: stateRow(stream.state()),
    consumer_detail: consumers ? parts(() => stream.consumers(config)) : [],
    direct_consumer_detail: consumers && directConsumers ? parts(() => stream.directConsumers(config)) : [],
    mirror: stream.mirror(),
    sources: parts(() => stream.sources()),
  };
}

function stateRow(state: StreamStateView): Encodable<typeof streamState> {
  return {
    messages: state.messages,
    bytes: state.bytes,
    first_seq: state.firstSeq,
    first_ts: timeOf(state.firstTime),
    last_seq: state.lastSeq,
    last_ts: timeOf(state.lastTime),
    num_subjects: state.subjectCount,
    num_deleted: state.deletedCount,
    consumer_count: state.consumerCount,
  };
}

function timeOf(moment: Moment | undefined): string {
  return moment === undefined ? ZERO_TIME : rfc3339Nano(moment.sec, moment.nanos);
}
