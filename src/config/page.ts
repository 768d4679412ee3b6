// docs/options.md, from the tables. Not part of the server: `make docs` runs it.

import type { Row, Rows, SpreadRow } from "./rows.ts";
import { serverRows } from "./options/server.ts";
import { usage } from "./flags.ts";

const intro = `# Options

The options of a configuration file, by block. The same names are the keys of the object that \`Server.start\` takes.
This page is made from the tables in \`src/config/options/\` by \`make docs\`.

- **Reload** says whether a reload (SIGHUP) takes a change over while clients stay connected (live) or it needs a restart.
- **Status** is empty for what works. *later*: read and checked, has no effect yet, and the log says so at start.
  *refused*: the server does not start with it, because running without it could harm.
- A duration is a text such as \`"2s"\`, \`"1m30s"\` or \`"300ms"\`. A size is a number of bytes or \`64KB\`, \`8MB\`, \`1GB\`;
  \`8K\` is 8000, \`8KB\` and \`8KiB\` are 8192.
- nats-server 2.14 reads the same files; \`-t\` shows the same digest.
`;

/** The whole page. */
export function optionsPage(): string {
  const sections = blocks(serverRows, []).map(([path, rows]) => section(path, rows));
  return `${intro}\n${sections.join("\n")}\n## Command line\n\n\`\`\`text\n${usage("nats-server")}\`\`\`\n`;
}

type Block = readonly [path: readonly string[], rows: Rows];

/** A block and the blocks within it, outermost first. A block that many have, such as tls, comes once. */
function blocks(rows: Rows, path: readonly string[], seen: Set<string> = new Set()): readonly Block[] {
  const mine: Block = [path, rows];
  const inner = Object.entries(rows).flatMap(([name, row]) => {
    if (row.rows === undefined) return [];
    const content = Object.keys(row.rows).join();
    if (seen.has(content)) return [];
    seen.add(content);
    return blocks(row.rows, [...path, name], seen);
  });
  return [mine, ...inner];
}

function section(path: readonly string[], rows: Rows): string {
  const title = path.length === 0 ? "## Top level" : `## ${path.join(".")}`;
  const lines = Object.entries(rows).map(([name, row]) => line(name, row));
  const head = "| option | kind | default | reload | status | |\n| --- | --- | --- | --- | --- | --- |";
  return `${title}\n\n${head}\n${lines.join("\n")}\n`;
}

function line(name: string, row: Row<unknown> | SpreadRow<unknown>): string {
  const { aliases = [], doc, reload, status = "works", why } = row.info;
  const names = [name, ...aliases].map((name) => `\`${name}\``).join(" ");
  const kind = row.bounds === undefined ? row.kind : `${row.kind}, ${row.bounds}`;
  const shown = "spread" in row ? "" : fallback(row);
  const state = status === "works" ? "" : status;
  const text = why === undefined ? doc : `${doc} (${why})`;
  return `| ${names} | ${kind} | ${shown} | ${reload} | ${state} | ${text.replaceAll("|", "\\|")} |`;
}

function fallback(row: Row<unknown>): string {
  if (row.shown !== undefined) return row.shown;
  const value = row.fallback;
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : "";
}
