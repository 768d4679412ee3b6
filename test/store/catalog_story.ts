// A catalog on a disk that breaks, with its turns and the disk in the test's hands; and random changes of it, with what
// must be found of them afterwards.

import { expect } from "vitest";
import { DiskError, type DiskDone } from "../../src/base/disk.ts";
import type { FoundDirectory } from "../../src/store/meta_directories.ts";
import { FakeDisk } from "../support/fake_disk.ts";

/** What the catalogs of streams and of consumers have in common. */
interface Catalog<Found> {
  load(done: (found: Found[] | DiskError) => void): void;
  update(name: string, meta: Uint8Array, done: DiskDone): void;
}

export abstract class CatalogStory<Found extends FoundDirectory, C extends Catalog<Found>> {
  readonly disk: FakeDisk;
  readonly turns: (() => void)[] = [];
  readonly reports: string[] = [];
  readonly later = (fire: () => void): void => void this.turns.push(fire);
  readonly report = (text: string): void => void this.reports.push(text);
  catalog!: C;

  constructor(disk = new FakeDisk()) {
    this.disk = disk;
  }
  /** The catalog as after a start. */
  abstract opened(): C;
  /** Makes one, durably. */
  abstract make(name: string, meta: Uint8Array, done: DiskDone): void;
  abstract drop(name: string, done: DiskDone): void;

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
  update(name: string, meta: string): string {
    return this.said((done) => this.catalog.update(name, Buffer.from(meta), done));
  }
  load(): Found[] {
    let found: Found[] | DiskError | undefined;
    this.catalog.load((directories) => (found = directories));
    expect(found, "nothing happens inside the call").toBeUndefined();
    this.settle();
    if (!Array.isArray(found)) throw new Error(`load: ${found?.text}`);
    return found;
  }
  /** As after another start. */
  reload(): Found[] {
    this.turns.length = 0;
    this.catalog = this.opened();
    return this.load();
  }
  names(path: string): string[] {
    const names = this.disk.list(path);
    if (names instanceof DiskError) throw new Error(names.code);
    return names.sort();
  }
  said(ask: (done: DiskDone) => void): string {
    let said = "nothing";
    ask((failed) => (said = failed === undefined ? "done" : failed.code));
    expect(said).toBe("nothing");
    this.settle();
    return said;
  }
  /** Writes a file as somebody else would. */
  put(path: string, bytes: string, how: "synced" | "written" = "synced"): void {
    put(this.disk, path, bytes, how);
  }
}

/** Writes a file whose name is not durable. */
export function put(disk: FakeDisk, path: string, bytes: string, how: "synced" | "written" = "synced"): void {
  disk.remove(path);
  const file = disk.open(path, "create");
  if (file instanceof DiskError) throw new Error(file.code);
  disk.commit(file, 0, Buffer.from(bytes), 0, Buffer.byteLength(bytes), how, () => undefined);
  disk.complete();
  disk.close(file);
}

/** Bytes of a file in words. */
export function text(bytes: Uint8Array | DiskError | undefined): string {
  if (bytes === undefined) return "none";
  return bytes instanceof DiskError ? bytes.code : Buffer.from(bytes).toString();
}

/** What one directory may be after the next start. */
interface Known {
  /** What was confirmed last; undefined: it is not there. */
  confirmed: string | undefined;
  /** What it also may be: asked for and not answered, or answered with a failure. */
  maybe: { readonly asked: number; readonly becomes: string | undefined }[];
}

/** Random changes of a few directories, and what may be found of them afterwards. */
export class RandomChanges<Found extends FoundDirectory> {
  readonly #story: CatalogStory<Found, Catalog<Found>>;
  readonly #known = new Map<string, Known>();
  #asked = 0;

  constructor(story: CatalogStory<Found, Catalog<Found>>) {
    this.#story = story;
  }

  /** Lets things happen, and asks for more. */
  run(steps: number): void {
    const { disk } = this.#story;
    for (let step = 0; step < steps; step++) if (disk.random(10) === 0 || !this.#story.step()) this.#ask();
  }

  /** One was made before. */
  knows(name: string, meta: string): void {
    this.#known.set(name, { confirmed: meta, maybe: [] });
  }

  /** Each is what it may be; `found` is all there is. */
  check(found: readonly Found[], seed: number): void {
    const metas = new Map(found.map(({ name, meta, fault }) => [name, fault ?? (meta && text(meta))]));
    for (const [name, { confirmed, maybe }] of this.#known) {
      const possible = [confirmed, ...maybe.map(({ becomes }) => becomes)];
      expect(possible, `seed ${seed}: ${name}`).toContain(metas.get(name));
    }
  }

  #ask(): void {
    const { disk, catalog } = this.#story;
    const name = "XYZ"[disk.random(3)]!;
    const known: Known = this.#known.get(name) ?? { confirmed: undefined, maybe: [] };
    this.#known.set(name, known);
    const asked = ++this.#asked;
    const what = disk.random(3);
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
    if (what === 0) this.#story.drop(name, done);
    else if (what === 1) this.#story.make(name, Buffer.from(becomes!), done);
    else catalog.update(name, Buffer.from(becomes!), done);
  }
}

/**
 * Random changes and then a power cut or a kill, `seeds` times: all that was confirmed holds, what was found once holds
 * from then on, and `check` says whether nothing is half there. How much was found in all.
 */
export function cutAtRandom<Found extends FoundDirectory, S extends CatalogStory<Found, Catalog<Found>>>(
  seeds: number,
  begin: (disk: FakeDisk) => S,
  check: (story: S, found: readonly Found[], seed: number) => void,
): number {
  let count = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const story = begin(new FakeDisk({ seed }));
    const changes = new RandomChanges(story);
    changes.run(story.disk.random(120));
    // After the death of the process alone what is found may not be durable yet.
    if (story.disk.random(2) === 0) story.disk.powerCut();
    else story.disk.kill();
    const found = story.reload();
    changes.check(found, seed);
    check(story, found, seed);
    story.disk.powerCut();
    expect(story.reload(), `seed ${seed}`).toEqual(found);
    count += found.length;
  }
  return count;
}

/** The same with a failure at any call; it is checked at once, or after a power cut. */
export function failAtRandom<Found extends FoundDirectory, S extends CatalogStory<Found, Catalog<Found>>>(
  seeds: number,
  begin: (disk: FakeDisk) => S,
  check: (story: S, found: readonly Found[], seed: number) => void,
): void {
  for (let seed = 1; seed <= seeds; seed++) {
    const story = begin(new FakeDisk({ seed }));
    const { disk } = story;
    const changes = new RandomChanges(story);
    expect(story.said((done) => story.make("FIRST", Buffer.from("first"), done))).toBe("done");
    changes.knows("FIRST", "first");
    disk.failAt(1 + disk.random(80), disk.random(2) === 0 ? "EIO" : "ENOSPC");
    changes.run(20 + disk.random(150));
    disk.heal();
    if (disk.random(2) === 0) disk.powerCut();
    else {
      story.settle();
      disk.kill();
    }
    const found = story.reload();
    changes.check(found, seed);
    check(story, found, seed);
  }
}
