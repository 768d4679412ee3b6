// Names and keys on disk, as nats-server has them.

import { blockFile, blockIndexOf } from "../../../src/store/format/layout.ts";
import { blockKey, consumerHasher, streamHasher } from "../../../src/store/format/keys.ts";
import { expect, test } from "vitest";
import { createHash } from "node:crypto";
import { metaSum } from "../../../src/store/format/meta_sum.ts";

test("blocks are numbered from 1", () => {
  expect([blockFile(12), blockIndexOf("12.blk"), blockIndexOf("1.blk")]).toEqual(["12.blk", 12, 1]);
  for (const other of ["0.blk", "01.blk", "1.key", "1.blk.tmp", "index.db", ".blk", "-1.blk", "1e3.blk"]) {
    expect(blockIndexOf(other)).toBeUndefined();
  }
});

test("keys are SHA-256 of names", () => {
  expect(Buffer.from(blockKey("ORDERS", 7))).toEqual(createHash("sha256").update("ORDERS-7").digest());
});

test("a sum is 16 lower-case digits, and different for each name", () => {
  const meta = Buffer.from("{}");
  const sums = [streamHasher("S"), streamHasher("T"), consumerHasher("S", "T")].map((hasher) => metaSum(hasher, meta));
  expect(new Set(sums).size).toBe(3);
  for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{16}$/);
});
