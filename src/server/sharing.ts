// What accounts share and how they map subjects, of the options: makes it so,
// at the start and again whenever the options changed.

import { createHash } from "node:crypto";
import type { Account } from "../account/account.ts";
import { Exchange } from "../account/exchange.ts";
import { Mappings } from "../account/mappings.ts";
import { nuid } from "../base/nuid.ts";
import { byteString } from "../base/bytes.ts";
import type { World } from "../base/world.ts";
import type { ServerOptions } from "../config/options.ts";
import type { MappingRule } from "../subject/mapping_rule.ts";
import type { SharingRules } from "../subject/sharing.ts";

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

/** What the accounts of the options share. */
export function sharingRules(options: ServerOptions): Map<string, SharingRules> {
  return new Map(options.accounts.map((account) => [account.name, account]));
}

/** Gives every account the mappings of the options, and those of JetStream's domain. */
export function applyMappings(
  options: ServerOptions,
  globalAccount: string,
  accounts: ReadonlyMap<string, Account>,
  world: World,
): void {
  for (const [name, account] of accounts) {
    const own = options.accounts.find((each) => each.name === name);
    const rules: readonly MappingRule[] = name === globalAccount ? options.mappings : (own?.mappings ?? []);
    account.mappings = rules.length === 0 ? undefined : new Mappings(rules, "", (below) => world.random(below));
  }
}
