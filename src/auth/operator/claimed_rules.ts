// What an account's token says it shares, maps and may store, as the plain data the accounts of a server go by.
//
// Source: auth facts §4, §5, §7.

import { byteString } from "../../base/bytes.ts";
import type { MappingRule } from "../../subject/mapping_rule.ts";
import type { ExportAccess, ExportRule, ImportRule, ResponseType, SharingRules } from "../../subject/sharing.ts";
import type { AccountClaims, Export, Import } from "../jwt/account_claims.ts";

const NANOS_PER_MS = 1e6;
const DEFAULT_THRESHOLD_MS = 120_000;
const responseTypes: Readonly<Record<string, ResponseType>> = { Stream: "stream", Chunked: "chunked" };

/** Exports and imports; entries that are none are left out. */
export function sharingOf({ nats }: AccountClaims): SharingRules {
  return {
    exports: nats.exports
      .filter((each) => each !== undefined)
      .map(exportOf)
      .filter((rule) => rule !== undefined),
    imports: nats.imports
      .filter((each) => each !== undefined)
      .map(importOf)
      .filter((rule) => rule !== undefined),
  };
}

function exportOf(claimed: Export): ExportRule | undefined {
  const access: ExportAccess = {
    accounts: undefined,
    tokenRequired: claimed.token_req,
    accountTokenPosition: claimed.account_token_position,
  };
  const subject = byteString(claimed.subject);
  if (claimed.type === "stream") return { kind: "stream", subject, ...access };
  if (claimed.type !== "service") return undefined;
  const latency = claimed.service_latency;
  const thresholdMs = claimed.response_threshold / NANOS_PER_MS;
  return {
    kind: "service",
    subject,
    ...access,
    responseType: responseTypes[claimed.response_type] ?? "singleton",
    thresholdMs: thresholdMs > 0 ? thresholdMs : DEFAULT_THRESHOLD_MS,
    latency:
      latency === undefined
        ? undefined
        : { subject: byteString(latency.results), sampling: Math.max(0, latency.sampling) },
    allowTrace: claimed.allow_trace,
  };
}

function importOf(claimed: Import): ImportRule | undefined {
  const { account, token } = claimed;
  const [subject, local, to] = [claimed.subject, claimed.local_subject, claimed.to].map(byteString) as [
    ReturnType<typeof byteString>,
    ReturnType<typeof byteString>,
    ReturnType<typeof byteString>,
  ];
  if (claimed.type === "stream") {
    // `to` of old tokens is a prefix.
    return { kind: "stream", account, subject, to: local, prefix: to, token, allowTrace: claimed.allow_trace };
  }
  if (claimed.type !== "service") return undefined;
  const remote = local === "" && to !== "" ? to : subject;
  return {
    kind: "service",
    account,
    subject: remote,
    to: local === "" ? subject : local,
    token,
    share: claimed.share,
    isInternal: false,
  };
}

/** The mappings, in any order: tokens keep none. */
export function mappingsOf({ nats }: AccountClaims): readonly MappingRule[] {
  return [...nats.mappings].map(([source, destinations]) => ({
    source: byteString(source),
    destinations: destinations.map(({ subject, weight, cluster }) => ({
      subject: byteString(subject),
      weight: weight || 100,
      cluster,
    })),
  }));
}

/** What an account may store; undefined without JetStream. */
export interface ClaimedStorage {
  readonly maxMemory: number;
  readonly maxStore: number;
  readonly maxStreams: number;
  readonly maxConsumers: number;
  readonly maxAckPending: number;
  readonly memoryMaxStreamBytes: number;
  readonly storeMaxStreamBytes: number;
  readonly maxBytesRequired: boolean;
}

/** Flat limits, or those of the tier of streams without replicas. */
export function storageOf({ nats }: AccountClaims): ClaimedStorage | undefined {
  const { tiered_limits: tiers, ...flat } = nats.limits;
  const limits = tiers.size > 0 ? tiers.get("R1") : flat;
  if (limits === undefined || (limits.mem_storage === 0 && limits.disk_storage === 0)) return undefined;
  const orNone = (limit: number): number => (limit > 0 ? limit : -1);
  return {
    maxMemory: limits.mem_storage,
    maxStore: limits.disk_storage,
    maxStreams: limits.streams,
    maxConsumers: limits.consumer,
    maxAckPending: orNone(limits.max_ack_pending),
    memoryMaxStreamBytes: orNone(limits.mem_max_stream_bytes),
    storeMaxStreamBytes: orNone(limits.disk_max_stream_bytes),
    maxBytesRequired: limits.max_bytes_required,
  };
}
