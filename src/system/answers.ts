// What the server answers to $SYS.REQ, by the last token of the subject: the
// pages of monitoring, asked for by message.
//
// An answer is JSON in slices, so that a long one can be made over turns.

import { encodeSlices, JsonError, type Kind, map, nullable, record, text } from "../base/json.ts";
import { any } from "../base/json_any.ts";
import { accountDetail, accountz, accountzOf } from "../monitor/accountz.ts";
import { accstatz, accstatzOf } from "../monitor/accstatz.ts";
import { connz, connzOf } from "../monitor/connz.ts";
import { healthz, healthzOf } from "../monitor/healthz.ts";
import { accountRow, jsz, jszAccount, jszOf } from "../monitor/jsz.ts";
import { lateSlices } from "../monitor/late_slices.ts";
import { gatewayz, gatewayzOf, leafz, leafzOf, routez, routezOf } from "../monitor/links.ts";
import { QueryError } from "../monitor/query.ts";
import type { MonitorSource } from "../monitor/source.ts";
import { subsz, subszOf } from "../monitor/subsz.ts";
import { varz, varzOf } from "../monitor/varz.ts";
import * as asked from "./options.ts";
import type { ServerFacts } from "./server_info.ts";

/** What answers are made from. */
export interface AnswerSource {
  readonly monitor: MonitorSource;
  /** Requests for each page over HTTP, as /varz tells. */
  readonly pageRequests: ReadonlyMap<string, number>;
}

/** The slices of `data`; a refusal in nats-server's words; or nothing, because nobody is to answer. */
export type Answer = Iterable<string> | QueryError | undefined;

/** Reads a body and makes the answer. A JsonError: the body is not one. */
export type Endpoint = (
  source: AnswerSource,
  body: Uint8Array,
  facts: ServerFacts,
  account: string,
) => Answer | JsonError;

function endpoint<D extends asked.Filter>(
  kind: Kind<D, never>,
  make: (source: AnswerSource, options: D, account: string) => Iterable<string> | undefined,
): Endpoint {
  return (source, body, facts, account) => {
    const options = asked.readBody(kind, body);
    if (options instanceof JsonError) return options;
    if (asked.isForOthers(options, facts)) return undefined;
    try {
      return make(source, options, account);
    } catch (error) {
      if (error instanceof QueryError) return error;
      throw error;
    }
  };
}

const expvarz = record({ memstats: any, cmdline: any });
const nothing = map(text);
const profile = record({ profile: nullable(text), error: text });

/** Requests to `$SYS.REQ.SERVER.<id>` and `$SYS.REQ.SERVER.PING`. */
export const serverEndpoints: ReadonlyMap<string, Endpoint> = new Map([
  [
    "VARZ",
    endpoint(asked.varzRequest, ({ monitor, pageRequests }) => encodeSlices(varz, varzOf(monitor, pageRequests))),
  ],
  [
    "SUBSZ",
    endpoint(asked.subszRequest, ({ monitor }, options) =>
      lateSlices(subsz, subszOf(monitor, asked.subszOptions(options))),
    ),
  ],
  [
    "CONNZ",
    endpoint(asked.connzRequest, ({ monitor }, options) =>
      lateSlices(connz, connzOf(monitor, asked.connzOptions(options))),
    ),
  ],
  ["ROUTEZ", endpoint(asked.routezRequest, ({ monitor }) => encodeSlices(routez, routezOf(monitor)))],
  ["GATEWAYZ", endpoint(asked.gatewayzRequest, ({ monitor }) => encodeSlices(gatewayz, gatewayzOf(monitor)))],
  ["LEAFZ", endpoint(asked.leafzRequest, ({ monitor }) => encodeSlices(leafz, leafzOf(monitor)))],
  [
    "ACCOUNTZ",
    endpoint(asked.accountzRequest, ({ monitor }, { account }) => encodeSlices(accountz, accountzOf(monitor, account))),
  ],
  [
    "JSZ",
    endpoint(asked.jszRequest, ({ monitor }, options) => lateSlices(jsz, jszOf(monitor, asked.jszOptions(options)))),
  ],
  ["HEALTHZ", endpoint(asked.healthzRequest, ({ monitor }, options) => health(monitor, options))],
  ["EXPVARZ", endpoint(asked.expvarzRequest, ({ monitor }) => variables(monitor))],
  ["IPQUEUESZ", endpoint(asked.ipqueueszRequest, () => encodeSlices(nothing, new Map()))],
  ["RAFTZ", endpoint(asked.raftzRequest, () => encodeSlices(nothing, new Map()))],
]);

