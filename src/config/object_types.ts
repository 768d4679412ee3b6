// What options are as a JavaScript object, for the compiler: made from the
// resolved options, with what each name may also be given as.
//
// object.ts reads them; the keys and their meaning are those of the file.

import type { ReadOptions } from "./options/server.ts";
import type { AccountJetStreamOptions } from "./options/account_jetstream.ts";
import type { AccountLimits } from "./options/accounts.ts";
import type { ConnectionType } from "./options/users.ts";

/** What a value of the configuration file is in JavaScript. */
export type ObjectValue =
  string | number | bigint | boolean | readonly ObjectValue[] | { readonly [key: string]: ObjectValue | undefined };

type ObjectBlock = { readonly [key: string]: ObjectValue | undefined };

/** Numbers that may be a text: lengths of time ("2s"; a number is seconds) and sizes ("64MB"; a number is bytes). */
export const textNumbers = [
  "ack_wait",
  "consumer_inactive_threshold",
  "dial_timeout",
  "duplicate_window",
  "first_info_timeout",
  "handshake_timeout",
  "js_api_timeout",
  "lame_duck_duration",
  "lame_duck_grace_period",
  "leader_migrate_delay",
  "logfile_size_limit",
  "max_buffered_size",
  "max_control_line",
  "max_file_store",
  "max_memory_store",
  "max_outstanding_catchup",
  "max_payload",
  "max_pending",
  "meta_compact_size",
  "ping_interval",
  "reconnect",
  "sync_interval",
  "timeout",
  "write_deadline",
] as const;
type TextNumber = (typeof textNumbers)[number];

/** Lists that a single text cannot stand for. */
type OnlyList = "routes" | "cipher_suites" | "curve_preferences" | "pinned_certs" | "rtt_thresholds";

type Subjects = string | readonly string[];
/** One subject, several, or what is allowed and what is not. */
export type SubjectInput = Subjects | { readonly allow?: Subjects | undefined; readonly deny?: Subjects | undefined };

interface ResponsesInput {
  readonly max?: number | undefined;
  readonly max_msgs?: number | undefined;
  readonly max_messages?: number | undefined;
  readonly max_responses?: number | undefined;
  /** A duration such as "1m". */
  readonly expires?: string | undefined;
  readonly expiration?: string | undefined;
  readonly ttl?: string | undefined;
}

/** What may be published and subscribed to, under each of the names it has. */
export interface PermissionsInput {
  readonly publish?: SubjectInput | undefined;
  readonly pub?: SubjectInput | undefined;
  readonly import?: SubjectInput | undefined;
  readonly subscribe?: SubjectInput | undefined;
  readonly sub?: SubjectInput | undefined;
  readonly export?: SubjectInput | undefined;
  readonly allow_responses?: boolean | ResponsesInput | undefined;
}

type ConnectionWord = ConnectionType | Lowercase<ConnectionType>;

/** A user with a name and a password, or with an nkey. */
export interface UserInput {
  readonly user?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly pass?: string | undefined;
  readonly nkey?: string | undefined;
  readonly permissions?: PermissionsInput | undefined;
  readonly allowed_connection_types?: ConnectionWord | readonly ConnectionWord[] | undefined;
  readonly proxy_required?: boolean | undefined;
}

interface Destination {
  readonly destination: string;
  /** 0 to 100, as a number or as "50%". */
  readonly weight: number | string;
  readonly cluster?: string | undefined;
}
type MappingsInput = Readonly<Record<string, string | Destination | readonly Destination[]>>;

type Switch<T> = boolean | "enabled" | "disabled" | Block<T>;

export interface AccountInput {
  readonly nkey?: string | undefined;
  readonly users?: readonly UserInput[] | undefined;
  readonly limits?: Block<AccountLimits> | undefined;
  readonly default_permissions?: PermissionsInput | undefined;
  readonly jetstream?: Switch<AccountJetStreamOptions> | undefined;
  readonly exports?: readonly ObjectBlock[] | undefined;
  readonly imports?: readonly ObjectBlock[] | undefined;
  readonly mappings?: MappingsInput | undefined;
  readonly msg_trace?: string | { readonly dest?: string; readonly sampling?: number | string } | undefined;
}

/** Options whose resolved type does not tell how they are given. */
interface Special {
  readonly handshake_first: boolean | "auto" | (string & {});
  readonly headers: Readonly<Record<string, string>>;
  readonly permissions: PermissionsInput;
  readonly default_permissions: PermissionsInput;
  readonly mappings: MappingsInput;
  readonly auth_callout: ObjectBlock;
  readonly consumer_replicas: number;
  readonly ca_certs_match: readonly string[];
  readonly ocsp_peer: boolean | ObjectBlock;
  readonly ocsp: boolean | ObjectBlock;
  readonly ocsp_cache: boolean | ObjectBlock;
  readonly resolver: string | ObjectBlock;
  readonly resolver_preload: Readonly<Record<string, string>>;
  readonly proxies: { readonly trusted: readonly { readonly key: string }[] };
  readonly jetstream_cluster_migrate: boolean | { readonly leader_migrate_delay?: number | string };
}

type Compression = { readonly mode: string; readonly rtt_thresholds: readonly number[] };
type CompressionInput = string | boolean | { readonly mode?: string; readonly rtt_thresholds?: readonly string[] };

/** What the option `K`, resolved to `T`, may be given as. */
type Input<K, T> = K extends keyof Special ? Special[K] : Plain<K, NonNullable<T>>;

type Plain<K, T> = [T] extends [boolean]
  ? boolean
  : [T] extends [number]
    ? K extends TextNumber
      ? number | string
      : number
    : [T] extends [string]
      ? T
      : [T] extends [number | string]
        ? number | string
        : [T] extends [Compression]
          ? CompressionInput
          : T extends readonly (infer Item)[]
            ? K extends "users"
              ? readonly UserInput[]
              : Item extends string
                ? K extends OnlyList
                  ? readonly Item[]
                  : Item | readonly Item[]
                : readonly Block<Item>[]
            : Block<T>;

/** A block, every option of it optional; one with a port can be given its address as `listen`. */
type Block<T> = string extends keyof T
  ? T
  : { readonly [K in keyof T]?: Input<K, T[K]> | undefined } & (T extends {
      readonly host: unknown;
      readonly port: unknown;
    }
      ? { readonly listen?: string | number | undefined }
      : unknown);

type Websocket = Block<NonNullable<ReadOptions["websocket"]>>;

/**
 * Options by their names in the configuration file. A duration is "2s" or a
 * number of seconds, a size a number or "64MB"; undefined is not there.
 */
export type ObjectOptions = Omit<Block<ReadOptions>, "accounts" | "jetstream" | "http_host"> & {
  readonly accounts?: Readonly<Record<string, AccountInput>> | readonly string[] | undefined;
  readonly jetstream?: Switch<NonNullable<ReadOptions["jetstream"]>> | undefined;
  readonly http?: string | number | undefined;
  readonly https?: string | number | undefined;
  readonly ws?: Websocket | undefined;
};
