import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JwtError } from "../../../src/auth/jwt/jwt_error.ts";
import { TokenDirectory, type TokenDirectoryOptions } from "../../../src/auth/operator/token_directory.ts";
import { DiskError } from "../../../src/base/disk.ts";
import { MemoryDisk } from "../../../src/store/memory_disk.ts";
import { FakeDisk } from "../../support/fake_disk.ts";
import { FAKE_EPOCH_SEC, FakeWorld } from "../../support/fake_world.ts";
import { account, ISSUED_SEC, key, operatorSigningKey, sign } from "./world.ts";

const full: TokenDirectoryOptions = { limit: Infinity, whenFull: "refuse", ttlMs: 0, deletes: "rename" };
const cache: TokenDirectoryOptions = { limit: 2, whenFull: "evict", ttlMs: 60_000, deletes: "hard" };
const [a, b, c] = [key("account", 1), key("account", 2), key("account", 3)];
const at = (of: typeof a, sec: number): string =>
  sign("account", { sub: of.publicKey, nats: {} }, operatorSigningKey, sec);

interface Opened {
  readonly directory: TokenDirectory;
  readonly disk: MemoryDisk;
  readonly world: FakeWorld;
  readonly saved: string[];
}
function open(options = full, disk = new MemoryDisk((fire) => queueMicrotask(fire)), world = new FakeWorld()): Opened {
  const saved: string[] = [];
  const directory = TokenDirectory.open(disk, world, options, (publicKey) => saved.push(publicKey));
  if (directory instanceof DiskError) throw new Error(directory.text);
  return { directory, disk, world, saved };
}
const filesOf = (disk: MemoryDisk): string[] => (disk.list("") as string[]).sort();
const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();

describe("a directory of tokens", () => {
  test("has a file for each, and finds them again", async () => {
    const { directory, disk, saved } = open();
    expect(await directory.save(a.publicKey, at(a, 1))).toBeUndefined();
    expect(filesOf(disk)).toEqual([`${a.publicKey}.jwt`]);
    expect(directory.load(a.publicKey)).toBe(at(a, 1));
    expect(directory.load(b.publicKey)).toBeUndefined();
    await directory.close();
    const again = open(full, disk);
    expect(again.directory.load(a.publicKey)).toBe(at(a, 1));
    expect([again.directory.size, saved, again.saved]).toEqual([1, [a.publicKey], []]);
  });

  test("tells of what changed only", async () => {
    const { directory, saved } = open();
    await directory.save(a.publicKey, at(a, 1));
    await directory.save(a.publicKey, at(a, 1));
    await directory.save(a.publicKey, at(a, 2));
    expect(saved).toEqual([a.publicKey, a.publicKey]);
  });

  test("its hash is that of all tokens, in any order", async () => {
    const [one, other] = [open().directory, open().directory];
    await one.save(a.publicKey, at(a, 1));
    await one.save(b.publicKey, at(b, 1));
    await other.save(b.publicKey, at(b, 5));
    await other.save(a.publicKey, at(a, 1));
    expect(one.hash()).not.toEqual(other.hash());
    await other.save(b.publicKey, at(b, 1));
    expect(one.hash()).toEqual(other.hash());
    const [x, y] = [hashOf(at(a, 1)), hashOf(at(b, 1))];
    expect(one.hash()).toEqual(Buffer.from(x.map((byte, i) => byte ^ y[i]!)));
    await one.delete(a.publicKey);
    await one.delete(b.publicKey);
    expect(one.hash()).toEqual(Buffer.alloc(32));
  });

  test("no name that is not a public key leads to a file", async () => {
    const { directory, disk } = open();
    const names = [
      "",
      "..",
      "../x",
      "x.jwt",
      a.seed,
      `${a.publicKey}/../b`,
      `${a.publicKey} `,
      a.publicKey.toLowerCase(),
    ];
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom(...names), fc.string()), async (name) => {
        expect(directory.load(name)).toEqual(new JwtError("invalid public key"));
        expect(await directory.save(name, "token")).toEqual(new JwtError("invalid public key"));
        expect(await directory.saveIfNewer(name, "token")).toEqual(new JwtError("invalid public key"));
        expect(await directory.delete(name)).toEqual(new JwtError("invalid public key"));
      }),
    );
    expect(filesOf(disk)).toEqual([]);
  });

  test("an empty token is none", async () => {
    expect(await open().directory.save(a.publicKey, "")).toEqual(new JwtError("invalid JWT"));
  });

  test("leaves what it did not write alone", async () => {
    const disk = new MemoryDisk((fire) => queueMicrotask(fire));
    for (const name of ["notes.jwt", `${a.publicKey}.jwt.deleted`, `${a.publicKey}.txt`]) disk.open(name, "create");
    const { directory } = open(full, disk);
    expect([directory.size, [...directory.pack()], filesOf(disk).length]).toEqual([0, [], 3]);
  });
});

