// Whether an account's claims make sense, with its imports, exports, mappings and keys; nats-io/jwt's rules and words.

import { isPublicKey } from "../nkey.ts";
import {
  type AccountClaims,
  type Export,
  type ExternalAuthorization,
  hasNoLimits,
  type Import,
  type OperatorLimits,
  type SigningKeys,
  type WeightedMapping,
} from "./account_claims.ts";
import { urlOf } from "./go_url.ts";
import { Issues } from "./issues.ts";
import { JwtError } from "./jwt_error.ts";
import { isZero, NO_LIMIT } from "./kinds.ts";
import { checkRenaming, checkSubject, hasWildcards, isContained, quoted, withoutReferences } from "./subject_rules.ts";
import { SubjectTree, Work } from "./subject_tree.ts";
import { decodeActivationClaims } from "./token.ts";
import { checkPermissions, checkTimes, type Today, validateActivation } from "./validate.ts";

const ANY_ACCOUNT = "*";
const MAX_INFO_LENGTH = 8 * 1024;
const MAX_PERCENT = 100;
/** Steps in comparing the subjects of one account: some ten milliseconds. */
const MAX_WORK = 2_000_000;

export function validateAccount(claims: AccountClaims, today: Today): Issues {
  const issues = new Issues();
  const { nats } = claims;
  const work = new Work(MAX_WORK);
  checkTimes(claims, today, issues);
  checkImports(nats.imports, claims.sub, work, issues);
  checkExports(nats.exports, work, issues);
  if (work.isOver) issues.error("the account contains more overlapping subjects than can be checked");
  checkTiers(nats.limits, issues);
  checkPermissions(nats.default_permissions, issues);
  for (const [from, destinations] of nats.mappings) checkMapping(from, destinations, issues);
  checkAuthorization(nats.authorization, issues);
  checkTrace(nats.trace, issues);
  checkCounts(claims, issues);
  checkSigningKeys(nats.signing_keys, issues);
  checkInfo(nats, issues);
  if (!["", "system", "owner"].includes(nats.cluster_traffic)) {
    issues.error(`unknown cluster traffic option: ${quoted(nats.cluster_traffic)}`);
  }
  if (isPublicKey(claims.iss, "account") && !hasNoLimits(nats.limits)) {
    issues.warning("self-signed account JWTs shouldn't contain operator limits");
  }
  return issues;
}

/** One import, as part of the claims of `importer`. */
export function checkImport(imported: Import, importer: string, issues: Issues): void {
  const { type, subject, account, token, to, local_subject } = imported;
  if (type === "") issues.error('invalid import type: "unknown"');
  if (type === "service" && imported.allow_trace) issues.error("AllowTrace only valid for stream import");
  if (account === "") issues.error("account to import from is not specified");
  if (to !== "") issues.warning("the field to has been deprecated (use LocalSubject instead)");
  checkSubject(subject, issues);
  if (local_subject !== "") {
    checkRenaming(local_subject, subject, issues);
    if (to !== "") issues.error("Local Subject replaces To");
  }
  if (imported.share && type !== "service") {
    issues.error(`sharing information (for latency tracking) is only valid for services: ${quoted(subject)}`);
  }
  if (token !== "") checkActivation(imported, importer, issues);
}

function checkActivation({ type, subject, account, token, to }: Import, importer: string, issues: Issues): void {
  const activation = decodeActivationClaims(token);
  if (activation instanceof JwtError) {
    issues.error(`import ${quoted(subject)} contains an invalid activation token`);
    return;
  }
  const { nats } = activation;
  if (activation.iss !== account && nats.issuer_account !== account) {
    issues.error(`activation token doesn't match account for import ${quoted(subject)}`);
  }
  if (activation.sub !== importer) {
    issues.error(`activation token doesn't match account it is being included in, ${quoted(subject)}`);
  }
  if (nats.kind !== type) {
    issues.error(
      `mismatch between token import type ${nats.kind || "unknown"} and type of import ${type || "unknown"}`,
    );
  }
  for (const issue of validateActivation(activation, undefined).errors) issues.error(issue);
  const used = type === "service" && to !== "" ? to : subject;
  if (!isContained(used.split("."), nats.subject.split("."))) {
    issues.error(`activation token import subject ${quoted(nats.subject)} doesn't match import ${quoted(subject)}`);
  }
}

