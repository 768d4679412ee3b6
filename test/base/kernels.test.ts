// The embedded WebAssembly is what its sources assemble to.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import openWabt from "wabt";

const folder = join(import.meta.dirname, "../../src/base/kernel");
const sources = readdirSync(folder).filter((file) => file.endsWith(".wat"));

describe("kernels", () => {
  test.each(sources)("%s is assembled fresh (make kernels)", async (name) => {
    const wabt = await openWabt();
    const parsed = wabt.parseWat(name, readFileSync(join(folder, name), "utf8"), { simd: true, bulk_memory: true });
    const { buffer } = parsed.toBinary({});
    const embedded = readFileSync(join(folder, name.replace(".wat", ".wasm.ts")), "utf8");
    expect(embedded).toContain(Buffer.from(buffer).toString("base64"));
  });
});
