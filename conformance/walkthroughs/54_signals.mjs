// Walkthrough 54, without JetStream: stop, reload, reopen and rotate the log, lame duck mode.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { sleep, soon, within } from "../clients/lib/wait.mjs";
import { target } from "../clients/lib/target.mjs";
import { walkthrough } from "./walk.mjs";

/** Runs `nats-server --signal command=pid`. */
function command(name, pid) {
  const { command: words } = target();
  return spawnSync(words[0], [...words.slice(1), "--signal", `${name}=${pid}`], { encoding: "utf8", timeout: 10_000 });
}

/** A server that logs into a file, ready. */
async function logging(w, config = "") {
  const server = await w.start({
    config: (dir) => `log_file: "${dir}/server.log"\npid_file: "${dir}/server.pid"\n${config}`,
    ready: false,
  });
  const read = () => (existsSync(path.join(server.dir, "server.log")) ? server.read("server.log") : "");
  await within(10_000, "the log file to say ready", () => read().includes("Server is ready"));
  const port = Number(/client connections on .*:(\d+)/.exec(read())[1]);
  return { server, read, url: `nats://127.0.0.1:${port}` };
}

await walkthrough("54 signals", {
  "SIGINT and SIGTERM end with 0 and say so": async (w) => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      const server = await w.start();
      const nc = await w.connect(server);
      await nc.flush();
      assert.equal(await server.end(signal), 0);
      await soon(nc.closed(), "the client to notice");
      assert.match(server.log, /\[INF\] Initiating Shutdown\.\.\.[^]*\[INF\] Server Exiting\.\.\n$/);
    }
  },

  "--signal quit, term, stop, and by pid file": async (w) => {
    for (const [name, code] of [
      ["quit", 0],
      ["term", 0],
      ["stop", "SIGKILL"],
    ]) {
      const server = await w.start();
      assert.equal(command(name, server.pid).status, 0);
      assert.equal(await soon(server.exited, name), code, name);
    }
    const three = await w.start({ flags: ["-P", "{dir}/server.pid"] });
    assert.equal(command("quit", path.join(three.dir, "server.pid")).status, 0);
    assert.equal(await soon(three.exited, "quit by pid file"), 0);
    assert.notEqual(command("quit", three.pid).status, 0);
    assert.notEqual(command("dance", process.pid).status, 0);
  },

  "SIGHUP takes over what may change, and keeps the old on a mistake": async (w) => {
    const users = (more) => `authorization { users: [{ user: a, password: pw }${more}] }\n`;
    const server = await w.start({ config: users("") });
    const nc = await w.connect(server, { user: "a", pass: "pw" });
    await w.refused(server, { user: "b", pass: "pw" });
    server.configure(users(", { user: b, password: pw }"));
    server.signal("SIGHUP");
    await server.logged("Reloaded server configuration");
    assert.match(server.log, /Trapped "hangup" signal/);
    await (await w.connect(server, { user: "b", pass: "pw" })).flush();
    await nc.flush();
    server.configure("authorization { users: [{ user: a,");
    server.signal("SIGHUP");
    await server.logged("Failed to reload server configuration");
    await nc.flush();
    server.configure(`${users("")}max_payload: 100\n`);
    assert.equal(command("reload", server.pid).status, 0);
    await within(3000, "a second reload", () => server.log.split("Reloaded server configuration").length > 2);
    assert.equal((await w.connect(server, { user: "a", pass: "pw" })).info.max_payload, 100);
    await w.refused(server, { user: "b", pass: "pw" });
  },

  "a removed user is disconnected by a reload": async (w) => {
    const server = await w.start({
      config: `authorization { users: [{ user: a, password: pw }, { user: b, password: pw }] }\n`,
    });
    const [a, b] = [
      await w.connect(server, { user: "a", pass: "pw" }),
      await w.connect(server, { user: "b", pass: "pw" }),
    ];
    server.configure(`authorization { users: [{ user: a, password: pw }] }\n`);
    server.signal("SIGHUP");
    await soon(b.closed(), "the removed user to be disconnected");
    await a.flush();
  },

  "SIGUSR1 reopens the log after it was moved": async (w) => {
    const { server, read, url } = await logging(w, "debug: true\n");
    assert.equal(server.read("server.pid"), String(server.pid));
    renameSync(path.join(server.dir, "server.log"), path.join(server.dir, "old.log"));
    server.signal("SIGUSR1");
    await within(3000, "a new log file", () => read().includes("File log re-opened"));
    await w.connect({ url });
    await within(3000, "debug lines in the new file", () => read().includes("Client connection created"));
    assert.equal(server.read("old.log").includes("Client connection created"), false);
    assert.equal(command("reopen", server.pid).status, 0);
    await within(3000, "a second reopening", () => read().split("File log re-opened").length > 2);
  },

  "the log rotates at its size and old files go": async (w) => {
    const { server, url } = await logging(
      w,
      "logfile_size_limit: 2000\nlogfile_max_num: 3\ndebug: true\ntrace: true\n",
    );
    for (let n = 0; n < 60; n++) await (await w.connect({ url })).close();
    const backups = () =>
      readdirSync(server.dir).filter((name) => /^server\.log\.\d{4}\.\d\d\.\d\d\.\d\d\.\d\d\.\d\d\.\d+$/.test(name));
    await within(5000, "backups", () => backups().length > 0);
    await sleep(100);
    assert.ok(backups().length <= 3, `there are ${backups().length} backups`);
    await server.end();
  },

  "lame duck mode evicts over its duration and exits": async (w) => {
    const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "500ms"\n`;
    for (const enter of [
      (server) => server.signal("SIGUSR2"),
      (server) => assert.equal(command("ldm", server.pid).status, 0),
    ]) {
      const server = await w.start({ config });
      const clients = [];
      for (let n = 0; n < 4; n++) clients.push(await w.connect(server));
      await Promise.all(clients.map((nc) => nc.flush()));
      const told = clients.map(async (nc) => {
        for await (const status of nc.status()) if (status.type === "ldm") return true;
        return false;
      });
      const closings = [];
      for (const nc of clients) void nc.closed().then(() => closings.push(Date.now()));
      const startedAt = Date.now();
      enter(server);
      await server.logged("Entering lame duck mode, stop accepting new clients");
      assert.deepEqual(await soon(Promise.all(told), "every client to be told"), [true, true, true, true]);
      await w.refused(server);
      assert.equal(closings.length, 0, "clients were closed before the grace period was over");
      await Promise.all(clients.map((nc) => nc.flush()));
      assert.equal(await soon(server.exited, "the server to exit", 15_000), 0);
      await within(1000, "all clients closed", () => closings.length === 4);
      assert.ok(closings[0] - startedAt >= 400, "the grace period was not kept");
      assert.ok(closings[3] - closings[0] >= 500, "clients were not spread over time");
      assert.match(server.log, /Closing existing clients/);
    }
  },

  "SIGTERM is ignored in lame duck mode": async (w) => {
    const server = await w.start({ config: `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\n` });
    const nc = await w.connect(server);
    await nc.flush();
    server.signal("SIGUSR2");
    await server.logged("Entering lame duck mode");
    server.signal("SIGTERM");
    await sleep(200);
    assert.equal(server.exitCode, undefined);
    await nc.flush();
    assert.equal(await soon(server.exited, "the server to exit", 10_000), 0);
  },
});
