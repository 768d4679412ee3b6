// answers/files.jsonl: meta.inf files, and what nats-server 2.14.5 said in
// STREAM.INFO after a start with them: nothing (null), that the stream is
// offline, or that there is none because the file could not be read.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encode, JsonError } from "../../../src/base/json.ts";
import { rfc3339Nano } from "../../../src/base/gotime.ts";
import { emptyStreamConfig, streamConfigKind } from "../../../src/jetstream/config/stream_config.ts";
import { checkStreamConfig } from "../../../src/jetstream/config/stream_checks.ts";
import { readStreamFile, unsupportedReason, writeStreamFile } from "../../../src/jetstream/config/stream_file.ts";
import { NO_RULES } from "../../../src/jetstream/config/stream_rules.ts";

const answers = readFileSync(join(import.meta.dirname, "answers/files.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as readonly [meta: string, error: string | null]);
const reasonOf = (meta: string): string | undefined => unsupportedReason(Buffer.from(meta), NO_RULES);
const meta = (extra: string): string => `{"Created":"2026-11-21T07:20:34.361942381Z","name":"S"${extra}}`;

describe("a stream's file", () => {
  test("is served, or offline for nats-server's reason", () => {
    const readable = answers.filter(([, error]) => error !== "stream not found");
    expect(readable.length).toBeGreaterThan(15);
    const reasons = readable.map(([text]) => [text, reasonOf(text)]);
    expect(reasons).toEqual(readable.map(([text, error]) => [text, error?.replace("stream is offline: ", "")]));
  });
  test("that nats-server passes over has a reason, too: nothing is left out", () => {
    const unreadable = answers.filter(([, error]) => error === "stream not found").map(([text]) => reasonOf(text));
    expect(unreadable).toEqual([
      expect.stringMatching(/^decoding error: json: cannot unmarshal string into .*max_age of type time\.Duration$/),
      'decoding error: can not unmarshal "\\"soon\\""',
      "decoding error: unexpected end of JSON input",
      expect.stringMatching(/^unsupported - config error: stream name is required/),
      "decoding error: unexpected end of JSON input",
    ]);
  });
  test("with what is not supported yet is offline, and read all the same", () => {
    const source =
      '{"name":"O","opt_start_seq":18446744073709551615,"opt_start_time":"2026-01-02T03:04:05.000000006Z"}';
    const bytes = Buffer.from(meta(`,"sources":[${source}]`));
    const file = readStreamFile(bytes, NO_RULES);
    if (file instanceof JsonError) throw file;
    expect(file.unsupported).toBe("unsupported - config error: sources is not supported yet");
    expect(encode(streamConfigKind, file.config)).toContain(`"sources":[${source}]`);
    expect(rfc3339Nano(file.created.sec, file.created.nanos)).toBe("2026-11-21T07:20:34.361942381Z");
  });
  test("of another version has its defaults", () => {
    const file = readStreamFile(Buffer.from(meta("")), NO_RULES);
    expect(file).toMatchObject({ config: { subjects: ["S"], max_msgs: -1n, num_replicas: 1 }, unsupported: undefined });
  });
  test("keeps integers that are no numbers", () => {
    const config = checkStreamConfig(
      { ...emptyStreamConfig("S"), max_msgs: 2n ** 63n - 1n, max_age: 31_536_000_000_000_001n },
      NO_RULES,
      false,
    );
    const text = writeStreamFile(config, { sec: 0, nanos: 1 }).toString();
    expect(text).toContain('"max_msgs":9223372036854775807,');
    expect(text).toContain('"max_age":31536000000000001,');
    expect(readStreamFile(Buffer.from(text), NO_RULES)).toEqual({
      created: { sec: 0, nanos: 1 },
      config,
      unsupported: undefined,
    });
  });
});
