// What a soak does to a server: a work queue, a log, buckets of keys, objects. Each load goes on through restarts and
// knows what was acknowledged to it; `faults` says what of it did not hold.

import { createHash } from "node:crypto";
import { AckPolicy, DiscardPolicy, nanos, RetentionPolicy } from "nats";

/** Takers share a connection, so what is delivered before an ack is confirmed comes before it. */
const ON_ITS_WAY_MS = 100;
const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
/** Asks again until it is answered, or the load is over. */
async function insist(load, ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // A client's asking fails while the server is away; an answer that refuses is none of that.
      if (error.api_error !== undefined && error.api_error.code !== 503) throw error;
      if (load.isOver) return undefined;
      await pause(100);
    }
  }
}

/** Publishes into a work queue, each message until it is acknowledged; takes it out with double acks. */
export class WorkQueue {
  isOver = false;
  published = 0;
  confirmed = 0;
  faults = [];
  #acknowledged = new Set();
  #received = new Set();
  /** When, by id. */
  #confirmed = new Map();
  #everySoManyMs;

  constructor(everySoManyMs = 5) {
    this.#everySoManyMs = everySoManyMs;
  }

  async start(nc) {
    const jsm = await nc.jetstreamManager();
    await jsm.streams.add({ name: "WORK", subjects: ["work.*"], retention: RetentionPolicy.Workqueue });
    await jsm.consumers.add("WORK", {
      durable_name: "workers",
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(5000),
      max_ack_pending: 2000,
    });
  }

