// Which checklist rows and error texts no transcript names.

import { readFileSync } from "node:fs";
import path from "node:path";
import { claims } from "./transcript.mjs";

/**
 * A printable report of what is in scope (rows.json, errors.json) and not proved by any transcript.
 * @param {string} dir
 * @param {import("./transcript.mjs").Transcript[]} transcripts
 */
export function coverageReport(dir, transcripts) {
  const rows = JSON.parse(readFileSync(path.join(dir, "rows.json"), "utf8"));
  const errors = JSON.parse(readFileSync(path.join(dir, "errors.json"), "utf8"));
  const named = { rows: new Set(), errors: new Set() };
  for (const { source } of transcripts) {
    const claimed = claims(source);
    for (const row of claimed.rows) named.rows.add(row);
    for (const error of claimed.errors) named.errors.add(error);
  }
  const lines = [];
  const missingRows = Object.entries(rows).filter(([id]) => !named.rows.has(id));
  const missingErrors = errors.filter((text) => !named.errors.has(text));
  lines.push(`rows in scope: ${Object.keys(rows).length}, named by no transcript: ${missingRows.length}`);
  for (const [id, title] of missingRows) lines.push(`  ${id.padEnd(6)} ${title}`);
  lines.push(`error texts in scope: ${errors.length}, named by no transcript: ${missingErrors.length}`);
  for (const text of missingErrors) lines.push(`  ${text}`);
  const unknownErrors = [...named.errors].filter((text) => !errors.includes(text));
  if (unknownErrors.length > 0)
    lines.push("named but not in errors.json:", ...unknownErrors.map((text) => `  ${text}`));
  return lines.join("\n");
}
