// What the subject of CONSUMER.CREATE says, and whether the body agrees:
//
//   CONSUMER.CREATE.<stream>                       ephemeral, named by the body or at random
//   CONSUMER.CREATE.<stream>.<name>[.<filter>…]    named
//   CONSUMER.DURABLE.CREATE.<stream>.<name>        durable

import { apiError } from "../../errors/api.ts";
import { type ConsumerConfig, type ConsumerCreateRequest } from "./consumer_config.ts";

export interface ConsumerRoute {
  readonly form: "ephemeral" | "named" | "durable";
  readonly stream: string;
  /** Empty when the subject names none. */
  readonly name: string;
  /** Empty without one. */
  readonly filter: string;
}

/** Takes a request's subject apart; `tokens` begin with `$JS`, `API`. */
export function consumerRoute(tokens: readonly string[]): ConsumerRoute {
  if (tokens[3] === "DURABLE") {
    return { form: "durable", stream: tokens[5] ?? "", name: tokens[6] ?? "", filter: "" };
  }
  const [stream = "", name = "", ...filter] = tokens.slice(4);
  return { form: name === "" ? "ephemeral" : "named", stream, name, filter: filter.join(".") };
}

/** The configuration a request asks for, by itself, with the name it gets; empty for one at random. Throws the ApiError. */
export function acceptConsumerCreate(request: ConsumerCreateRequest, route: ConsumerRoute): ConsumerConfig {
  const { config } = request;
  const { form, filter } = route;
  const name = form === "ephemeral" ? config.name : route.name;
  if (route.stream !== request.stream_name) throw apiError("streamMismatch");
  if (/[\\/]/.test(name)) throw apiError("consumerNameContainsPathSeparators");
  checkDurable(config.durable_name, form, name);
  if (filter !== "" && config.filter_subjects.length > 0) throw apiError("consumerMultipleFiltersNotAllowed");
  if (filter !== "" && config.filter_subject !== filter) throw apiError("consumerCreateFilterSubjectMismatch");
  if (config.num_replicas > 1) throw apiError("streamReplicasNotSupported");
  return { ...config, name };
}

function checkDurable(durable: string, form: ConsumerRoute["form"], name: string): void {
  if (form === "durable" && durable === "") throw apiError("consumerDurableNameNotSet");
  if (durable === "") return;
  if (form === "ephemeral") throw apiError("consumerEphemeralWithDurableName");
  if (durable !== name) throw apiError("consumerDurableNameNotMatchSubject");
}