  /** Runs until it is over. */
  async publish(nc, who) {
    const js = nc.jetstream({ timeout: 3000 });
    for (let n = 1; !this.isOver; n++) {
      const id = `${who}-${n}`;
      const ack = await insist(this, () => js.publish(`work.${who}`, id.padEnd(200), { msgID: id }));
      if (ack === undefined) return;
      this.#acknowledged.add(id);
      this.published++;
      await pause(this.#everySoManyMs);
    }
  }

  /** Runs until it is over and nothing is left, or `until` says it is too late. */
  async take(nc, until) {
    const js = nc.jetstream({ timeout: 3000 });
    const consumer = await insist(this, () => js.consumers.get("WORK", "workers"));
    while (!until()) {
      try {
        const came = [];
        for await (const msg of await consumer.fetch({ max_messages: 50, expires: 1000 }))
          came.push({ msg, atMs: performance.now() });
        for (const { msg, atMs } of came) await this.#confirm(msg, atMs);
        if (!this.isOver) continue;
        const { num_pending: pending, num_ack_pending: unacked } = await consumer.info();
        if (pending + unacked === 0) return;
      } catch {
        await pause(100);
      }
    }
  }

  async #confirm(msg, cameAtMs) {
    const id = msg.string().trim();
    this.#received.add(id);
    if (await msg.ackAck({ timeout: 2000 }).catch(() => false)) {
      this.#confirmed.set(id, Math.min(this.#confirmed.get(id) ?? Infinity, performance.now()));
      this.confirmed++;
    }
    // It may have been on its way to one taker when another one's ack was confirmed.
    if (cameAtMs > (this.#confirmed.get(id) ?? Infinity) + ON_ITS_WAY_MS)
      this.faults.push(`${id} came again ${cameAtMs - this.#confirmed.get(id)} ms after its ack was confirmed: ${msg.info.redeliveryCount} times, ${msg.info.deliverySequence}`); // prettier-ignore
  }

  async check(nc) {
    const lost = [...this.#acknowledged].filter((id) => !this.#received.has(id));
    if (lost.length > 0)
      this.faults.push(`${lost.length} acknowledged messages never came: ${lost.slice(0, 5).join(" ")}`);
    const { state } = await (await nc.jetstreamManager()).streams.info("WORK");
    if (state.messages > 0) this.faults.push(`${state.messages} messages are left in the work queue`);
    return `${this.published} through the work queue`;
  }
}

/** A stream with limits that is written all the time and read in order. */
export class Log {
  isOver = false;
  written = 0;
  read = 0;
  faults = [];
  #last = 0;

  async start(nc) {
    const jsm = await nc.jetstreamManager();
    await jsm.streams.add({ name: "LOG", subjects: ["log.>"], max_bytes: 32 << 20, discard: DiscardPolicy.Old });
  }

  async write(nc) {
    const js = nc.jetstream({ timeout: 3000 });
    const body = "x".repeat(1000);
    while (!this.isOver) {
      const answers = await Promise.allSettled(
        Array.from({ length: 50 }, (_, i) => js.publish(`log.${i % 7}.${this.written % 1000}`, body)),
      );
      for (const { value } of answers.filter(({ status }) => status === "fulfilled")) {
        this.#last = Math.max(this.#last, value.seq);
        this.written++;
      }
      await pause(20);
    }
  }

  /** An ordered consumer, which goes on by itself. */
  async readAll(nc) {
    const consumer = await insist(this, () => nc.jetstream().consumers.get("LOG"));
    let last = 0;
    const messages = await consumer.consume({
      callback: (msg) => {
        if (msg.seq <= last) this.faults.push(`the log's reader got ${msg.seq} after ${last}`);
        last = msg.seq;
        this.read++;
      },
    });
    while (!this.isOver) await pause(100);
    messages.stop();
  }

  async check(nc) {
    const { state } = await (await nc.jetstreamManager()).streams.info("LOG");
    if (state.last_seq < this.#last)
      this.faults.push(`the log ends at ${state.last_seq}, ${this.#last} was acknowledged`);
    if (state.bytes > 32 << 20) this.faults.push(`the log holds ${state.bytes} bytes`);
    if (this.read < this.written / 2) this.faults.push(`${this.read} of ${this.written} were read from the log`);
    return `${this.written} into the log, ${this.read} read`;
  }
}

/** Keys with one writer each; what was acknowledged last is there, unless something later was asked for. */
export class Keys {
  isOver = false;
  written = 0;
  faults = [];
  #sure = new Map();
  #asked = new Map();

  async start(nc) {
    await nc.jetstream().views.kv("soak", { history: 5 });
  }

  async write(nc, who) {
    const kv = await insist(this, () => nc.jetstream({ timeout: 3000 }).views.kv("soak", { bindOnly: true }));
    for (let n = 1; !this.isOver; n++) {
      const key = `${who}.${n % 50}`;
      this.#asked.set(key, n);
      try {
        if (n % 97 === 0) await kv.delete(key);
        else await kv.put(key, String(n));
        this.#sure.set(key, n);
        this.written++;
        if (n % 5 === 0) this.#compare(key, n, await kv.get(key));
      } catch {
        await pause(100);
      }
      await pause(10);
    }
  }

  #compare(key, least, entry) {
    const found = entry === null || entry.operation !== "PUT" ? undefined : Number(entry.string());
    const isDeleted = found === undefined && (least % 97 === 0 || this.#asked.get(key) % 97 === 0);
    if (!isDeleted && !(found >= least && found <= this.#asked.get(key)))
      this.faults.push(`key ${key} is ${found}; ${least} was acknowledged`);
  }

  async check(nc) {
    const kv = await nc.jetstream().views.kv("soak", { bindOnly: true });
    for (const [key, least] of this.#sure) this.#compare(key, least, await kv.get(key));
    return `${this.written} values`;
  }
}

const CHUNK = 1 << 17;

/** Bytes that are made as they are read; no faster than the connection takes them. */
function source(nc, bytes, seed, hash) {
  const chunk = Buffer.alloc(CHUNK, `soak ${seed} `);
  let made = 0;
  return new ReadableStream({
    async pull(controller) {
      if (made >= bytes) {
        controller.close();
        return;
      }
      chunk.writeUInt32LE(made / CHUNK, 0);
      const part = chunk.subarray(0, Math.min(CHUNK, bytes - made));
      hash.update(part);
      made += part.length;
      controller.enqueue(Uint8Array.from(part));
      if ((made / CHUNK) % 32 === 0) await nc.flush();
    },
  });
}

/** Objects, put and got with their digests; the last of each name stays. */
export class Objects {
  isOver = false;
  bytes = 0;
  faults = [];
  #digests = new Map();

  async start(nc) {
    await nc.jetstream().views.os("soak");
  }

  /** One object there and back; fails when the server goes meanwhile. */
  async roundTrip(nc, name, bytes, seed) {
    const os = await nc.jetstream({ timeout: 10_000 }).views.os("soak");
    const hash = createHash("sha256");
    await os.put({ name }, source(nc, bytes, seed, hash), { timeout: 60_000 });
    const digest = hash.digest("hex");
    this.#digests.set(name, digest);
    await this.#get(os, name, bytes);
    this.bytes += bytes;
  }

  async #get(os, name, bytes) {
    const got = createHash("sha256");
    let size = 0;
    const found = await os.get(name);
    if (found === null) {
      this.faults.push(`object ${name} is gone`);
      return;
    }
    const reader = found.data.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      got.update(part.value);
      size += part.value.length;
    }
    const failed = await found.error;
    if (failed instanceof Error) throw failed;
    if (size !== (bytes ?? size) || got.digest("hex") !== this.#digests.get(name))
      this.faults.push(`object ${name} came back with ${size} bytes and another digest`);
  }

  /** Objects of a few MB, one after the other, under three names. */
  async churn(nc) {
    for (let n = 0; !this.isOver; n++) {
      try {
        await this.roundTrip(nc, `churned-${n % 3}`, (1 << 20) * (1 + (n % 8)) + n, n);
      } catch {
        // It was cut off: what the name means now is not known until it is put again.
        this.#digests.delete(`churned-${n % 3}`);
        await pause(200);
      }
      await pause(100);
    }
  }

  async check(nc) {
    const os = await nc.jetstream().views.os("soak");
    for (const name of this.#digests.keys()) await this.#get(os, name);
    return `${(this.bytes / 2 ** 20).toFixed(0)} MB of objects`;
  }
}