/** Requests to `$SYS.REQ.ACCOUNT.<account>`. */
export const accountEndpoints: ReadonlyMap<string, Endpoint> = new Map([
  [
    "SUBSZ",
    endpoint(asked.subszRequest, ({ monitor }, options, account) =>
      lateSlices(subsz, subszOf(monitor, { ...asked.subszOptions(options), subs: true, account })),
    ),
  ],
  [
    "CONNZ",
    endpoint(asked.connzRequest, ({ monitor }, options, account) =>
      lateSlices(connz, connzOf(monitor, asked.connzOptions({ ...options, acc: account }))),
    ),
  ],
  ["LEAFZ", endpoint(asked.leafzRequest, ({ monitor }) => encodeSlices(leafz, leafzOf(monitor)))],
  [
    "JSZ",
    endpoint(asked.jszRequest, ({ monitor }, options, account) =>
      jetstreamOf(monitor, asked.jszAccountOptions(options), account),
    ),
  ],
  ["INFO", endpoint(asked.accountInfoRequest, ({ monitor }, _, account) => infoOf(monitor, account))],
  [
    "STATZ",
    endpoint(asked.accountStatzRequest, ({ monitor }, options, account) => numbersOf(monitor, options, [account])),
  ],
]);

/** `$SYS.REQ.ACCOUNT.PING.STATZ`: the numbers of all accounts, or of those it names. */
export const allAccountNumbers: Endpoint = endpoint(asked.accountStatzRequest, ({ monitor }, options) =>
  numbersOf(monitor, options, options.accounts),
);

/** A profile, or why there is none. */
export function profileOf(base64: string | undefined, error: string): Iterable<string> {
  return encodeSlices(profile, { profile: base64, error });
}

function health(monitor: MonitorSource, options: Parameters<typeof asked.healthCheck>[0]): Iterable<string> {
  const { status, value } = healthzOf(monitor, asked.healthCheck(options));
  return encodeSlices(healthz, { ...value, status_code: status });
}

/** Nothing of the command line or the environment. */
function variables(monitor: MonitorSource): Iterable<string> {
  const { resident, heapUsed, heapTotal } = monitor.memory();
  const memstats = { Alloc: heapUsed, Sys: resident, HeapAlloc: heapUsed, HeapSys: heapTotal, HeapInuse: heapUsed };
  return encodeSlices(expvarz, { memstats, cmdline: [] });
}

function jetstreamOf(
  monitor: MonitorSource,
  options: ReturnType<typeof asked.jszOptions>,
  account: string,
): Iterable<string> {
  const { jetstream } = monitor;
  if (jetstream === undefined) throw new QueryError("jetstream not enabled");
  if (!monitor.hasAccount(account)) throw new QueryError(`account "${account}" not found`);
  for (const each of jetstream.accounts()) {
    if (each.name === account) return encodeSlices(jszAccount, accountRow(each, monitor.serverName, options));
  }
  throw new QueryError(`account "${account}" not jetstream enabled`);
}

function infoOf(monitor: MonitorSource, account: string): Iterable<string> {
  if (!monitor.hasAccount(account)) throw new QueryError(`Account ${account} does not exist`);
  return encodeSlices(accountDetail, monitor.accountDetail(account));
}

/** Undefined when there is nothing to tell and nobody asked for the unused. */
function numbersOf(
  monitor: MonitorSource,
  { include_unused: unused }: { readonly include_unused: boolean },
  names: readonly string[],
): Iterable<string> | undefined {
  const value = accstatzOf(monitor, unused, names.length === 0 ? undefined : new Set(names));
  const isEmpty = value.account_statz[Symbol.iterator]().next().done === true;
  return isEmpty && !unused ? undefined : encodeSlices(accstatz, value);
}
