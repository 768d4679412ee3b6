// Keeps one stream busy until the server dies: messages with many on their way, and now and then a request of the API,
// alone, so that it is known what it was about.

import { Gone } from "./raw_client.mjs";

const IN_FLIGHT = 50;
const MESSAGES_A_ROUND = 120;
const SUBJECTS = 7;

/** Works on a stream until the server is gone. `below(n)` is chance. */
export async function drive(client, model, below, counter) {
  try {
    for (;;) await round(client, model, below, counter);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
  }
}

async function round(client, model, below, counter) {
  if (model.presence === "absent") {
    await create(client, model, counter);
    return;
  }
  await publishSome(client, model, below, counter);
  const what = below(12);
  if (what === 0) await purge(client, model, below);
  else if (what === 1) await remove(client, model);
  else if (what <= 3) await update(client, model, counter);
  else if (what <= 8) await deleteSome(client, model, below);
}

async function create(client, model, counter) {
  const description = `made ${++counter.value}`;
  model.presence = "maybe";
  model.descriptions = [description];
  await client.api(`STREAM.CREATE.${model.name}`, { ...model.config, description });
  model.presence = "there";
}

async function remove(client, model) {
  model.presence = "maybe";
  await client.api(`STREAM.DELETE.${model.name}`);
  model.forget();
}

async function update(client, model, counter) {
  const description = `changed ${++counter.value}`;
  model.descriptions.push(description);
  await client.api(`STREAM.UPDATE.${model.name}`, { ...model.config, description });
  model.descriptions = [description];
}

async function publishSome(client, model, below, counter) {
  const failures = [];
  const flying = new Set();
  for (let left = below(MESSAGES_A_ROUND); left > 0 && failures.length === 0; left--) {
    const sent = draft(model, below, counter);
    model.unanswered.set(sent.id, sent);
    const acknowledged = publish(client, model, sent, counter)
      .catch((error) => void failures.push(error))
      .finally(() => flying.delete(acknowledged));
    flying.add(acknowledged);
    if (flying.size >= IN_FLIGHT) await Promise.race(flying);
  }
  await Promise.all(flying);
  if (failures.length > 0) throw failures[0];
}

async function publish(client, model, sent, counter) {
  const { payload, status } = await client.request(sent.subject, sent.payload);
  const answer = status === undefined ? JSON.parse(payload.toString()) : { error: status };
  if (answer.error !== undefined) throw new Error(`${model.name}: publish: ${JSON.stringify(answer.error)}`);
  model.acknowledged(sent, answer.seq);
  counter.acknowledged++;
}

function draft(model, below, counter) {
  const id = `${model.name}-${++counter.value}`;
  const size = below(10) === 0 ? below(20_000) : below(300);
  const payload = Buffer.from(`${id} ${String(counter.value % 10).repeat(size)}`);
  return { id, subject: `${model.name}.${below(SUBJECTS)}`, payload, seq: 0 };
}

async function deleteSome(client, model, below) {
  const kept = [...model.kept.keys()];
  const chosen = new Set(Array.from({ length: Math.min(kept.length, below(8)) }, () => kept[below(kept.length)]));
  for (const seq of chosen) model.maybeRemoved.add(seq);
  const results = await Promise.allSettled(
    [...chosen].map(async (seq) => {
      const { success } = await client
        .api(`STREAM.MSG.DELETE.${model.name}`, { seq, no_erase: below(2) === 0 })
        .catch((error) => {
          // A limit was there first.
          if (error.err_code === 10_043 || error.err_code === 10_057) return { success: true };
          throw error;
        });
      if (success) model.removal(seq);
    }),
  );
  for (const { status, reason } of results) if (status === "rejected") throw reason;
}

async function purge(client, model, below) {
  const all = [...model.kept.keys()].sort((a, b) => a - b);
  const how = below(4);
  let request = {};
  let gone = all;
  if (how === 1) {
    const seq = model.lastSeq - below(20);
    request = { seq };
    gone = all.filter((each) => each < seq);
  } else if (how === 2) {
    const subject = `${model.name}.${below(SUBJECTS)}`;
    request = { filter: subject };
    gone = all.filter((seq) => model.kept.get(seq).subject === subject);
  } else if (how === 3) {
    const keep = 1 + below(10);
    request = { keep };
    gone = all.slice(0, Math.max(0, all.length - keep));
  }
  if (request.seq !== undefined && request.seq < 1) return;
  for (const seq of gone) model.maybeRemoved.add(seq);
  await client.api(`STREAM.PURGE.${model.name}`, request);
  for (const seq of gone) model.removal(seq);
}
