// Regenerates the pages of docs/ that are made from tables in src/.

import { build } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Each page: the module that makes it, the function in there, the file it becomes. */
const pages = [
  { module: "src/config/page.ts", make: "optionsPage", file: "docs/options.md" },
  { module: "src/errors/page.ts", make: "errorsPage", file: "docs/errors.md" },
];

const dir = mkdtempSync(join(tmpdir(), "docs-"));
try {
  for (const { module, make, file } of pages) {
    const outfile = join(dir, "page.mjs");
    await build({ entryPoints: [module], bundle: true, platform: "node", format: "esm", outfile, logLevel: "warning" });
    const made = await import(`${pathToFileURL(outfile).href}?${file}`);
    writeFileSync(file, made[make]());
    process.stdout.write(`${file}\n`);
  }
} finally {
  rmSync(dir, { recursive: true });
}
