// answers/times.jsonl: JSON values, and the seconds and nanoseconds that Go's
// json.Unmarshal makes of them, or behind `!` its error.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeText, encode, JsonError, nullable, record } from "../../../src/base/json.ts";
import { moment, ZERO_MOMENT } from "../../../src/jetstream/config/moment.ts";

const answers = readFileSync(join(import.meta.dirname, "answers/times.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as readonly [json: string, answer: string]);

test("a moment is what Go reads, or refused in its words", () => {
  const ours = answers.map(([json]) => {
    const read = decodeText(moment, json);
    return [json, read instanceof JsonError ? `!${read.message}` : `${read.sec} ${read.nanos}`];
  });
  expect(ours).toEqual(answers);
  expect(answers.length).toBeGreaterThan(60);
});

test("a moment is written in UTC", () => {
  const written = decodeText(moment, '"2026-01-02T03:04:05.0678+02:30"');
  if (written instanceof JsonError) throw written;
  expect(encode(moment, written)).toBe('"2026-01-02T00:34:05.0678Z"');
  expect(encode(moment, ZERO_MOMENT)).toBe('"0001-01-01T00:00:00Z"');
});

test("a moment that is null is not there", () => {
  expect(decodeText(record({ at: moment, maybe: nullable(moment) }), '{"at":null,"maybe":null}')).toEqual({
    at: ZERO_MOMENT,
    maybe: undefined,
  });
});
