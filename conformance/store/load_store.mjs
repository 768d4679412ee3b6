// Our store's functions for scripts: built from src/ into a file that Node can load, with a disk in memory to run them on.

import { build } from "esbuild";
import path from "node:path";
import { pathToFileURL } from "node:url";

const DOORS = `
export { MemoryDisk } from "./src/store/memory_disk.ts";
export { DiskError } from "./src/base/disk.ts";
export { openBlock, isSound } from "./src/store/file/block_open.ts";
export { rewriteBlock } from "./src/store/file/block_rewrite.ts";
export { repairBlock } from "./src/store/file/block_repair.ts";
export { blockIndexOf } from "./src/store/format/layout.ts";
export { openFileStore } from "./src/store/file/open_file_store.ts";
export { StoreCache } from "./src/store/file/store_cache.ts";
export { NO_LIMITS, StoredMsg } from "./src/store/stream_store.ts";
export { streamHasher } from "./src/store/format/keys.ts";
export { metaSum } from "./src/store/format/meta_sum.ts";
`;

/**
 * Builds and loads what `doors` exports of src/.
 * @param {string} doors
 * @param {string} outfile where the built file may be
 */
export async function loadDoors(doors, outfile) {
  await build({
    stdin: { contents: doors, resolveDir: path.join(import.meta.dirname, "../.."), loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "warning",
  });
  return import(pathToFileURL(outfile).href);
}

/**
 * Builds and loads the store.
 * @param {string} directory where the built file may be
 */
export async function loadStore(directory) {
  const store = await loadDoors(DOORS, path.join(directory, "store.mjs"));
  const waiting = [];
  const finishOne = () => {
    const isThere = waiting.length > 0;
    if (isThere) waiting.shift()();
    return isThere;
  };
  const finish = () => {
    while (finishOne());
  };
  return {
    ...store,
    newDisk: () => new store.MemoryDisk((fire) => waiting.push(fire)),
    /** Runs something when what waits before it is done; `finishOne` and `finish` run what waits. */
    later: (fire) => void waiting.push(fire),
    finishOne,
    finish,
    /** Runs a job to its end. */
    run(job) {
      for (let failed; ;) {
        const { done, value } = job.next(failed);
        if (done) return value;
        failed = undefined;
        value?.((failure) => (failed = failure));
        finish();
      }
    },
    put(disk, file, bytes) {
      const made = disk.open(file, "create");
      disk.commit(made, 0, bytes, 0, bytes.length, "synced", () => undefined);
      finish();
      disk.close(made);
    },
    /** Every file below a directory, with its bytes. */
    *filesOf(disk, directory) {
      for (const name of disk.list(directory)) {
        const file = `${directory}/${name}`;
        if (name.endsWith("/")) {
          yield* this.filesOf(disk, file.slice(0, -1));
          continue;
        }
        const opened = disk.open(file, "read");
        const bytes = Buffer.alloc(disk.size(opened));
        disk.read(opened, 0, bytes, 0, bytes.length);
        disk.close(opened);
        yield [file, bytes];
      }
    },
  };
}
