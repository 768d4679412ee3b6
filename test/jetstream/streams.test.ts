import { describe, expect, test } from "vitest";
import { DiskError } from "../../src/base/disk.ts";
import { FakeDisk } from "../support/fake_disk.ts";
import { Bench, type BenchOptions } from "./bench.ts";

type State = Readonly<Record<"messages" | "bytes" | "first_seq" | "last_seq", number>>;
const stateOf = (bench: Bench, name: string): State => bench.api(`STREAM.INFO.${name}`)["state"] as State;

/** A bench on a disk whose calls finish when the bench settles. */
function onDisk(disk: FakeDisk, options: BenchOptions = {}): Bench {
  return new Bench({ disk, settleDisk: () => disk.complete(), ...options });
}

describe("streams of an account", () => {
  test("are made, found and removed", () => {
    const bench = new Bench();
    expect(bench.api("STREAM.CREATE.S", { name: "S", subjects: ["s.*"] })["did_create"]).toBe(true);
    expect(bench.request("s.a", "one")).toEqual({ stream: "S", seq: 1 });
    expect(bench.api("STREAM.NAMES")["streams"]).toEqual(["S"]);
    expect(stateOf(bench, "S")).toMatchObject({ messages: 1, last_seq: 1 });
    expect(bench.api("STREAM.DELETE.S")["success"]).toBe(true);
    expect(bench.api("STREAM.INFO.S").error?.err_code).toBe(10059);
    expect(bench.jetstream.accounts.get("A")!.fileUsed).toBe(0);
  });

  test("that are being removed use nothing already", () => {
    const disk = new FakeDisk();
    const bench = onDisk(disk);
    bench.api("STREAM.CREATE.S", { name: "S", retention: "interest" });
    bench.api("CONSUMER.CREATE.S.C", {
      stream_name: "S",
      config: { name: "C", durable_name: "C", ack_policy: "explicit" },
    });
    bench.request("S", "one");
    const used = (): number => bench.jetstream.accounts.get("A")!.fileUsed;
    expect(used()).toBeGreaterThan(0);
    const answers = bench.ask("$JS.API.STREAM.DELETE.S");
    bench.world.settle();
    expect([answers.length, used()]).toEqual([0, 0]);
    bench.settle();
    expect([answers.length, used()]).toEqual([1, 0]);
  });

  test("come back with their configuration, their messages and the time they were made", () => {
    const first = new Bench();
    const made = first.api("STREAM.CREATE.S", { name: "S", subjects: ["s.*"], max_age: 3_600_000_000_123 });
    first.request("s.a", "one");
    first.request("s.b", "two");
    first.api("STREAM.UPDATE.S", { name: "S", subjects: ["s.*", "t"], max_age: 3_600_000_000_123 });
    first.close();
    const second = new Bench({ disk: first.disk, world: first.world });
    const info = second.api("STREAM.INFO.S");
    expect(info["created"]).toBe(made["created"]);
    expect(info["config"]).toMatchObject({ subjects: ["s.*", "t"], max_age: 3_600_000_000_123 });
    expect(info["state"]).toMatchObject({ messages: 2, first_seq: 1, last_seq: 2 });
    expect(second.request("t", "three")).toEqual({ stream: "S", seq: 3 });
  });

  test("in memory do not come back", () => {
    const first = new Bench();
    first.api("STREAM.CREATE.M", { name: "M", storage: "memory" });
    first.close();
    const second = new Bench({ disk: first.disk, world: first.world });
    expect(second.api("STREAM.NAMES")["total"]).toBe(0);
  });

  test("of one name are made once, however many ask at the same time", () => {
    const disk = new FakeDisk();
    const bench = onDisk(disk);
    const created = bench.hear("$JS.EVENT.ADVISORY.STREAM.>");
    const same = [1, 2, 3].map(() => bench.ask("$JS.API.STREAM.CREATE.S", { name: "S" }));
    const other = bench.ask("$JS.API.STREAM.CREATE.S", { name: "S", max_msgs: 5 });
    bench.settle();
    for (const answers of same) expect(JSON.parse(answers[0]!)).toMatchObject({ did_create: true });
    expect(JSON.parse(other[0]!)).toMatchObject({ error: { err_code: 10058 } });
    expect(created).toHaveLength(1);
  });

  test("do not overlap, not even with one that is being made", () => {
    const bench = onDisk(new FakeDisk());
    const answers = ["A", "B"].map((name) =>
      bench.ask(`$JS.API.STREAM.CREATE.${name}`, { name, subjects: [`x.${name === "A" ? "*" : "y"}`] }),
    );
    bench.settle();
    const [first, second] = answers.map(([text]) => JSON.parse(text!) as { error?: { err_code: number } });
    expect(first!.error).toBeUndefined();
    expect(second!.error?.err_code).toBe(10065);
  });

  test("removed and made again in one breath are empty", () => {
    const bench = onDisk(new FakeDisk());
    bench.api("STREAM.CREATE.S", { name: "S" });
    bench.request("S", "old");
    const removed = bench.ask("$JS.API.STREAM.DELETE.S");
    const made = bench.ask("$JS.API.STREAM.CREATE.S", { name: "S" });
    bench.settle();
    expect(JSON.parse(removed[0]!)).toMatchObject({ success: true });
    expect(JSON.parse(made[0]!)).toMatchObject({ did_create: true, state: { messages: 0, last_seq: 0 } });
  });

  test("are answered only when their making is durable", () => {
    const disk = new FakeDisk();
    const bench = onDisk(disk);
    const answers = bench.ask("$JS.API.STREAM.CREATE.S", { name: "S" });
    bench.world.settle();
    expect(answers).toEqual([]);
    bench.settle();
    expect(answers).toHaveLength(1);
    disk.powerCut();
    const after = onDisk(disk);
    expect(after.api("STREAM.NAMES")["streams"]).toEqual(["S"]);
  });

  test("that a power cut made half are not there", () => {
    const disk = new FakeDisk();
    const bench = onDisk(disk);
    bench.ask("$JS.API.STREAM.CREATE.S", { name: "S" });
    bench.world.settle();
    disk.powerCut();
    const after = onDisk(disk);
    const names = after.api("STREAM.NAMES")["streams"];
    expect([null, ["S"]]).toContainEqual(names);
    expect(after.api("STREAM.CREATE.S", { name: "S" })["did_create"]).toBe(true);
  });

  test("that cannot be made leave nothing behind", () => {
    const disk = new FakeDisk();
    const bench = onDisk(disk);
    bench.api("STREAM.CREATE.FIRST", { name: "FIRST" });
    disk.failAt(3, "EIO");
    expect(bench.api("STREAM.CREATE.S", { name: "S" }).error).toMatchObject({ code: 500, err_code: 10049 });
    expect(bench.complaints.join("\n")).toMatch(/Stream create failed for 'A > S'/);
    expect(bench.api("STREAM.CREATE.S", { name: "S" })["did_create"]).toBe(true);
    expect(bench.api("STREAM.NAMES")["streams"]).toEqual(["FIRST", "S"]);
  });

  test("reserve what they may hold, and give it back", () => {
    const bench = new Bench({ limits: { maxStore: 1000 } });
    expect(bench.api("STREAM.CREATE.S", { name: "S", max_bytes: 600 }).error).toBeUndefined();
    expect(bench.api("STREAM.CREATE.T", { name: "T", max_bytes: 600 }).error?.err_code).toBe(10047);
    expect(bench.api("STREAM.UPDATE.S", { name: "S", max_bytes: 1001 }).error?.err_code).toBe(10047);
    expect(bench.api("STREAM.UPDATE.S", { name: "S", max_bytes: 1000 }).error).toBeUndefined();
    expect(bench.api("INFO")["reserved_storage"]).toBe(1000);
    bench.api("STREAM.DELETE.S");
    expect(bench.api("INFO")["reserved_storage"]).toBe(0);
    expect(bench.api("STREAM.CREATE.T", { name: "T", max_bytes: 600 }).error).toBeUndefined();
  });

  test("fill what the server has, then refuse", () => {
    const bench = new Bench({ maxFile: 100 });
    bench.api("STREAM.CREATE.S", { name: "S" });
    expect(bench.request("S", "x".repeat(80))).toEqual({ stream: "S", seq: 1 });
    expect(bench.request("S", "x").error?.err_code).toBe(10023);
    bench.api("STREAM.PURGE.S");
    expect(bench.request("S", "x")).toEqual({ stream: "S", seq: 2 });
  });
});

