// The `authorization` blocks: of the server, and of the listeners that have their own.

import { isPublicNkey } from "../nkey.ts";
import { OptionError } from "../problems.ts";
import type { Reading, Resolved, Row } from "../rows.ts";
import { block, custom, readBlock, str } from "../rows.ts";
import type { Node } from "../tree.ts";
import { goType, goValue, quote } from "../tree.ts";
import { goDuration } from "../go.ts";
import type { TlsOptions } from "./tls.ts";
import { seconds } from "./tls.ts";
import type { Permissions } from "./permissions.ts";
import type { UserOptions } from "./users.ts";
import { permissionsRow, proxyRequired, readUsers, userRows } from "./users.ts";

const DEFAULT_TIMEOUT_MS = 2000;

/** The top-level `authorization`; always there, empty when nobody has to authenticate. */
export interface AuthorizationOptions {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly users: readonly UserOptions[];
  /** Time for CONNECT, in milliseconds; unless given two seconds, or with TLS its timeout and one second. */
  readonly timeout: number;
  /** For users of the global account without permissions of their own. */
  readonly default_permissions: Permissions | undefined;
  /** Only through a trusted proxy, for the single user and the token. */
  readonly proxy_required: boolean;
  /** Undefined where nobody else decides. */
  readonly auth_callout: CalloutOptions | undefined;
  /** True when the block stands in the configuration, even if it is empty. */
  readonly is_given: boolean;
}

/** `authorization` inside `websocket`, `mqtt`, `cluster` and `gateway`. */
export interface ListenerAuthorization {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** Milliseconds; undefined takes the server's. */
  readonly timeout: number | undefined;
}

const callout = "Expected authorization callout to be a map/struct, got ";
const calloutRows = {
  issuer: str({ doc: "Public account nkey that signs the answers.", reload: "restart" }),
  account: str({ doc: "Account of the service that decides.", reload: "restart", shown: "$G" }),
  auth_users: namesRow("Users of that service, who are not asked about.", "auth_users"),
  xkey: str({
    doc: "Public curve nkey of the service, to encrypt what it is sent.",
    reload: "restart",
    aliases: ["key"],
  }),
  allowed_accounts: namesRow("Accounts whose clients may be decided on.", "allowed accounts"),
};
/** `authorization.auth_callout`: a service decides who may connect. */
export interface CalloutOptions {
  /** Public account nkey that signs the answers. */
  readonly issuer: string;
  /** Account of the service. */
  readonly account: string;
  /** Users who are not asked about. */
  readonly auth_users: readonly string[];
  /** Public curve key of the service; undefined without encryption. */
  readonly xkey: string | undefined;
  /** Empty is any. */
  readonly allowed_accounts: readonly string[];
}
const authCallout = custom<CalloutOptions | undefined>(
  "block",
  undefined,
  {
    doc: "Leaves the decision who may connect to a service.",
    reload: "restart",
    aliases: ["auth_hook"],
    rows: calloutRows,
  },
  (node, _name, reading) => readCallout(node, reading),
);

const credentialRows = {
  user: str({ doc: "Name of the only user.", reload: "live", aliases: ["username"] }),
  password: str({ doc: "That user's password, in clear or as a bcrypt hash.", reload: "live", aliases: ["pass"] }),
  token: str({ doc: "Token instead of a user, in clear or as a bcrypt hash.", reload: "live" }),
};
export const authorizationRows = {
  ...credentialRows,
  users: custom<readonly UserOptions[] | undefined>(
    "list of blocks",
    undefined,
    { doc: "Users of the global account.", reload: "live", rows: userRows },
    (node, _name, reading) => readUsers(node, reading),
  ),
  timeout: seconds("authorization config", {
    doc: "Time a client has to send CONNECT; without it 2s, with TLS its timeout and 1s.",
  }),
  default_permissions: permissionsRow("For users without permissions of their own.", [
    "default_permission",
    "permissions",
  ]),
  auth_callout: authCallout,
  proxy_required: { ...proxyRequired, info: { ...proxyRequired.info, reload: "restart" } } as const,
};
type Read = Resolved<typeof authorizationRows>;

/** The row of the server's `authorization`. */
export const authorization: Row<Read | undefined> = custom<Read | undefined>(
  "block",
  undefined,
  { doc: "Who may connect to the global account.", reload: "live", rows: authorizationRows },
  (node, name, reading) => readAuthorization(node, name, reading),
);

