// Walkthrough 1: start the server and see its first lines.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { target } from "../clients/lib/target.mjs";
import { walkthrough } from "./walk.mjs";

const LINE = /^\[(\d+)\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} \[(INF|WRN)\] (.*)$/;

const linesOf = (server) =>
  server.log
    .trim()
    .split("\n")
    .map((line) => LINE.exec(line) ?? assert.fail(`not a log line: ${line}`));

await walkthrough("01 start server", {
  "the lines of a plain start": async (w) => {
    const server = await w.start();
    const lines = linesOf(server);
    for (const [, pid] of lines) assert.equal(Number(pid), server.pid);
    const texts = lines.map(([, , , text]) => text);
    assert.equal(texts[0], "Starting nats-server");
    const value = (name) => new RegExp(`^  ${name}: +(.*)$`, "m").exec(texts.join("\n"))?.[1];
    assert.match(value("Version"), /^2\.14\.\d+/);
    assert.match(value("Git"), /^\[.*\]$/);
    assert.match(value("ID"), /^N[A-Z2-7]{55}$/);
    assert.equal(value("Name"), value("ID"));
    assert.ok(texts.includes(`Listening for client connections on 127.0.0.1:${server.port}`));
    assert.equal(texts.at(-1), "Server is ready");
    const nc = await w.connect(server);
    assert.equal(nc.info.server_id, value("ID"));
    assert.equal(nc.info.version, value("Version"));
  },

  "-m adds the monitor": async (w) => {
    const server = await w.start({ flags: ["-m", "-1"] });
    const at = (text) => server.log.indexOf(text);
    assert.ok(at("Starting http monitor on 127.0.0.1:") > 0);
    assert.ok(at("Starting http monitor") < at("Listening for client connections"));
    const page = await fetch(`${server.httpUrl}/varz`);
    assert.equal(page.status, 200);
    assert.equal((await page.json()).port, server.port);
  },

  "-v prints the version": () => {
    const { command } = target();
    for (const flag of ["-v", "--version", "version"]) {
      const done = spawnSync(command[0], [...command.slice(1), flag], { encoding: "utf8", timeout: 10_000 });
      assert.match(done.stdout, /^nats-server: v2\.14\.\d+\n$/);
      assert.equal(done.status, 0);
    }
  },

  "a taken port is a fatal line and exit 1": async (w) => {
    const first = await w.start();
    const second = await w.start({ port: first.port, ready: false });
    assert.equal(await second.exited, 1);
    assert.match(second.log, /\[FTL\] Error listening on port: 127\.0\.0\.1:\d+, "/);
  },

  "the pid file and the ports file": async (w) => {
    const server = await w.start({ flags: ["-P", "{dir}/server.pid", "--ports_file_dir", "{dir}", "-m", "-1"] });
    assert.equal(server.read("server.pid"), String(server.pid));
    const ports = JSON.parse(server.read(`nats-server_${server.pid}.ports`));
    assert.deepEqual(ports.nats, [server.url]);
    assert.deepEqual(ports.monitoring, [server.httpUrl]);
    assert.equal(await server.end("SIGTERM"), 0);
    assert.throws(() => server.read(`nats-server_${server.pid}.ports`), /ENOENT/);
  },
});
