// What may be asked of $SYS.REQ: the bodies of requests, as Go would read them,
// and whether a request is for this server at all.

import { bool, byteText, type Decoded, decode, embedded, int, type JsonError, type Kind, list, nullable, record, text, textOf, uint64, bigInt64, integer } from "../base/json.ts"; // prettier-ignore
import { type ConnzOptions, sortOf } from "../monitor/connz_options.ts";
import type { HealthCheck } from "../monitor/healthz.ts";
import type { JszOptions } from "../monitor/jsz.ts";
import { pagingOf, QueryError } from "../monitor/query.ts";
import type { SubscriptionView } from "../monitor/source.ts";
import { collidingWith, type SubszOptions } from "../monitor/subsz.ts";
import type { ServerFacts } from "./server_info.ts";

const filterFields = {
  server_name: text,
  cluster: text,
  host: text,
  exact_match: bool,
  tags: list(text),
  domain: text,
};

/** Fields of a request that begin with those of `struct`; every request may be narrowed to some servers. */
function requestOf<F extends Readonly<Record<string, Kind<unknown, never>>>>(
  name: string,
  struct: string,
  fields: F,
): Kind<Decoded<ReturnType<typeof record<F & typeof filterFields>>>, never> {
  const all = { ...embedded(struct, fields), ...embedded("EventFilterOptions", filterFields) };
  return record(all as F & typeof filterFields, `server.${name}`) as never;
}

const state = integer("server.ConnState", -Infinity, Infinity);

export const connzRequest = requestOf("ConnzEventOptions", "ConnzOptions", {
  sort: textOf("server.SortOpt"),
  auth: bool,
  subscriptions: bool,
  subscriptions_detail: bool,
  offset: bigInt64,
  limit: bigInt64,
  cid: uint64,
  mqtt_client: text,
  state,
  user: text,
  acc: text,
  filter_subject: byteText,
});
export const subszRequest = requestOf("SubszEventOptions", "SubszOptions", {
  offset: bigInt64,
  limit: bigInt64,
  subscriptions: bool,
  account: text,
  test: text,
});
export const accountzRequest = requestOf("AccountzEventOptions", "AccountzOptions", { account: text });
export const accountStatzRequest = requestOf("AccountStatzEventOptions", "AccountStatzOptions", {
  accounts: list(text),
  include_unused: bool,
});
export const leafzRequest = requestOf("LeafzEventOptions", "LeafzOptions", { subscriptions: bool, account: text });
export const routezRequest = requestOf("RoutezEventOptions", "RoutezOptions", {
  subscriptions: bool,
  subscriptions_detail: bool,
});
export const gatewayzRequest = requestOf("GatewayzEventOptions", "GatewayzOptions", {
  name: text,
  accounts: bool,
  account_name: text,
  subscriptions: bool,
  subscriptions_detail: bool,
});
export const jszRequest = requestOf("JszEventOptions", "JSzOptions", {
  account: text,
  accounts: bool,
  streams: bool,
  consumer: bool,
  direct_consumer: bool,
  config: bool,
  leader_only: bool,
  offset: bigInt64,
  limit: bigInt64,
  raft: bool,
  stream_leader_only: bool,
});
export const healthzRequest = requestOf("HealthzEventOptions", "HealthzOptions", {
  "js-enabled": bool,
  "js-enabled-only": bool,
  "js-server-only": bool,
  "js-meta-only": bool,
  account: text,
  stream: text,
  consumer: text,
  details: bool,
});
export const profilezRequest = requestOf("ProfilezEventOptions", "ProfilezOptions", {
  name: text,
  debug: int,
  duration: integer("time.Duration", -Infinity, Infinity),
});
export const ipqueueszRequest = requestOf("IpqueueszEventOptions", "IpqueueszOptions", { all: bool, filter: text });
export const raftzRequest = requestOf("RaftzEventOptions", "RaftzOptions", { account: text, group: text });
/** Requests that have no options of their own. */
export const varzRequest = requestOf("VarzEventOptions", "VarzOptions", {});
export const statszRequest = requestOf("StatszEventOptions", "", {});
export const expvarzRequest = requestOf("ExpvarzEventOptions", "", {});
export const accountInfoRequest = requestOf("AccInfoEventOptions", "", {});
export const plainRequest = record({ ...filterFields }, "server.EventFilterOptions");
/** KICK and LDM; the same body is read as a plain request, too. */
export const kickRequest = record({ cid: uint64 }, "server.KickClientReq");
export const lameDuckRequest = record({ cid: uint64 }, "server.LDMClientReq");

