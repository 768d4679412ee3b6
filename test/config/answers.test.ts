// A few thousand documents and what a real nats-server says about each:
// answers/ holds them, and record.mjs, which asks again.
//
// Where this server means to answer differently the document is not there, but
// in the tests by name: options that are refused, and one suggestion more.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFile, loadOptions } from "../../src/config/load.ts";
import { FILE, files, outcome } from "./support.ts";

const ENVIRONMENT = { HOME: "/root", NUM: "5" };

function answers(file: string): readonly (readonly [document: string, answer: string])[] {
  const text = readFileSync(join(import.meta.dirname, "answers", file), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as [string, string]);
}

/**
 * What both must say. nats-server has no order among errors, follows some with
 * a crash of its own, and shows arrays and maps as addresses; we add suggestions.
 */
function essence(answer: string): readonly string[] {
  return answer
    .split("\n")
    .filter((line) => !line.startsWith("  ") && !line.includes("runtime error:"))
    .map((line) => line.replace(/got (?:map)?\[.*\]$/, "got […]"))
    .sort();
}

function different(
  file: string,
  ask: (document: string, source: ReturnType<typeof files>) => string,
): readonly unknown[] {
  return answers(file).flatMap(([document, answer]) => {
    const source = files({ [FILE]: document }, ENVIRONMENT);
    const ours = outcome(() => ask(document, source));
    const isSame = JSON.stringify(essence(ours)) === JSON.stringify(essence(answer));
    return isSame ? [] : [{ document, ours, theirs: answer }];
  });
}

describe("as nats-server", () => {
  test("-t finds the same documents valid, with the same digest, and the same errors in others", () => {
    expect(different("valid.jsonl", (_, source) => checkFile(FILE, source))).toEqual([]);
  });

  test("a start is refused for the same reason", () => {
    const ask = (_: string, source: ReturnType<typeof files>): string => {
      loadOptions(FILE, { options: { host: "127.0.0.1", port: -1 } }, source);
      return "starts";
    };
    expect(different("starts.jsonl", ask)).toEqual([]);
  });
});
