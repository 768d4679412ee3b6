// What an account shares, as /accountz shows it.

import type { Account } from "../account/account.ts";
import type { Exchange } from "../account/exchange.ts";
import { type ByteString, byteString, shown } from "../base/bytes.ts";
import type { AccountDetail, ExportView, ImportView } from "../monitor/accountz.ts";
import { numbered } from "../subject/import_transform.ts";
import type { MappingRule } from "../subject/mapping_rule.ts";
import type { ExportRule, LatencyRule, ResponseType } from "../subject/sharing.ts";
import { isSubset } from "../subject/subject.ts";

type Shared = Pick<AccountDetail, "exports" | "imports" | "mappings" | "responses">;
type ShownLatency = { readonly sampling: number; readonly results: string };

const responseTypes: Readonly<Record<ResponseType, string>> = {
  singleton: "Singleton",
  stream: "Streamed",
  chunked: "Chunked",
};
/** What requests are that wait, as a number. */
const SERVICE = 2;

/** Of the system account; undefined without one. */
export interface SystemSide {
  readonly account: string | undefined;
  /** It answers the JetStream API to whoever asks no other account. */
  readonly hasJetStream: boolean;
}

/** What `account` exports, imports and maps, and what it was asked and has not answered. */
export function sharedBy(account: Account, exchange: Exchange, system: SystemSide): Shared {
  const { name } = account;
  const { exports, streams, services } = exchange.checked;
  const own = exports.get(name) ?? [];
  return {
    exports: [...own.map(exported), ...(name === system.account ? offered(own, system) : [])],
    imports: [
      ...(streams.get(name) ?? []).map(({ rule, transform }) => ({
        subject: shown(rule.subject),
        account: rule.account,
        local_subject: shown(transform.local),
        type: "stream",
        ...flags,
      })),
      ...(services.get(name) ?? []).map(({ rule, transform, through }) => ({
        subject: shown(rule.subject),
        account: rule.account,
        to: shown(transform.local),
        local_subject: shown(transform.local),
        type: "service",
        ...flags,
        share: rule.share,
        ...latencyOf(through?.latency),
      })),
      ...ownRequests(name, system, exchange, own),
    ],
    mappings: new Map((account.mappings?.rules ?? []).map((rule) => [shown(rule.source), destinations(rule)])),
    responses: new Map(
      [...account.responses.waiting()].map(({ subject, reply, requester, measurement, service }) => [
        shown(subject),
        {
          subject: shown(reply),
          account: requester.name,
          to: shown(subject),
          local_subject: shown(subject),
          type: SERVICE,
          ...flags,
          tracking: measurement !== undefined,
          ...(measurement === undefined ? {} : latencyOf(service.rule?.latency)),
        },
      ]),
    ),
  };
}

const flags = { invalid: false, share: false, tracking: false };

function exported(rule: ExportRule): ExportView {
  return {
    subject: shown(rule.subject),
    type: rule.kind,
    token_req: rule.tokenRequired,
    ...(rule.kind === "service" ? { response_type: responseTypes[rule.responseType] } : {}),
    ...(rule.kind === "service" && rule.latency !== undefined ? { service_latency: shownLatency(rule.latency) } : {}),
    approved_accounts: rule.accounts ?? [],
  };
}

function latencyOf(rule: LatencyRule | undefined): { readonly latency?: ShownLatency } {
  return rule === undefined ? {} : { latency: shownLatency(rule) };
}

function shownLatency({ sampling, subject }: LatencyRule): ShownLatency {
  return { sampling, results: shown(subject) };
}

const USERS = "$SYS.REQ.USER.*.INFO";
const API = "$JS.API.>";

/** What the system account serves by itself, without rules that others could import by. */
function offered(own: readonly ExportRule[], { hasJetStream }: SystemSide): ExportView[] {
  return [USERS, ...(hasJetStream ? [API] : [])]
    .filter((subject) => !covers(own, subject))
    .map((subject) => ({ subject, type: "service", response_type: responseTypes.singleton }));
}

function covers(own: readonly ExportRule[], subject: string): boolean {
  return own.some((rule) => rule.kind === "service" && isSubset(byteString(subject), rule.subject));
}

/** What every account may ask of the system account. */
function ownRequests(
  name: string,
  { account, hasJetStream }: SystemSide,
  exchange: Exchange,
  own: readonly ExportRule[],
): ImportView[] {
  if (account === undefined) return [];
  const row = (subject: string, here: string, share: boolean): ImportView => ({
    subject,
    account,
    to: here,
    local_subject: here,
    type: "service",
    ...flags,
    share,
  });
  const info = row(`$SYS.REQ.USER.${name}.INFO`, "$SYS.REQ.USER.INFO", true);
  if (name === account) return covers(own, USERS) ? [] : [info];
  return [
    row(`$SYS.REQ.ACCOUNT.${name}.CONNZ`, "$SYS.REQ.ACCOUNT.PING.CONNZ", false),
    row(`$SYS.REQ.ACCOUNT.${name}.CONNZ`, "$SYS.REQ.SERVER.PING.CONNZ", false),
    row(`$SYS.REQ.ACCOUNT.${name}.STATZ`, "$SYS.REQ.ACCOUNT.PING.STATZ", false),
    info,
    ...(hasJetStream && !exchange.imports(name, byteString("$JS.API.INFO")) ? [row(API, API, true)] : []),
  ];
}

/** Each with the weights of those before it added, smaller ones first, and what is left of a hundred. */
function destinations({
  source,
  destinations: all,
}: MappingRule): { subject: string; weight: number; cluster: string }[] {
  const clusters = [...new Set(["", ...all.map(({ cluster }) => cluster)])];
  const isLossy = all.some(({ subject }) => subject === source);
  return clusters.flatMap((cluster) => {
    const own = all.filter((each) => each.cluster === cluster);
    const total = own.reduce((sum, { weight }) => sum + weight, 0);
    const rest = { subject: numbered(source), weight: own.length === 0 ? 100 : 100 - total };
    const shares = (total === 100 || isLossy ? own : [...own, rest]).map(
      (each: { readonly subject: ByteString; readonly weight: number }) => each,
    );
    let below = 0;
    return shares
      .toSorted((a, b) => a.weight - b.weight)
      .map(({ subject, weight }) => ({ subject: shown(subject), weight: (below += weight), cluster }));
  });
}
