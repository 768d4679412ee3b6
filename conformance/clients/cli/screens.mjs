// What of `nats server`, `nats top` and `nats audit` cannot be compared line by line: screens that go on until they are
// left, a client that is sent away, files that are written.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { connect } from "nats";
import { runCase } from "../lib/report.mjs";
import { target } from "../lib/target.mjs";
import { soon } from "../lib/wait.mjs";
import { inTerminal } from "./script.mjs";

const sys = "--user sys --password s";

/** On the server that the commands before have left. @param {import("./script.mjs").Session} session @param {string} label */
export async function serverScreens(session, label) {
  const screen = async (command, meanwhile) => {
    const shown = inTerminal(session, `${sys} ${command}`);
    await meanwhile?.();
    return (await shown).replaceAll("\u00A0", " ");
  };
  /** Somebody of account B, as long as `use` goes on. */
  const visited = async (use) => {
    const nc = await connect({ servers: session.server.url, user: "b", pass: "b", name: "visitor", reconnect: false });
    try {
      return await use(nc);
    } finally {
      await nc.close();
    }
  };
  const cases = {
    "server watch accounts": async (command) => {
      const shown = await screen(command, async () => {
        // What changes is told at once; the screen is drawn each second.
        for (let i = 0; i < 10; i++) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await visited(() => {});
        }
      });
      assert.match(shown, /Top \d+ Account activity by/);
      assert.match(shown, /│ B +│ +1 │/);
    },
    "server watch servers": async (command) => assert.match(await screen(command), /│ host +│ +(│ +)?\d/),
    "server watch servers --sort mem -n 1": async (command) => assert.match(await screen(command), /by Memory|host/),
    "server watch jetstream": async (command) => assert.match(await screen(command), /│ host +│/),
    "server watch api requests --account A": async (command) => {
      const shown = await screen(command, async () => {
        for (let i = 0; i < 5; i++) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          await session.must("stream info ORDERS");
        }
      });
      assert.match(shown, /stream_info/);
      assert.match(shown, /ORDERS/);
    },
    "server graph host": async (command) => assert.match(await screen(command), /Messages|Connections/),
    "server graph host --jetstream": async (command) => assert.match(await screen(command), /API|Storage/),
    "top host --subs": async (command) => {
      const shown = await visited((nc) => {
        nc.subscribe("listened.to");
        return screen(command);
      });
      assert.match(shown, /2\.14\.\d+ \(uptime/);
      assert.match(shown, /visitor/);
    },
    "server request kick": (command) =>
      visited(async (nc) => {
        const ended = nc.closed();
        await session.must(`${sys} ${command} ${nc.info.client_id} {id}`);
        await soon(ended, "the end of the client", 3000);
      }),
    "server request profile": async (command) => {
      const written = (name) => readdirSync(session.home).filter((each) => each.startsWith(`${name}-`));
      for (const name of ["heap", "cpu"]) {
        const [file] = written(name);
        assert.ok(statSync(path.join(session.home, file)).size > 20, name);
      }
      for (const name of ["allocs", "goroutine", "mutex", "threadcreate", "block"]) {
        const said = await session.must(`${sys} ${command} ${name}`);
        if (target().name === "reference") assert.equal(written(name).length, 1, said);
        else assert.match(said, new RegExp(`Server "host" error: Profile "${name}" not found`));
      }
    },
    // Streams and their consumers it only takes from a cluster with a name.
    "audit gather --no-progress --no-streams --no-consumers -o gathered.zip": async (command) => {
      await session.must(`${sys} ${command}`);
      const names = readFileSync(path.join(session.home, "gathered.zip")).toString("latin1");
      for (const part of ["variables", "connections", "jetstream_info", "health", "heap"])
        assert.ok(names.includes(part), part);
    },
  };
  for (const [command, run] of Object.entries(cases))
    await runCase(`${label}: nats ${command}`, () => run(command), 60_000);
}
