// What `mappings` of an account say, as plain data, and why a mapping can not be.

import { type ByteString, shown } from "../base/bytes.ts";
import { isValidSubject } from "./subject.ts";
import { subjectTransform } from "./transform.ts";
import { MappingFault, mappingFault } from "./transform_destination.ts";

export interface MappingDestination {
  readonly subject: ByteString;
  /** 0 to 100. */
  readonly weight: number;
  /** Only in the cluster of this name; empty is in any. */
  readonly cluster: string;
}

export interface MappingRule {
  readonly source: ByteString;
  readonly destinations: readonly MappingDestination[];
}

/** Why it can not be, in nats-server's words; undefined when it can. */
export function mappingRuleFault({ source, destinations }: MappingRule): string | undefined {
  if (!isValidSubject(source)) return "invalid subject";
  const seen = new Set<string>();
  const totals = new Map<string, number>();
  for (const { subject, weight, cluster } of destinations) {
    if (seen.has(subject)) return `duplicate entry for "${shown(subject)}"`;
    seen.add(subject);
    if (weight > 100) return "individual weights need to be <= 100";
    const total = (totals.get(cluster) ?? 0) + weight;
    totals.set(cluster, total);
    if (total > 100) return "total weight needs to be <= 100";
    const fault = mappingFault(source, subject) ?? subjectTransform(source, subject);
    if (fault instanceof MappingFault) return fault.text;
  }
  return undefined;
}
