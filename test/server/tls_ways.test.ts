// TLS is the same however it was asked for.

import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseFlags } from "../../src/config/flags.ts";
import { loadOptions } from "../../src/config/load.ts";
import { fromObject } from "../../src/config/object.ts";
import type { ServerOptions } from "../../src/config/options.ts";
import { systemSource } from "../../src/io/files.ts";
import { readTls } from "../../src/server/tls_files.ts";
import { cert } from "../support/transports.ts";

const files = { cert_file: cert("server.pem"), key_file: cert("server-key.pem"), ca_file: cert("ca.pem") };

function byFlags(...args: string[]): ServerOptions {
  const action = parseFlags(args);
  if (action.kind !== "run") throw new Error(JSON.stringify(action));
  return loadOptions(undefined, action.overrides, systemSource).options;
}

function byFile(text: string): ServerOptions {
  const dir = mkdtempSync(join(tmpdir(), "tls-"));
  try {
    writeFileSync(join(dir, "server.conf"), text);
    const action = parseFlags([]);
    if (action.kind !== "run") throw new Error(JSON.stringify(action));
    return loadOptions(join(dir, "server.conf"), action.overrides, systemSource).options;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("CVE-2021-32026: flags, file and object mean the same ciphers, curves, versions and checks", () => {
  const { cert_file, key_file, ca_file } = files;
  const ways = [
    byFlags("--tls", "--tlscert", cert_file, "--tlskey", key_file, "--tlscacert", ca_file, "--tlsverify"),
    byFile(`tls { cert_file: "${cert_file}", key_file: "${key_file}", ca_file: "${ca_file}", verify: true }`),
    fromObject({ tls: { ...files, verify: true } } as never, systemSource).options,
  ].map(({ tls, allow_non_tls, authorization }) => [readTls(tls!, allow_non_tls), authorization.timeout] as const);
  const [settings] = ways[0]!;
  expect(settings.verify).toBe(true);
  expect(settings.minVersion).toBe("1.2");
  expect(ways[1]).toEqual(ways[0]);
  expect(ways[2]).toEqual(ways[0]);
});
