// /accountz: the accounts, or one of them in detail.

import { rfc3339Nano } from "../base/gotime.ts";
import { bool, type Encodable, int, list, map, omitEmpty, record, text } from "../base/json.ts";
import { part } from "./json_part.ts";
import { QueryError } from "./query.ts";
import type { MonitorSource } from "./source.ts";
import { sublistStats } from "./subsz.ts";

const serviceLatency = record({ sampling: int, results: text });

const exported = record({
  name: omitEmpty(text),
  subject: omitEmpty(text),
  type: omitEmpty(text),
  token_req: omitEmpty(bool),
  revocations: omitEmpty(map(int)),
  response_type: omitEmpty(text),
  response_threshold: omitEmpty(int),
  service_latency: omitEmpty(serviceLatency),
  account_token_position: omitEmpty(int),
  advertise: omitEmpty(bool),
  allow_trace: omitEmpty(bool),
  description: omitEmpty(text),
  info_url: omitEmpty(text),
  approved_accounts: omitEmpty(list(text)),
  revoked_activations: omitEmpty(map(text)),
});

const importedHead = {
  name: omitEmpty(text),
  subject: omitEmpty(text),
  account: omitEmpty(text),
  token: omitEmpty(text),
  to: omitEmpty(text),
  local_subject: omitEmpty(text),
};
const importedTail = {
  allow_trace: omitEmpty(bool),
  invalid: bool,
  share: bool,
  tracking: bool,
  tracking_header: omitEmpty(map(list(text))),
  latency: omitEmpty(serviceLatency),
};
const imported = record({ ...importedHead, type: omitEmpty(text), ...importedTail });
/** A request that waits for its answer; its type is a number, 2 for a service. */
const response = record({ ...importedHead, type: int, ...importedTail });

/** One account: the fields in nats-server's order. Mappings have the weights added up, as it shows them. */
export const accountDetail = record({
  account_name: text,
  update_time: omitEmpty(text),
  is_system: omitEmpty(bool),
  expired: bool,
  complete: bool,
  jetstream_enabled: bool,
  leafnode_connections: int,
  client_connections: int,
  subscriptions: int,
  mappings: omitEmpty(map(list(record({ subject: text, weight: int, cluster: omitEmpty(text) })))),
  exports: omitEmpty(list(exported)),
  imports: omitEmpty(list(imported)),
  jwt: omitEmpty(text),
  issuer_key: omitEmpty(text),
  name_tag: omitEmpty(text),
  tags: omitEmpty(list(text)),
  decoded_jwt: omitEmpty(part),
  validation_result_jwt: omitEmpty(list(record({ description: text, blocking: bool, time_check: bool }))),
  revoked_user: omitEmpty(map(text)),
  sublist_stats: omitEmpty(record(sublistStats)),
  responses: omitEmpty(map(response)),
});
export type AccountDetail = Encodable<typeof accountDetail>;
export type ExportView = Encodable<typeof exported>;
export type ImportView = Encodable<typeof imported>;

/** The fields of /accountz in nats-server's order. */
export const accountz = record({
  server_id: text,
  now: text,
  system_account: omitEmpty(text),
  accounts: omitEmpty(list(text)),
  account_detail: omitEmpty(accountDetail),
});
export type Accountz = Encodable<typeof accountz>;

/** The value of /accountz; `account` is empty for the list. Throws QueryError for one that does not exist. */
export function accountzOf(source: MonitorSource, account: string): Accountz {
  if (account !== "" && !source.hasAccount(account)) throw new QueryError(`Account ${account} does not exist`);
  const now = source.now();
  return {
    server_id: source.serverId,
    now: rfc3339Nano(now.sec, now.nanos),
    system_account: source.systemAccount,
    ...(account === ""
      ? { accounts: { [Symbol.iterator]: () => source.accountNames()[Symbol.iterator]() } }
      : { account_detail: source.accountDetail(account) }),
  };
}
