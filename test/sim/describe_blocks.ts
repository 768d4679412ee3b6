// The files of a stream in words, a line each, for who looks at one seed step by step.

import { DiskError } from "../../src/base/disk.ts";
import { scanBlock } from "../../src/store/format/block_scan.ts";
import { blockRecords } from "../../src/store/format/compressed_block.ts";
import { blockHasher } from "../../src/store/format/keys.ts";
import { blockIndexOf, MSGS } from "../../src/store/format/layout.ts";
import type { FakeDisk } from "../support/fake_disk.ts";

const MARKS = { message: "", hole: "hole ", tombstone: "gone " };

export function describeBlocks(disk: FakeDisk, stream: string): string[] {
  const names = disk.list(`${stream}/${MSGS}`);
  if (names instanceof DiskError) return [];
  return names.map((name) => {
    const bytes = disk.contents(`${stream}/${MSGS}/${name}`);
    const block = blockIndexOf(name);
    const records = block === undefined ? undefined : blockRecords(bytes);
    if (block === undefined || !(records instanceof Uint8Array)) return `    ${name}: ${bytes.length} bytes`;
    const found: string[] = [];
    scanBlock(records, blockHasher(stream, block), {
      onRecord: ({ kind, seq, sec, subjectFrom, subjectTo }) => {
        const text = Buffer.from(records.subarray(subjectFrom, subjectTo)).toString("latin1");
        found.push(
          `${MARKS[kind]}${seq}${kind === "tombstone" && text !== "" ? ` ${text}` : ""} (${sec % 1_800_000_000})`,
        );
      },
      onDamage: (from, to, fault) => void found.push(`damaged ${from} to ${to} (${fault})`),
    });
    return `    ${name}: ${bytes.length} bytes${records === bytes ? "" : ` (${records.length})`}: ${found.join(", ")}`;
  });
}
