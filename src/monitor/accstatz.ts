// /accstatz: the numbers of each account.

import { rfc3339Nano } from "../base/gotime.ts";
import { type Encodable, int, int64, list, record, text } from "../base/json.ts";
import type { AccountNumbers, Flow, MonitorSource } from "./source.ts";

const flow = { msgs: int64, bytes: int64 };
const flows = record({ ...flow, gateways: record(flow), routes: record(flow), leafs: record(flow) });

/** One account's numbers; `$SYS` tells the same. */
export const accountStatFields = {
  acc: text,
  name: text,
  conns: int,
  leafnodes: int,
  total_conns: int,
  num_subscriptions: int,
  sent: flows,
  received: flows,
  slow_consumers: int64,
};
const accountStat = record(accountStatFields);
export type AccountStat = Encodable<typeof accountStat>;

/** The fields of /accstatz in nats-server's order. */
export const accstatz = record({ server_id: text, now: text, account_statz: list(accountStat) });
export type Accstatz = Encodable<typeof accstatz>;

/** The value of /accstatz, of all accounts or of those named; ones without connections only when `unused` is asked for. */
export function accstatzOf(source: MonitorSource, unused: boolean, names?: ReadonlySet<string>): Accstatz {
  const now = source.now();
  return {
    server_id: source.serverId,
    now: rfc3339Nano(now.sec, now.nanos),
    account_statz: { [Symbol.iterator]: () => statsOf(source.accountNumbers(), unused, names) },
  };
}

function* statsOf(
  accounts: Iterable<AccountNumbers>,
  unused: boolean,
  names: ReadonlySet<string> | undefined,
): Generator<AccountStat> {
  for (const each of accounts) {
    if (names !== undefined && !names.has(each.name)) continue;
    if (unused || each.connections + each.leafnodes > 0) yield accountStatOf(each);
  }
}

const nothing: Flow = { msgs: 0, bytes: 0 };

export function accountStatOf(each: AccountNumbers): AccountStat {
  const links = { gateways: nothing, routes: nothing, leafs: nothing };
  return {
    acc: each.name,
    name: each.nameTag ?? each.name,
    conns: each.connections,
    leafnodes: each.leafnodes,
    total_conns: each.connections + each.leafnodes,
    num_subscriptions: each.subscriptions,
    sent: { ...each.sent, ...links },
    received: { ...each.received, ...links },
    slow_consumers: each.slowConsumers,
  };
}
