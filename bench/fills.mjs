// Stores that a row finds filled: each program fills its own once, and every run gets a copy.

import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { runLoad } from "./load.mjs";
import { startServer } from "./servers.mjs";

/** @typedef {import("./row.mjs").Fill} Fill */

export class Fills {
  #cacheDir;
  #binary;
  /** Directories by program and load. */
  #made = new Map();

  constructor(cacheDir, binary) {
    this.#cacheDir = cacheDir;
    this.#binary = binary;
  }

  /**
   * The directory of a store that holds what `fill` says.
   * @param {import("./servers.mjs").Program} program
   * @param {Fill} fill
   * @returns {Promise<string>}
   */
  async of(program, fill) {
    const key = JSON.stringify([program.name, fill]);
    const found = this.#made.get(key);
    if (found) return found;
    const directory = path.join(this.#cacheDir, "bench", `filled-${process.pid}-${this.#made.size}`);
    mkdirSync(directory, { recursive: true });
    this.#made.set(key, directory);
    const server = await startServer(program, { config: fill.config, cacheDir: this.#cacheDir, keep: directory });
    try {
      await runLoad(this.#binary, fill.load, server);
    } finally {
      await server.stop();
    }
    return directory;
  }

  remove() {
    for (const directory of this.#made.values()) rmSync(directory, { recursive: true, force: true });
    this.#made.clear();
  }
}
