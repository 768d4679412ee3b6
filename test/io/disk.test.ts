// What only the real disk can do wrong: handles, threads, the system's refusals.

import fs, { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DiskError, type DiskFile } from "../../src/base/disk.ts";
import { DirectoryDisk, type DiskCalls, type DirectoryDiskOptions } from "../../src/io/disk.ts";
import { SyncScheduler, syncsAtOnce } from "../../src/io/disk_syncs.ts";

let folder = "";
let disk: DirectoryDisk;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subjectd-disk-"));
  disk = new DirectoryDisk(folder);
});
afterEach(async () => {
  await disk.end();
  rmSync(folder, { recursive: true, force: true });
});

function use(options: DirectoryDiskOptions): DirectoryDisk {
  disk = new DirectoryDisk(folder, options);
  return disk;
}
/** The system's calls with some of them changed. */
function calls(changed: Partial<Record<keyof DiskCalls, unknown>>): DiskCalls {
  return { ...fs, ...changed } as DiskCalls;
}
function opened(path: string, mode: "read" | "write" | "create" = "create"): DiskFile {
  const file = disk.open(path, mode);
  if (file instanceof DiskError) throw new Error(`${path}: ${file.code} ${file.text}`);
  return file;
}
async function commit(file: DiskFile, at: number, text: string, how: "synced" | "written" = "synced"): Promise<string> {
  const bytes = Buffer.from(text);
  const failed = await new Promise<DiskError | undefined>((resolve) => {
    disk.commit(file, at, bytes, 0, bytes.length, how, resolve);
  });
  return failed === undefined ? "done" : `${failed.code}: ${failed.text}`;
}
async function syncDirectory(path: string): Promise<string> {
  const failed = await new Promise<DiskError | undefined>((resolve) => disk.syncDirectory(path, resolve));
  return failed === undefined ? "done" : `${failed.code}: ${failed.text}`;
}
const systemError = (code: keyof typeof constants.errno): Error =>
  Object.assign(new Error(code), { code, errno: -constants.errno[code] });

test("files and directories are for their owner only", () => {
  opened("f");
  expect(disk.makeDirectory("d")).toBeUndefined();
  expect(statSync(join(folder, "f")).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "d")).mode & 0o777).toBe(0o700);
});

test("a link to a directory is one", () => {
  disk.makeDirectory("d");
  symlinkSync("d", join(folder, "link"));
  symlinkSync("nowhere", join(folder, "broken"));
  expect((disk.list("") as string[]).sort()).toEqual(["broken", "d/", "link/"]);
});

test.skipIf(!fs.existsSync("/dev/full"))("a full disk is told in the system's words", async () => {
  symlinkSync("/dev/full", join(folder, "full"));
  const file = opened("full", "write");
  expect(await commit(file, 0, "x", "written")).toBe("ENOSPC: no space left on device");
  expect(await commit(file, 0, "x", "synced")).toBe("ENOSPC: no space left on device");
});

test("free space is a number of bytes", () => {
  expect(disk.freeBytes("")).toBeGreaterThan(0);
  expect(disk.freeBytes("nowhere")).toMatchObject({ code: "ENOENT" });
});

test("a write that the system takes in parts is finished", async () => {
  const short = calls({
    write: (fd: number, bytes: Uint8Array, from: number, count: number, at: number, done: never) =>
      fs.write(fd, bytes, from, Math.min(count, 3), at, done),
    writeSync: (fd: number, bytes: Uint8Array, from: number, count: number, at: number) =>
      fs.writeSync(fd, bytes, from, Math.min(count, 3), at),
    readSync: (fd: number, into: Uint8Array, from: number, count: number, at: number) =>
      fs.readSync(fd, into, from, Math.min(count, 2), at),
  });
  use({ calls: short });
  const file = opened("f");
  expect(await commit(file, 0, "0123456789")).toBe("done");
  expect(await commit(file, 10, "abcdefgh", "written")).toBe("done");
  const into = Buffer.alloc(20);
  expect(disk.read(file, 0, into, 1, 20)).toBe(18);
  expect(into.toString("latin1", 1, 19)).toBe("0123456789abcdefgh");
});

