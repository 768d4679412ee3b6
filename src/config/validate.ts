// What must hold between options before a server starts, in nats-server's
// words. Each option by itself was checked when it was read.

import { goDurationText } from "./go.ts";
import type { ServerOptions } from "./options.ts";
import { splitHostPort } from "./options/address.ts";
import { GLOBAL_ACCOUNT } from "./options/accounts.ts";
import { gatewayComplaint } from "./options/gateway.ts";
import { domainComplaint } from "./options/jetstream.ts";
import { leafnodesComplaint, leafnodesCompressions } from "./options/leafnodes.ts";
import { compressionComplaint } from "./options/links.ts";
import { mqttComplaint } from "./options/mqtt.ts";
import type { UserOptions } from "./options/users.ts";
import { websocketComplaint } from "./options/websocket.ts";
import { ConfigError } from "./problems.ts";
import { quote } from "./tree.ts";

const SYSTEM_ACCOUNT = "$SYS";

/** Throws ConfigError with the first thing that is wrong. */
export function validate(options: ServerOptions): void {
  for (const check of checks) {
    const complaint = check(options);
    if (complaint !== undefined) throw new ConfigError(complaint);
  }
}

/** Accounts and users come as tokens. */
function isTrusting({ operator, trusted_keys }: ServerOptions): boolean {
  return operator.length > 0 || trusted_keys.length > 0;
}

/** The accounts whose clients a service may decide on are there. */
function callout({ authorization, accounts }: ServerOptions): string | undefined {
  const missing = authorization.auth_callout?.allowed_accounts.find(
    (name) => !accounts.some((account) => account.name === name),
  );
  return missing === undefined
    ? undefined
    : `auth_callout allowed account ${quote(missing)} not found in configured accounts`;
}

/** Where tokens say who may do what, the configuration must not. */
function trust(options: ServerOptions): string | undefined {
  if (options.operator.length === 0) return undefined;
  if (options.authorization.auth_callout !== undefined) {
    return "operators do not allow authorization callouts to be configured directly";
  }
  if (options.accounts.length > 0) return "operators do not allow Accounts to be configured directly";
  return allUsers(options).length > 0 ? "operators do not allow users to be configured directly" : undefined;
}

/** Every user of every account. */
export function allUsers(options: ServerOptions): readonly UserOptions[] {
  return [...options.authorization.users, ...options.accounts.flatMap((account) => account.users)];
}

type Check = (options: ServerOptions) => string | undefined;

const checks: readonly Check[] = [
  ({ lame_duck_duration: duration, lame_duck_grace_period: grace }) =>
    grace >= duration
      ? `lame duck grace period (${goDurationText(grace)}) should be strictly lower than lame duck duration (${goDurationText(duration)})`
      : undefined,
  ({ max_payload: payload, max_pending: pending }) =>
    payload > pending ? `max_payload (${payload}) cannot be higher than max_pending (${pending})` : undefined,
  ({ server_name: name }) => (name?.includes(" ") ? "server name cannot contain spaces" : undefined),
  ({ cluster }) => (cluster?.name?.includes(" ") ? "cluster name cannot contain spaces" : undefined),
  trust,
  callout,
  (options) => noAuthUser(options.no_auth_user, options),
  clusterComplaint,
  ({ gateway }) => (gateway === undefined ? undefined : gatewayComplaint(gateway)),
  (options) =>
    options.leafnodes === undefined ? undefined : leafnodesComplaint(options.leafnodes, accountNames(options)),
  ({ leafnodes }) =>
    leafnodes === undefined ? undefined : first(leafnodesCompressions(leafnodes).map(compressionComplaint)),
  (options) => listenerComplaint("websocket", options.websocket, options),
  ({ websocket }) => (websocket === undefined ? undefined : websocketComplaint(websocket)),
  (options) => listenerComplaint("mqtt", options.mqtt, options),
  mqttInServer,
  jetstreamInServer,
  systemAccount,
  domains,
  jetstreamOfSystem,
  ({ http_port: http, https_port: https, tls }) => {
    const before = "Can't start monitoring:";
    if (http !== 0 && https !== 0) return `${before} can't specify both HTTP (${http}) and HTTPs (${https}) ports`;
    if (https !== 0 && !hasCertificate(tls)) return `${before} TLS cert and key required for HTTPS`;
    return undefined;
  },
  ({ websocket }) => prefixed("Unable to get websocket connect URLs: ", portComplaint(websocket?.advertise)),
  ({ client_advertise: advertise }) =>
    prefixed(`Error setting server INFO with ClientAdvertise value of ${advertise}, err=`, portComplaint(advertise)),
];

