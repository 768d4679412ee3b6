// Which exports and imports hold, in nats-server's words for those that do not.
//
// Imports are looked at one after another, streams before services, each with
// those before it in place: the one that would close a circle is refused. What
// was refused is left out and the others stand. Knows nothing of routes.

import { type ByteString, shown } from "../base/bytes.ts";
import { type ImportTransform, importTransform, patternOf } from "./import_transform.ts";
import type { ExportRule, ImportRule, ServiceExport, ServiceImport, SharingRules, StreamImport } from "./sharing.ts";
import { collides, hasWildcard, isLiteral, isSubset, isValidSubject, tokensOf } from "./subject.ts";
import { MappingFault } from "./transform_destination.ts";

const INVALID_SUBJECT = "sublist: invalid subject";
/** How many accounts a subject may go through. */
const MOST_ACCOUNTS = 1024;
/** Places that a search may look at. */
const MOST_VISITS = 100_000;

/** An import that holds, with what its subjects become. */
export interface CheckedImport<R extends ImportRule = ImportRule> {
  readonly rule: R;
  readonly transform: ImportTransform;
  /** The service export it goes through; undefined for streams and for what the server itself imports. */
  readonly through: ServiceExport | undefined;
}

/** Why a rule is left out. */
export interface SharingFault {
  readonly account: string;
  readonly rule: ExportRule | ImportRule;
  /** In nats-server's words, without the rule. */
  readonly text: string;
  /** The account that is named does not exist. */
  readonly missing: string | undefined;
}

export interface CheckedSharing {
  readonly exports: ReadonlyMap<string, readonly ExportRule[]>;
  readonly streams: ReadonlyMap<string, readonly CheckedImport<StreamImport>[]>;
  readonly services: ReadonlyMap<string, readonly CheckedImport<ServiceImport>[]>;
  readonly faults: readonly SharingFault[];
}

/** Whether the token of `rule` lets the account `importer` in, by claims. */
export type Activation = (importer: string, rule: ImportRule, through: ExportRule) => boolean;

const nobodyActivates: Activation = () => false;

/** One account has changed. */
export interface SharingChange {
  readonly before: CheckedSharing;
  readonly account: string;
  /** Those who import from it, and itself: their imports are looked at again. */
  readonly importers: ReadonlySet<string>;
}

/**
 * Checks what all accounts of a server share, or what is left of that to check
 * when only one has changed. `measures`: latency can be published, as there is a
 * system account.
 */
export function checkSharing(
  accounts: ReadonlyMap<string, SharingRules>,
  activates: Activation = nobodyActivates,
  measures = true,
  change?: SharingChange,
): CheckedSharing {
  return new Check(accounts, activates, measures, change).result();
}

class Check {
  readonly #accounts: ReadonlyMap<string, SharingRules>;
  readonly #activates: Activation;
  readonly #measures: boolean;
  readonly #change: SharingChange | undefined;
  readonly #exports: Map<string, ExportRule[]>;
  readonly #streams: Map<string, CheckedImport<StreamImport>[]>;
  readonly #services: Map<string, CheckedImport<ServiceImport>[]>;
  readonly #faults: SharingFault[];

  constructor(
    accounts: ReadonlyMap<string, SharingRules>,
    activates: Activation,
    measures: boolean,
    change: SharingChange | undefined,
  ) {
    this.#accounts = accounts;
    this.#activates = activates;
    this.#measures = measures;
    this.#change = change;
    const { account, importers } = change ?? { account: "", importers: new Set<string>() };
    const kept = <T>(
      lists: ReadonlyMap<string, readonly T[]> | undefined,
      gone: Iterable<string>,
    ): Map<string, T[]> => {
      // Lists of accounts that stay as they are are only read.
      const all = new Map(lists as ReadonlyMap<string, T[]> | undefined);
      for (const name of gone) all.delete(name);
      return all;
    };
    this.#exports = kept(change?.before.exports, [account]);
    this.#streams = kept(change?.before.streams, importers);
    this.#services = kept(change?.before.services, importers);
    this.#faults = (change?.before.faults ?? []).filter((fault) => !importers.has(fault.account));
  }

