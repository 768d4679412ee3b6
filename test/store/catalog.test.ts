import { describe, expect, test } from "vitest";
import { DiskError, type Disk } from "../../src/base/disk.ts";
import { storedAccounts, StreamCatalog, type StoredStream } from "../../src/store/catalog.ts";
import { readWhole, replaceWhole } from "../../src/store/catalog_files.ts";
import { SlicedJob } from "../../src/store/file/sliced_job.ts";
import { metaSum } from "../../src/store/format/meta_sum.ts";
import { streamHasher } from "../../src/store/format/keys.ts";
import { MemoryDisk } from "../../src/store/memory_disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";

/** A catalog with the turns and the disk in the test's hands. */
class Story {
  readonly disk: FakeDisk;
  readonly turns: (() => void)[] = [];
  readonly reports: string[] = [];
  readonly account: string;
  catalog: StreamCatalog;

  constructor(disk = new FakeDisk(), account = "A") {
    this.disk = disk;
    this.account = account;
    this.catalog = this.#opened();
  }
  #opened(): StreamCatalog {
    const { disk, account, turns, reports } = this;
    return new StreamCatalog({
      disk,
      account,
      later: (fire) => turns.push(fire),
      report: (text) => reports.push(text),
    });
  }
  /** One thing that happens; false when nothing is left to. */
  step(): boolean {
    if (this.disk.random(2) === 0 && this.disk.completeOne()) return true;
    const turn = this.turns.shift();
    turn?.();
    return turn !== undefined || this.disk.completeOne();
  }
  settle(): void {
    while (this.step());
  }
  create(stream: string, meta = `{"name":"${stream}"}`): string {
    return this.#said((done) => this.catalog.create(stream, Buffer.from(meta), done));
  }
  update(stream: string, meta: string): string {
    return this.#said((done) => this.catalog.update(stream, Buffer.from(meta), done));
  }
  delete(stream: string): string {
    return this.#said((done) => this.catalog.delete(stream, done));
  }
  load(): StoredStream[] {
    let found: StoredStream[] | DiskError | undefined;
    this.catalog.load((streams) => (found = streams));
    expect(found, "nothing happens inside the call").toBeUndefined();
    this.settle();
    if (!Array.isArray(found)) throw new Error(`load: ${found?.text}`);
    return found;
  }
  /** As after another start. */
  reload(): StoredStream[] {
    this.turns.length = 0;
    this.catalog = this.#opened();
    return this.load();
  }
  names(path = "A/streams"): string[] {
    const names = this.disk.list(path);
    if (names instanceof DiskError) throw new Error(names.code);
    return names.sort();
  }
  #said(ask: (done: (failed: DiskError | undefined) => void) => void): string {
    let said = "nothing";
    ask((failed) => (said = failed === undefined ? "done" : failed.code));
    expect(said).toBe("nothing");
    this.settle();
    return said;
  }
}
const text = (meta: Uint8Array | undefined): string | undefined => meta && Buffer.from(meta).toString();
const brief = (found: StoredStream[]): string[] => found.map(({ name, meta, fault }) => `${name} ${text(meta)}${fault === undefined ? "" : ` ${fault}`}`); // prettier-ignore
/** Writes a file as somebody else would. */
function put(disk: FakeDisk, path: string, bytes: string, how: "synced" | "written" = "synced"): void {
  disk.remove(path);
  const file = disk.open(path, "create");
  if (file instanceof DiskError) throw new Error(file.code);
  disk.commit(file, 0, Buffer.from(bytes), 0, Buffer.byteLength(bytes), how, () => undefined);
  disk.complete();
  disk.close(file);
}

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
  for (let i = 1; i <= 50; i++) put(story.disk, `A/streams/S/msgs/${i}.blk`, "x");
  story.disk.makeDirectory("A/streams/S/obs/C");
  put(story.disk, "A/streams/S/obs/C/o.dat", "x");
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
    put(story.disk, "A/streams/S/meta.inf", "meta", "written");
    put(story.disk, "A/streams/S/meta.sum", metaSum(streamHasher("S"), Buffer.from("meta")), "written");
    expect(brief(story.load())).toEqual(["S meta"]);
    story.disk.powerCut();
    expect(brief(story.reload())).toEqual(["S meta"]);
  }
});

test("leftovers are removed at the start, and nothing else", () => {
  const story = new Story();
  story.create("S");
  for (const path of [".X", ".X/msgs", ".X/msgs/deep", "EMPTY"]) story.disk.makeDirectory(`A/streams/${path}`);
  put(story.disk, "A/streams/.X/msgs/1.blk", "x");
  put(story.disk, "A/streams/.X/msgs/deep/y", "x");
  put(story.disk, "A/streams/.file", "x");
  put(story.disk, "A/streams/file", "x");
  put(story.disk, "A/streams/S/unknown", "x");
  expect(brief(story.reload())).toEqual([
    'EMPTY undefined Missing metafile "A/streams/EMPTY/meta.inf"',
    'S {"name":"S"}',
  ]);
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
  put(story.disk, "A/streams/U/meta.key", "x");
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
  put(story.disk, "A/streams/S/meta.key", "x");
  expect(story.reload()).toMatchObject([{ name: "S", isEncrypted: true, directory: "A/streams/S" }]);
});

