// What accounts offer each other and take from each other, as plain data.
//
// Whoever reads a configuration or a claim makes these; `checkSharing`
// (sharing_check.ts) says which imports hold, the room `account` makes routes
// of them. They are replaced as a whole: nobody changes one.

import type { ByteString } from "../base/bytes.ts";

/** How many answers a request gets: one; many, until an empty one; one in many pieces, until an empty one. */
export type ResponseType = "singleton" | "stream" | "chunked";

/** How the requests of a service are measured. */
export interface LatencyRule {
  /** Where measurements are published, in the account that exports. */
  readonly subject: ByteString;
  /** Percentage of requests; 0: those whose headers ask for it. */
  readonly sampling: number;
}

/** Who may import it. Without any of these everybody may. */
export interface ExportAccess {
  /** Names of accounts; undefined is no list. */
  readonly accounts: readonly string[] | undefined;
  /** Only with an activation token. */
  readonly tokenRequired: boolean;
  /** Token of the subject, from 1, that has to be the name of the account that imports; 0 is none. */
  readonly accountTokenPosition: number;
}

export interface StreamExport extends ExportAccess {
  readonly kind: "stream";
  readonly subject: ByteString;
}

export interface ServiceExport extends ExportAccess {
  readonly kind: "service";
  readonly subject: ByteString;
  readonly responseType: ResponseType;
  /** An answer that took longer is not passed on any more. */
  readonly thresholdMs: number;
  readonly latency: LatencyRule | undefined;
  readonly allowTrace: boolean;
}

export type ExportRule = StreamExport | ServiceExport;

interface Import {
  /** The account that exports. */
  readonly account: string;
  /** Its subject there. */
  readonly subject: ByteString;
  /** Its subject here, where wildcards of `subject` may be placed with `$1`; empty is the same one. */
  readonly to: ByteString;
  /** Activation token; empty is none. */
  readonly token: string;
}

export interface StreamImport extends Import {
  readonly kind: "stream";
  /** Put in front of the subject here, in place of `to`; empty is none. */
  readonly prefix: ByteString;
  readonly allowTrace: boolean;
}

export interface ServiceImport extends Import {
  readonly kind: "service";
  /** Tells the service who asks. */
  readonly share: boolean;
  /** The server's own: needs no export. */
  readonly isInternal: boolean;
}

export type ImportRule = StreamImport | ServiceImport;

/** What one account shares. */
export interface SharingRules {
  readonly exports: readonly ExportRule[];
  readonly imports: readonly ImportRule[];
}

export const noSharing: SharingRules = { exports: [], imports: [] };

export const DEFAULT_THRESHOLD_MS = 120_000;

/** Exports as claims or options often have them: the fields that are not given are the defaults. */
export function streamExport(subject: ByteString, access: Partial<ExportAccess> = {}): StreamExport {
  return { kind: "stream", subject, ...anybody, ...access };
}
export function serviceExport(
  subject: ByteString,
  more: Partial<Omit<ServiceExport, "kind" | "subject">> = {},
): ServiceExport {
  return {
    kind: "service",
    subject,
    ...anybody,
    responseType: "singleton",
    thresholdMs: DEFAULT_THRESHOLD_MS,
    latency: undefined,
    allowTrace: false,
    ...more,
  };
}
const anybody: ExportAccess = { accounts: undefined, tokenRequired: false, accountTokenPosition: 0 };

export function streamImport(
  account: string,
  subject: ByteString,
  more: Partial<Omit<StreamImport, "kind" | "account" | "subject">> = {},
): StreamImport {
  return { kind: "stream", account, subject, to: NONE, prefix: NONE, token: "", allowTrace: false, ...more };
}
export function serviceImport(
  account: string,
  subject: ByteString,
  more: Partial<Omit<ServiceImport, "kind" | "account" | "subject">> = {},
): ServiceImport {
  return { kind: "service", account, subject, to: NONE, token: "", share: false, isInternal: false, ...more };
}
const NONE = "" as ByteString;
