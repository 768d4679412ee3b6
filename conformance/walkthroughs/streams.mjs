// What the walkthroughs about streams share: a server with JetStream and what `nats stream …` asks of it.

/** A server with JetStream and a connection to it. @param {import("./walk.mjs").Walk} w */
export async function jetStream(w, options = {}) {
  const server = await w.start({ flags: ["-js", "-sd", "{dir}/js"], ...options });
  const nc = await w.connect(server);
  return { server, nc, jsm: await nc.jetstreamManager() };
}

/** A request to the API by hand; its answer as an object. */
export async function api(nc, subject, body = "") {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await nc.request(`$JS.API.${subject}`, payload, { timeout: 5000 });
  return JSON.parse(reply.string());
}

/** The stream `nats stream add` makes when every question is answered with Enter. */
export const askedByDefault = {
  retention: "limits",
  max_consumers: -1,
  max_msgs_per_subject: -1,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msg_size: -1,
  storage: "file",
  discard: "old",
  num_replicas: 1,
  duplicate_window: 120_000_000_000,
  sealed: false,
  deny_delete: false,
  deny_purge: false,
  allow_rollup_hdrs: false,
  allow_direct: true,
  mirror_direct: false,
};
