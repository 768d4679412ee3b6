// /healthz: whether the server can do its work.

import { type Encodable, int, list, omitEmpty, record, text } from "../base/json.ts";
import type { JetStreamView, StoredAccountView } from "./jetstream_source.ts";
import { goQuote, type Query } from "./query.ts";
import type { MonitorSource } from "./source.ts";

/** What shall be looked at; all of JetStream when nothing narrows it. `jsMetaOnly` is about a cluster and changes nothing here. */
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
  // Only $SYS tells it; over HTTP it is the status.
  status_code: omitEmpty(int),
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

/** Reads the query; `warn` hears of what is out of date. */
export function readHealth(query: Query, warn: (text: string) => void): HealthCheck {
  const isEnabled = query.bool("js-enabled");
  if (isEnabled) warn("Healthcheck: js-enabled deprecated, use js-enabled-only instead");
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

/** The value of /healthz and the status it is sent with. Failures are logged. */
export function healthzOf(
  source: MonitorSource,
  check: HealthCheck,
): { readonly status: number; readonly value: Encodable<typeof healthz> } {
  const question = wrongQuestion(check);
  const problems = question === undefined ? problemsOf(source, check) : [question];
  const first = problems[0];
  if (first === undefined) return { status: 200, value: { status: "ok" } };
  if (!check.details) {
    source.warn(`Healthcheck failed: ${goQuote(first.text)}`);
    const status = first.status === 400 || first.status === 500 ? "error" : "unavailable";
    return { status: first.status, value: { status, error: first.text } };
  }
  source.warn(`Healthcheck failed: ${problems.length} errors`);
  const errors = problems.map(({ type, account, stream, consumer, text }) => ({ type, account, stream, consumer, error: text })); // prettier-ignore
  return { status: first.status, value: { status: "error", errors } };
}

function problem(
  status: HealthProblem["status"],
  type: HealthProblem["type"],
  text: string,
  where: Partial<Pick<HealthProblem, "account" | "stream" | "consumer">> = {},
): HealthProblem {
  return { status, type, account: "", stream: "", consumer: "", text, ...where };
}

function wrongQuestion({ account, stream, consumer }: HealthCheck): HealthProblem | undefined {
  if (stream !== "" && account === "") {
    return problem(400, "BAD_REQUEST", '"account" must not be empty when checking stream health');
  }
  if (consumer !== "" && stream === "") {
    return problem(400, "BAD_REQUEST", '"stream" must not be empty when checking consumer health');
  }
  return undefined;
}

/** What is wrong: with connections before JetStream, and with that only where it is asked for. */
function problemsOf(source: MonitorSource, check: HealthCheck): readonly HealthProblem[] {
  const { notReady } = source;
  if (notReady.length > 0) {
    return [problem(500, "CONNECTION", `failed to be ready for connections after 1ms: ${notReady.join(", ")}`)];
  }
  if (check.jsServerOnly || !source.wantsJetStream) return [];
  if (source.jetstream === undefined) return [problem(503, "JETSTREAM", "JetStream not enabled (10076)")];
  if (check.jsEnabledOnly) return [];
  return storedProblems(source.jetstream, check);
}

/** Walks what lies in the store directory: all of it must be there, and what was asked for must be among it. */
function storedProblems(jetstream: JetStreamView, check: HealthCheck): readonly HealthProblem[] {
  const found = new Finds();
  const problems: HealthProblem[] = [];
  for (const account of jetstream.stored()) {
    if (check.account !== "" && account.name !== check.account) continue;
    found.account = check.account !== "";
    for (const each of accountProblems(account, check, found)) {
      problems.push(each);
      if (!check.details) return problems;
    }
    if (found.account) break;
  }
  const missing = notFound(check, found);
  return missing === undefined ? problems : [missing];
}

/** Which of the things that were asked for there are. */
class Finds {
  account = false;
  stream = false;
  consumer = false;
}

function* accountProblems(account: StoredAccountView, check: HealthCheck, found: Finds): Generator<HealthProblem> {
  const { name } = account;
  if (!account.isResolved) {
    yield problem(503, "ACCOUNT", `JetStream account '${name}' could not be resolved`, { account: name });
    return;
  }
  for (const stream of account.streams()) {
    if (check.stream !== "" && stream.name !== check.stream) continue;
    found.stream = check.stream !== "";
    const where = { account: name, stream: stream.name };
    const shown = `JetStream stream '${name} > ${stream.name}'`;
    if (!stream.isRecovered) yield problem(503, "STREAM", `${shown} could not be recovered`, where);
    else if (stream.writeError !== "") {
      yield problem(503, "STREAM", `${shown} write error: ${stream.writeError}`, where);
    } else if (found.stream) {
      found.consumer = check.consumer !== "" && stream.hasConsumer(check.consumer);
      return;
    }
  }
}

function notFound({ account, stream, consumer }: HealthCheck, found: Finds): HealthProblem | undefined {
  const at = `account ${goQuote(account)}`;
  if (account !== "" && !found.account) {
    return problem(404, "ACCOUNT", `JetStream account ${goQuote(account)} not found`, { account });
  }
  if (stream !== "" && !found.stream) {
    const text = `JetStream stream ${goQuote(stream)} not found on ${at}`;
    return problem(404, "STREAM", text, { account, stream });
  }
  if (consumer !== "" && !found.consumer) {
    const text = `JetStream consumer ${goQuote(consumer)} not found for stream ${goQuote(stream)} on ${at}`;
    return problem(404, "CONSUMER", text, { account, stream, consumer });
  }
  return undefined;
}
