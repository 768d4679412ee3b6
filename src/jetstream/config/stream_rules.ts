// What the checks of a stream's configuration have to know from outside.

/** What an account demands of `max_bytes`; a limit of 0 or less is none. */
export interface MaxBytesRule {
  readonly required: boolean;
  readonly limit: bigint;
}

export interface StreamRules {
  /** `limits.duplicate_window` of the server in nanoseconds; 0 is none. */
  readonly maxDuplicateWindow: bigint;
  /** Depends on the storage and, through tiers, on the replicas. */
  maxBytesRule(storage: "file" | "memory", replicas: number): MaxBytesRule;
}

/** No server limit, no account that demands anything. */
export const NO_RULES: StreamRules = {
  maxDuplicateWindow: 0n,
  maxBytesRule: () => ({ required: false, limit: 0n }),
};
