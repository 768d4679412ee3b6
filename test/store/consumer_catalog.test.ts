// The consumers of a stream on a disk: made, changed, removed and found, whatever happens.

import { describe, expect, test } from "vitest";
import { DiskError, type DiskDone } from "../../src/base/disk.ts";
import { readWhole } from "../../src/store/catalog_files.ts";
import { ConsumerCatalog, type StoredConsumer } from "../../src/store/consumer_catalog.ts";
import { consumerHasher } from "../../src/store/format/keys.ts";
import { metaSum } from "../../src/store/format/meta_sum.ts";
import { MemoryDisk } from "../../src/store/memory_disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { CatalogStory, cutAtRandom, failAtRandom, text } from "./catalog_story.ts";

const OBS = "A/streams/S/obs";

class Story extends CatalogStory<StoredConsumer, ConsumerCatalog> {
  constructor(disk = new FakeDisk()) {
    super(disk);
    for (const path of ["A", "A/streams", "A/streams/S"]) disk.makeDirectory(path);
    for (const path of ["", "A", "A/streams"]) disk.syncDirectory(path, () => undefined);
    disk.complete();
    this.catalog = this.opened();
  }
  override opened(): ConsumerCatalog {
    const { disk, later, report } = this;
    return new ConsumerCatalog({ disk, stream: "S", directory: "A/streams/S", later, report });
  }
  override make(consumer: string, meta: Uint8Array, done: DiskDone): void {
    this.catalog.create(consumer, meta, Buffer.from("state"), true, done);
  }
  override drop(consumer: string, done: DiskDone): void {
    this.catalog.delete(consumer, true, done);
  }
  create(consumer: string, meta = `{"Name":"${consumer}"}`, state: string | null = "state", isDurable = true): string {
    const bytes = state === null ? undefined : Buffer.from(state);
    return this.said((done) => this.catalog.create(consumer, Buffer.from(meta), bytes, isDurable, done));
  }
  delete(consumer: string, isDurable = true): string {
    return this.said((done) => this.catalog.delete(consumer, isDurable, done));
  }
  override names(path = OBS): string[] {
    return super.names(path);
  }
}
const brief = (found: StoredConsumer[]): string[] => found.map(({ name, meta, fault, state }) => `${name} ${text(meta)} ${text(state)}${fault === undefined ? "" : ` ${fault}`}`); // prettier-ignore

test("a consumer has the files nats-server gives it", () => {
  const story = new Story();
  expect(story.create("C", "{}")).toBe("done");
  expect(story.names("A/streams/S")).toEqual(["obs/"]);
  expect(story.names()).toEqual(["C/"]);
  expect(story.names(`${OBS}/C`)).toEqual(["meta.inf", "meta.sum", "o.dat"]);
  expect(text(story.disk.contents(`${OBS}/C/meta.sum`))).toBe(metaSum(consumerHasher("S", "C"), Buffer.from("{}")));
});

test("what was created, updated and deleted is found so", () => {
  const story = new Story();
  expect(story.load()).toEqual([]);
  expect([story.create("C"), story.create("D"), story.create("E", "e", null)]).toEqual(["done", "done", "done"]);
  expect([story.update("D", "new"), story.delete("C")]).toEqual(["done", "done"]);
  expect(brief(story.reload())).toEqual(["D new state", "E e none"]);
  expect([story.create("D"), story.create("C"), story.delete("X"), story.update("X", "")]).toEqual(["EEXIST", "done", "ENOENT", "ENOENT"]); // prettier-ignore
  expect(story.reports).toEqual([]);
});

test("what is being removed is no consumer for nats-server either, which looks at any directory with a meta.inf", () => {
  const story = new Story();
  story.create("C");
  const said: string[] = [];
  story.catalog.delete("C", true, () => said.push("gone"));
  while (said.length < 1) expect(story.step()).toBe(true);
  expect(story.names()).toEqual([".C/"]);
  expect(story.names(`${OBS}/.C`)).not.toContain("meta.inf");
  story.settle();
  expect(story.names()).toEqual([]);
});

test("an ephemeral is made and removed without a sync", () => {
  const story = new Story();
  story.create("D");
  const { disk } = story;
  const commits: string[] = [];
  const [commit, sync, syncDirectory] = [disk.commit.bind(disk), disk.sync.bind(disk), disk.syncDirectory.bind(disk)];
  disk.commit = (file, at, bytes, from, to, how, done) => (commits.push(how), commit(file, at, bytes, from, to, how, done)); // prettier-ignore
  disk.sync = (file, done) => (commits.push("sync"), sync(file, done));
  disk.syncDirectory = (path, done) => (commits.push("names"), syncDirectory(path, done));
  expect(story.create("C", "{}", "state", false)).toBe("done");
  expect(story.delete("C", false)).toBe("done");
  expect(commits).toEqual(["written", "written", "written"]);
});

test("the directories of consumers without any file go, as does what has a dot in front; the rest is reported and stays", () => {
  const story = new Story();
  story.create("C");
  for (const path of ["EMPTY", ".X", "NOMETA"]) story.disk.makeDirectory(`${OBS}/${path}`);
  story.put(`${OBS}/.X/meta.inf`, "x");
  story.put(`${OBS}/NOMETA/o.dat`, "x");
  story.put(`${OBS}/file`, "x");
  story.put(`${OBS}/C/unknown`, "x");
  expect(brief(story.reload())).toEqual([
    'C {"Name":"C"} state',
    `NOMETA none x Missing metafile "${OBS}/NOMETA/meta.inf"`,
  ]);
  expect(story.names()).toEqual(["C/", "NOMETA/", "file"]);
  expect(story.names(`${OBS}/C`)).toContain("unknown");
  expect(story.reports).toEqual([`Not a consumer directory: "${OBS}/file"`]);
});

