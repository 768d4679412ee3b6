// The streams of an account on a disk: made, changed, removed and found, whatever happens.

import { describe, expect, test } from "vitest";
import { DiskError, type Disk, type DiskDone } from "../../src/base/disk.ts";
import { storedAccounts, StreamCatalog, type StoredStream } from "../../src/store/catalog.ts";
import { readWhole, replaceWhole } from "../../src/store/catalog_files.ts";
import { SlicedJob } from "../../src/store/file/sliced_job.ts";
import { metaSum } from "../../src/store/format/meta_sum.ts";
import { streamHasher } from "../../src/store/format/keys.ts";
import { MemoryDisk } from "../../src/store/memory_disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { CatalogStory, cutAtRandom, failAtRandom, put, text } from "./catalog_story.ts";

class Story extends CatalogStory<StoredStream, StreamCatalog> {
  readonly account: string;

  constructor(disk = new FakeDisk(), account = "A") {
    super(disk);
    this.account = account;
    this.catalog = this.opened();
  }
  override opened(): StreamCatalog {
    const { disk, account, later, report } = this;
    return new StreamCatalog({ disk, account, later, report });
  }
  override make(stream: string, meta: Uint8Array, done: DiskDone): void {
    this.catalog.create(stream, meta, done);
  }
  override drop(stream: string, done: DiskDone): void {
    this.catalog.delete(stream, done);
  }
  create(stream: string, meta = `{"name":"${stream}"}`): string {
    return this.said((done) => this.make(stream, Buffer.from(meta), done));
  }
  delete(stream: string): string {
    return this.said((done) => this.drop(stream, done));
  }
  override names(path = "A/streams"): string[] {
    return super.names(path);
  }
}
const brief = (found: StoredStream[]): string[] => found.map(({ name, meta, fault }) => `${name} ${text(meta)}${fault === undefined ? "" : ` ${fault}`}`); // prettier-ignore

test("a stream has the files nats-server gives it", () => {
  const story = new Story();
  expect(story.create("S", "{}")).toBe("done");
  expect(story.names("")).toEqual(["A/"]);
  expect(story.names()).toEqual(["S/"]);
  expect(story.names("A/streams/S")).toEqual(["meta.inf", "meta.sum", "msgs/", "obs/"]);
  expect(text(story.disk.contents("A/streams/S/meta.inf"))).toBe("{}");
  expect(text(story.disk.contents("A/streams/S/meta.sum"))).toBe(metaSum(streamHasher("S"), Buffer.from("{}")));
  expect(storedAccounts(story.disk)).toEqual(["A"]);
});

test("what was created, updated and deleted is found so", () => {
  const story = new Story();
  expect([story.create("S"), story.create("T"), story.create("U")]).toEqual(["done", "done", "done"]);
  expect([story.update("T", "new"), story.delete("U")]).toEqual(["done", "done"]);
  expect(brief(story.reload())).toEqual(['S {"name":"S"}', "T new"]);
  expect([story.create("S"), story.create("U"), story.delete("X"), story.update("X", "")]).toEqual(["EEXIST", "done", "ENOENT", "ENOENT"]); // prettier-ignore
  expect(story.reports).toEqual([]);
});

test("an account without streams has none", () => {
  expect(new Story().load()).toEqual([]);
});

test("changes of one stream happen in the order they were asked for", () => {
  const story = new Story();
  const said: string[] = [];
  const say = (what: string) => (failed: DiskError | undefined) => void said.push(`${what} ${failed?.code ?? "done"}`);
  story.catalog.create("S", Buffer.from("1"), say("create"));
  story.catalog.update("S", Buffer.from("2"), say("update"));
  story.catalog.delete("S", say("delete"));
  story.catalog.create("S", Buffer.from("3"), say("create"));
  story.catalog.create("S", Buffer.from("4"), say("create"));
  story.settle();
  expect(said).toEqual(["create done", "update done", "delete done", "create done", "create EEXIST"]);
  expect(brief(story.reload())).toEqual(["S 3"]);
  expect(story.names()).toEqual(["S/"]);
});

test("a stream of many files is removed in slices, after it was said to be gone, and its name is free meanwhile", () => {
  const story = new Story();
  story.create("S");
  for (let i = 1; i <= 50; i++) story.put(`A/streams/S/msgs/${i}.blk`, "x");
  story.disk.makeDirectory("A/streams/S/obs/C");
  story.put("A/streams/S/obs/C/o.dat", "x");
  const said: string[] = [];
  story.catalog.delete("S", () => said.push("gone"));
  while (said.length < 1) expect(story.step()).toBe(true);
  expect(story.names()).toEqual([".S/"]);
  let slices = 0;
  story.catalog.create("S", Buffer.from("again"), () => said.push("made"));
  while (said.length < 2) expect(story.step()).toBe(true);
  expect(story.names()).toContain("S/");
  while (story.step()) slices++;
  expect(slices).toBeGreaterThan(5);
  expect(story.names()).toEqual(["S/"]);
  expect(brief(story.reload())).toEqual(["S again"]);
});

