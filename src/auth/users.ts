// The users of a configuration, each with its account and rules.
//
// Names are unique over all accounts: the configuration has checked that.

import type {
  AccountOptions,
  AuthorizationOptions,
  ConnectionType,
  Permissions,
  UserOptions,
} from "../config/options.ts";
import { PermissionRules } from "./permission_rules.ts";
import { Secret } from "./secret.ts";

export const GLOBAL_ACCOUNT = "$G";
export const DEFAULT_SYSTEM_ACCOUNT = "$SYS";

export interface KnownUser {
  /** The user's name, or the public nkey. */
  readonly name: string;
  readonly isNkey: boolean;
  readonly accountName: string;
  /** Empty when the configuration has none; of no use for an nkey. */
  readonly password: Secret;
  /** Undefined when everything is allowed. */
  readonly rules: PermissionRules | undefined;
  /** Empty is every type. */
  readonly connectionTypes: ReadonlySet<ConnectionType>;
  readonly proxyRequired: boolean;
}

export class UserTable {
  readonly #byName = new Map<string, KnownUser>();
  readonly #byNkey = new Map<string, KnownUser>();

  constructor(
    authorization: Pick<AuthorizationOptions, "users" | "default_permissions">,
    accounts: readonly AccountOptions[],
  ) {
    this.#add(GLOBAL_ACCOUNT, authorization.users, authorization.default_permissions);
    for (const { name, users, default_permissions } of accounts) this.#add(name, users, default_permissions);
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0 && this.#byNkey.size === 0;
  }
  get hasNkeys(): boolean {
    return this.#byNkey.size > 0;
  }
  byName(name: string): KnownUser | undefined {
    return this.#byName.get(name);
  }
  byNkey(nkey: string): KnownUser | undefined {
    return this.#byNkey.get(nkey);
  }
  /** The users with names, in the order of the configuration. */
  named(): IterableIterator<KnownUser> {
    return this.#byName.values();
  }
  /** Whether there are users, all of this account. */
  isOnlyOf(accountName: string): boolean {
    const users = [...this.#byName.values(), ...this.#byNkey.values()];
    return users.length > 0 && users.every((user) => user.accountName === accountName);
  }

  #add(accountName: string, users: readonly UserOptions[], defaults: Permissions | undefined): void {
    for (const options of users) {
      const name = options.nkey ?? options.user ?? "";
      if (name === "") continue;
      const user: KnownUser = {
        name,
        isNkey: options.nkey !== undefined,
        accountName,
        password: new Secret(options.password ?? ""),
        // A user's own permissions replace the default ones, also when they are empty.
        rules: PermissionRules.compile(options.permissions ?? defaults),
        connectionTypes: new Set(options.allowed_connection_types),
        proxyRequired: options.proxy_required === true,
      };
      (user.isNkey ? this.#byNkey : this.#byName).set(name, user);
    }
  }
}
