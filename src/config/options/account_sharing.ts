// What accounts share, once all of them are read: whether it holds, in
// nats-server's words.

import { shown } from "../../base/bytes.ts";
import type { ExportRule, ImportRule } from "../../subject/sharing.ts";
import { checkSharing, type SharingFault } from "../../subject/sharing_check.ts";
import { quote } from "../tree.ts";

interface SharingAccount {
  readonly name: string;
  readonly exports: readonly ExportRule[];
  readonly imports: readonly ImportRule[];
}

/** What is wrong between accounts. `measures`: there is a system account. */
export function sharingComplaints(accounts: readonly SharingAccount[], measures: boolean): readonly string[] {
  const rules = new Map(accounts.map((account) => [account.name, account]));
  return checkSharing(rules, undefined, measures).faults.map(complaint);
}

function complaint({ rule, text, missing }: SharingFault): string {
  const isImport = "account" in rule;
  const what = `${rule.kind} ${isImport ? "import" : "export"}`;
  if (missing !== undefined) return `${quote(missing)} account not defined for ${what}`;
  const subject = quote(shown(rule.subject));
  if (isImport || rule.kind === "stream" || rule.latency === undefined || text === "sublist: invalid subject") {
    return `Error adding ${what} ${subject}: ${text}`;
  }
  const where = text === "system account not setup" ? "" : ` on subject ${quote(shown(rule.latency.subject))}`;
  return `Error adding service latency sampling for ${subject}${where}: ${text}`;
}