test("what another server left without syncing it holds once it was found", () => {
  for (let seed = 0; seed < 100; seed++) {
    const story = new Story(new FakeDisk({ seed }));
    for (const path of ["A", "A/streams", "A/streams/S"]) story.disk.makeDirectory(path);
    story.put("A/streams/S/meta.inf", "meta", "written");
    story.put("A/streams/S/meta.sum", metaSum(streamHasher("S"), Buffer.from("meta")), "written");
    expect(brief(story.load())).toEqual(["S meta"]);
    story.disk.powerCut();
    expect(brief(story.reload())).toEqual(["S meta"]);
  }
});

test("leftovers are removed at the start, and nothing else", () => {
  const story = new Story();
  story.create("S");
  for (const path of [".X", ".X/msgs", ".X/msgs/deep", "EMPTY"]) story.disk.makeDirectory(`A/streams/${path}`);
  story.put("A/streams/.X/msgs/1.blk", "x");
  story.put("A/streams/.X/msgs/deep/y", "x");
  story.put("A/streams/.file", "x");
  story.put("A/streams/file", "x");
  story.put("A/streams/S/unknown", "x");
  expect(brief(story.reload())).toEqual(['EMPTY none Missing metafile "A/streams/EMPTY/meta.inf"', 'S {"name":"S"}']);
  expect(story.names()).toEqual(["EMPTY/", "S/", "file"]);
  expect(story.names("A/streams/S")).toContain("unknown");
  expect(story.reports).toEqual(['Not a stream directory: "A/streams/file"']);
});

test("directories of a server that was killed while it made a stream give way to that stream", () => {
  const story = new Story();
  story.create("S");
  story.disk.makeDirectory("A/streams/T");
  story.disk.makeDirectory("A/streams/T/msgs");
  story.disk.makeDirectory("A/streams/U");
  story.put("A/streams/U/meta.key", "x");
  expect([story.create("T"), story.create("U")]).toEqual(["done", "EEXIST"]);
  expect(story.names()).toEqual(["S/", "T/", "U/"]);
});

test.each([
  ["", "EINVAL"],
  [".S", "EINVAL"],
  ["a/b", "EINVAL"],
  ["..", "EINVAL"],
  ["a\\b", "EINVAL"],
  ["a\0b", "EINVAL"],
  ["x".repeat(256), "ENAMETOOLONG"],
  ["x".repeat(255), "done"],
  ["é".repeat(127), "done"],
])("a stream of the name %j: %s", (name, said) => {
  const story = new Story();
  expect(story.create(name)).toBe(said);
  expect(story.reload().map((stream) => stream.name)).toEqual(said === "done" ? [name] : []);
  if (said === "done") expect(story.delete(name)).toBe("done");
  else expect(story.delete(name)).toBe(said);
  expect(new Story(story.disk, name).create("S")).toBe(said);
});

test("an encrypted stream says so", () => {
  const story = new Story();
  story.create("S");
  story.put("A/streams/S/meta.key", "x");
  expect(story.reload()).toMatchObject([{ name: "S", isEncrypted: true, directory: "A/streams/S" }]);
});

describe("a pair of meta files", () => {
  const sumOf = (meta: string): string => metaSum(streamHasher("S"), Buffer.from(meta));
  /** What is found of S when its directory holds these files. */
  function found(files: Record<string, string>): { seen: string; files: string[] } {
    const story = new Story();
    story.create("S", "old");
    for (const name of ["meta.inf", "meta.sum"]) story.disk.remove(`A/streams/S/${name}`);
    for (const [name, bytes] of Object.entries(files)) story.put(`A/streams/S/${name}`, bytes);
    const seen = brief(story.reload()).join();
    return { seen, files: story.names("A/streams/S").filter((name) => name.startsWith("meta")) };
  }
  const both = ["meta.inf", "meta.sum"];
  const path = "A/streams/S/meta";

  test("is the old one while the new one has no place", () => {
    const files = { "meta.inf": "old", "meta.sum": sumOf("old"), "meta.inf.tmp": "new", "meta.sum.tmp": sumOf("new") };
    expect(found(files)).toEqual({ seen: "S old", files: both });
  });
  test("is the new one when half of it has", () => {
    expect(found({ "meta.inf": "new", "meta.sum": sumOf("old"), "meta.sum.tmp": sumOf("new") })).toEqual({ seen: "S new", files: both }); // prettier-ignore
    expect(found({ "meta.inf": "old", "meta.sum": sumOf("new"), "meta.inf.tmp": "new" })).toEqual({ seen: "S new", files: both }); // prettier-ignore
  });
  test("is the new one when the old one does not match and the new one does", () => {
    const files = { "meta.inf": "0ld", "meta.sum": sumOf("old"), "meta.inf.tmp": "new", "meta.sum.tmp": sumOf("new") };
    expect(found(files)).toEqual({ seen: "S new", files: both });
  });
  test("without a matching checksum is loaded with its fault, and not changed", () => {
    expect(found({ "meta.inf": "0ld", "meta.sum": sumOf("old") })).toEqual({ seen: `S 0ld Metafile "${path}.inf" does not match its checksum`, files: both }); // prettier-ignore
    expect(found({ "meta.inf": "old" })).toEqual({ seen: `S old Missing checksum "${path}.sum"`, files: ["meta.inf"] }); // prettier-ignore
    expect(found({ "meta.sum": sumOf("old") })).toEqual({ seen: `S none Missing metafile "${path}.inf"`, files: ["meta.sum"] }); // prettier-ignore
  });
  test("that cannot be read stays, with the system's words", () => {
    let isSeen = false;
    for (let call = 1; call < 40; call++) {
      const story = new Story();
      story.create("S", "old");
      story.disk.failAt(call);
      story.catalog.load((streams) => {
        if (streams instanceof DiskError) return;
        const [{ meta, fault }] = streams as [StoredStream];
        if (meta === undefined) expect(fault).toMatch(/^Error (?:read|sync)ing metafile .*: input\/output error$/);
        else expect(text(meta)).toBe("old");
        isSeen ||= meta === undefined;
      });
      story.settle();
      story.disk.heal();
      expect(brief(story.reload())).toEqual(["S old"]);
    }
    expect(isSeen).toBe(true);
  });
});