test("a stream that never had a consumer gets the directory, for good", () => {
  for (let seed = 0; seed < 30; seed++) {
    const story = new Story(new FakeDisk({ seed }));
    story.create("C");
    story.disk.powerCut();
    expect(brief(story.reload())).toEqual(['C {"Name":"C"} state']);
  }
});

test("what another server left without syncing it holds once it was found", () => {
  for (let seed = 0; seed < 100; seed++) {
    const story = new Story(new FakeDisk({ seed }));
    for (const path of [OBS, `${OBS}/C`]) story.disk.makeDirectory(path);
    story.put(`${OBS}/C/meta.inf`, "meta", "written");
    story.put(`${OBS}/C/meta.sum`, metaSum(consumerHasher("S", "C"), Buffer.from("meta")), "written");
    story.put(`${OBS}/C/o.dat`, "there", "written");
    expect(brief(story.load())).toEqual(["C meta there"]);
    story.disk.powerCut();
    expect(brief(story.reload())).toEqual(["C meta there"]);
  }
});

test("an encrypted consumer says so", () => {
  const story = new Story();
  story.create("C");
  story.put(`${OBS}/C/meta.key`, "x");
  expect(story.reload()).toMatchObject([{ name: "C", isEncrypted: true, directory: `${OBS}/C` }]);
});

test.each([
  ["", "EINVAL"],
  [".C", "EINVAL"],
  ["a/b", "EINVAL"],
  ["..", "EINVAL"],
  ["x".repeat(256), "ENAMETOOLONG"],
  ["x".repeat(255), "done"],
])("a consumer of the name %j: %s", (name, said) => {
  const story = new Story();
  expect(story.create(name)).toBe(said);
  expect(story.reload().map((consumer) => consumer.name)).toEqual(said === "done" ? [name] : []);
  expect(story.delete(name)).toBe(said);
});

test("names that differ in case are refused on a disk that takes them for the same", () => {
  const turns: (() => void)[] = [];
  const later = (fire: () => void): void => void turns.push(fire);
  /** As disks of macOS and Windows are. */
  class CaseBlindDisk extends MemoryDisk {
    override list(path: string): string[] | DiskError {
      return super.list(path.replace("/ORDERS", "/Orders"));
    }
  }
  const disk = new CaseBlindDisk(later);
  disk.makeDirectory("S");
  const report = (text: string): void => expect.unreachable(text);
  const catalog = new ConsumerCatalog({ disk, stream: "S", directory: "S", later, report });
  const said: string[] = [];
  for (const name of ["Orders", "ORDERS", "other"]) {
    catalog.create(name, Buffer.from("x"), undefined, true, (failed) => said.push(`${name} ${failed?.text ?? "done"}`));
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
  }
  expect(said).toEqual([
    "Orders done",
    'ORDERS directory "ORDERS" exists under a name that this disk takes for the same',
    "other done",
  ]);
});

describe("a state that makes no sense", () => {
  test("is kept, once, beside the one that takes its place", () => {
    const story = new Story();
    story.create("C", "{}", "torn");
    const keep = (bytes: string): string =>
      story.said((done) => story.catalog.keepDamaged("C", Buffer.from(bytes), done));
    expect([keep("torn"), keep("torn"), keep("worse")]).toEqual(["done", "done", "done"]);
    story.disk.powerCut();
    expect(story.names(`${OBS}/C`)).toEqual(["meta.inf", "meta.sum", "o.dat", "o.dat.damaged", "o.dat.damaged.1"]);
    expect(text(readWhole(story.disk, `${OBS}/C/o.dat.damaged`))).toBe("torn");
    expect(text(readWhole(story.disk, `${OBS}/C/o.dat.damaged.1`))).toBe("worse");
    expect(brief(story.reload())).toEqual(["C {} torn"]);
  });
  test("or cannot be read is moved out of the way, whatever it says", () => {
    const story = new Story();
    story.create("C", "{}", "unreadable");
    let failing = "";
    const open = story.disk.open.bind(story.disk);
    story.disk.open = (path, mode) => (path === failing ? new DiskError("EIO", "input/output error") : open(path, mode)); // prettier-ignore
    failing = `${OBS}/C/o.dat`;
    expect(brief(story.reload())).toEqual(["C {} EIO"]);
    expect(story.said((done) => story.catalog.keepDamaged("C", undefined, done))).toBe("done");
    failing = "";
    expect(text(readWhole(story.disk, `${OBS}/C/o.dat.damaged`))).toBe("unreadable");
    expect(brief(story.reload())).toEqual(["C {} none"]);
  });
});

describe("whatever happens", () => {
  const begin = (disk: FakeDisk): Story => new Story(disk);
  function isWhole(story: Story, found: readonly StoredConsumer[], seed: number): void {
    for (const { directory, state } of found) {
      expect(story.names(directory), `seed ${seed}`).toEqual(["meta.inf", "meta.sum", "o.dat"]);
      expect(text(state)).toBe("state");
    }
    const names = story.disk.list(OBS);
    expect(names instanceof DiskError ? 0 : names.length, `seed ${seed}`).toBe(found.length);
  }
  test("after a power cut or a kill all that was confirmed holds, and nothing is half there", () => {
    expect(cutAtRandom(400, begin, isWhole)).toBeGreaterThan(150);
  });
  test("after a failure at any call all that was confirmed holds, at once and after a power cut", () => {
    failAtRandom(400, begin, isWhole);
  });
});
