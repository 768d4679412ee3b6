// Consumers of one stream that is killed again and again: what was acked and confirmed stays acked, what was not is
// delivered again, and what was created, changed or deleted stays so.
//
// A round publishes and, at the same time, pulls and acks; then it may ask for one change of a consumer, alone. What
// has no answer when the server dies may have happened or not: the next look decides, or leaves it open.

import { Gone } from "./raw_client.mjs";

const SUBJECTS = 3;
const BATCH = 20;
const FAR = "2100-01-01T00:00:00Z";

/** What one consumer was told and told us. */
class ConsumerModel {
  constructor(name, filter, config) {
    this.name = name;
    this.filter = filter;
    this.config = config;
    this.isAckAll = config.ack_policy === "all";
    this.forget();
  }

  forget() {
    /** "absent", "there", or "maybe" while a create or delete has no answer. */
    this.presence = "absent";
    this.descriptions = [];
    /** Whether it may be paused: the confirmed one, then what was asked for. */
    this.paused = [false];
    /** Messages from here on were published when it was there. */
    this.since = Infinity;
    this.confirmed = new Set();
    this.asked = new Set();
    this.flying = new Set();
    /** With ack all: everything up to here. */
    this.confirmedUpTo = 0;
    this.askedUpTo = 0;
  }

  wants(subject) {
    return this.filter === undefined || this.filter === subject;
  }
  isAcked(seq) {
    return this.confirmed.has(seq) || seq <= this.confirmedUpTo;
  }
  mayBeAcked(seq) {
    return this.isAcked(seq) || this.asked.has(seq) || seq <= this.askedUpTo;
  }
}

export class ConsumersModel {
  /** `consumers`: name → [filter or undefined, configuration]. The first is never deleted. */
  constructor(name, retention, consumers) {
    this.name = name;
    this.retention = retention;
    this.consumers = Object.entries(consumers).map(
      ([consumer, [filter, config]]) => new ConsumerModel(consumer, filter && `${name}.${filter}`, config ?? {}),
    );
    this.presence = "absent";
    /** By sequence: what is acknowledged, and what a look found. */
    this.sent = new Map();
    this.unanswered = new Set();
    /** Taken by confirmed acks. */
    this.removed = new Set();
    /** By acks without an answer. */
    this.maybeRemoved = new Set();
    this.lastSeq = 0;
    this.faults = [];
    this.acks = 0;
    this.count = 0;
  }

  wrong(text) {
    this.faults.push(`${this.name}: ${text}`);
  }

  // ---- work