/** What the server's `authorization` comes to; the time for CONNECT depends on TLS when it was not given. */
export function resolveAuthorization(read: Read | undefined, tls: TlsOptions | undefined): AuthorizationOptions {
  return {
    user: read?.user,
    password: read?.password,
    token: read?.token,
    users: read?.users ?? [],
    timeout: read?.timeout ?? (tls === undefined ? DEFAULT_TIMEOUT_MS : tls.timeout + 1000),
    default_permissions: read?.default_permissions,
    auth_callout: read?.auth_callout,
    proxy_required: read?.proxy_required ?? false,
    is_given: read !== undefined,
  };
}

function readAuthorization(node: Node, name: string, reading: Reading, peer?: string): Read {
  if (node.kind !== "map") {
    throw new OptionError(`interface conversion: interface {} is ${goType(node)}, not map[string]interface {}`);
  }
  const read = readBlock(authorizationRows, node, { ...reading, path: `${reading.path}${name}.` });
  const token = (read.token ?? "") !== "";
  if (token && peer !== undefined) throw new OptionError(`${peer} authorization does not support tokens`);
  const single = (read.user ?? "") !== "" || (read.password ?? "") !== "";
  if (single && token) throw new OptionError("Cannot have a user/pass and token");
  if (single && read.users !== undefined) throw new OptionError("Can not have a single user/pass and a users array");
  if (token && read.users !== undefined) throw new OptionError("Can not have a token and a users array");
  return read;
}

const listenerRows = {
  ...credentialRows,
  timeout: custom<number | undefined>(
    "duration",
    undefined,
    { doc: "Time a client has to authenticate.", reload: "live" },
    (node) => readLooseSeconds(node),
  ),
};

/** A websocket or mqtt listener's own user or token. nats-server takes any value for the timeout here, so do we. */
export function listenerAuthorization(doc: string): Row<ListenerAuthorization | undefined> {
  return block(listenerRows, { doc, reload: "restart", aliases: ["authentication"] });
}

function readLooseSeconds(node: Node): number | undefined {
  if (node.kind === "int" || node.kind === "float") return Number(node.value) * 1000;
  if (node.kind !== "string") return undefined;
  const parsed = goDuration(node.value);
  return typeof parsed === "number" ? parsed : undefined;
}

/** The user that a cluster or gateway asks of its peers; `what` is "Cluster" or "Gateway". */
export function peerAuthorization(what: string): Row<ListenerAuthorization | undefined> {
  return custom<ListenerAuthorization | undefined>(
    "block",
    undefined,
    { doc: "User that other servers have to be.", reload: "restart", rows: listenerRows },
    (node, name, reading) => {
      const read = readAuthorization(node, name, reading, what);
      const { user, password, token, users, timeout, default_permissions } = read;
      if (users !== undefined) throw new OptionError(`${what} authorization does not allow multiple users`);
      if (default_permissions !== undefined && what === "Cluster" && reading.at !== undefined) {
        const text = 'setting "permissions" within cluster authorization block is deprecated';
        reading.problems.warn(reading.at, name, text);
      }
      return { user, password, token, timeout };
    },
  );
}

function namesRow(doc: string, noun: string): Row<readonly string[]> {
  return custom<readonly string[]>("list of texts", [], { doc, reload: "restart" }, (node) => {
    if (node.kind !== "array") throw new OptionError(`Expected ${noun} field to be an array, got *conf.token`);
    return node.value.flatMap((item) => (item.kind === "string" ? [item.value] : []));
  });
}

function readCallout(node: Node, reading: Reading): CalloutOptions {
  if (node.kind !== "map") throw new OptionError(callout + goValue(node));
  const unknown = (name: string): string => `Unknown field ${quote(name)} parsing authorization callout`;
  const read = readBlock(calloutRows, node, { ...reading, path: `${reading.path}auth_callout.` }, { unknown });
  const at = [...node.value.values()].at(-1)?.at;
  const fail = (text: string): OptionError => new OptionError(text, at === undefined ? {} : { at });
  if (read.issuer !== undefined && !isPublicNkey(read.issuer, "account")) {
    throw fail(`Expected callout user to be a valid public account nkey, got ${quote(read.issuer)}`);
  }
  if (read.xkey !== undefined && !isPublicNkey(read.xkey, "curve")) {
    throw fail(`Expected callout xkey to be a valid public xkey, got ${quote(read.xkey)}`);
  }
  if (read.issuer === undefined) throw new OptionError("Authorization callouts require an issuer to be specified");
  if (read.auth_users.length === 0) {
    throw new OptionError("Authorization callouts require authorized users to be specified");
  }
  return { ...read, issuer: read.issuer, account: read.account ?? "$G" };
}
