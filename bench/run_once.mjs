// One run of one row: a fresh server, its store, the load.

import { runLoad } from "./load.mjs";
import { removeIndexes, runRecovery } from "./recovery.mjs";
import { startServer } from "./servers.mjs";

/** What the environment says of a row's times, unless the row says something itself. */
function times(load) {
  const asked = { seconds: process.env.RUN_SECONDS, warm: process.env.WARM_SECONDS };
  return Object.fromEntries(Object.entries(asked).filter(([key, value]) => value && load[key] === undefined));
}

/**
 * One run of a row: what bench/load reports.
 * @param {import("./servers.mjs").Program} program
 * @param {import("./row.mjs").Row} row
 * @param {{ cacheDir: string, binary: string, fills: import("./fills.mjs").Fills }} means
 */
export async function runOnce(program, row, { cacheDir, binary, fills }) {
  const { load, fill } = row;
  const config = typeof row.config === "object" ? row.config[program.name] : row.config;
  const filled = fill && (await fills.of(program, fill));
  if (load.mode === "recovery") {
    const prepare = load.index ? undefined : removeIndexes;
    return await runRecovery(program, { config, cacheDir, filled, prepare }, load);
  }
  const server = await startServer(program, { config, cacheDir, filled });
  try {
    return await runLoad(binary, { ...load, ...times(load) }, server);
  } finally {
    await server.stop();
  }
}
