// What the options of JetStream resolve to. The answers to wrong ones are in answers/.

import { expect, test } from "vitest";
import { fromObject } from "../../src/config/object.ts";
import { noSource } from "../../src/config/source.ts";
import type { AccountJetStreamOptions, JetStreamOptions } from "../../src/config/options.ts";
import { load } from "./support.ts";

const of = (text: string): JetStreamOptions | undefined => load(text).options.jetstream;
const inAccount = (text: string): AccountJetStreamOptions | undefined =>
  load(`accounts { A { jetstream ${text} } }`).options.accounts[0]!.jetstream;

test.each([
  "jetstream: true",
  "jetstream: enabled",
  "jetstream: ENABLE",
  "jetstream {}",
  "jetstream { enabled: true }",
])("%s switches it on, with every default", (text) => {
  expect(load(text)).toMatchObject({ notices: [], warnings: [] });
  expect(of(text)).toMatchObject({
    store_dir: undefined,
    max_memory_store: undefined,
    max_file_store: undefined,
    domain: undefined,
    strict: true,
    sync_interval: "always",
    unique_tag: undefined,
    limits: undefined,
  });
});
test.each(["jetstream: false", "jetstream: disabled", "jetstream { enabled: false }", "jetstream { store_dir: a, enable: no }", ""])(
  "%j leaves it off",
  (text) => {
    expect(of(text)).toBe(undefined);
  },
); // prettier-ignore

test.each([
  ["max_mem: 1G", "max_memory_store", 1e9],
  ['max_mem_store: "1G"', "max_memory_store", 2 ** 30],
  ['max_memory_store: ""', "max_memory_store", 0],
  ["max_file: 0", "max_file_store", 0],
  ["max_file_store: -1", "max_file_store", -1],
  ["sync_interval: Always", "sync_interval", "always"],
  ['sync: "2m"', "sync_interval", 120_000],
  ["unique_tag: ' AZ: '", "unique_tag", "az:"],
  ["domain: hub", "domain", "hub"],
  ["strict: false", "strict", false],
  ["storedir: d", "store_dir", "d"],
  ['max_buffered_size: "1M"', "max_buffered_size", 2 ** 20],
  ["max_concurrent_io: 4", "max_concurrent_io", 4],
])("jetstream { %s }", (text, name, value) => {
  expect(load(`jetstream { ${text} }`)).toMatchObject({ notices: [], warnings: [] });
  expect(of(`jetstream { ${text} }`)).toHaveProperty([name], value);
});

test("store_dir may stand at the top, in either order", () => {
  expect(of("store_dir: d\njetstream: true")?.store_dir).toBe("d");
  expect(of("jetstream: true\nstore_dir: d")?.store_dir).toBe("d");
  expect(of("store_dir: d")).toBe(undefined);
});

test("an account has no limits unless it is given some", () => {
  const none = {
    max_memory: -1,
    max_store: -1,
    max_streams: -1,
    max_consumers: -1,
    max_bytes_required: false,
    memory_max_stream_bytes: -1,
    store_max_stream_bytes: -1,
    max_ack_pending: -1,
    cluster_traffic: "system",
  };
  expect(inAccount(": enabled")).toEqual(none);
  expect(inAccount("{}")).toEqual(none);
  expect(inAccount("{ mem: 1K, disk: 2K, streams: 3, consumers: 4, max_bytes: true }")).toEqual({
    ...none,
    max_memory: 1000,
    max_store: 2000,
    max_streams: 3,
    max_consumers: 4,
    max_bytes_required: true,
  });
  expect(inAccount(": disabled")).toBe(undefined);
  expect(load("accounts { A {} }\njetstream: true").options.accounts[0]!.jetstream).toBe(undefined);
});

test("an embedded server takes the same options", () => {
  const { options, notices } = fromObject(
    { jetstream: true, accounts: { A: { jetstream: { max_streams: 2 } }, B: { jetstream: "enabled" } } },
    noSource,
  );
  expect(notices).toEqual([]);
  expect(options.jetstream?.sync_interval).toBe("always");
  expect(options.accounts.map(({ jetstream }) => jetstream?.max_streams)).toEqual([2, -1]);
});
