// `nats bench js …` and `nats bench kv …`: each comes to its end, and the server counted what it says it did.

import assert from "node:assert/strict";
import { AckPolicy, connect, StorageType } from "nats";
import { runCase } from "../lib/report.mjs";
import { within } from "../lib/wait.mjs";
import { Session } from "./script.mjs";

const MSGS = 2000;
const quiet = "--no-progress --size 64";

/** @param {string} binary @param {string} label */
export async function benchCommands(binary, label) {
  const session = new Session(binary);
  await runCase(`${label}: nats bench: the server starts`, () => session.start());
  const nc = await connect({ servers: session.server.url });
  const jsm = await nc.jetstreamManager();
  await jsm.streams.add({ name: "benchstream", subjects: ["bench.js"], allow_direct: true });
  const stored = async (stream) => (await jsm.streams.info(stream)).state.messages;
  const purged = async (count = 0) => {
    await jsm.streams.purge("benchstream");
    if (count > 0) await session.must(`bench js pub async bench.js --msgs ${count} ${quiet}`);
  };
  /** What is left to deliver and to ack when the readers are gone. */
  const drained = (consumer, acked) =>
    within(5000, `${consumer} to be through`, async () => {
      const { num_pending: pending, num_ack_pending: unacked, delivered } = await jsm.consumers.info("benchstream", consumer); // prettier-ignore
      return pending === 0 && (!acked || unacked === 0) && delivered.stream_seq > 0;
    });

  const cases = {
    [`js pub sync --clients 2`]: async (command) => {
      await session.must(`bench ${command} bench.js --msgs ${MSGS} ${quiet}`);
      assert.equal(await stored("benchstream"), MSGS);
    },
    [`js pub async --purge --batch 100`]: async (command) => {
      await session.must(`bench ${command} bench.js --msgs ${MSGS} ${quiet}`);
      assert.equal(await stored("benchstream"), MSGS);
    },
    [`js pub async --multisubject --multisubjectmax 50 --multisubjectrandomize -H a:b`]: async (command) => {
      await jsm.streams.add({ name: "wild", subjects: ["bench.wild.*"], storage: StorageType.Memory });
      await session.must(`bench ${command} bench.wild --stream wild --msgs ${MSGS} ${quiet}`);
      const { state } = await jsm.streams.info("wild");
      assert.deepEqual([state.messages, state.num_subjects], [MSGS, 50]);
    },
    [`js pub sync --create --storage memory --maxbytes 10MB --dedupwindow 1m`]: async (command) => {
      await session.must(`bench ${command} bench.made --stream made --msgs 100 ${quiet}`);
      assert.equal(await stored("made"), 100);
    },
    [`js pub sync --dedup`]: async (command) => {
      await purged();
      await session.must(`bench ${command} bench.js --msgs 500 ${quiet}`);
      assert.equal(await stored("benchstream"), 500);
    },
    [`js ordered --clients 2`]: async (command) => {
      await purged(MSGS);
      await session.must(`bench ${command} --msgs ${MSGS} --no-progress`);
    },
    [`js get sync`]: (command) => session.must(`bench ${command} --msgs 500 --no-progress`),
    [`js get batch --batch 100 --clients 2`]: (command) =>
      session.must(`bench ${command} --msgs ${MSGS} --no-progress`),
    [`kv put --clients 2`]: async (command) => {
      await session.must(`bench ${command} --msgs ${MSGS} ${quiet}`);
      assert.equal(await stored("KV_benchbucket"), MSGS);
    },
    [`kv put --purge --randomize 10`]: async (command) => {
      await session.must(`bench ${command} --msgs 500 ${quiet}`);
      assert.ok((await stored("KV_benchbucket")) <= 10);
    },
    [`kv get --randomize 10`]: (command) => session.must(`bench ${command} --msgs 500 --no-progress`),
  };
  for (const kind of ["consume", "fetch"])
    cases[`js ${kind}`] = async (command) => {
      await purged(MSGS);
      await session.must(`bench ${command} --msgs ${MSGS} --no-progress`);
    };
  /** @type {[AckPolicy, string][]} */
  const ways = [
    [AckPolicy.None, ""],
    [AckPolicy.Explicit, " --clients 2"],
    [AckPolicy.All, ""],
    [AckPolicy.Explicit, " --doubleack"],
  ];
  for (const kind of ["consume", "fetch"])
    for (const [acks, more] of ways) {
      const count = more === "" ? MSGS : 600;
      cases[`js ${kind} --acks ${acks}${more} --batch 100`] = async (command) => {
        const consumer = `c-${kind}-${acks}${more.trim().replaceAll(/\W+/g, "")}`;
        await purged(count);
        await jsm.consumers.add("benchstream", { durable_name: consumer, ack_policy: acks });
        await session.must(`bench ${command} --consumer ${consumer} --msgs ${count} --no-progress`);
        await drained(consumer, acks !== AckPolicy.None);
      };
    }
  for (const [command, run] of Object.entries(cases)) {
    await runCase(`${label}: nats bench ${command}`, async () => {
      const printed = await run(command);
      if (typeof printed === "string") assert.match(printed, /stats/i);
    });
  }
  await nc.close();
  await session.stop();
}
