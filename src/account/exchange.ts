// All accounts of a server as far as they share: makes routes between them of
// the rules, and makes them anew when rules change.
//
// Owns the relays. What holds of the rules is found out in subject/sharing_check.ts.

import type { ByteString } from "../base/bytes.ts";
import type { ExportRule, ServiceExport, SharingRules } from "../subject/sharing.ts";
import { type Activation, type CheckedSharing, checkSharing } from "../subject/sharing_check.ts";
import { isSubset } from "../subject/subject.ts";
import type { Account } from "./account.ts";
import { type RelaySettings, ServiceRelay } from "./service_relay.ts";
import { ServiceState } from "./service_state.ts";
import { Subscription } from "./subscription.ts";

export class Exchange {
  readonly #settings: RelaySettings;
  readonly #account: (name: string) => Account | undefined;
  #rules = new Map<string, SharingRules>();
  #checked: CheckedSharing = { exports: new Map(), streams: new Map(), services: new Map(), faults: [] };
  readonly #relays = new Map<Account, Subscription[]>();
  /** Accounts with streams of others. */
  readonly #importing = new Set<Account>();
  /** By account, by subject. */
  readonly #services = new Map<string, Map<ByteString, ServiceState>>();

  constructor(settings: RelaySettings, account: (name: string) => Account | undefined) {
    this.#settings = settings;
    this.#account = account;
  }

  /** What the rules come to. */
  get checked(): CheckedSharing {
    return this.#checked;
  }

  /** Whether an account imports a service under a subject that covers this one. */
  imports(account: string, subject: ByteString): boolean {
    return this.#checked.services.get(account)?.some(({ transform }) => isSubset(subject, transform.local)) ?? false;
  }

  /**
   * Replaces what all accounts share; an account that is not in `rules` shares
   * nothing. Rules that do not hold are left out and told. Accounts that are
   * named must exist by now, or their rules are left out as well.
   */
  apply(rules: ReadonlyMap<string, SharingRules>, activates?: Activation): CheckedSharing {
    this.#rules = new Map([...rules].filter(([name]) => this.#account(name) !== undefined));
    this.#checked = checkSharing(this.#rules, activates, this.#measures);
    for (const [account, relays] of this.#relays) for (const relay of relays) account.router.remove(relay);
    this.#relays.clear();
    for (const account of this.#importing) account.streamImports.set([], () => account.router);
    this.#importing.clear();
    for (const name of this.#services.keys()) if (!this.#checked.exports.has(name)) this.#services.delete(name);
    for (const name of this.#checked.exports.keys()) this.#makeServices(name);
    for (const name of this.#rules.keys()) this.#route(name);
    return this.#checked;
  }

  /** Replaces what one account shares; what others import of it is looked at again. */
  update(name: string, rules: SharingRules, activates?: Activation): CheckedSharing {
    this.#rules.set(name, rules);
    const importers = new Set([name]);
    for (const [other, { imports }] of this.#rules) {
      if (imports.some(({ account }) => account === name)) importers.add(other);
    }
    const change = { before: this.#checked, account: name, importers };
    this.#checked = checkSharing(this.#rules, activates, this.#measures, change);
    this.#makeServices(name);
    for (const importer of importers) this.#route(importer);
    return this.#checked;
  }

  get #measures(): boolean {
    return this.#settings.systemAccount !== undefined;
  }

  /** Makes the ways out of an account anew. */
  #route(name: string): void {
    const account = this.#account(name);
    if (account === undefined) return;
    for (const relay of this.#relays.get(account) ?? []) account.router.remove(relay);
    this.#relays.delete(account);
    const streams = this.#checked.streams.get(name) ?? [];
    if (streams.length > 0 || this.#importing.delete(account)) {
      account.streamImports.set(streams, (other) => this.#account(other)!.router);
      if (streams.length > 0) this.#importing.add(account);
    }
    const relays: Subscription[] = [];
    for (const each of this.#checked.services.get(name) ?? []) {
      const there = this.#account(each.rule.account)!;
      const service = this.#serviceOf(there.name, each.through);
      const relay = new ServiceRelay(this.#settings, each, account, there, service);
      const sub = new Subscription(relay, each.transform.local, undefined, "" as ByteString);
      account.router.insert(sub);
      relays.push(sub);
    }
    if (relays.length > 0) this.#relays.set(account, relays);
  }

  /** Services that stay the same keep the requests that wait in line; others keep theirs until these are over. */
  #makeServices(name: string): void {
    const before = this.#services.get(name);
    const services = new Map<ByteString, ServiceState>();
    for (const rule of this.#checked.exports.get(name) ?? []) {
      if (isService(rule)) services.set(rule.subject, serviceFor(rule, before?.get(rule.subject)));
    }
    if (services.size > 0) this.#services.set(name, services);
    else this.#services.delete(name);
  }

  #serviceOf(account: string, rule: ServiceExport | undefined): ServiceState {
    return (rule && this.#services.get(account)?.get(rule.subject)) ?? new ServiceState(undefined);
  }
}

function isService(rule: ExportRule): rule is ServiceExport {
  return rule.kind === "service";
}

function serviceFor(rule: ServiceExport, before: ServiceState | undefined): ServiceState {
  return before?.rule === rule ? before : new ServiceState(rule);
}
