// What can be asked of /connz.

import { type Paging, pagingOf, type Query, QueryError } from "./query.ts";
import type { SubscriptionView } from "./source.ts";

const sortNames = ["cid", "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from", "last", "idle", "uptime", "stop", "reason", "rtt"] as const; // prettier-ignore
export type SortKey = (typeof sortNames)[number];

export interface ConnzOptions extends Paging {
  readonly sort: SortKey;
  /** Shows who they are. */
  readonly auth: boolean;
  readonly subs: boolean;
  readonly subsDetail: boolean;
  /** 0 for any. */
  readonly cid: number;
  /** Requests may ask for a state that there is not. */
  readonly state: "open" | "closed" | "all" | "none";
  /** Empty for any. */
  readonly user: string;
  readonly account: string;
  readonly mqttClient: string;
  /** Only connections with such a subscription; not asked over HTTP. */
  readonly filterSubject: ((sub: SubscriptionView) => boolean) | undefined;
}

/** Reads the values of a query; `checkConnz` looks at what they mean. */
export function readConnz(query: Query): ConnzOptions & { readonly sortText: string } {
  const sortText = query.text("sort");
  const auth = query.bool("auth");
  const { subs, subsDetail } = readSubs(query);
  const offset = query.int("offset");
  const limit = query.int("limit");
  const cid = query.uint("cid");
  return {
    sortText,
    sort: "cid",
    auth,
    subs,
    subsDetail,
    ...(cid === 0 ? pagingOf(offset, limit) : { offset: 0n, limit: 1n }),
    cid,
    state: readState(query),
    user: query.text("user"),
    account: query.text("acc"),
    mqttClient: query.text("mqtt_client"),
    filterSubject: undefined,
  };
}

/** `subs`: a boolean, or "detail". */
export function readSubs(query: Query): { readonly subs: boolean; readonly subsDetail: boolean } {
  const subsDetail = query.text("subs").toLowerCase() === "detail";
  return { subs: subsDetail || query.bool("subs"), subsDetail };
}

function readState(query: Query): ConnzOptions["state"] {
  const state = query.text("state");
  switch (state.toLowerCase()) {
    case "":
    case "open":
      return "open";
    case "closed":
      return "closed";
    case "any":
    case "all":
      return "all";
    default:
      throw new QueryError(`Error decoding state for ${state}`);
  }
}

/** The key a `sort` names for connections in `state`; throws when it is none. */
export function sortOf(name: string, state: ConnzOptions["state"]): SortKey {
  if (name === "") return "cid";
  const known = sortNames.find((each) => each === name);
  if (known === undefined) throw new QueryError(`invalid sorting option: ${name}`);
  if ((known === "stop" || known === "reason") && state !== "closed") {
    throw new QueryError(`sort by ${known} only valid on closed connections`);
  }
  return known;
}
