// The pages of docs/ that are made from tables are made fresh.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { optionsPage } from "../../src/config/page.ts";
import { errorsPage } from "../../src/errors/page.ts";

const page = (name: string): string => readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");

test("docs/options.md is what the option tables say (make docs)", () => {
  expect(page("options.md")).toBe(optionsPage());
});

test("docs/errors.md is what the error tables say (make docs)", () => {
  expect(page("errors.md")).toBe(errorsPage());
});