describe("a pair of meta files", () => {
  const sumOf = (meta: string): string => metaSum(streamHasher("S"), Buffer.from(meta));
  /** What is found of S when its directory holds these files. */
  function found(files: Record<string, string>): { seen: string; files: string[] } {
    const story = new Story();
    story.create("S", "old");
    for (const name of ["meta.inf", "meta.sum"]) story.disk.remove(`A/streams/S/${name}`);
    for (const [name, bytes] of Object.entries(files)) put(story.disk, `A/streams/S/${name}`, bytes);
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
    expect(found({ "meta.sum": sumOf("old") })).toEqual({ seen: `S undefined Missing metafile "${path}.inf"`, files: ["meta.sum"] }); // prettier-ignore
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

/** What one stream may be after the next start. */
interface Known {
  /** What was confirmed last; undefined: it is not there. */
  confirmed: string | undefined;
  /** What it also may be: asked for and not answered, or answered with a failure. */
  maybe: { readonly asked: number; readonly becomes: string | undefined }[];
}

describe("whatever happens", () => {
  /** Random changes of a few streams; `stop` says after how many steps. What may be found afterwards. */
  function changes(story: Story, steps: number): Map<string, Known> {
    const streams = new Map<string, Known>();
    let count = 0;
    const ask = (): void => {
      const name = "STU"[story.disk.random(3)]!;
      const known: Known = streams.get(name) ?? { confirmed: undefined, maybe: [] };
      streams.set(name, known);
      const asked = ++count;
      const what = story.disk.random(3);
      const becomes = what === 0 ? undefined : `meta ${asked}`;
      known.maybe.push({ asked, becomes });
      const done = (failed: DiskError | undefined): void => {
        if (failed === undefined) {
          known.confirmed = becomes;
          known.maybe = known.maybe.filter((each) => each.asked > asked);
        } else if (failed.code === "EEXIST" || failed.code === "ENOENT") {
          known.maybe = known.maybe.filter((each) => each.asked !== asked);
        }
      };
      if (what === 0) story.catalog.delete(name, done);
      else if (what === 1) story.catalog.create(name, Buffer.from(becomes!), done);
      else story.catalog.update(name, Buffer.from(becomes!), done);
    };
    for (let step = 0; step < steps; step++) if (story.disk.random(10) === 0 || !story.step()) ask();
    return streams;
  }
  function check(found: StoredStream[], streams: Map<string, Known>, story: Story, seed: string): void {
    const metas = new Map(found.map(({ name, meta, fault }) => [name, fault ?? text(meta)]));
    for (const [name, { confirmed, maybe }] of streams) {
      expect([confirmed, ...maybe.map(({ becomes }) => becomes)], `${seed}: ${name}`).toContain(metas.get(name));
    }
    for (const { directory } of found) {
      expect(story.names(directory), seed).toEqual(["meta.inf", "meta.sum", "msgs/", "obs/"]);
    }
    expect(story.names("A/streams").length, seed).toBe(found.length);
  }

  test("after a power cut or a kill all that was confirmed holds, and nothing is half there", () => {
    let streamsFound = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const story = new Story(new FakeDisk({ seed }));
      const streams = changes(story, story.disk.random(120));
      // After the death of the process alone what is found may not be durable yet.
      if (story.disk.random(2) === 0) story.disk.powerCut();
      else story.disk.kill();
      let found = story.reload();
      if (story.disk.random(2) === 0) {
        // What was found once holds from then on.
        story.disk.powerCut();
        expect(brief(story.reload()), `seed ${seed}`).toEqual(brief(found));
        found = story.reload();
      }
      if (story.names("").length > 0 && story.names("A").length > 0) check(found, streams, story, `seed ${seed}`);
      else for (const { confirmed } of streams.values()) expect(confirmed, `seed ${seed}`).toBeUndefined();
      streamsFound += found.length;
    }
    expect(streamsFound).toBeGreaterThan(500);
  });

  test("after a failure at any call all that was confirmed holds, at once and after a power cut", () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const story = new Story(new FakeDisk({ seed }));
      story.create("V", "first");
      story.disk.failAt(1 + story.disk.random(80), story.disk.random(2) === 0 ? "EIO" : "ENOSPC");
      const streams = changes(story, 20 + story.disk.random(150));
      streams.set("V", { confirmed: "first", maybe: [] });
      story.disk.heal();
      if (story.disk.random(2) === 0) story.disk.powerCut();
      else {
        story.settle();
        story.disk.kill();
      }
      check(story.reload(), streams, story, `seed ${seed}`);
    }
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
      const left = text(readWhole(disk as Disk, "d/f") as Uint8Array)!;
      expect(["old", "new"]).toContain(left);
      if (job.isOver) expect([said, left]).toEqual(["done", "new"]);
      seen.add(`${left} ${said}`);
    }
    expect(seen).toEqual(new Set(["old nothing", "new nothing", "new done"]));
  });
});
