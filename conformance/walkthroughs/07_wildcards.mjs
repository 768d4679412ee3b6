// Walkthrough 7: `time.*.east` gets two of the four messages, `time.>` all.

import assert from "node:assert/strict";
import { walkthrough } from "./walk.mjs";

await walkthrough("07 wildcards", {
  "star and tail": async (w) => {
    const server = await w.start();
    const [subscriber, publisher] = [await w.connect(server), await w.connect(server)];
    const subjects = (pattern) => {
      const seen = [];
      subscriber.subscribe(pattern, { callback: (_error, msg) => seen.push(msg.subject) });
      return seen;
    };
    const [star, tail] = [subjects("time.*.east"), subjects("time.>")];
    await subscriber.flush();
    for (const place of ["us.east", "us.east.atlanta", "eu.east", "eu.east.warsaw"]) publisher.publish(`time.${place}`);
    await publisher.flush();
    await subscriber.flush();
    assert.deepEqual(star, ["time.us.east", "time.eu.east"]);
    assert.equal(tail.length, 4);
  },
});