describe("streams that cannot be served", () => {
  const path = "A/streams/S/meta.inf";

  /** The disk of a server with the stream S, whose meta.inf was then changed. */
  function changed(change: (text: string) => string): Bench {
    const first = new Bench();
    first.api("STREAM.CREATE.S", { name: "S" });
    first.request("S", "kept");
    first.close();
    const file = first.disk.open(path, "write");
    if (file instanceof DiskError) throw new Error(file.text);
    const bytes = new Uint8Array(first.disk.size(file) as number);
    first.disk.read(file, 0, bytes, 0, bytes.length);
    const text = Buffer.from(change(Buffer.from(bytes).toString()));
    first.disk.truncate(file, 0);
    first.disk.commit(file, 0, text, 0, text.length, "written", () => undefined);
    first.world.settle();
    first.disk.close(file);
    return new Bench({ disk: first.disk, world: first.world });
  }

  test.each([
    ["a field of a later version", (text: string) => text.replace(`"name":`, `"warp":9,"name":`), "unknown field"],
    ["a higher level", (text: string) => text.replace(`level":"0"`, `level":"99"`), "required API level: 99"],
    [
      "a feature that is not there yet",
      (text: string) => text.replace(`"allow_msg_ttl":false`, `"allow_msg_ttl":true`),
      "not supported",
    ],
  ])("%s: it is offline, says why, and stays as it is", (_, change, why) => {
    const bench = changed(change);
    const answers = bench.ask("$JS.API.STREAM.INFO.S");
    bench.settle();
    expect(answers).toEqual([]);
    bench.world.advance(500);
    bench.settle();
    const { error } = JSON.parse(answers[0]!) as { error: { err_code: number; description: string } };
    expect(error.err_code).toBe(10194);
    expect(error.description).toContain(why);
    expect(bench.api("STREAM.LIST")["offline"]).toHaveProperty("S");
    expect(bench.complaints.join("\n")).toContain("offline");
    expect(bench.disk.list("A/streams/S/msgs")).toContain("1.blk");
    expect(bench.api("STREAM.CREATE.S", { name: "S" }).error?.err_code).toBe(10058);
  });

  test("hold up nobody while their refusals are held back", () => {
    const bench = changed((text) => text.replace(`"name":`, `"warp":9,"name":`));
    const refused = Array.from({ length: 1200 }, () => bench.ask("$JS.API.STREAM.INFO.S"));
    const counted = (): number => refused.filter((answers) => answers.length === 1).length;
    expect(bench.api("STREAM.NAMES")["total"]).toBe(0);
    bench.settle();
    expect(counted()).toBe(200);
    bench.world.advance(500);
    bench.settle();
    expect(counted()).toBe(1200);
  });

  test("a wrong checksum is said aloud, and the stream served", () => {
    const bench = changed((text) => text.replace(`"max_msgs":-1`, `"max_msgs":-2`));
    expect(bench.complaints.join("\n")).toMatch(/'S'/);
    expect(bench.api("STREAM.INFO.S")["state"]).toMatchObject({ messages: 1 });
  });
});