  result(): CheckedSharing {
    const change = this.#change;
    const exporting = change === undefined ? this.#accounts.keys() : [change.account];
    const importing = change === undefined ? [...this.#accounts.keys()] : [...change.importers];
    const exporters = [...exporting];
    for (const kind of ["stream", "service"] as const) {
      this.#each(exporters, ({ exports }) => exports, kind, (name, rule) => this.#export(name, rule)); // prettier-ignore
    }
    for (const kind of ["stream", "service"] as const) {
      this.#each(importing, ({ imports }) => imports, kind, (name, rule) => this.#import(name, rule)); // prettier-ignore
    }
    return { exports: this.#exports, streams: this.#streams, services: this.#services, faults: this.#faults };
  }

  #each<R extends ExportRule | ImportRule>(
    names: readonly string[],
    of: (rules: SharingRules) => readonly R[],
    kind: "stream" | "service",
    check: (name: string, rule: R) => string | undefined,
  ): void {
    for (const name of names) {
      const rules = this.#accounts.get(name);
      for (const rule of rules === undefined ? [] : of(rules)) {
        if (rule.kind !== kind) continue;
        const text = check(name, rule);
        if (text !== undefined) this.#faults.push({ account: name, rule, text, missing: undefined });
      }
    }
  }

  #export(name: string, rule: ExportRule): string | undefined {
    for (const account of rule.accounts ?? []) {
      if (!this.#accounts.has(account)) this.#missing(name, rule, account);
    }
    if (rule.accountTokenPosition > 0 && tokensOf(rule.subject)[rule.accountTokenPosition - 1] !== "*") {
      return INVALID_SUBJECT;
    }
    const exports = at(this.#exports, name);
    // The last one of a subject stands.
    const before = exports.findIndex((other) => other.kind === rule.kind && other.subject === rule.subject);
    if (before >= 0) exports.splice(before, 1);
    exports.push(rule);
    if (rule.kind === "stream" || rule.latency === undefined) return undefined;
    const fault = this.#latencyFault(exports, rule);
    if (fault !== undefined) exports[exports.length - 1] = { ...rule, latency: undefined };
    return fault;
  }

  #latencyFault(exports: readonly ExportRule[], { latency, responseType }: ServiceExport): string | undefined {
    if (!this.#measures) return "system account not setup";
    if (latency === undefined) return undefined;
    const { subject, sampling } = latency;
    if (sampling < 0 || sampling > 100) return "bad sampling percentage, should be 1-100";
    if (!isLiteral(subject) || exports.some((other) => other.kind === "service" && isSubset(subject, other.subject))) {
      return "invalid publish subject";
    }
    return responseType === "singleton" ? undefined : "bad service response type";
  }

  #import(name: string, rule: ImportRule): string | undefined {
    if (!this.#accounts.has(rule.account)) {
      this.#missing(name, rule, rule.account);
      return undefined;
    }
    return rule.kind === "stream" ? this.#stream(name, rule) : this.#service(name, rule);
  }

  #missing(name: string, rule: ExportRule | ImportRule, account: string): void {
    this.#faults.push({ account: name, rule, text: "account missing", missing: account });
  }