function checkImports(imports: readonly (Import | undefined)[], importer: string, work: Work, issues: Issues): void {
  // Of services only; overlaps matter within one exporting account.
  const byAccount = new Map<string, { readonly tree: SubjectTree; readonly subjects: Map<string, number> }>();
  for (const [number, imported] of imports.entries()) {
    if (imported === undefined) {
      issues.error("null import is not allowed");
      continue;
    }
    if (imported.type === "service") {
      const { account } = imported;
      const local = localOf(imported);
      const tokens = local.split(".");
      const others = byAccount.get(account) ?? { tree: new SubjectTree(work), subjects: new Map<string, number>() };
      byAccount.set(account, others);
      for (const other of others.tree.overlapping(tokens)) {
        issues.error(
          `overlapping subject namespace for ${quoted(local)} and ${quoted(localOf(imports[other]!))} in same account ${quoted(account)}`,
        );
      }
      if (others.subjects.has(local)) {
        issues.error(`overlapping subject namespace for ${quoted(local)} in account ${quoted(account)}`);
      }
      others.subjects.set(local, number);
      others.tree.add(tokens, number);
    }
    checkImport(imported, importer, issues);
  }
}

/** Where the importing account has it. */
function localOf({ to, local_subject, subject }: Import): string {
  return to || withoutReferences(local_subject) || subject;
}

function checkExports(exports: readonly (Export | undefined)[], work: Work, issues: Issues): void {
  const subjects: Record<"service" | "stream", string[]> = { service: [], stream: [] };
  for (const exported of exports) {
    if (exported === undefined) {
      issues.error("null export is not allowed");
      continue;
    }
    subjects[exported.type === "service" ? "service" : "stream"].push(exported.subject);
    checkExport(exported, issues);
  }
  checkOverlaps("service", subjects.service, work, issues);
  checkOverlaps("stream", subjects.stream, work, issues);
}

function checkExport(exported: Export, issues: Issues): void {
  const { type, response_type, service_latency: latency, response_threshold, subject } = exported;
  if (type === "") issues.error('invalid export type: "unknown"');
  if (type === "service" && !["", "Singleton", "Stream", "Chunked"].includes(response_type)) {
    issues.error(`invalid response type for service: ${quoted(response_type)}`);
  }
  if (type === "stream" && response_type !== "") {
    issues.error(`invalid response type for stream: ${quoted(response_type)}`);
  }
  if (type === "stream" && exported.allow_trace) issues.error("AllowTrace only valid for service export");
  if (latency !== undefined) {
    if (type !== "service") issues.error("latency tracking only permitted for services");
    if (latency.sampling < 0 || latency.sampling > MAX_PERCENT) {
      issues.error("sampling percentage needs to be between 1-100");
    }
    checkSubject(latency.results, issues);
    if (hasWildcards(latency.results)) issues.error("results subject can not contain wildcards");
  }
  if (response_threshold < 0) issues.error("negative response threshold is invalid");
  if (response_threshold > 0 && type !== "service") issues.error("response threshold only valid for services");
  checkSubject(subject, issues);
  if (exported.account_token_position > 0) checkTokenPosition(subject, exported.account_token_position, issues);
  checkInfo(exported, issues);
}

function checkTokenPosition(subject: string, position: number, issues: Issues): void {
  if (!hasWildcards(subject)) {
    issues.error(`Account Token Position can only be used with wildcard subjects: ${subject}`);
    return;
  }
  const token = subject.split(".")[position - 1];
  if (token === undefined) {
    issues.error(`Account Token Position ${position} exceeds length of subject '${subject}'`);
  } else if (token !== "*") {
    issues.error(`Account Token Position ${position} matches '${token}' but must match a * in: ${subject}`);
  }
}

/** One error for each subject under which another one falls, with the first of those, in their order. */
function checkOverlaps(kind: "service" | "stream", subjects: readonly string[], work: Work, issues: Issues): void {
  const tree = new SubjectTree(work);
  /** Where each is, for the first and the second time. */
  const places = new Map<string, [number, number?]>();
  for (const [number, subject] of subjects.entries()) {
    tree.add(subject.split("."), number);
    const place = places.get(subject);
    if (place === undefined) places.set(subject, [number]);
    else place[1] ??= number;
  }
  const covered: { readonly wide: string; readonly narrow: number; readonly at: number }[] = [];
  for (const [wide, [first, second]] of places) {
    const narrow = tree.firstUnder(wide.split("."), second === undefined ? first : -1);
    if (narrow !== undefined) covered.push({ wide, narrow, at: narrow === first ? second! : first });
  }
  covered.sort((a, b) => a.narrow - b.narrow || a.at - b.at);
  for (const { wide, narrow } of covered) {
    issues.error(`${kind} export subject ${quoted(wide)} already exports ${quoted(subjects[narrow]!)}`);
  }
}