describe("the queue of requests", () => {
  test("is dropped as a whole when it is too long, and the system account hears of it", () => {
    const bench = new Bench({ requestQueueLimit: 5, infoQueueLimit: 3 });
    const heard = bench.hear("$JS.EVENT.ADVISORY.API.LIMIT_REACHED", bench.system);
    const infos = [1, 2, 3, 4].map(() => bench.ask("$JS.API.STREAM.NAMES"));
    const purges = [1, 2].map(() => bench.ask("$JS.API.STREAM.PURGE.S"));
    bench.settle();
    expect(infos.map((answers) => answers.length)).toEqual([0, 0, 0, 1]);
    expect(purges.map((answers) => answers.length)).toEqual([1, 1]);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('"dropped":3');
    expect(bench.complaints.join("\n")).toContain("info queue limit reached, dropping 3 requests");
  });

  test("is dropped, too, when it holds too many bytes", () => {
    const bench = new Bench();
    const heard = bench.hear("$JS.EVENT.ADVISORY.API.LIMIT_REACHED", bench.system);
    const long = "x".repeat(2 ** 20);
    const infos = Array.from({ length: 65 }, () => bench.ask("$JS.API.STREAM.NAMES", long));
    bench.settle();
    expect(infos.map((answers) => answers.length).slice(-2)).toEqual([0, 1]);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('"dropped":64');
    expect(bench.complaints.join("\n")).toContain("info queue limit reached, dropping 64 requests");
    // What is served does not count any more.
    for (let i = 0; i < 70; i++) {
      expect(bench.ask("$JS.API.STREAM.NAMES", long)).toEqual([]);
      bench.settle();
    }
    expect(heard).toHaveLength(1);
  });

  test("serves what does something before what only asks", () => {
    const bench = new Bench();
    const names = bench.ask("$JS.API.STREAM.NAMES");
    bench.ask("$JS.API.STREAM.CREATE.M", { name: "M", storage: "memory" });
    bench.settle();
    expect(JSON.parse(names[0]!)).toMatchObject({ streams: ["M"] });
  });

  test("of the system account takes an account's streams away", () => {
    const bench = new Bench();
    bench.api("STREAM.CREATE.S", { name: "S" });
    bench.api("STREAM.CREATE.T", { name: "T" });
    // Only what a client sends is heard there: the bus itself is the server.
    bench.ask("$JS.API.ACCOUNT.PURGE.A", "", bench.system);
    bench.settle();
    expect(bench.api("STREAM.NAMES")["total"]).toBe(2);
  });
});
