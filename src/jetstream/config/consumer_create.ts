// CONSUMER.CREATE, as far as configurations go. The whole of it, in the order
// whose first failure is the answer:
//
//   acceptConsumerCreate    what was asked for, by itself (consumer_route.ts)
//   (the API)               10059 no such stream, 10194 and 10195 offline
//   decideConsumer          what becomes of the consumer of that name, or of a new one
//   (the stream)            makes or changes it

import { apiError } from "../../errors/api.ts";
import { encode } from "../../base/json.ts";
import { checkConsumerConfig } from "./consumer_checks.ts";
import { type ConsumerAction, type ConsumerConfig, consumerConfigKind, filtersOf } from "./consumer_config.ts";
import { inactiveThreshold } from "./consumer_defaults.ts";
import { withConsumerLevel } from "./consumer_metadata.ts";
import { type ConsumerRules, type StreamConsumers } from "./consumer_rules.ts";
import { checkConsumerUpdate } from "./consumer_update.ts";
import { withLevelOf } from "./stream_metadata.ts";

const MAX_NAME = 255;

/** What a request comes to. */
export interface ConsumerDecision {
  /** Empty: it is to get a random name (consumer_name.ts), which its configuration does not show. */
  readonly name: string;
  readonly config: ConsumerConfig;
  /** The configuration it had; undefined when it is new. */
  readonly old: ConsumerConfig | undefined;
}

/** `asked` is what acceptConsumerCreate returned. Throws the ApiError of the first thing that forbids it. */
export function decideConsumer(
  asked: ConsumerConfig,
  action: ConsumerAction,
  pedantic: boolean,
  rules: ConsumerRules,
  consumers: StreamConsumers,
): ConsumerDecision {
  const { name } = asked;
  const old = name === "" ? undefined : consumers.configOf(name);
  // Only CONSUMER.PAUSE pauses a consumer that is there.
  const wanted = old === undefined ? asked : { ...asked, pause_until: old.pause_until };
  const config = checkConsumerConfig(withConsumerLevel(wanted), rules, { pedantic, isRecovering: false });
  if (old !== undefined) {
    if (action === "create" && !sameConsumerConfig(config, old)) throw apiError("consumerAlreadyExists");
    if (rules.stream.retention === "workqueue" && consumers.overlaps(name, filtersOf(config))) {
      throw apiError("consumerWorkQueueConsumerNotUnique");
    }
    return { name, config: checkConsumerUpdate(old, config, consumers), old };
  }
  if (action === "update") throw apiError("consumerDoesNotExist");
  checkCount(rules, consumers);
  checkWorkQueue(config, rules, consumers);
  checkNameLength(config, rules);
  const threshold = inactiveThreshold(config.durable_name !== "", config.inactive_threshold);
  return { name, config: { ...config, inactive_threshold: threshold }, old };
}

/** Whether creating `config` again finds what there is; both are checked. The level they are stamped with does not count. */
export function sameConsumerConfig(config: ConsumerConfig, existing: ConsumerConfig): boolean {
  return encode(consumerConfigKind, withLevelOf(config, existing)) === encode(consumerConfigKind, existing);
}

/** The stream's own limit, unless the account has a smaller one. */
function checkCount({ stream, account }: ConsumerRules, { limitable }: StreamConsumers): void {
  const limits = [Number(stream.max_consumers), account.maxConsumers].filter((limit) => limit > 0);
  if (limits.length > 0 && limitable >= Math.min(...limits)) throw apiError("maximumConsumersLimit");
}

/** Each message of a work queue has one consumer, which gets all of them. */
function checkWorkQueue(config: ConsumerConfig, { stream }: ConsumerRules, consumers: StreamConsumers): void {
  if (stream.retention !== "workqueue" || config.direct || config.sourcing) return;
  const { ack_policy: acks } = config;
  if (acks !== "explicit" && acks !== "flow_control") throw apiError("consumerWorkQueueRequiresExplicitAck");
  if (config.deliver_policy !== "all") throw apiError("consumerWorkQueueConsumerNotDeliverAll");
  if (consumers.limitable === 0) return;
  const filters = filtersOf(config);
  if (filters.length === 0) throw apiError("consumerWorkQueueMultipleUnfiltered");
  if (consumers.overlaps(config.name, filters)) throw apiError("consumerWorkQueueConsumerNotUnique");
}

/** A long name that is not durable is only too long for a directory. */
function checkNameLength(config: ConsumerConfig, { stream }: ConsumerRules): void {
  if (Buffer.byteLength(config.name) <= MAX_NAME) return;
  if (config.durable_name !== "") throw apiError("consumerNameTooLong", { max: MAX_NAME });
  if (stream.storage === "memory" || config.mem_storage) return;
  throw apiError("consumerCreate", { err: "error creating store for consumer" });
}