test.each(["written", "synced"] as const)(
  "what is %s at once goes to the system in small aligned pieces",
  async (how) => {
    const ends: number[] = [];
    const writeSync = (fd: number, bytes: Uint8Array, from: number, count: number, at: number): number => {
      ends.push(at + count);
      return fs.writeSync(fd, bytes, from, count, at);
    };
    use({ calls: calls({ writeSync }) });
    const file = opened("f");
    const text = Array.from({ length: 50_000 }, (_, i) => `${i % 7}`).join("");
    expect(await commit(file, 0, text.slice(0, 10_000), how)).toBe("done");
    expect(await commit(file, 10_000, text.slice(10_000), how)).toBe("done");
    expect(ends).toEqual([10_000, 16_384, 32_768, 49_152, 50_000]);
    expect(fs.readFileSync(join(folder, "f"), "latin1")).toBe(text);
  },
);

test.each([
  ["a small", 1],
  ["a large", 2_000_000],
])("%s write of which the system takes nothing fails", async (_, size) => {
  const write = (...call: unknown[]): void => (call.at(-1) as (error: null, count: number) => void)(null, 0);
  use({ calls: calls({ write, writeSync: () => 0 }) });
  expect(await commit(opened("f"), 0, "x".repeat(size))).toBe("EIO: short write");
});

test("a sync that fails says so, once, and the next one is its own", async () => {
  let count = 0;
  const fdatasync: typeof fs.fdatasync = ((fd: number, done: (error: Error | null) => void) =>
    count++ === 0 ? setImmediate(done, systemError("EIO")) : fs.fdatasync(fd, done)) as never;
  use({ calls: calls({ fdatasync }) });
  const file = opened("f");
  expect(await commit(file, 0, "x")).toBe("EIO: input/output error");
  expect(await commit(file, 0, "y")).toBe("done");
});

test("an error without a name has the system's", async () => {
  const fsync = (_: number, done: (error: Error) => void): void =>
    void setImmediate(done, Object.assign(new Error("?"), { code: "Unknown system error -122", errno: -122 }));
  use({ calls: calls({ fsync }), platform: "linux" });
  expect(await syncDirectory("")).toBe("EDQUOT: disk quota exceeded");
});

describe("syncing a directory that the system does not sync", () => {
  test.each([
    ["linux", "EINVAL", "done"],
    ["linux", "EPERM", "EPERM: operation not permitted"],
    ["linux", "EIO", "EIO: input/output error"],
    ["win32", "EPERM", "done"],
    ["win32", "EISDIR", "done"],
    ["win32", "EIO", "EIO: input/output error"],
  ] as const)("on %s: %s is %s", async (platform, code, said) => {
    use({ platform, calls: calls({ fsync: (_: number, done: (e: Error) => void) => void setImmediate(done, systemError(code)) }) }); // prettier-ignore
    expect(await syncDirectory("")).toBe(said);
    use({ platform, calls: calls({ openSync: () => { throw systemError(code); } }) }); // prettier-ignore
    expect(await syncDirectory("")).toBe(said);
  });
});

test("syncs of one directory that wait are one", async () => {
  let count = 0;
  const fsync: typeof fs.fsync = ((fd: number, done: (error: Error | null) => void) => {
    count++;
    fs.fsync(fd, done);
  }) as never;
  use({ calls: calls({ fsync }), syncs: new SyncScheduler(1) });
  // The first one has begun: what was renamed since needs another.
  expect(await Promise.all(["", "", "", ""].map(syncDirectory))).toEqual(["done", "done", "done", "done"]);
  expect(count).toBe(2);
});

