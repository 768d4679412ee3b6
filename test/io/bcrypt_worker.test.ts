// Makes src/io/bcrypt_worker.source.ts: `vitest run test/io/bcrypt_worker.test.ts -u` after a change of
// bcrypt_worker.ts or of bcryptjs. Without -u it fails when that file is out of date.

import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the embedded worker is what its source is bundled to", async () => {
  const license = readFileSync(new URL("../../node_modules/bcryptjs/LICENSE", import.meta.url), "utf8");
  const { outputFiles } = await build({
    entryPoints: [new URL("../../src/io/bcrypt_worker.ts", import.meta.url).pathname],
    bundle: true,
    minify: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20",
    legalComments: "none",
    banner: { js: `/* bcryptjs:\n${license.trim()}\n*/` },
  });
  const text = Buffer.from(outputFiles[0]!.contents).toString("base64");
  const lines = [
    "// bcrypt_worker.ts and bcryptjs as one script. Made by test/io/bcrypt_worker.test.ts; do not edit.",
    "",
    "export const source = Buffer.from(",
    `  ${JSON.stringify(text)},`,
    '  "base64",',
    ').toString("utf8");',
    "",
  ];
  await expect(lines.join("\n")).toMatchFileSnapshot("../../src/io/bcrypt_worker.source.ts");
});
