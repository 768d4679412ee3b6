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
  readonly #relays = new Map<Account, Subscription[]>();
  readonly #importing = new Set<Account>();
  #checked: CheckedSharing = { exports: new Map(), streams: new Map(), services: new Map(), faults: [] };
  /** By account and subject. */
  #services = new Map<string, ServiceState>();

  constructor(settings: RelaySettings, account: (name: string) => Account | undefined) {
    this.#settings = settings;
    this.#account = account;
  }

  /** What the last rules came to. */
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
    const known = new Map([...rules].filter(([name]) => this.#account(name) !== undefined));
    const checked = checkSharing(known, activates, this.#settings.systemAccount !== undefined);
    for (const [account, relays] of this.#relays) for (const relay of relays) account.router.remove(relay);
    this.#relays.clear();
    this.#checked = checked;
    this.#makeServices(checked.exports);
    for (const account of this.#importing) account.streamImports.set([], () => account.router);
    this.#importing.clear();
    for (const name of known.keys()) {
      const account = this.#account(name)!;
      const streams = checked.streams.get(name);
      if (streams !== undefined) {
        account.streamImports.set(streams, (other) => this.#account(other)!.router);
        this.#importing.add(account);
      }
      const relays: Subscription[] = [];
      for (const each of checked.services.get(name) ?? []) {
        const there = this.#account(each.rule.account)!;
        const service = this.#serviceOf(there.name, each.through);
        const relay = new ServiceRelay(this.#settings, each, account, there, service);
        const sub = new Subscription(relay, each.transform.local, undefined, "" as ByteString);
        account.router.insert(sub);
        relays.push(sub);
      }
      if (relays.length > 0) this.#relays.set(account, relays);
    }
    return checked;
  }

  /** Services that stay the same keep the requests that wait. */
  #makeServices(exports: ReadonlyMap<string, readonly ExportRule[]>): void {
    const before = this.#services;
    this.#services = new Map();
    for (const [name, rules] of exports) {
      for (const rule of rules) {
        if (rule.kind !== "service") continue;
        const key = keyOf(name, rule);
        const old = before.get(key);
        this.#services.set(key, old !== undefined && old.rule === rule ? old : new ServiceState(rule));
      }
    }
  }

  #serviceOf(account: string, rule: ServiceExport | undefined): ServiceState {
    return (rule && this.#services.get(keyOf(account, rule))) ?? new ServiceState(undefined);
  }
}

function keyOf(account: string, { subject }: ServiceExport): string {
  return `${account} ${subject}`;
}