  /** Works until the server is gone. `below(n)` is chance. */
  async drive(client, below) {
    try {
      for (;;) await this.#round(client, below);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  async #round(client, below) {
    if (this.presence !== "there") {
      this.presence = "maybe";
      const { name, retention } = this;
      await client.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.*`], storage: "file", retention });
      this.presence = "there";
    }
    for (const consumer of this.consumers) if (consumer.presence === "absent") await this.#create(client, consumer);
    const work = this.consumers.map((consumer) => this.#consume(client, consumer, below));
    await settled([this.#publish(client, below), ...work]);
    const changed = this.consumers[below(this.consumers.length)];
    const what = below(8);
    if (what === 0 && changed !== this.consumers[0]) await this.#delete(client, changed);
    else if (what === 1) await this.#update(client, changed);
    else if (what === 2) await this.#pause(client, changed, true);
    else if (what <= 4 && changed.paused[0]) await this.#pause(client, changed, false);
  }

  async #publish(client, below) {
    const some = Array.from({ length: below(60) }, async () => {
      const subject = `${this.name}.${below(SUBJECTS)}`;
      const id = `${this.name}-${++this.count}`;
      this.unanswered.add(id);
      const { payload } = await client.request(subject, id);
      const { seq, error } = JSON.parse(payload.toString());
      if (error !== undefined) throw new Error(`${this.name}: publish: ${JSON.stringify(error)}`);
      this.unanswered.delete(id);
      this.sent.set(seq, { subject, id });
      this.lastSeq = Math.max(this.lastSeq, seq);
    });
    await settled(some);
  }

  async #consume(client, consumer, below) {
    const acks = [];
    const messages = await this.#fetch(client, consumer, BATCH, (message) => {
      // Some are left, some given back.
      const how = below(10);
      if (how === 0 || consumer.isAckAll) return;
      if (how === 1) client.tell(message.reply, "-NAK");
      else {
        const acked = this.#ack(client, consumer, message);
        // Looked at below, unless the fetch fails before.
        acked.catch(() => undefined);
        acks.push(acked);
      }
    });
    await settled(acks);
    if (consumer.isAckAll && messages.length > 0 && below(4) > 0) await this.#ack(client, consumer, messages.at(-1));
  }

  async #fetch(client, consumer, batch, onMsg) {
    const messages = [];
    await client.fetch(this.name, consumer.name, { batch, no_wait: true }, (message) => {
      const [, , , , , seq] = message.reply.split(".");
      message.seq = Number(seq);
      this.#delivered(consumer, message);
      messages.push(message);
      onMsg(message);
    });
    return messages;
  }

  #delivered(consumer, { seq, subject, payload }) {
    const whose = `message ${seq} to ${consumer.name}`;
    if (consumer.isAcked(seq)) this.wrong(`${whose} is delivered, which was acked and confirmed`);
    if (this.removed.has(seq)) this.wrong(`${whose} is delivered, which is removed`);
    if (!consumer.wants(subject)) this.wrong(`${whose} is not what it filters: ${subject}`);
    const sent = this.sent.get(seq);
    if (sent !== undefined && sent.id !== payload.toString()) this.wrong(`${whose} is ${payload}, not ${sent.id}`);
    if (consumer.paused.length === 1 && consumer.paused[0]) this.wrong(`${whose} is delivered, which is paused`);
    // An ack of another life came to nothing.
    if (!consumer.flying.has(seq)) consumer.asked.delete(seq);
  }

  async #ack(client, consumer, { seq, subject, reply }) {
    consumer.flying.add(seq);
    if (consumer.isAckAll) consumer.askedUpTo = Math.max(consumer.askedUpTo, seq);
    else consumer.asked.add(seq);
    if (this.#frees(consumer, seq, subject, (one) => one.mayBeAcked(seq))) this.maybeRemoved.add(seq);
    await client.request(reply, "+ACK");
    this.acks++;
    consumer.flying.delete(seq);
    if (consumer.isAckAll) consumer.confirmedUpTo = Math.max(consumer.confirmedUpTo, seq);
    else consumer.confirmed.add(seq);
    if (this.#frees(consumer, seq, subject, (one) => one.isAcked(seq))) {
      this.maybeRemoved.delete(seq);
      this.removed.add(seq);
      this.sent.delete(seq);
    }
  }

  /** Whether nobody needs the message when `consumer` has acked it; `acked` is asked of the others. */
  #frees(consumer, _seq, subject, acked) {
    if (this.retention === "workqueue") return true;
    if (this.retention === "limits") return false;
    return this.consumers.every(
      (one) => one === consumer || one.presence === "absent" || !one.wants(subject) || acked(one),
    );
  }

  async #create(client, consumer) {
    const description = `made ${++this.count}`;
    consumer.forget();
    consumer.presence = "maybe";
    consumer.descriptions = [description];
    await client.api(...this.#request(consumer, description, "create"));
    consumer.presence = "there";
    consumer.since = this.lastSeq + 1;
  }

  async #update(client, consumer) {
    const description = `changed ${++this.count}`;
    consumer.descriptions.push(description);
    const pause = consumer.paused[0] ? { pause_until: FAR } : {};
    await client.api(...this.#request(consumer, description, "update", pause));
    consumer.descriptions = [description];
  }

  #request(consumer, description, action, more = {}) {
    const config = {
      name: consumer.name,
      durable_name: consumer.name,
      ack_policy: "explicit",
      ack_wait: 300_000_000,
      max_ack_pending: 200,
      description,
      ...(consumer.filter === undefined ? {} : { filter_subject: consumer.filter }),
      ...consumer.config,
      ...more,
    };
    const tail = consumer.filter === undefined ? "" : `.${consumer.filter}`;
    const subject = `CONSUMER.CREATE.${this.name}.${consumer.name}${tail}`;
    return [subject, { stream_name: this.name, config, action }];
  }

  async #pause(client, consumer, isPaused) {
    consumer.paused.push(isPaused);
    const until = isPaused ? { pause_until: FAR } : {};
    await client.api(`CONSUMER.PAUSE.${this.name}.${consumer.name}`, until);
    consumer.paused = [isPaused];
  }

  async #delete(client, consumer) {
    consumer.presence = "maybe";
    // What only it kept may go.
    if (this.retention === "interest") for (const seq of this.sent.keys()) this.maybeRemoved.add(seq);
    await client.api(`CONSUMER.DELETE.${this.name}.${consumer.name}`);
    consumer.forget();
  }

  // ---- looking

  /**
   * Compares with what a server has after its start; with `isFinal` that is then what it must have.
   * `messages`: by sequence { subject, payload }; `infos`: CONSUMER.INFO of each.
   */
  look({ state, messages }, infos, isFinal) {
    if (state.last_seq < this.lastSeq) this.wrong(`last sequence ${state.last_seq}, ${this.lastSeq} is confirmed`);
    for (const [seq, { subject, id }] of this.sent) {
      const message = messages.get(seq);
      if (message === undefined) {
        if (!this.maybeRemoved.has(seq) && this.#isNeeded(seq, subject)) this.wrong(`message ${seq} (${id}) is lost`);
      } else if (message.payload.toString() !== id) this.wrong(`message ${seq} is ${message.payload}, not ${id}`);
    }
    for (const [seq, { payload }] of messages) {
      if (this.removed.has(seq)) this.wrong(`message ${seq} is there again`);
      if (!this.sent.has(seq) && !this.unanswered.has(payload.toString())) this.wrong(`${payload} was never sent`);
    }
    for (const consumer of this.consumers) {
      const info = infos.get(consumer.name);
      if (info === undefined && consumer.presence === "there") this.wrong(`consumer ${consumer.name} is lost`);
      else if (info !== undefined && consumer.presence === "absent")
        this.wrong(`consumer ${consumer.name} was deleted and is there`);
      else if (info !== undefined) this.#lookAt(consumer, info, messages);
    }
    for (const name of infos.keys())
      if (!this.consumers.some((consumer) => consumer.name === name)) this.wrong(`consumer ${name} was never made`);
    if (isFinal) this.#settle(state, messages, infos);
    return this.faults.splice(0);
  }

  #isNeeded(seq, subject) {
    if (this.retention !== "interest") return true;
    return this.consumers.some(
      (one) => one.presence === "there" && one.since <= seq && one.wants(subject) && !one.mayBeAcked(seq),
    );
  }

  #lookAt(consumer, info, messages) {
    const wrong = (text) => this.wrong(`consumer ${consumer.name}: ${text}`);
    const { config, num_pending: pending, num_ack_pending: ackPending, ack_floor: floor, delivered } = info;
    if (!consumer.descriptions.includes(config.description))
      wrong(`description ${config.description}, not one of ${consumer.descriptions.join()}`);
    if (!consumer.paused.includes(info.paused ?? false)) wrong(`paused ${info.paused}, not ${consumer.paused.join()}`);
    if (floor.stream_seq > delivered.stream_seq) wrong("its ack floor is above what was delivered");
    let [least, most] = [0, 0];
    for (const [seq, { subject }] of messages) {
      if (!consumer.wants(subject) || consumer.isAcked(seq)) continue;
      most++;
      if (consumer.mayBeAcked(seq)) continue;
      least++;
      if (seq <= floor.stream_seq) wrong(`its ack floor ${floor.stream_seq} is above ${seq}, which nobody acked`);
    }
    // The message went, and the state that says so was not written: found when it is to be delivered again.
    for (const seq of consumer.asked) if (!messages.has(seq) && seq > floor.stream_seq) most++;
    const open = pending + ackPending;
    if (open < least || open > most)
      wrong(`${pending} pending and ${ackPending} waiting for acks, not ${least} to ${most} in all`);
  }

  #settle(state, messages, infos) {
    for (const [seq, { subject, payload }] of messages) this.sent.set(seq, { subject, id: payload.toString() });
    for (const seq of this.sent.keys()) if (!messages.has(seq)) this.sent.delete(seq);
    this.maybeRemoved.clear();
    this.unanswered.clear();
    this.lastSeq = state.last_seq;
    this.presence = "there";
    for (const consumer of this.consumers) {
      const info = infos.get(consumer.name);
      consumer.flying.clear();
      if (info === undefined) consumer.forget();
      else {
        if (consumer.presence === "maybe") consumer.since = Math.min(consumer.since, state.last_seq + 1);
        consumer.presence = "there";
        consumer.descriptions = [info.config.description];
        consumer.paused = [info.paused ?? false];
      }
    }
  }

  /** The stream is not there. */
  lookAtNothing(isFinal) {
    if (this.presence === "there") this.wrong("is lost");
    if (isFinal) this.presence = "absent";
    return this.faults.splice(0);
  }

  // ---- the end

  /** Delivers and acks all there is: every message that was not acked comes, and queues are empty then. */
  async drain(client, deadlineMs = 20_000) {
    if (this.presence !== "there") return [];
    for (const consumer of this.consumers) {
      if (consumer.presence === "absent") await this.#create(client, consumer);
      if (consumer.paused[0]) await this.#pause(client, consumer, false);
    }
    const deadline = Date.now() + deadlineMs;
    for (const consumer of this.consumers) {
      for (;;) {
        const messages = await this.#fetch(client, consumer, 100, () => undefined);
        if (consumer.isAckAll && messages.length > 0) await this.#ack(client, consumer, messages.at(-1));
        else await settled(messages.map((message) => this.#ack(client, consumer, message)));
        const info = await client.api(`CONSUMER.INFO.${this.name}.${consumer.name}`);
        if (info.num_pending + info.num_ack_pending === 0) break;
        if (Date.now() > deadline) {
          const { num_pending: pending, num_ack_pending: ackPending } = info;
          this.wrong(`consumer ${consumer.name}: ${pending} pending, ${ackPending} waiting for acks do not come`);
          break;
        }
        if (messages.length === 0) await new Promise((resolve) => void setTimeout(resolve, 50));
      }
      for (const [seq, { subject }] of this.sent)
        if (consumer.wants(subject) && !consumer.mayBeAcked(seq)) this.wrong(`${seq} never came to ${consumer.name}`);
    }
    const { state } = await client.api(`STREAM.INFO.${this.name}`);
    const covered = this.consumers.some(({ filter }) => filter === undefined);
    if (this.retention !== "limits" && covered && state.messages > 0)
      this.wrong(`${state.messages} messages stay, from ${state.first_seq}, which everybody acked`);
    return this.faults.splice(0);
  }
}

/** Waits for all; then throws the first failure. */
async function settled(promises) {
  for (const { status, reason } of await Promise.allSettled(promises)) if (status === "rejected") throw reason;
}

/** One stream of each retention. */
export function consumedStreams() {
  return [
    new ConsumersModel("CLIMITS", "limits", { ALL: [], ONE: ["1"], UPTO: [undefined, { ack_policy: "all" }] }),
    new ConsumersModel("CWORK", "workqueue", { ALL: [] }),
    new ConsumersModel("CSPLIT", "workqueue", { ZERO: ["0"], ONE: ["1"], TWO: ["2"] }),
    new ConsumersModel("CINTEREST", "interest", { ALL: [], ONE: ["1"], OTHER: [] }),
  ];
}
