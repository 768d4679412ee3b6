// Walkthrough 36: canary releases, traffic shaping and artificial loss by weighted mappings.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { walkthrough } from "./walk.mjs";

const CANARY = (one, two) => `mappings = {
  myservice.requests: [
    { destination: myservice.requests.v1, weight: ${one}% }${two === 0 ? "" : `,\n    { destination: myservice.requests.v2, weight: ${two}% }`}
  ]
}\n`;

/** How often each subject came after `count` messages to `subject`. */
async function shares(nc, subject, count) {
  const seen = new Map();
  const sub = nc.subscribe(">", { callback: (_error, msg) => seen.set(msg.subject, (seen.get(msg.subject) ?? 0) + 1) });
  await nc.flush();
  for (let i = 0; i < count; i++) nc.publish(subject);
  await nc.flush();
  sub.unsubscribe();
  return seen;
}

const between = (value, low, high, what) =>
  assert.ok(value >= low && value <= high, `${what}: ${value}, not between ${low} and ${high}`);

await walkthrough("36 weighted mappings", {
  "a canary release, by reload": async (w) => {
    const server = await w.start({ config: CANARY(100, 0) });
    const nc = await w.connect(server);
    assert.deepEqual([...(await shares(nc, "myservice.requests", 100))], [["myservice.requests.v1", 100]]);
    server.configure(CANARY(98, 2));
    server.signal("SIGHUP");
    await server.logged(/Reloaded server configuration/);
    const seen = await shares(nc, "myservice.requests", 5000);
    between(seen.get("myservice.requests.v2"), 50, 160, "2 % of 5000");
    assert.equal(seen.get("myservice.requests.v1") + seen.get("myservice.requests.v2"), 5000);
  },

  "traffic for failures": async (w) => {
    const config = `mappings = { "myservice.requests.*": [
      { destination: "myservice.requests.{{wildcard(1)}}", weight: 80% },
      { destination: "myservice.requests.fail.{{wildcard(1)}}", weight: 20% }
    ] }\n`;
    const nc = await w.connect(await w.start({ config }));
    const seen = await shares(nc, "myservice.requests.a", 2000);
    between(seen.get("myservice.requests.fail.a"), 320, 480, "20 % of 2000");
    assert.equal(seen.get("myservice.requests.fail.a") + seen.get("myservice.requests.a"), 2000);
  },

  "artificial loss": async (w) => {
    const config = `mappings = { "foo.loss.>": [ { destination: "foo.loss.>", weight: 50% } ] }\n`;
    const nc = await w.connect(await w.start({ config }));
    const seen = await shares(nc, "foo.loss.a", 2000);
    between(seen.get("foo.loss.a"), 880, 1120, "half of 2000");
    assert.equal(seen.size, 1);
    // Who asks is told that nobody answers, now and then.
    nc.subscribe("foo.loss.>", { callback: (_error, msg) => msg.respond("here") });
    const answers = [];
    for (let i = 0; i < 40; i++) {
      answers.push(
        await nc.request("foo.loss.q", "", { timeout: 2000 }).then(
          (msg) => msg.string(),
          (error) => error.code,
        ),
      );
    }
    assert.deepEqual([...new Set(answers)].sort(), ["503", "here"]);
    await within(100, "the end", () => true);
  },
});
