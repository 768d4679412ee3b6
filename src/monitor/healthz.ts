// /healthz: whether the server can do its work.

import { type Encodable, list, omitEmpty, record, text } from "../base/json.ts";
import type { Query } from "./query.ts";
import type { MonitorSource } from "./source.ts";

/** What shall be looked at; all of JetStream when nothing narrows it. */
export interface HealthCheck {
  readonly jsEnabledOnly: boolean;
  readonly jsServerOnly: boolean;
  readonly jsMetaOnly: boolean;
  /** Empty for any. */
  readonly account: string;
  readonly stream: string;
  readonly consumer: string;
  /** Lists every problem; else the first one is told. */
  readonly details: boolean;
}

export interface HealthProblem {
  /** 400 for a bad question, 404 for what does not exist, 503 for what does not work. */
  readonly status: 400 | 404 | 500 | 503;
  readonly type: "CONNECTION" | "BAD_REQUEST" | "JETSTREAM" | "ACCOUNT" | "STREAM" | "CONSUMER";
  readonly account: string;
  readonly stream: string;
  readonly consumer: string;
  readonly text: string;
}

/** The fields of /healthz in nats-server's order. */
export const healthz = record({
  status: text,
  error: omitEmpty(text),
  errors: omitEmpty(
    list(
      record({
        type: text,
        account: omitEmpty(text),
        stream: omitEmpty(text),
        consumer: omitEmpty(text),
        error: omitEmpty(text),
      }),
    ),
  ),
});

export function readHealth(query: Query): HealthCheck {
  const isEnabled = query.bool("js-enabled");
  return {
    jsEnabledOnly: query.bool("js-enabled-only") || isEnabled,
    jsServerOnly: query.bool("js-server-only"),
    jsMetaOnly: query.bool("js-meta-only"),
    account: query.text("account"),
    stream: query.text("stream"),
    consumer: query.text("consumer"),
    details: query.bool("details"),
  };
}

/** The value of /healthz and the status it is sent with. */
export function healthzOf(
  source: MonitorSource,
  check: HealthCheck,
): { readonly status: number; readonly value: Encodable<typeof healthz> } {
  const question = wrongQuestion(check);
  const problems = question === undefined ? source.health(check) : [question];
  const first = problems[0];
  if (first === undefined) return { status: 200, value: { status: "ok" } };
  if (!check.details) {
    const status = first.status === 400 ? "error" : "unavailable";
    return { status: first.status, value: { status, error: first.text } };
  }
  const errors = problems.map(({ type, account, stream, consumer, text }) => ({ type, account, stream, consumer, error: text })); // prettier-ignore
  return { status: first.status, value: { status: "error", errors } };
}

function wrongQuestion({ account, stream, consumer }: HealthCheck): HealthProblem | undefined {
  const bad = (text: string): HealthProblem => ({
    status: 400,
    type: "BAD_REQUEST",
    account: "",
    stream: "",
    consumer: "",
    text,
  });
  if (stream !== "" && account === "") return bad('"account" must not be empty when checking stream health');
  if (consumer !== "" && stream === "") return bad('"stream" must not be empty when checking consumer health');
  return undefined;
}
