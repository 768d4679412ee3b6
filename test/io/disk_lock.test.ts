// Two servers on one store directory are refused, a dead one's lock is not in the way.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { openStoreDirectory } from "../../src/io/disk_directory.ts";
import { LOCK_FILE, lockDirectory, type DirectoryLock } from "../../src/io/disk_lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subjectd-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function locked(): DirectoryLock {
  const lock = lockDirectory(folder);
  if (lock instanceof DiskError) throw new Error(lock.text);
  return lock;
}
/** A process that takes the lock and stays, until it is killed. */
async function holder(): Promise<{ pid: number; kill: () => Promise<void> }> {
  const program = join(folder, "..", `${basename(folder)}.mjs`);
  buildSync({
    stdin: {
      contents: `
        import { lockDirectory } from "./disk_lock.ts";
        const lock = lockDirectory(${JSON.stringify(folder)});
        process.stdout.write("release" in lock ? "mine" : lock.text);
        setInterval(() => {}, 1000);`,
      resolveDir: join(import.meta.dirname, "../../src/io"),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: program,
  });
  onTestFinished(() => rmSync(program, { force: true }));
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  const said = await new Promise<string>((resolve) => {
    child.stdout.once("data", (data: Buffer) => resolve(String(data)));
  });
  expect(said).toBe("mine");
  return { pid: child.pid!, kill };
}

test("a directory is taken once, and again when it was released", () => {
  const lock = locked();
  expect(lockDirectory(folder)).toMatchObject({ code: "EBUSY", text: expect.stringContaining("another server of this process") as string }); // prettier-ignore
  expect(statSync(join(folder, LOCK_FILE)).mode & 0o777).toBe(0o600);
  lock.release();
  locked().release();
  expect(readdirSync(folder)).toEqual([]);
});

test("releasing twice does not release another's", () => {
  const first = locked();
  first.release();
  const second = locked();
  first.release();
  expect(lockDirectory(folder)).toBeInstanceOf(DiskError);
  second.release();
});

test("another process's is respected until it is killed", async () => {
  const other = await holder();
  expect(lockDirectory(folder)).toMatchObject({ code: "EBUSY", text: expect.stringContaining(`process ${other.pid}`) as string }); // prettier-ignore
  await other.kill();
  locked().release();
});

describe.runIf(process.platform === "linux")("a lock is stale when", () => {
  test.each([
    ["no such process runs", "999999999 x 1\n"],
    ["its number belongs to a process started at another time", `${process.pid} 12345@another-boot 1\n`],
    ["it was half written", ""],
    ["it is no lock", "hello"],
  ])("%s", (_, text) => {
    writeFileSync(join(folder, LOCK_FILE), text);
    locked().release();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a store directory", () => {
  test("is made, with those above it, for its owner only", async () => {
    const opened = openStoreDirectory(join(folder, "a/b/jetstream"));
    if (opened instanceof DiskError) throw new Error(opened.text);
    expect(statSync(join(folder, "a/b/jetstream")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, "a/b/jetstream"))).toEqual([LOCK_FILE]);
    expect(opened.disk.list("")).toEqual([LOCK_FILE]);
    await opened.close();
    expect(readdirSync(join(folder, "a/b/jetstream"))).toEqual([]);
  });

  test("is refused to a second server, also by another name", async () => {
    mkdirSync(join(folder, "d"));
    symlinkSync("d", join(folder, "link"));
    const first = openStoreDirectory(join(folder, "d"));
    if (first instanceof DiskError) throw new Error(first.text);
    for (const name of ["d", "link", "d/../d"])
      expect(openStoreDirectory(join(folder, name))).toMatchObject({ code: "EBUSY" });
    await first.close();
  });

  test("that cannot be is refused in nats-server's words", () => {
    writeFileSync(join(folder, "file"), "");
    expect(openStoreDirectory(join(folder, "file"))).toMatchObject({ text: "storage directory is not a directory" });
    expect(openStoreDirectory(join(folder, "file/jetstream"))).toMatchObject({
      text: "storage directory is not a directory",
    });
    expect(existsSync(join(folder, "file"))).toBe(true);
  });

  test.runIf(process.platform === "linux")("that cannot be made or written is too", () => {
    expect(openStoreDirectory("/proc/x/jetstream")).toMatchObject({
      text: "could not create storage directory - mkdir /proc/x: no such file or directory",
    });
    expect(openStoreDirectory("/proc/self")).toMatchObject({ text: "storage directory is not writable" });
  });

  test("keeps a leftover of a start that was killed from being in the way", async () => {
    writeFileSync(join(folder, `_test_${process.pid}`), "");
    const opened = openStoreDirectory(folder);
    if (opened instanceof DiskError) throw new Error(opened.text);
    expect(opened.disk.list("")).toEqual([LOCK_FILE]);
    await opened.close();
  });
});
