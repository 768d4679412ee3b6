// Consumer configurations as nats-server 2.14.5 answers them:
// consumer_answers/creates.jsonl has what it made of a few hundred random and
// edge requests, byte for byte, and consumer_answers/record.mjs asks again.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { byteString } from "../../../src/base/bytes.ts";
import { decodeAll, decodeText, encode, JsonError } from "../../../src/base/json.ts";
import { ApiError, apiError } from "../../../src/errors/api.ts";
import {
  type ConsumerConfig,
  consumerConfigKind,
  consumerCreateRequestKind,
  filtersOf,
} from "../../../src/jetstream/config/consumer_config.ts";
import { decideConsumer } from "../../../src/jetstream/config/consumer_create.ts";
import { readConsumerFile, writeConsumerFile } from "../../../src/jetstream/config/consumer_file.ts";
import { acceptConsumerCreate, consumerRoute } from "../../../src/jetstream/config/consumer_route.ts";
import { type ConsumerRules, type StreamConsumers } from "../../../src/jetstream/config/consumer_rules.ts";
import { checkStreamConfig } from "../../../src/jetstream/config/stream_checks.ts";
import { emptyStreamConfig, streamConfigKind } from "../../../src/jetstream/config/stream_config.ts";
import { withServerMetadata } from "../../../src/jetstream/config/stream_metadata.ts";
import { NO_RULES } from "../../../src/jetstream/config/stream_rules.ts";
import { collides, subjectMatches } from "../../../src/subject/subject.ts";

interface Ask {
  readonly subject: string;
  readonly body: string;
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
  readonly config?: string;
  readonly name?: string;
  readonly meta?: string;
}
type Step = Ask | { readonly listen: string };
interface Scenario {
  readonly server: "plain" | "limited";
  readonly stream: string;
  readonly steps: readonly Step[];
}
const streams = JSON.parse(
  readFileSync(join(import.meta.dirname, "consumer_answers/streams.json"), "utf8"),
) as Readonly<Record<string, object>>;
const FILE = process.env["CONSUMER_CONFIG_ANSWERS"] ?? join(import.meta.dirname, "consumer_answers/creates.jsonl");
const scenarios = readFileSync(FILE, "utf8")
  .trim()
  .split("\n")
  .map((line) => line.replaceAll(/⟨(\d+)⟩/g, (_, length: string) => "x".repeat(Number(length))))
  .map((line) => JSON.parse(line) as Scenario);

const limits: Readonly<Record<Scenario["server"], Omit<ConsumerRules, "stream">>> = {
  plain: { maxAckPending: 0, maxRequestBatch: 0, account: { maxAckPending: -1, maxConsumers: -1 } },
  limited: { maxAckPending: 300, maxRequestBatch: 100, account: { maxAckPending: 200, maxConsumers: 3 } },
};

/** A stream called S and its consumers, as far as configurations go. */
class OneStream implements StreamConsumers {
  readonly rules: ConsumerRules;
  readonly #consumers = new Map<string, ConsumerConfig>();
  readonly #listeners: string[] = [];

  constructor({ server, stream }: Scenario) {
    const asked = decodeText(streamConfigKind, JSON.stringify(streams[stream]));
    if (asked instanceof JsonError) throw asked;
    const config = checkStreamConfig({ ...emptyStreamConfig("S"), ...asked, name: "S" }, NO_RULES, false);
    this.rules = { ...limits[server], stream: config };
  }
  listen(subject: string): void {
    this.#listeners.push(subject);
  }
  configOf(name: string): ConsumerConfig | undefined {
    return this.#consumers.get(name);
  }
  get limitable(): number {
    return [...this.#consumers.values()].filter(({ direct, sourcing }) => !direct && !sourcing).length;
  }
  overlaps(name: string, filters: readonly string[]): boolean {
    const others = [...this.#consumers]
      .filter(([other, { direct, sourcing }]) => other !== name && !direct && !sourcing)
      .map(([, config]) => filtersOf(config));
    return filters.some((filter) =>
      others.some(
        (theirs) => theirs.length === 0 || theirs.some((one) => collides(byteString(one), byteString(filter))),
      ),
    );
  }
  hasInterest = (subject: string): boolean =>
    this.#listeners.some((pattern) => subjectMatches(byteString(pattern), byteString(subject)));

  answer({ subject, body }: Ask): { readonly config: ConsumerConfig; readonly name: string } | ApiError {
    const bytes = Buffer.from(body, "utf8");
    const request = decodeAll(consumerCreateRequestKind, bytes, 0, bytes.length, { strict: true });
    if (request instanceof JsonError) {
      const { text, offset } = request;
      return apiError("invalidJson", { err: offset === undefined ? text : `${text} at offset ${offset}` });
    }
    try {
      const route = consumerRoute(`$JS.API.CONSUMER.${subject}`.split("."));
      const asked = acceptConsumerCreate(request, route);
      if (asked.sourcing) throw apiError("consumerCreate", { err: "sourcing is not supported yet" });
      const { name, config } = decideConsumer(asked, request.action, request.pedantic, this.rules, this);
      this.#consumers.set(name === "" ? `random${this.#consumers.size}` : name, config);
      return { config, name: name === "" ? "*" : name };
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }
}

const short = (text: string | undefined): string | undefined => text?.replaceAll(/x{200,}/g, "xxx…");

describe("a request to create or update a consumer", () => {
  test("has nats-server's answer, byte for byte", () => {
    const different: unknown[] = [];
    let compared = 0;
    for (const scenario of scenarios) {
      const ours = new OneStream(scenario);
      for (const step of scenario.steps) {
        if ("listen" in step) {
          ours.listen(step.listen);
          continue;
        }
        const answer = ours.answer(step);
        // From here on the two streams differ.
        if (answer instanceof ApiError && answer.description.endsWith(" yet")) break;
        compared++;
        const said =
          answer instanceof ApiError
            ? { code: answer.code, err_code: answer.errCode, description: answer.description }
            : { name: answer.name, config: encode(consumerConfigKind, withServerMetadata(answer.config, "2.14.5")) };
        const expected = step.error ?? { name: step.name, config: step.config };
        if (JSON.stringify(said) === JSON.stringify(expected)) continue;
        const { server, stream } = scenario;
        const place = { server, stream, at: scenario.steps.indexOf(step) };
        different.push({
          ...place,
          ...step,
          body: short(step.body),
          config: short(step.config),
          meta: undefined,
          said,
        });
        break;
      }
    }
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(700);
  });

  test("leaves a file that is read back as it is", () => {
    let files = 0;
    for (const scenario of scenarios) {
      const ours = new OneStream(scenario);
      for (const step of scenario.steps) {
        if ("listen" in step || step.meta === undefined || step.config === undefined || step.name === "*") continue;
        // After an update only: such a file is not read back, there neither.
        if (step.config.includes('"direct":true')) continue;
        const { rules } = ours;
        const file = readConsumerFile(Buffer.from(step.meta), step.name!, rules);
        if (file instanceof JsonError) throw file;
        expect(file.unsupported).toBeUndefined();
        // How long an ephemeral may be idle nats-server decides when the file is written already.
        const known = (text: string): string => text.replace('"inactive_threshold":5000000000,', "");
        const shown = encode(consumerConfigKind, withServerMetadata(file.config, "2.14.5"));
        expect(known(shown)).toBe(known(step.config));
        expect(known(writeConsumerFile(step.name!, file.config, file.created!))).toBe(known(step.meta));
        files++;
      }
    }
    expect(files).toBeGreaterThan(40);
  });
});
