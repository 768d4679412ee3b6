// Asks a server to create and update consumers with random and edge configurations.
//
// Owns the two servers it starts (one plain, one with limits) and their directory.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configText, start } from "../answers/ask.mjs";
import { scenarios, streams } from "./scenarios.mjs";

const BIG = "max_memory_store: 1000000000000, max_file_store: 1000000000000";
const configs = {
  plain: (dir) => `jetstream { store_dir: "${dir}", ${BIG} }`,
  limited: (dir) => `jetstream { store_dir: "${dir}", ${BIG}, limits { max_ack_pending: 300, max_request_batch: 100 } }
    accounts { A { users: [{user: a, password: a}]
      jetstream { max_mem: 1G, max_file: 1G, max_consumers: 3, max_ack_pending: 200 } } }
    no_auth_user: a`,
};
const accounts = { plain: "$G", limited: "A" };

/**
 * What the server says to `count` scenarios, each on a fresh stream S. Each
 * step that is a request gets the error, or the text of `config` in the
 * response and the name it got there (`*` for a random one), and the text of
 * its meta.inf where there is one.
 * @param {string[]} command
 */
export async function* ask(command, count, seed) {
  const dir = mkdtempSync(join(tmpdir(), "consumers-"));
  const running = {};
  try {
    for (const name of Object.keys(configs)) {
      running[name] = await start(command, dir, name, configs[name](join(dir, name)));
    }
    let sid = 10;
    for (const { server, stream, steps } of scenarios(count, seed)) {
      const { request, listen, unlisten } = running[server];
      const place = join(dir, server, "jetstream", accounts[server], "streams/S/obs");
      await createStream(request, streams[stream]);
      const answered = [];
      const sids = [];
      for (const step of steps) {
        if (step.listen !== undefined) {
          listen(step.listen, ++sid);
          sids.push(sid);
          answered.push(step);
          continue;
        }
        const response = await request(`$JS.API.CONSUMER.${step.subject}`, step.body);
        if (response === "") throw new Error(`empty answer to ${step.body}`);
        const { error, name, created } = JSON.parse(response);
        if (error !== undefined) {
          answered.push({ ...step, error });
          continue;
        }
        const file = join(place, name, "meta.inf");
        const meta = existsSync(file) ? readFileSync(file, "utf8") : undefined;
        // A delete that is not through yet leaves the file of the scenario before.
        const isOurs = meta?.startsWith(`{"Created":"${created}"`) === true;
        const isRandom = step.subject === "CREATE.S" && JSON.parse(step.body).config?.name !== name;
        const answer = { ...step, config: configText(response), name: isRandom ? "*" : name };
        answered.push(isOurs ? { ...answer, meta } : answer);
      }
      for (const one of sids) unlisten(one);
      await request("$JS.API.STREAM.DELETE.S", "");
      yield { server, stream, steps: answered };
    }
  } finally {
    for (const { stop } of Object.values(running)) stop();
    rmSync(dir, { recursive: true, maxRetries: 5 });
  }
}

/** A delete that is not through yet gets in the way: once more, then. */
async function createStream(request, config) {
  for (let tries = 0; ; tries++) {
    const { error } = JSON.parse(await request("$JS.API.STREAM.CREATE.S", JSON.stringify({ name: "S", ...config })));
    if (error === undefined) return;
    if (tries > 20) throw new Error(error.description);
  }
}
