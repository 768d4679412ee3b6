// Where a consumer begins: its policy says what else must be set, and what not.

import { apiError } from "../../errors/api.ts";
import { type ConsumerConfig, filtersOf } from "./consumer_config.ts";

/** A policy as refusals call it, and the start it takes. */
const policies: Readonly<Record<ConsumerConfig["deliver_policy"], readonly [name: string, takes: string]>> = {
  all: ["all", ""],
  last: ["last", ""],
  last_per_subject: ["last per subject", ""],
  new: ["new", ""],
  by_start_sequence: ["by start sequence", "start sequence"],
  by_start_time: ["by start time", "start time"],
};

export function checkStart(config: ConsumerConfig): void {
  const [name, takes] = policies[config.deliver_policy];
  const has = { "start sequence": config.opt_start_seq > 0n, "start time": config.opt_start_time !== undefined };
  if (takes !== "" && !has[takes as keyof typeof has]) throw missing(name, takes);
  // By time the sequence is named in full.
  if (takes !== "start sequence" && has["start sequence"]) {
    throw superfluous(name, takes === "start time" ? "start sequence" : "sequence");
  }
  if (takes !== "start time" && has["start time"]) throw superfluous(name, "time");
  if (config.deliver_policy === "last_per_subject" && filtersOf(config).length === 0) {
    throw missing(name, "filter subject");
  }
}

function superfluous(policy: string, start: string): unknown {
  const err = `consumer delivery policy is deliver ${policy}, but optional start ${start} is also set`;
  return apiError("consumerInvalidPolicy", { err });
}

function missing(policy: string, field: string): unknown {
  const err = `consumer delivery policy is deliver ${policy}, but optional ${field} is not set`;
  return apiError("consumerInvalidPolicy", { err });
}
