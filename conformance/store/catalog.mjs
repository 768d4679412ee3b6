// The directory of an account's streams, both ways: streams our catalog makes, updates and deletes are what nats-server
// finds, and what it leaves, also when it is killed, is what our catalog finds.
//
//     node conformance/store/catalog.mjs
//
// Prints a line for each check; exit code 1 when one fails. Without a reference server it says so and exits 0.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadDoors } from "./load_store.mjs";
import { Reference } from "./reference_store.mjs";

const DOORS = `
export { openStoreDirectory } from "./src/io/disk_directory.ts";
export { StreamCatalog } from "./src/store/catalog.ts";
`;

const binary = Reference.find(path.join(import.meta.dirname, "../../.cache"));
if (binary === undefined) {
  process.stdout.write("no reference server: skipped\n");
  process.exit(0);
}
const root = mkdtempSync(path.join(tmpdir(), "store-catalog-"));
const { openStoreDirectory, StreamCatalog } = await loadDoors(DOORS, path.join(root, "catalog.mjs"));

let failures = 0;
function check(what, found, expected) {
  const isSame = isDeepStrictEqual(found, expected);
  if (!isSame) failures++;
  process.stdout.write(`${isSame ? "ok  " : "FAIL"} ${what}\n`);
  if (!isSame) process.stdout.write(`     found ${JSON.stringify(found)}\n     not   ${JSON.stringify(expected)}\n`);
}

/** Runs `work` with our catalog of $G on a directory; every call of it is a promise. */
async function withCatalog(directory, work) {
  const opened = openStoreDirectory(path.join(directory, "jetstream"));
  if (opened.text !== undefined) throw new Error(opened.text);
  const reports = [];
  const catalog = new StreamCatalog({
    disk: opened.disk,
    account: "$G",
    later: (fire) => void setImmediate(() => fire()),
    report: (text) => reports.push(text),
  });
  const call = (name, ...args) =>
    new Promise((resolve, reject) => catalog[name](...args, (failed) => (failed ? reject(failed) : resolve())));
  const found = await new Promise((resolve) => void catalog.load(resolve));
  try {
    return await work({ found, reports, call });
  } finally {
    // What was set aside is removed in slices.
    for (let i = 0; i < 100; i++) await new Promise((resolve) => void setImmediate(resolve));
    await opened.close();
  }
}
const streamsOf = (directory) => path.join(directory, "jetstream/$G/streams");
const metaOf = (name, config) =>
  Buffer.from(JSON.stringify({ Created: "2026-01-02T03:04:05.000000006Z", name, subjects: [`${name.toLowerCase()}.>`], storage: "file", retention: "limits", discard: "old", max_consumers: -1, max_msgs: -1, max_bytes: -1, max_age: 0, max_msgs_per_subject: -1, num_replicas: 1, ...config })); // prettier-ignore
const shown = async (server) => {
  const { streams } = await server.api("STREAM.LIST");
  return (streams ?? []).map(({ config, created }) => ({ name: config.name, max_msgs: config.max_msgs, created }));
};

// Ours, opened by nats-server.
const ours = path.join(root, "ours");
await withCatalog(ours, async ({ found, call }) => {
  check("a new directory holds nothing", found, []);
  for (const name of ["ONE", "TWO", "THREE"]) await call("create", name, metaOf(name, {}));
  await call("update", "TWO", metaOf("TWO", { max_msgs: 77 }));
  await call("delete", "THREE");
});
{
  const server = await Reference.start(binary, ours);
  const created = "2026-01-02T03:04:05.000000006Z";
  check("nats-server finds our streams", await shown(server), [{ name: "ONE", max_msgs: -1, created }, { name: "TWO", max_msgs: 77, created }]); // prettier-ignore
  check("and stores a message in one", (await server.publish("two.x", "hello")).seq, 1);
  await server.api("STREAM.UPDATE.ONE", { name: "ONE", subjects: ["one.>"], storage: "file", max_msgs: 5 });
  await server.make("FOUR", { metadata: { colour: "blue" } });
  await server.api("STREAM.DELETE.TWO");
  await server.kill();
}
// nats-server's, opened by ours.
await withCatalog(ours, async ({ found, reports }) => {
  const brief = found.map(({ name, meta, fault, isEncrypted }) => {
    const { max_msgs, metadata } = meta === undefined ? {} : JSON.parse(Buffer.from(meta).toString());
    return { name, max_msgs, colour: metadata?.colour, fault, isEncrypted };
  });
  const rest = { fault: undefined, isEncrypted: false };
  check("our catalog finds what a killed nats-server left", brief, [{ name: "FOUR", max_msgs: -1, colour: "blue", ...rest }, { name: "ONE", max_msgs: 5, colour: undefined, ...rest }]); // prettier-ignore
  check("and complains of nothing", reports, []);
});

// A pair of meta files that is half replaced: nats-server leaves such a stream out, unless we were there first.
const halves = {
  "meta.inf is the new one": { "meta.inf": "inf", "meta.sum.tmp": "sum" },
  "meta.sum is the new one": { "meta.sum": "sum", "meta.inf.tmp": "inf" },
};
for (const [what, half] of Object.entries(halves)) {
  const directory = path.join(root, "half");
  rmSync(directory, { recursive: true, force: true });
  await withCatalog(directory, async ({ call }) => {
    await call("create", "S", metaOf("S", { max_msgs: 2 }));
    const read = (name) => readFileSync(path.join(streamsOf(directory), "S", name));
    const next = { inf: read("meta.inf"), sum: read("meta.sum") };
    await call("update", "S", metaOf("S", { max_msgs: 1 }));
    for (const [name, part] of Object.entries(half))
      writeFileSync(path.join(streamsOf(directory), "S", name), next[part]);
  });
  await withCatalog(directory, async ({ found }) => {
    check(`${what}: ours finishes it`, found.map(({ name, fault }) => [name, fault]), [["S", undefined]]); // prettier-ignore
  });
  const server = await Reference.start(binary, directory);
  check(
    `${what}: then nats-server finds it`,
    (await shown(server)).map(({ max_msgs }) => max_msgs),
    [2],
  );
  await server.stop();
}

// What both take for a leftover.
mkdirSync(path.join(streamsOf(ours), ".GONE/msgs"), { recursive: true });
writeFileSync(path.join(streamsOf(ours), ".GONE/msgs/1.blk"), "x");
await withCatalog(ours, async () => undefined);
check("a leftover is gone", existsSync(path.join(streamsOf(ours), ".GONE")), false);
check("nothing of ours is left", readdirSync(path.join(ours, "jetstream")), ["$G"]);

rmSync(root, { recursive: true, force: true });
process.stdout.write(failures === 0 ? "all of it holds\n" : `${failures} checks failed\n`);
process.exit(failures === 0 ? 0 : 1);
