import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DiskError, type Disk, type DiskDone, type DiskFile } from "../../src/base/disk.ts";
import { DirectoryDisk } from "../../src/io/disk.ts";
import { MemoryDisk } from "../../src/store/memory_disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";

function opened(disk: Disk, path: string, mode: "read" | "write" | "create" = "create"): DiskFile {
  const file = disk.open(path, mode);
  if (file instanceof DiskError) throw new Error(`${path}: ${file.code}`);
  return file;
}
function contents(disk: Disk, path: string): string {
  const file = opened(disk, path, "read");
  const bytes = Buffer.alloc(Number(disk.size(file)));
  expect(disk.read(file, 0, bytes, 0, bytes.length)).toBe(bytes.length);
  return bytes.toString("latin1");
}
const ignore: DiskDone = () => undefined;
function write(
  disk: Disk,
  file: DiskFile,
  at: number,
  text: string,
  how: "synced" | "written" = "synced",
  done = ignore,
): void {
  // prettier-ignore
  const bytes = Buffer.from(`[${text}]`, "latin1");
  disk.commit(file, at, bytes, 1, bytes.length - 1, how, done);
}
function memoryDisk(capacity?: number): { disk: Disk; complete: () => void } {
  const waiting: (() => void)[] = [];
  const complete = (): void => {
    for (let fire = waiting.shift(); fire !== undefined; fire = waiting.shift()) fire();
  };
  return { disk: new MemoryDisk((fire) => waiting.push(fire), capacity), complete };
}
function fakeDisk(capacity = Number.POSITIVE_INFINITY): { disk: Disk; complete: () => void } {
  const disk = new FakeDisk({ capacity });
  return { disk, complete: () => disk.complete() };
}

interface Started {
  readonly disk: Disk;
  readonly complete: () => void | Promise<void>;
}