function checkTiers(limits: OperatorLimits, issues: Issues): void {
  const { tiered_limits } = limits;
  if (tiered_limits.size === 0) return;
  const flat = [
    limits.mem_storage,
    limits.disk_storage,
    limits.streams,
    limits.consumer,
    limits.max_ack_pending,
    limits.mem_max_stream_bytes,
    limits.disk_max_stream_bytes,
  ];
  if (limits.max_bytes_required || flat.some((limit) => !isZero(limit, 0))) {
    issues.error("JetStream Limits and tiered JetStream Limits are mutually exclusive");
  }
  if (tiered_limits.has("")) issues.error('Tiered JetStream Limits can not contain a blank "" tier name');
}

function checkMapping(from: string, destinations: readonly WeightedMapping[], issues: Issues): void {
  checkSubject(from, issues);
  let total = 0;
  const perCluster = new Map<string, number>();
  for (const { subject, weight: given, cluster } of destinations) {
    const weight = given === 0 ? MAX_PERCENT : given;
    checkSubject(subject, issues);
    if (weight > MAX_PERCENT) issues.error(`Mapping ${quoted(from)} has a weight ${weight} that exceeds 100`);
    if (cluster === "") {
      total += weight;
      continue;
    }
    const sum = (perCluster.get(cluster) ?? 0) + weight;
    perCluster.set(cluster, sum);
    if (sum > MAX_PERCENT) {
      issues.error(
        `Mapping ${quoted(from)} in cluster ${quoted(cluster)} exceeds 100% among all of it's weighted to mappings`,
      );
    }
  }
  if (total > MAX_PERCENT) {
    issues.error(`Mapping ${quoted(from)} exceeds 100% among all of it's weighted to mappings`);
  }
}

function checkAuthorization({ auth_users, allowed_accounts, xkey }: ExternalAuthorization, issues: Issues): void {
  if (allowed_accounts.length > 0 && auth_users.length === 0) {
    issues.error("External authorization cannot have accounts without users specified");
  }
  for (const user of auth_users) {
    if (!isPublicKey(user, "user")) issues.error(`AuthUser ${quoted(user)} is not a valid user public key`);
  }
  for (const account of allowed_accounts) {
    if (account === ANY_ACCOUNT) {
      if (allowed_accounts.length > 1) issues.error('AllowedAccounts can only be a list of accounts or "*"');
    } else if (!isPublicKey(account, "account")) {
      issues.error(`Account ${quoted(account)} is not a valid account public key`);
    }
  }
  if (xkey !== "" && !isPublicKey(xkey, "curve")) issues.error(`XKey ${quoted(xkey)} is not a valid public xkey`);
}

function checkTrace(trace: AccountClaims["nats"]["trace"], issues: Issues): void {
  if (trace === undefined) return;
  const own = new Issues();
  checkSubject(trace.dest, own);
  if (own.errors.length > 0) issues.error(`the account Trace.Destination ${own.errors[0]!}`);
  if (hasWildcards(trace.dest)) {
    issues.error(`the account Trace.Destination subject ${quoted(trace.dest)} is not a valid publish subject`);
  }
  if (trace.sampling < 0 || trace.sampling > MAX_PERCENT) {
    issues.error(`the account Trace.Sampling value '${trace.sampling}' is not valid, should be in the range [1..100]`);
  }
}

function checkCounts({ nats: { limits, imports, exports } }: AccountClaims, issues: Issues): void {
  const tooManyImports = "the account contains more imports than allowed by the operator";
  if (!hasNoLimits(limits) && limits.imports >= 0 && imports.length > limits.imports) issues.error(tooManyImports);
  if (limits.imports !== NO_LIMIT && imports.length > limits.imports) issues.error(tooManyImports);
  if (limits.exports === NO_LIMIT) return;
  if (exports.length > limits.exports) {
    issues.error("the account contains more exports than allowed by the operator");
  }
  if (limits.wildcards) return;
  for (const exported of exports) {
    if (exported !== undefined && hasWildcards(exported.subject)) {
      issues.error("the account contains wildcard exports that are not allowed by the operator");
    }
  }
}

function checkSigningKeys(keys: SigningKeys, issues: Issues): void {
  for (const [key, scope] of keys) {
    if (isPublicKey(key, "account")) continue;
    issues.error(
      scope === undefined ? `${quoted(key)} is not a valid account signing key` : `${key} is not an account public key`,
    );
  }
}

function checkInfo(
  { description, info_url }: { readonly description: string; readonly info_url: string },
  issues: Issues,
): void {
  if (Buffer.byteLength(description, "utf8") > MAX_INFO_LENGTH) issues.error("Description is too long");
  if (info_url === "") return;
  if (Buffer.byteLength(info_url, "utf8") > MAX_INFO_LENGTH) issues.error("Info URL is too long");
  const url = urlOf(info_url);
  const fault =
    typeof url === "string" ? url : url.hostname === "" || url.scheme === "" ? "no hostname or scheme" : undefined;
  if (fault !== undefined) issues.error(`error parsing info url: ${fault}`);
}