describe("only a newer token takes the place of one", () => {
  test.each([
    ["older", 1, undefined, 5],
    ["as old", 5, undefined, 5],
    ["newer", 9, undefined, 9],
  ])("%s", async (_, sec, error, kept) => {
    const { directory } = open();
    await directory.save(a.publicKey, at(a, 5));
    expect(await directory.saveIfNewer(a.publicKey, at(a, sec))).toEqual(error);
    expect(directory.load(a.publicKey)).toBe(at(a, kept));
  });

  test("not another's, and not one that cannot be read", async () => {
    const { directory } = open();
    await directory.save(a.publicKey, at(a, 5));
    expect(await directory.saveIfNewer(a.publicKey, at(b, 9))).toEqual(
      new JwtError("jwt subject nkey and provided nkey do not match"),
    );
    expect(await directory.saveIfNewer(a.publicKey, "x")).toEqual(new JwtError("expected 3 chunks"));
  });

  test("but any, in the place of one that cannot be read", async () => {
    const { directory } = open();
    await directory.save(a.publicKey, "rubbish");
    await directory.saveIfNewer(a.publicKey, at(a, 1));
    expect(directory.load(a.publicKey)).toBe(at(a, 1));
  });
});

describe("packs", () => {
  test("one directory's fill another, once", async () => {
    const [one, other] = [open(), open()];
    await one.directory.save(b.publicKey, at(b, 1));
    await one.directory.save(a.publicKey, at(a, 7));
    await other.directory.save(a.publicKey, at(a, 5));
    const lines = [...one.directory.pack()];
    expect(lines).toEqual([a, b].map((of) => `${of.publicKey}|${at(of, of === a ? 7 : 1)}`).sort());
    expect(await other.directory.merge(`\n${lines.join("\n")}\n`)).toBeUndefined();
    expect(other.directory.hash()).toEqual(one.directory.hash());
    const before = other.saved.length;
    await other.directory.merge(lines.join("\n"));
    expect(other.saved.length).toBe(before);
  });

  test.each([
    ["x", "line in package didn't contain 2 entries"],
    ["a|b|c", "line in package didn't contain 2 entries"],
    ["../../x|token", "key to merge is not a valid public account key"],
    [`${key("user", 1).publicKey}|token`, "key to merge is not a valid public account key"],
  ])("%j is refused", async (pack, text) => {
    const { directory, disk } = open();
    expect(await directory.merge(pack)).toEqual(new JwtError(text));
    expect(filesOf(disk)).toEqual([]);
  });

  test("leave out what has expired", async () => {
    const { directory } = open();
    await directory.save(a.publicKey, account(a, {}, { exp: FAKE_EPOCH_SEC - 1 }));
    await directory.save(b.publicKey, account(b, {}, { exp: FAKE_EPOCH_SEC + 1 }));
    expect([...directory.pack()].map((line) => line.split("|")[0])).toEqual([b.publicKey]);
  });
});

describe("limits", () => {
  test("a full directory refuses one more, but not another of one it has", async () => {
    const { directory } = open({ ...full, limit: 2 });
    await directory.save(a.publicKey, at(a, 1));
    await directory.save(b.publicKey, at(b, 1));
    expect(await directory.save(c.publicKey, at(c, 1))).toEqual(new JwtError("jwt store is full"));
    expect(await directory.save(a.publicKey, at(a, 2))).toBeUndefined();
  });

  test("a cache lets go of the one longest unused", async () => {
    const { directory, disk } = open(cache);
    await directory.save(a.publicKey, at(a, 1));
    await directory.save(b.publicKey, at(b, 1));
    directory.load(a.publicKey);
    await directory.save(c.publicKey, at(c, 1));
    expect(filesOf(disk)).toEqual([a, c].map((of) => `${of.publicKey}.jwt`).sort());
  });

  test("a cache lets go of what nobody used for the time to live", async () => {
    const { directory, world } = open(cache);
    await directory.save(a.publicKey, at(a, 1));
    await directory.save(b.publicKey, at(b, 1));
    world.advance(40_000);
    await settled();
    directory.load(a.publicKey);
    world.advance(30_000);
    await settled();
    expect([directory.load(a.publicKey), directory.load(b.publicKey)]).toEqual([at(a, 1), undefined]);
  });

  test("without a time to live a token goes when it expires", async () => {
    const { directory, world } = open();
    await directory.save(a.publicKey, account(a, {}, { exp: FAKE_EPOCH_SEC + 90 }));
    await directory.save(b.publicKey, account(b));
    world.advance(60_000);
    await settled();
    expect(directory.size).toBe(2);
    world.advance(60_000);
    await settled();
    expect([directory.load(a.publicKey), directory.size]).toEqual([undefined, 1]);
    expect(directory.hash()).toEqual(hashOf(account(b)));
  });
});

