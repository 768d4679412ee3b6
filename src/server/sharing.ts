// What accounts share and how they map subjects, of the options: makes it so,
// at the start and again whenever the options changed.

import { createHash } from "node:crypto";
import type { Account } from "../account/account.ts";
import { Exchange } from "../account/exchange.ts";
import { domainMappings, Mappings } from "../account/mappings.ts";
import { nuid } from "../base/nuid.ts";
import { byteString } from "../base/bytes.ts";
import type { World } from "../base/world.ts";
import type { ServerOptions } from "../config/options.ts";
import { GLOBAL_ACCOUNT } from "../config/options/accounts.ts";
import type { MappingRule } from "../subject/mapping_rule.ts";
import type { JsonPart } from "../monitor/json_part.ts";
import { serviceExport, type SharingRules } from "../subject/sharing.ts";
import type { Activation } from "../subject/sharing_check.ts";
import { isSubset } from "../subject/subject.ts";

/** What is shared needs of the server. */
export interface SharingHost {
  readonly world: World;
  readonly serverName: string;
  readonly systemAccount: string | undefined;
  readonly accounts: ReadonlyMap<string, Account>;
}

/** The accounts of `host` as they share; nothing yet. */
export function openExchange(host: SharingHost): Exchange {
  const { world } = host;
  return new Exchange(
    {
      env: world,
      place: { server: host.serverName, cluster: "" },
      systemAccount: host.systemAccount,
      nextId: () => nuid((below) => world.random(below)),
      publish: (account, subject, text) =>
        world.atTurnEnd(() => host.accounts.get(account)?.bus.publishText(byteString(subject), text)),
    },
    (name) => host.accounts.get(name),
  );
}

/** Eight letters that tell this server from others. */
export function hashOf(serverName: string): string {
  return createHash("sha256").update(serverName).digest("base64url").replaceAll(/[-_]/g, "0").slice(0, 8);
}

/** With what the system account offers every account about itself, where its rules say nothing of that. */
export function withSystemExports(rules: SharingRules): SharingRules {
  const own = systemExports.filter(
    ({ subject }) => !rules.exports.some((each) => each.kind === "service" && isSubset(subject, each.subject)),
  );
  return { ...rules, exports: [...rules.exports, ...own] };
}
const systemExports = [
  ...["CONNZ", "STATZ"].map((what) =>
    serviceExport(byteString(`$SYS.REQ.ACCOUNT.*.${what}`), { responseType: "stream", accountTokenPosition: 4 }),
  ),
  serviceExport(byteString("$SYS.DEBUG.SUBSCRIBERS")),
];

/** What the accounts of the options share. */
export function sharingRules(options: ServerOptions): Map<string, SharingRules> {
  return new Map(options.accounts.map((account) => [account.name, account]));
}

/** An account's token, for monitoring. */
export interface ClaimedDetail {
  readonly jwt: string;
  readonly issuer_key: string;
  readonly tags: readonly string[];
  readonly decoded_jwt: JsonPart;
  readonly validation_result_jwt: readonly {
    readonly description: string;
    readonly blocking: boolean;
    readonly time_check: boolean;
  }[];
  readonly expired: boolean;
  /** Public keys of users, with the RFC 3339 time up to which their tokens are void. */
  readonly revoked_user: ReadonlyMap<string, string>;
}

/** The accounts of tokens, in operator mode. */
export interface ClaimedAccounts {
  /** Tokens of the operators, and what they say. */
  readonly tokens: readonly string[];
  claims(): readonly JsonPart[];
  /** What the token of an account says of it. */
  detailOf(name: string): ClaimedDetail | undefined;
  /** What they share. */
  sharing(): ReadonlyMap<string, SharingRules>;
  sharingOf(name: string): SharingRules;
  mappings(name: string): readonly MappingRule[];
  /** Where traces of messages with a trace parent go. */
  traceOf(name: string): Account["traceDestination"];
  mayStore(name: string): boolean;
  readonly activates: Activation;
}

/** Gives every account the mappings of the options or of its token, and those that lead to JetStream by its domain. */
export function applyMappings(
  options: ServerOptions,
  host: Omit<SharingHost, "serverName">,
  exchange: Exchange,
  claimed?: ClaimedAccounts,
): void {
  for (const name of host.accounts.keys()) applyMappingsOf(name, options, host, exchange, claimed);
}

/** The same for one account. */
export function applyMappingsOf(
  name: string,
  options: ServerOptions,
  { accounts, systemAccount, world }: Omit<SharingHost, "serverName">,
  exchange: Exchange,
  claimed?: ClaimedAccounts,
): void {
  const account = accounts.get(name);
  if (account === undefined) return;
  const configured = options.accounts.find((each) => each.name === name);
  const own = name === GLOBAL_ACCOUNT ? options.mappings : configured?.mappings;
  const rules = [...(claimed?.mappings(name) ?? own ?? [])];
  const add = (more: readonly MappingRule[]): void => {
    for (const rule of more) if (!rules.some(({ source }) => source === rule.source)) rules.push(rule);
  };
  const domain = options.jetstream?.domain ?? "";
  const hasJetStream = claimed?.mayStore(name) ?? mayUseJetStream(options, name);
  // An account that asks another one for JetStream reaches that by its own names.
  const asksAnother = !hasJetStream && exchange.imports(name, INFO);
  if (domain !== "" && name !== systemAccount && !asksAnother) add(domainMappings(domain));
  const elsewhere = options.default_js_domain[name] ?? "";
  if (elsewhere !== "" && !hasJetStream) add(domainMappings(elsewhere).map(reversed));
  account.traceDestination = claimed?.traceOf(name) ?? configured?.msg_trace;
  account.mappings = rules.length === 0 ? undefined : new Mappings(rules, "", (below) => world.random(below));
}

/** Alone, the global account may. */
function mayUseJetStream(
  { jetstream, accounts, system_account: system = "$SYS" }: ServerOptions,
  name: string,
): boolean {
  if (jetstream === undefined) return false;
  const others = accounts.filter((account) => account.name !== system);
  if (others.length === 0) return name === GLOBAL_ACCOUNT;
  return others.find((account) => account.name === name)?.jetstream !== undefined;
}

const INFO = byteString("$JS.API.INFO");

function reversed({ source, destinations }: MappingRule): MappingRule {
  const [{ subject, weight, cluster }] = destinations as readonly [MappingRule["destinations"][0]];
  return { source: subject, destinations: [{ subject: source, weight, cluster }] };
}