/** What is wrong with the port of an address that others are told. */
function portComplaint(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  if (/^\[[^\]]*$/.test(address)) return `address ${address}: missing ']' in address`;
  if (/^[^[]*:[^[]*:/.test(address)) return `address ${address}: too many colons in address`;
  const port = splitHostPort(address)?.port;
  if (port === undefined || /^[+-]?\d+$/.test(port)) return undefined;
  return `strconv.Atoi: parsing ${quote(port)}: invalid syntax`;
}

function prefixed(before: string, complaint: string | undefined): string | undefined {
  return complaint === undefined ? undefined : before + complaint;
}

function first(complaints: readonly (string | undefined)[]): string | undefined {
  return complaints.find((complaint) => complaint !== undefined);
}

function hasCertificate(tls: ServerOptions["tls"]): boolean {
  return tls !== undefined && (tls.cert_file !== undefined || tls.certs.length > 0);
}

function accountNames(options: ServerOptions): ReadonlySet<string> {
  return new Set([GLOBAL_ACCOUNT, SYSTEM_ACCOUNT, ...options.accounts.map(({ name }) => name)]);
}

function noAuthUser(name: string | undefined, options: ServerOptions): string | undefined {
  if (name === undefined || name === "") return undefined;
  if (isTrusting(options)) return "no_auth_user not compatible with Trusted Operator";
  const users = allUsers(options);
  if (users.length === 0) return `no_auth_user: ${quote(name)} present, but users/nkeys are not defined`;
  if (users.some(({ user, nkey }) => user === name || nkey === name)) return undefined;
  return `no_auth_user: ${quote(name)} not present as user or nkey in authorization block or account configuration`;
}

function clusterComplaint({ cluster, gateway }: ServerOptions): string | undefined {
  if (cluster === undefined) return undefined;
  if (cluster.name !== undefined && gateway?.name !== undefined && cluster.name !== gateway.name) {
    return "cluster name conflicts between cluster and gateway definitions";
  }
  const complaint = compressionComplaint(cluster.compression);
  if (complaint !== undefined) return complaint;
  const pinned = [...cluster.accounts, SYSTEM_ACCOUNT];
  const twice = pinned.find((name, i) => pinned.indexOf(name) !== i);
  if (twice === undefined || twice === SYSTEM_ACCOUNT) return undefined;
  return `found duplicate account name ${quote(twice)} in pinned accounts list [${pinned.map(quote).join(" ")}]`;
}

function listenerComplaint(
  what: "websocket" | "mqtt",
  listener: ServerOptions["websocket"] | ServerOptions["mqtt"],
  options: ServerOptions,
): string | undefined {
  if (listener === undefined || listener.port === 0) return undefined;
  const { user, token } = listener.authorization ?? {};
  if (allUsers(options).length > 0) {
    if ((user ?? "") !== "") return `${what} authentication username not compatible with presence of users/nkeys`;
    if ((token ?? "") !== "") return `${what} authentication token not compatible with presence of users/nkeys`;
  }
  return noAuthUser(listener.no_auth_user, options);
}

function mqttInServer(options: ServerOptions): string | undefined {
  if (options.mqtt === undefined) return undefined;
  const clustered = (options.cluster?.port ?? 0) !== 0 || (options.gateway?.port ?? 0) !== 0;
  const { leafnodes } = options;
  const leaf = leafnodes !== undefined && (leafnodes.port !== 0 || leafnodes.remotes.length > 0);
  return mqttComplaint(options.mqtt, {
    clustered,
    named: (options.server_name ?? "") !== "",
    standalone: !clustered && !leaf,
    jetstream: options.jetstream !== undefined,
  });
}

function jetstreamInServer({ jetstream, cluster, server_name }: ServerOptions): string | undefined {
  if (jetstream === undefined) return undefined;
  const complaint = domainComplaint(jetstream.domain);
  if (complaint !== undefined || cluster === undefined || cluster.port === 0) return complaint;
  if ((server_name ?? "") === "") return "jetstream cluster requires `server_name` to be set";
  return cluster.name === undefined ? "jetstream cluster requires `cluster.name` to be set" : undefined;
}

function jetstreamOfSystem({ jetstream, accounts, system_account: name }: ServerOptions): string | undefined {
  if (jetstream === undefined) return undefined;
  const system = accounts.find((account) => account.name === (name ?? SYSTEM_ACCOUNT));
  return system?.jetstream === undefined ? undefined : "Not allowed to enable JetStream on the system account";
}

function systemAccount(options: ServerOptions): string | undefined {
  const { system_account: name } = options;
  if (isTrusting(options)) return undefined;
  if (name === undefined || name === "" || accountNames(options).has(name)) return undefined;
  return "error resolving system account: account missing";
}

/** `default_js_domain` is for accounts that have no JetStream here; the system account is never one of them. */
function domains(options: ServerOptions): string | undefined {
  const system = options.system_account ?? SYSTEM_ACCOUNT;
  return first(
    Object.entries(options.default_js_domain).map(([name, domain]) => {
      const account = options.accounts.find((each) => each.name === name);
      if (account === undefined && name !== GLOBAL_ACCOUNT) {
        return `in non operator mode, \`default_js_domain\` references non existing account ${quote(name)}`;
      }
      if (account?.jetstream !== undefined && domain !== "") {
        return `default_js_domain contains account name ${quote(name)} with enabled JetStream`;
      }
      if (name === system) return `system account ${quote(name)} can not be in default_js_domain`;
      if (!isSubject(domain)) {
        return `default_js_domain contains account ${quote(name)} with invalid domain name ${quote(domain)}`;
      }
      return undefined;
    }),
  );
}

/** Whether `$JS.<domain>.API.>` is a subject; no domain is fine. */
function isSubject(domain: string): boolean {
  return domain === "" || (!/\s/.test(domain) && domain.split(".").every((token) => token !== "" && token !== ">"));
}
