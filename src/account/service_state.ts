// One service that an account exports: how it answers, and its requests that
// wait for an answer, oldest first.

import type { ResponseType, ServiceExport } from "../subject/sharing.ts";
import { DEFAULT_THRESHOLD_MS } from "../subject/sharing.ts";
import type { PendingRequest } from "./responses.ts";

export class ServiceState {
  /** Undefined for what the server itself imports. */
  readonly rule: ServiceExport | undefined;
  readonly thresholdMs: number;
  oldest: PendingRequest | undefined = undefined;
  #newest: PendingRequest | undefined = undefined;
  readonly #type: ResponseType;

  constructor(rule: ServiceExport | undefined) {
    this.rule = rule;
    this.thresholdMs = rule?.thresholdMs ?? DEFAULT_THRESHOLD_MS;
    this.#type = rule?.responseType ?? "singleton";
  }

  /** One answer ends a request. */
  get isSingle(): boolean {
    return this.#type === "singleton";
  }

  /** Adds a request, or makes it the newest again. */
  push(request: PendingRequest): void {
    if (this.#newest === request) return;
    this.take(request);
    request.older = this.#newest;
    if (this.#newest === undefined) this.oldest = request;
    else this.#newest.newer = request;
    this.#newest = request;
  }

  /** Takes a request out, if it is in. */
  take(request: PendingRequest): void {
    const { older, newer } = request;
    if (older !== undefined) older.newer = newer;
    else if (this.oldest === request) this.oldest = newer;
    if (newer !== undefined) newer.older = older;
    else if (this.#newest === request) this.#newest = older;
    request.older = undefined;
    request.newer = undefined;
  }
}