/** A directory of this machine's disk; `complete` waits for it. */
function directoryDisk(): Started {
  const folder = mkdtempSync(join(tmpdir(), "subjectd-disk-"));
  const pending = new Set<DiskDone>();
  const counted = (done: DiskDone): DiskDone => {
    const counting = (failed: DiskError | undefined): void => {
      pending.delete(counting);
      done(failed);
    };
    pending.add(counting);
    return counting;
  };
  class CountingDisk extends DirectoryDisk {
    override commit(...[file, at, bytes, from, to, how, done]: Parameters<Disk["commit"]>): void {
      super.commit(file, at, bytes, from, to, how, counted(done));
    }
    override sync(file: DiskFile, done: DiskDone): void {
      super.sync(file, counted(done));
    }
    override syncDirectory(path: string, done: DiskDone): void {
      super.syncDirectory(path, counted(done));
    }
  }
  const disk = new CountingDisk(folder);
  onTestFinished(async () => {
    await disk.end();
    rmSync(folder, { recursive: true });
  });
  return {
    disk,
    async complete() {
      while (pending.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}

const disks: [name: string, start: () => Started][] = [
  ["the memory disk", memoryDisk],
  ["the fake disk", fakeDisk],
  ["a directory", directoryDisk],
];
describe.each(disks)("%s", (_, start) => {
  test("gives back what was committed, once it is", async () => {
    const { disk, complete } = start();
    const file = opened(disk, "a");
    const said: string[] = [];
    write(disk, file, 0, "hello", "synced", (failed) => said.push(`one ${failed?.code}`));
    write(disk, file, 5, " you", "written", (failed) => said.push(`two ${failed?.code}`));
    expect(said).toEqual([]);
    await complete();
    expect(said).toEqual(["one undefined", "two undefined"]);
    expect(contents(disk, "a")).toBe("hello you");
    expect(disk.read(file, 6, Buffer.alloc(10), 0, 10)).toBe(3);
    expect(disk.truncate(file, 2)).toBeUndefined();
    expect(disk.truncate(file, 4)).toBeUndefined();
    expect(contents(disk, "a")).toBe("he\0\0");
  });

  test("keeps files in directories", () => {
    const { disk } = start();
    expect(disk.makeDirectory("d")).toBeUndefined();
    expect(disk.makeDirectory("d")).toMatchObject({ code: "EEXIST" });
    expect(disk.makeDirectory("x/y")).toMatchObject({ code: "ENOENT" });
    disk.close(opened(disk, "d/a"));
    disk.close(opened(disk, "d/b"));
    expect(disk.open("d/a", "create")).toMatchObject({ code: "EEXIST" });
    expect(disk.open("d/c", "write")).toMatchObject({ code: "ENOENT" });
    expect(disk.open("d/a/x", "read")).toMatchObject({ code: "ENOTDIR" });
    expect(disk.rename("d/a", "d/b")).toBeUndefined();
    expect(disk.list("d")).toEqual(["b"]);
    expect(disk.list("")).toEqual(["d/"]);
    expect(disk.remove("d")).toMatchObject({ code: "ENOTEMPTY" });
    expect([disk.remove("d/b"), disk.remove("d")]).toEqual([undefined, undefined]);
    expect(disk.remove("d")).toMatchObject({ code: "ENOENT" });
  });

  test("calls nobody back inside a call, and keeps the order of a file", async () => {
    const { disk, complete } = start();
    const file = opened(disk, "a");
    const said: string[] = [];
    for (let i = 0; i < 20; i++) write(disk, file, i, "x", i % 3 === 0 ? "synced" : "written", () => said.push(`${i}`));
    disk.sync(file, () => said.push("sync"));
    disk.syncDirectory("", () => said.push("names"));
    disk.close(file);
    expect(said).toEqual([]);
    await complete();
    expect(said.filter((each) => each !== "names")).toEqual([...Array.from({ length: 20 }, (_, i) => `${i}`), "sync"]);
    expect(said).toContain("names");
    expect(contents(disk, "a")).toBe("x".repeat(20));
  });

  test("lets a file be cut and committed to in the `done` of its last commit", async () => {
    const { disk, complete } = start();
    const file = opened(disk, "a");
    write(disk, file, 0, "hello", "synced", () => {
      expect(disk.truncate(file, 1)).toBeUndefined();
      write(disk, file, 1, "!");
    });
    await complete();
    expect(contents(disk, "a")).toBe("h!");
  });

  test("says what is wrong with a name", async () => {
    const { disk, complete } = start();
    disk.makeDirectory("d");
    for (const mode of ["read", "write"] as const) expect(disk.open("d", mode)).toMatchObject({ code: "EISDIR" });
    expect(disk.list("x")).toMatchObject({ code: "ENOENT", text: "no such file or directory" });
    expect(disk.rename("x", "y")).toMatchObject({ code: "ENOENT" });
    expect(disk.makeDirectory("d")).toMatchObject({ code: "EEXIST", text: "file exists" });
    const said: (string | undefined)[] = [];
    disk.syncDirectory("x", (failed) => said.push(failed?.code));
    disk.syncDirectory("d", (failed) => said.push(failed?.code));
    await complete();
    expect(said.sort()).toEqual(["ENOENT", undefined]);
  });
});

describe.each([
  ["the memory disk", memoryDisk],
  ["the fake disk", fakeDisk],
])("%s of 10 bytes", (_, start) => {
  test("fills up, and has room again", () => {
    const { disk, complete } = start(10);
    const file = opened(disk, "a");
    const said: (string | undefined)[] = [];
    write(disk, file, 0, "12345678", "synced", (failed) => said.push(failed?.code));
    complete();
    expect(disk.freeBytes("")).toBe(2);
    write(disk, file, 8, "123", "synced", (failed) => said.push(failed?.code));
    complete();
    expect(said).toEqual([undefined, "ENOSPC"]);
    disk.truncate(file, 0);
    expect(disk.freeBytes("")).toBe(10);
  });
});

describe("a power cut", () => {
  /** What was left in 200 cuts of the same story. */
  function outcomes(story: (disk: FakeDisk) => void, look: (disk: FakeDisk) => string): Set<string> {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new FakeDisk({ seed });
      story(disk);
      disk.powerCut();
      seen.add(look(disk));
    }
    return seen;
  }
  const named = (disk: FakeDisk): DiskFile => {
    const file = opened(disk, "a");
    disk.syncDirectory("", ignore);
    disk.complete();
    return file;
  };
  const look = (disk: FakeDisk): string => {
    const names = disk.list("") as string[];
    return names.sort().map((name) => (name.endsWith("/") ? name : `${name}=${contents(disk, name)}`)).join(); // prettier-ignore
  };

  test("leaves what was synced under a synced name", () => {
    const story = (disk: FakeDisk): void => {
      write(disk, named(disk), 0, "hello");
      disk.complete();
    };
    expect(outcomes(story, look)).toEqual(new Set(["a=hello"]));
  });

  test("takes a name that was not synced, or not", () => {
    const story = (disk: FakeDisk): void => {
      write(disk, opened(disk, "a"), 0, "hello");
      disk.complete();
    };
    expect(outcomes(story, look)).toEqual(new Set(["", "a=hello"]));
  });

  test("takes bytes that were not synced, in flight or only written, in parts", () => {
    for (const [how, complete] of [
      ["written", true],
      ["synced", false],
    ] as const) {
      // prettier-ignore
      const story = (disk: FakeDisk): void => {
        write(disk, named(disk), 0, "x".repeat(512) + "y".repeat(512), how);
        if (complete) disk.complete();
      };
      const brief = (disk: FakeDisk): string => contents(disk, "a").replaceAll("\0", "0").replace(/^(.)\1*(.?)\2*$/s, "$1$2"); // prettier-ignore
      const seen = outcomes(story, brief);
      for (const left of ["", "xy", "x0", "0y", "0"]) expect(seen).toContain(left);
    }
  });

  test("undoes renames and removals that were not synced", () => {
    const story = (disk: FakeDisk): void => {
      write(disk, named(disk), 0, "old");
      write(disk, opened(disk, "a.tmp"), 0, "new");
      disk.syncDirectory("", ignore);
      disk.complete();
      disk.rename("a.tmp", "a");
    };
    expect(outcomes(story, look)).toEqual(new Set(["a=old,a.tmp=new", "a=new"]));
  });

  test("is the same again from the same seed", () => {
    const run = (): string => {
      const disk = new FakeDisk({ seed: 42 });
      write(disk, named(disk), 0, "z".repeat(5000), "written");
      disk.complete();
      disk.powerCut();
      return look(disk);
    };
    expect(run()).toBe(run());
  });

  test("a failed sync is not made good by the next one", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = new FakeDisk({ seed });
      const file = named(disk);
      const said: (string | undefined)[] = [];
      write(disk, file, 0, "hello", "written");
      disk.complete();
      disk.failAt(1);
      disk.sync(file, (failed) => said.push(failed?.code));
      disk.complete();
      disk.sync(file, (failed) => said.push(failed?.code));
      disk.complete();
      expect(said).toEqual(["EIO", undefined]);
      expect(contents(disk, "a")).toBe("hello");
      disk.powerCut();
      seen.add(look(disk));
    }
    expect(seen).toContain("a=");
    expect(seen).toContain("a=hello");
  });
});

test("the death of the process loses only what was in flight", () => {
  const disk = new FakeDisk({ seed: 3 });
  const file = opened(disk, "a");
  write(disk, file, 0, "hello", "written");
  disk.complete();
  write(disk, file, 5, " you", "synced", () => expect.unreachable("a dead process hears nothing"));
  disk.kill();
  disk.complete();
  expect(contents(disk, "a")).toMatch(/^hello( y?o?u?)?$/);
});

test("bytes that change while they are committed are a bug", () => {
  const disk = new FakeDisk();
  const bytes = Buffer.from("hello");
  disk.commit(opened(disk, "a"), 0, bytes, 0, 5, "synced", ignore);
  bytes[0] = 0;
  expect(() => disk.complete()).toThrow("do not change");
});

test("a flipped bit is seen now and after a cut", () => {
  const disk = new FakeDisk();
  write(disk, opened(disk, "a"), 0, "A");
  disk.syncDirectory("", ignore);
  disk.complete();
  disk.flipBit("a", 1);
  expect(contents(disk, "a")).toBe("C");
  disk.powerCut();
  expect(contents(disk, "a")).toBe("C");
});