describe("handles", () => {
  const openNow = (): number => readdirSync("/proc/self/fd").length;

  test("any number of files is open with few of them", async () => {
    use({ mostHandles: 10 });
    const files = Array.from({ length: 50 }, (_, i) => opened(`f${i}`));
    expect(disk.openHandles).toBeLessThanOrEqual(10);
    expect(await Promise.all(files.map((file, i) => commit(file, 0, `${i}`)))).toEqual(files.map(() => "done"));
    expect(disk.openHandles).toBeLessThanOrEqual(10);
    const into = Buffer.alloc(2);
    for (const [i, file] of files.entries()) {
      expect(disk.read(file, 0, into, 0, 2)).toBe(`${i}`.length);
      expect(into.toString("latin1", 0, `${i}`.length)).toBe(`${i}`);
    }
    for (const file of files) disk.close(file);
    expect(disk.openHandles).toBe(0);
  });

  test("a file that is committed to keeps its handle", async () => {
    use({ mostHandles: 8 });
    const busy = Array.from({ length: 12 }, (_, i) => opened(`busy${i}`));
    const commits = busy.map((file) => commit(file, 0, "x".repeat(100_000)));
    for (let i = 0; i < 30; i++) disk.close(opened(`f${i}`));
    expect(await Promise.all(commits)).toEqual(busy.map(() => "done"));
    for (const file of busy) expect(disk.size(file)).toBe(100_000);
  });

  test("what is not yet on the disk keeps its handle while others can give theirs", async () => {
    const opens: string[] = [];
    const openSync = (path: string, flags: number, mode: number): number => {
      opens.push(path.slice(folder.length + 1));
      return fs.openSync(path, flags, mode);
    };
    use({ mostHandles: 8, calls: calls({ openSync }) });
    const lazy = opened("lazy");
    await commit(lazy, 0, "x", "written");
    const others = Array.from({ length: 20 }, (_, i) => opened(`f${i}`));
    for (const file of others) disk.size(file);
    await commit(lazy, 1, "y", "written");
    expect(opens.filter((path) => path === "lazy")).toHaveLength(1);
  });

  test("when the system has no more of them, fewer are kept", () => {
    let mostOpen = 30;
    const opensNow = new Set<number>();
    const openSync = (path: string, flags: number, mode: number): number => {
      if (opensNow.size >= mostOpen) throw systemError("EMFILE");
      const fd = fs.openSync(path, flags, mode);
      opensNow.add(fd);
      return fd;
    };
    const closeSync = (fd: number): void => {
      opensNow.delete(fd);
      fs.closeSync(fd);
    };
    use({ mostHandles: 100, calls: calls({ openSync, closeSync }) });
    const files = Array.from({ length: 60 }, (_, i) => opened(`f${i}`));
    for (const file of files) expect(disk.size(file)).toBe(0);
    expect(opensNow.size).toBeLessThanOrEqual(30);
    mostOpen = 0;
    opensNow.add(-1);
    expect(disk.open("one", "create")).toMatchObject({ code: "EMFILE", text: "too many open files" });
  });

  test.each(["synced", "written"] as const)("what a closed file waits to have %s goes into no other", async (how) => {
    const syncs = new SyncScheduler(1);
    use({ mostHandles: 8, syncs });
    const file = opened("f");
    // It is not its turn: a sync of another file does not end.
    let release = (): void => undefined;
    syncs.ask("other", (finished) => (release = finished));
    const first = commit(file, 0, "old", "synced");
    const second = commit(file, 3, "er", how);
    disk.close(file);
    const others = Array.from({ length: 20 }, (_, i) => opened(`f${i}`));
    for (const other of others) disk.size(other);
    disk.remove("f");
    disk.close(opened("f"));
    release();
    expect([await first, await second]).toEqual(Array.from({ length: 2 }, () => "ECANCELED: the file was closed"));
    expect(statSync(join(folder, "f")).size).toBe(0);
  });

  test.skipIf(process.platform !== "linux")("none is left when the disk has ended, and nobody is called", async () => {
    const before = openNow();
    const files = Array.from({ length: 20 }, (_, i) => opened(`f${i}`));
    for (const file of files) {
      void commit(file, 0, "x").then(() => expect.unreachable("after its end a disk says nothing"));
      void commit(file, 1, "x", "written").then(() => expect.unreachable("after its end a disk says nothing"));
    }
    void syncDirectory("").then(() => expect.unreachable("after its end a disk says nothing"));
    await disk.end();
    expect(openNow()).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(openNow()).toBe(before);
  });
});

describe("the scheduler of syncs", () => {
  class Story {
    readonly said: string[] = [];
    readonly running: { name: string; finished: () => void }[] = [];
    readonly syncs: SyncScheduler;
    constructor(most: number) {
      this.syncs = new SyncScheduler(most, () => this.said.push("hold"), () => this.said.push("release")); // prettier-ignore
    }
    ask(share: string, name: string): void {
      this.syncs.ask(share, (finished) => {
        this.said.push(name);
        this.running.push({ name, finished });
      });
    }
    finish(): void {
      this.running.shift()?.finished();
    }
  }

  test("runs so many at once, and one of each share in turn", () => {
    const story = new Story(2);
    for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) story.ask(name[0]!, name);
    expect(story.syncs.inFlight).toBe(2);
    while (story.running.length > 0) story.finish();
    expect(story.said).toEqual(["hold", "a1", "a2", "a3", "b1", "c1", "a4", "b2", "release"]);
  });

  test("keeps the loop from polling while any is in flight", () => {
    const story = new Story(1);
    story.ask("a", "1");
    story.finish();
    story.ask("a", "2");
    story.finish();
    expect(story.said).toEqual(["hold", "1", "release", "hold", "2", "release"]);
  });

  test("leaves a thread of the pool to others", () => {
    expect([undefined, "1", "2", "16", "0", "x", "9999"].map(syncsAtOnce)).toEqual([3, 1, 1, 15, 1, 1, 1023]);
  });
});