  #stream(name: string, rule: StreamImport): string | undefined {
    const { account, subject, prefix } = rule;
    if (!this.#authorizes(name, rule, "stream").ok) return "stream import not authorized";
    if (prefix !== "" && !isLiteral(prefix.replace(/\.$/, "") as ByteString)) {
      return "stream import prefix can not contain wildcard tokens";
    }
    const to = prefix === "" ? rule.to : (`${prefix.replace(/\.$/, "")}.${subject}` as ByteString);
    for (const local of [to === "" ? subject : to, subject]) {
      const text = this.#circle("stream", name, account, patternOf(local).pattern);
      if (text !== undefined) return text;
    }
    const transform = importTransform(subject, to);
    if (transform instanceof MappingFault) {
      return `failed to create mapping transform for stream import subject from "${shown(subject)}" to "${shown(to)}": ${transform.text}`;
    }
    const streams = at(this.#streams, name);
    if (streams.some((other) => other.rule.account === account && other.rule.subject === subject)) {
      return "stream import already exists";
    }
    streams.push({ rule, transform, through: undefined });
    return undefined;
  }

  #service(name: string, rule: ServiceImport): string | undefined {
    const { account, subject } = rule;
    const local = rule.to === "" ? subject : rule.to;
    if (!isValidSubject(local) || !isValidSubject(subject)) return INVALID_SUBJECT;
    const { ok, through } = this.#authorizes(name, rule, "service");
    if (!ok && !rule.isInternal) return "service import not authorized";
    const { pattern } = hasWildcard(subject) ? patternOf(local) : { pattern: local };
    const text = this.#circle("service", name, account, pattern);
    if (text !== undefined) return text;
    const services = at(this.#services, name);
    const twin = services.find((other) => other.rule.account === account && other.transform.local === pattern);
    if (twin !== undefined) {
      return `duplicate service import subject "${shown(pattern)}", previously used in import for account "${account}", subject "${shown(twin.rule.subject)}"`;
    }
    const transform = importTransform(subject, local);
    if (transform instanceof MappingFault) {
      return `failed to create mapping transform for service import subject from "${shown(local)}" to "${shown(subject)}": ${transform.text}`;
    }
    services.push({ rule, transform, through: through?.kind === "service" ? through : undefined });
    return undefined;
  }

  /** The export of exactly this subject decides, else the first that covers it. */
  #authorizes(name: string, rule: ImportRule, kind: "stream" | "service"): { ok: boolean; through?: ExportRule } {
    if (!isValidSubject(rule.subject)) return { ok: false };
    const exports = (this.#exports.get(rule.account) ?? []).filter((each) => each.kind === kind);
    const exact = exports.find((each) => each.subject === rule.subject);
    const through = exact ?? exports.find((each) => isSubset(rule.subject, each.subject));
    if (through === undefined) return { ok: false };
    return { ok: this.#admits(name, rule, through, exact === undefined), through };
  }

  #admits(name: string, rule: ImportRule, through: ExportRule, isCovered: boolean): boolean {
    const { accounts, tokenRequired, accountTokenPosition } = through;
    if (accountTokenPosition > 0) {
      return isCovered && tokensOf(rule.subject)[accountTokenPosition - 1] === name;
    }
    if (tokenRequired) return rule.token !== "" && this.#activates(name, rule, through);
    return accounts === undefined || accounts.includes(name);
  }

  /**
   * Why an import of `name` from `account`, as `pattern` here, is refused. As in
   * nats-server names are compared, not ways: a circle through other names is
   * found only when a message goes round it.
   */
  #circle(kind: "stream" | "service", name: string, account: string, pattern: ByteString): string | undefined {
    const imports: ReadonlyMap<string, readonly CheckedImport[]> = kind === "stream" ? this.#streams : this.#services;
    const seen = new Set<string>();
    const path = [name];
    const todo = [{ account, pattern, depth: 1 }];
    for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
      if (place.depth >= MOST_ACCOUNTS || seen.size >= MOST_VISITS) return "search cycle depth exhausted";
      const key = `${place.account} ${place.pattern}`;
      if (seen.has(key)) continue;
      seen.add(key);
      path.length = place.depth;
      path.push(place.account);
      if (kind === "stream" && !this.#exportsStream(place.account, place.pattern)) continue;
      for (const { rule, transform } of imports.get(place.account) ?? []) {
        if (!collides(place.pattern, kind === "stream" ? transform.local : transform.from)) continue;
        if (path.includes(rule.account)) return "import forms a cycle";
        const next = isSubset(transform.local, place.pattern) ? transform.local : place.pattern;
        todo.push({ account: rule.account, pattern: next, depth: place.depth + 1 });
      }
    }
    return undefined;
  }

  #exportsStream(account: string, pattern: ByteString): boolean {
    return (this.#exports.get(account) ?? []).some((each) => each.kind === "stream" && isSubset(pattern, each.subject));
  }
}

function at<T>(lists: Map<string, T[]>, name: string): T[] {
  let list = lists.get(name);
  if (list === undefined) lists.set(name, (list = []));
  return list;
}