describe("deleting", () => {
  test("keeps the bytes under another name", async () => {
    const { directory, disk } = open();
    await directory.save(a.publicKey, at(a, 1));
    expect([await directory.delete(a.publicKey), await directory.delete(a.publicKey)]).toEqual([true, false]);
    expect(filesOf(disk)).toEqual([`${a.publicKey}.jwt.deleted`]);
    expect(open(full, disk).directory.size).toBe(0);
  });

  test("does not where it is hard, and is not done where it is not allowed", async () => {
    const hard = open({ ...full, deletes: "hard" });
    await hard.directory.save(a.publicKey, at(a, 1));
    await hard.directory.delete(a.publicKey);
    expect(filesOf(hard.disk)).toEqual([]);
    expect(await open({ ...full, deletes: "no" }).directory.delete(a.publicKey)).toEqual(
      new JwtError("store is not set up to for delete"),
    );
  });
});

describe("files that changed while it was open", () => {
  const put = async (disk: MemoryDisk, of: typeof a, token: string): Promise<void> => {
    const other = open(full, disk);
    await other.directory.save(of.publicKey, token);
    await other.directory.close();
  };

  test("are told of at a reload; new ones by a cache alone", async () => {
    for (const [options, told] of [
      [full, [a.publicKey]],
      [cache, [a.publicKey, b.publicKey]],
    ] as const) {
      const { directory, disk, saved } = open(options);
      await directory.save(a.publicKey, at(a, 1));
      saved.length = 0;
      await put(disk, a, at(a, 2));
      await put(disk, b, at(b, 1));
      expect(directory.reload()).toBeUndefined();
      expect(saved.sort()).toEqual([...told].sort());
      expect(directory.size).toBe(2);
    }
  });
});

describe("a disk that breaks", () => {
  test("a power cut leaves the old token or the new one, and the new one when it was confirmed", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const disk = new FakeDisk({ seed });
      const { directory } = open(full, disk);
      const first = directory.save(a.publicKey, at(a, 1));
      await pump(disk, 10);
      expect(await first).toBeUndefined();
      const second = directory.save(a.publicKey, at(a, 2));
      await pump(disk, seed % 4);
      const isConfirmed = await Promise.race([second.then(() => true), settled().then(() => false)]);
      disk.powerCut();
      const left = open(full, disk).directory.load(a.publicKey);
      expect(isConfirmed ? [at(a, 2)] : [at(a, 1), at(a, 2)]).toContain(left);
    }
  });

  test("a failed write is told of, and the old token stays", async () => {
    const disk = new FakeDisk();
    const { directory, saved } = open(full, disk);
    const first = directory.save(a.publicKey, at(a, 1));
    await pump(disk, 10);
    await first;
    disk.failAt(3, "ENOSPC");
    const second = directory.save(a.publicKey, at(a, 2));
    await pump(disk, 10);
    expect(await second).toBeInstanceOf(JwtError);
    expect([directory.load(a.publicKey), saved.length]).toEqual([at(a, 1), 1]);
    expect(directory.hash()).toEqual(hashOf(at(a, 1)));
  });

  async function pump(disk: FakeDisk, steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await settled();
      disk.completeOne();
    }
    await settled();
  }
});

test("after it is closed nothing is written", async () => {
  const { directory, disk } = open();
  await directory.close();
  expect(await directory.save(a.publicKey, at(a, ISSUED_SEC))).toEqual(new JwtError("store is closed"));
  expect(filesOf(disk)).toEqual([]);
});

/** Every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
