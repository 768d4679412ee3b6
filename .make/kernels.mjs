// Assembles src/base/kernel/*.wat into src/base/kernel/*.wasm.ts.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import openWabt from "wabt";

const folder = new URL("../src/base/kernel/", import.meta.url);
const wabt = await openWabt();
for (const name of readdirSync(folder).filter((file) => file.endsWith(".wat"))) {
  const parsed = wabt.parseWat(name, readFileSync(new URL(name, folder), "utf8"), { simd: true, bulk_memory: true });
  const { buffer } = parsed.toBinary({});
  const text = Buffer.from(buffer).toString("base64");
  writeFileSync(
    new URL(name.replace(".wat", ".wasm.ts"), folder),
    `// Made from ${name} by \`make kernels\`; do not edit.\n\nexport const wasm =\n  "${text}";\n`,
  );
}
