// The `accounts` block: name spaces with users of their own.

import type { Permissions } from "./permissions.ts";
import type { UserOptions } from "./users.ts";

/** Limits of an account; undefined is no limit. */
export interface AccountLimits {
  readonly max_connections: number | undefined;
  readonly max_subscriptions: number | undefined;
  readonly max_payload: number | undefined;
  readonly max_leafnodes: number | undefined;
}

export interface AccountOptions {
  readonly name: string;
  /** Public account nkey, "A…". */
  readonly nkey: string | undefined;
  readonly users: readonly UserOptions[];
  readonly limits: AccountLimits;
  readonly default_permissions: Permissions | undefined;
}
