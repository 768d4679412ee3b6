// /subsz: the subscriptions of one account or of all, and how they are matched.

import type { ByteString } from "../base/bytes.ts";
import { byteString } from "../base/bytes.ts";
import { rfc3339Nano } from "../base/gotime.ts";
import { bigInt64, type Encodable, float, int, list, omitEmpty, record, text, uint64 } from "../base/json.ts";
import { subscriptionDetail, subscriptionRow } from "./connz.ts";
import { type Paging, pagingOf, type Query, QueryError } from "./query.ts";
import type { ListedSubscription, MonitorSource, SublistNumbers } from "./source.ts";

/** How well a sublist works; /accountz shows the same. */
export const sublistStats = {
  num_subscriptions: int,
  num_cache: int,
  num_inserts: uint64,
  num_removes: uint64,
  num_matches: uint64,
  cache_hit_rate: float,
  max_fanout: int,
  avg_fanout: float,
};

/** The fields of /subsz in nats-server's order. */
export const subsz = record({
  server_id: text,
  now: text,
  ...sublistStats,
  total: int,
  offset: bigInt64,
  limit: bigInt64,
  subscriptions_list: omitEmpty(list(subscriptionDetail)),
});
export type Subsz = Encodable<typeof subsz>;

export interface SubszOptions extends Paging {
  /** Lists them, not only the numbers. */
  readonly subs: boolean;
  /** Empty for all. */
  readonly account: string;
  /** A literal subject the listed ones must match; empty for any. */
  readonly test: string;
}

export function readSubsz(query: Query): SubszOptions {
  const subs = query.bool("subs");
  const paging = pagingOf(query.int("offset"), query.int("limit"));
  return { ...paging, subs, account: query.text("acc"), test: query.text("test") };
}

const SLICE = 4096;

/** Makes the value of /subsz. Throws QueryError before the first yield. */
export function* subszOf(source: MonitorSource, options: SubszOptions): Generator<undefined, Subsz> {
  const account = options.account === "" ? undefined : options.account;
  const test = byteString(options.test);
  if (test !== "" && !isLiteral(test)) {
    throw new QueryError(`invalid test subject, must be valid publish subject: ${options.test}`);
  }
  const exists = account === undefined || source.hasAccount(account);
  const isReached = reachedBy(test);
  const { offset } = options;
  const end = offset + options.limit;
  const page: ListedSubscription[] = [];
  let total = 0;
  let seen = 0;
  if (options.subs && exists) {
    for (const each of source.subscriptions(account)) {
      if (test === "" || isReached(each.sub.subject)) {
        if (BigInt(total) >= offset && BigInt(total) < end) page.push(each);
        total++;
      }
      if (++seen % SLICE === 0) yield;
    }
  }
  const now = source.now();
  return {
    server_id: source.serverId,
    now: rfc3339Nano(now.sec, now.nanos),
    ...sublistStatsOf(exists ? source.sublistNumbers(account) : noNumbers),
    total,
    offset,
    limit: options.limit,
    subscriptions_list: { [Symbol.iterator]: () => rowsOf(page) },
  };
}

function* rowsOf(page: readonly ListedSubscription[]): Generator<Encodable<typeof subscriptionDetail>> {
  for (const { account, cid, sub } of page) yield subscriptionRow(sub, cid, account);
}

const noNumbers: SublistNumbers = { subscriptions: 0, cache: 0, inserts: 0, removes: 0, matches: 0, cacheHitRate: 0, maxFanout: 0, avgFanout: 0 }; // prettier-ignore

export function sublistStatsOf(numbers: SublistNumbers): { readonly [K in keyof typeof sublistStats]: number } {
  return {
    num_subscriptions: numbers.subscriptions,
    num_cache: numbers.cache,
    num_inserts: numbers.inserts,
    num_removes: numbers.removes,
    num_matches: numbers.matches,
    cache_hit_rate: numbers.cacheHitRate,
    max_fanout: numbers.maxFanout,
    avg_fanout: numbers.avgFanout,
  };
}

function isLiteral(subject: ByteString): boolean {
  return subject.split(".").every((token) => token !== "" && token !== "*" && token !== ">");
}

/** Tells which patterns a message on `subject` would reach. It may be long, and they many: it is taken apart once. */
export function reachedBy(subject: ByteString): (pattern: ByteString) => boolean {
  const tokens = subject.split(".");
  return (pattern) => {
    const wanted = pattern.split(".");
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i] === ">" && i === wanted.length - 1) return tokens.length > i;
      if (i >= tokens.length || (wanted[i] !== "*" && wanted[i] !== tokens[i])) return false;
    }
    return wanted.length === tokens.length;
  };
}

/** Tells with which patterns `pattern` has a subject in common. */
export function collidingWith(pattern: ByteString): (other: ByteString) => boolean {
  const left = pattern.split(".");
  return (other) => {
    const right = other.split(".");
    for (let i = 0; ; i++) {
      const a = left[i];
      const b = right[i];
      if (a === undefined || b === undefined) return a === b;
      if (a === ">" || b === ">") return true;
      if (a !== "*" && b !== "*" && a !== b) return false;
    }
  };
}