/** `$SYS.REQ.ACCOUNT.<account>.CONNS`, as servers ask each other. */
export const connectionsRequest = record({ acc: nullable(text) }, "server.accNumConnsReq");
/** `$SYS.REQ.ACCOUNT.NSUBS`, likewise; the queue group is base64. */
export const subscribersRequest = record({ acc: text, subject: text, queue: text }, "server.accNumSubsReq");

/** What is wrong with base64, in Go's words. */
export function notBase64(encoded: string): string | undefined {
  const [, good = ""] = /^((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)/.exec(encoded) ?? [];
  if (good.length === encoded.length) return undefined;
  // Behind the padding is nothing more.
  const strange = good.endsWith("=") ? 0 : encoded.slice(good.length).search(/[^A-Za-z0-9+/]/);
  return `illegal base64 data at input byte ${good.length + Math.max(0, strange)}`;
}

export type Filter = Decoded<typeof plainRequest>;

/** Reads a body; none at all is all zeros. */
export function readBody<D, E>(kind: Kind<D, E>, body: Uint8Array): D | JsonError {
  return body.length === 0 ? kind.zero : decode(kind, body);
}

/** Whether a request that is narrowed like this is for another server. */
export function isForOthers(filter: Filter, facts: ServerFacts): boolean {
  const { server_name: name, host, cluster, domain } = filter;
  const differs = filter.exact_match
    ? (asked: string, own: string): boolean => asked !== "" && asked !== own
    : (asked: string, own: string): boolean => !own.includes(asked);
  if (differs(name, facts.name) || differs(host, facts.host) || differs(cluster, "")) return true;
  if (!filter.tags.every((tag) => facts.tags.includes(tag.trim().toLowerCase()))) return true;
  return domain !== "" && domain !== facts.domain;
}

const states = ["open", "closed", "all"] as const;

/** The same question as /connz takes it; throws QueryError. */
export function connzOptions(asked: Decoded<typeof connzRequest>): ConnzOptions {
  const { cid, filter_subject: filterSubject } = asked;
  const known = states[asked.state] ?? "none";
  const sort = sortOf(asked.sort, known);
  if (filterSubject !== "" && filterSubject !== ">" && asked.acc === "") {
    throw new QueryError("filter by subject only valid with account filtering");
  }
  const collides = collidingWith(filterSubject);
  return {
    sort,
    auth: asked.auth,
    subs: asked.subscriptions,
    subsDetail: asked.subscriptions_detail,
    ...(cid === 0 ? pagingOf(asked.offset, asked.limit) : { offset: 0n, limit: 1n }),
    cid,
    state: known,
    user: asked.user,
    account: asked.acc,
    mqttClient: asked.mqtt_client,
    filterSubject:
      filterSubject === "" || filterSubject === ">"
        ? undefined
        : (sub: SubscriptionView): boolean => collides(sub.subject),
  };
}

export function subszOptions(asked: Decoded<typeof subszRequest>): SubszOptions {
  const { subscriptions, account, test } = asked;
  return { ...pagingOf(asked.offset, asked.limit), subs: subscriptions, account, test };
}

/** The same question about one account: its streams must be asked for. */
export function jszAccountOptions(asked: Decoded<typeof jszRequest>): JszOptions {
  return { ...jszOptions(asked), streams: asked.streams };
}

export function jszOptions(asked: Decoded<typeof jszRequest>): JszOptions {
  const { account, streams, consumer } = asked;
  return {
    account,
    accounts: asked.accounts || (account === "" && (streams || consumer)),
    streams: streams || consumer,
    consumers: consumer,
    directConsumers: asked.direct_consumer,
    config: asked.config,
    leaderOnly: asked.leader_only,
    raft: asked.raft,
    unlimited: asked.limit < 0n,
    ...pagingOf(asked.offset, asked.limit),
  };
}

export function healthCheck(asked: Decoded<typeof healthzRequest>): HealthCheck {
  return {
    jsEnabledOnly: asked["js-enabled"] || asked["js-enabled-only"],
    jsServerOnly: asked["js-server-only"],
    jsMetaOnly: asked["js-meta-only"],
    account: asked.account,
    stream: asked.stream,
    consumer: asked.consumer,
    details: asked.details,
  };
}
