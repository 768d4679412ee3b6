// Walkthrough 31: accounts that may store so much, and no more.

import assert from "node:assert/strict";
import { walkthrough } from "./walk.mjs";

const CONFIG = `jetstream { store_dir: "./js" }
accounts: {
  HR: {
    jetstream: { max_mem: 512M, max_file: 1G, max_streams: 10, max_consumers: 100 }
    users: [ {user: hr, password: hr} ]
  }
  SALES: { jetstream: enabled, users: [ {user: sales, password: sales} ] }
  IT: { users: [ {user: it, password: it} ] }
}\n`;

await walkthrough("31 JetStream multi-tenancy", {
  "limits of an account": async (w) => {
    const server = await w.start({ config: CONFIG });
    const asked = async (user, subject, body = {}) => {
      const nc = await w.connect(server, { user, pass: user });
      return (await nc.request(`$JS.API.${subject}`, JSON.stringify(body), { timeout: 5000 })).json();
    };
    const { limits } = await asked("hr", "INFO");
    assert.deepEqual(
      [limits.max_memory, limits.max_storage, limits.max_streams, limits.max_consumers],
      [512e6, 1e9, 10, 100],
    );
    assert.equal((await asked("sales", "INFO")).limits.max_streams, -1);
    assert.equal((await asked("it", "INFO")).error.err_code, 10039);
    for (let i = 0; i < 10; i++) {
      const made = await asked("hr", `STREAM.CREATE.S${i}`, { name: `S${i}`, subjects: [`s${i}`], storage: "memory" });
      assert.equal(made.error, undefined);
    }
    const { error } = await asked("hr", "STREAM.CREATE.S10", { name: "S10", subjects: ["s10"], storage: "memory" });
    assert.equal(error.description, "maximum number of streams reached");
    assert.equal((await asked("sales", "STREAM.NAMES")).total, 0);
    assert.equal((await asked("hr", "STREAM.NAMES")).total, 10);
  },
});