describe("names that a disk takes for the same", () => {
  /** As disks of macOS and Windows are. */
  class CaseBlindDisk extends MemoryDisk {
    override list(path: string): string[] | DiskError {
      return super.list(this.#written(path));
    }
    override makeDirectory(path: string): DiskError | undefined {
      return super.makeDirectory(this.#written(path));
    }
    #written(path: string): string {
      let found = "";
      for (const name of path.split("/")) {
        const names = super.list(found);
        const same = names instanceof DiskError ? undefined : names.find((each) => each.toLowerCase() === `${name}/`.toLowerCase()); // prettier-ignore
        found += `${found === "" ? "" : "/"}${same?.slice(0, -1) ?? name}`;
      }
      return found;
    }
  }
  test("are refused", () => {
    const turns: (() => void)[] = [];
    const disk = new CaseBlindDisk((fire) => turns.push(fire));
    const open = (account: string): StreamCatalog =>
      new StreamCatalog({
        disk,
        account,
        later: (fire) => turns.push(fire),
        report: (text) => expect.unreachable(text),
      });
    const said: string[] = [];
    const create = (catalog: StreamCatalog, name: string): void => {
      catalog.create(name, Buffer.from("x"), (failed) => said.push(`${name} ${failed?.text ?? "done"}`));
      for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    };
    const catalog = open("A");
    for (const name of ["Orders", "ORDERS", "Orders", "other"]) create(catalog, name);
    create(open("a"), "S");
    expect(said).toEqual([
      "Orders done",
      'ORDERS directory "ORDERS" exists under a name that this disk takes for the same',
      'Orders directory "A/streams/Orders" exists',
      "other done",
      'S directory "a" exists under a name that this disk takes for the same',
    ]);
  });
});

describe("whatever happens", () => {
  const begin = (disk: FakeDisk): Story => new Story(disk);
  function isWhole(story: Story, found: readonly StoredStream[], seed: number): void {
    for (const { directory } of found) {
      expect(story.names(directory), `seed ${seed}`).toEqual(["meta.inf", "meta.sum", "msgs/", "obs/"]);
    }
    const names = story.disk.list("A/streams");
    expect(names instanceof DiskError ? 0 : names.length, `seed ${seed}`).toBe(found.length);
  }
  test("after a power cut or a kill all that was confirmed holds, and nothing is half there", () => {
    expect(cutAtRandom(1000, begin, isWhole)).toBeGreaterThan(400);
  });
  test("after a failure at any call all that was confirmed holds, at once and after a power cut", () => {
    failAtRandom(1000, begin, isWhole);
  });
});

describe("a file replaced as a whole", () => {
  test("is the old or the new one after a power cut, and the new one when that was said", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const disk = new FakeDisk({ seed });
      disk.makeDirectory("d");
      disk.syncDirectory("", () => undefined);
      put(disk, "d/f", "old");
      disk.syncDirectory("d", () => undefined);
      disk.complete();
      const turns: (() => void)[] = [];
      let said = "nothing";
      const job = new SlicedJob(replaceWhole(disk, "d", "f", Buffer.from("new")), (fire) => turns.push(fire), (failed) => (said = failed?.code ?? "done")); // prettier-ignore
      for (let steps = disk.random(6); steps > 0; steps--) {
        turns.shift()?.();
        disk.completeOne();
      }
      disk.powerCut();
      const left = text(readWhole(disk as Disk, "d/f"));
      expect(["old", "new"]).toContain(left);
      if (job.isOver) expect([said, left]).toEqual(["done", "new"]);
      seen.add(`${left} ${said}`);
    }
    expect(seen).toEqual(new Set(["old nothing", "new nothing", "new done"]));
  });
});
