// What `nats consumer …` prints, and `nats sub` of what consumers deliver, compared with what it printed against
// nats-server.

import assert from "node:assert/strict";
import { runCase } from "../lib/report.mjs";
import { inTerminal, playScript } from "./script.mjs";

const orders = Array.from({ length: 10 }, (_, i) => `req ORDERS.${i % 2 === 0 ? "received" : "processed"} order-${i + 1}`); // prettier-ignore

const entries = [
  "stream add ORDERS --subjects ORDERS.* --defaults",
  ...orders,
  // Pull.
  "consumer add ORDERS NEW --pull --filter ORDERS.received --ack explicit --deliver all --max-deliver 20 --sample 100 --defaults",
  "consumer add ORDERS NEW --pull --filter ORDERS.received --ack explicit --deliver all --max-deliver 20 --sample 100 --defaults",
  "consumer add ORDERS NEW --pull --filter ORDERS.received --ack none --defaults",
  "consumer add ORDERS FULL --pull --filter ORDERS.received --filter ORDERS.processed --ack explicit --deliver all --wait 1m --max-pending 17 --max-waiting 5 --max-pull-batch 4 --max-pull-expire 30s --max-pull-bytes 4096 --replay original --backoff linear --backoff-steps 3 --backoff-min 1m --backoff-max 5m --max-deliver 7 --headers-only --inactive-threshold 1h --memory --replicas 1 --metadata a:b --metadata c:d --description 'all of it' --defaults",
  "consumer add ORDERS ALL --pull --ack all --deliver all --defaults",
  "consumer add ORDERS LAST --pull --ack none --deliver last --defaults",
  "consumer add ORDERS SUBJECT --pull --ack none --deliver subject --defaults",
  "consumer add ORDERS FRESH --pull --ack none --deliver new --defaults",
  "consumer add ORDERS FOURTH --pull --ack none --deliver 4 --defaults",
  "consumer add ORDERS HOUR --pull --ack none --deliver 1h --defaults",
  "consumer add ORDERS EPHEMERAL --pull --ephemeral --inactive-threshold 1h --defaults",
  "consumer add ORDERS PIN --pull --pinned-groups g --pinned-ttl 1m --defaults",
  "consumer add ORDERS OVER --pull --overflow-groups g --defaults",
  "consumer add ORDERS PRIO --pull --prioritized-groups g --defaults",
  "consumer add ORDERS PAUSED --pull --pause 1h --defaults",
  // Push.
  "consumer add ORDERS MONITOR --target monitor.ORDERS --ack none --deliver last --replay instant --defaults",
  "consumer add ORDERS PUSH --target push.ORDERS --ack explicit --deliver all --deliver-group g --bps 1048576 --heartbeat 5s --flow-control --max-pending 10 --headers-only --defaults",
  // Refused.
  "consumer add ORDERS bad.name --pull --defaults",
  "consumer add ORDERS BAD --pull --filter other.subject --ack explicit --defaults",
  "consumer add ORDERS BAD --target ORDERS.received --defaults",
  "consumer add ORDERS BAD --target with.*.star --defaults",
  "consumer add ORDERS BAD --pull --replicas 3 --defaults",
  "consumer add ORDERS BAD --pull --pinned-groups g --overflow-groups g --defaults",
  "consumer add NOSUCH NEW --pull --defaults",
  "consumer info ORDERS NOSUCH",
  "consumer info ORDERS NEW",
  "consumer info ORDERS FULL",
  "consumer info ORDERS PAUSED",
  "consumer info ORDERS PUSH",
  "consumer info ORDERS NEW --json",
  // Messages.
  "consumer next ORDERS NEW --count 2",
  "consumer next ORDERS NEW --no-ack",
  "consumer next ORDERS NEW --nak",
  "consumer next ORDERS NEW --raw --count 2",
  "consumer info ORDERS NEW",
  "consumer state ORDERS NEW",
  "consumer next ORDERS ALL --count 4 --no-ack",
  "consumer next ORDERS ALL",
  "consumer next ORDERS ALL --term",
  "consumer state ORDERS ALL",
  "consumer next ORDERS LAST --raw",
  "consumer next ORDERS SUBJECT --raw --count 2",
  "consumer next ORDERS FOURTH --raw",
  "consumer next ORDERS HOUR --raw",
  "consumer next ORDERS FULL",
  "consumer next ORDERS NOSUCH",
  "consumer next ORDERS MONITOR",
  // Listed.
  "consumer ls ORDERS --names",
  "consumer ls ORDERS",
  "consumer ls NOSUCH",
  "stream info ORDERS --state",
  "consumer report ORDERS",
  "consumer report ORDERS --raw",
  "consumer find ORDERS --pull",
  "consumer find ORDERS --push",
  "consumer find ORDERS --pending 1",
  "consumer find ORDERS --ack-pending 0",
  "consumer find ORDERS --pinned",
  "consumer find ORDERS --api-level 1",
  // Changed.
  "consumer edit ORDERS NEW --description edited --max-deliver 3 --wait 10s --sample 50 --max-pending 5 --metadata x:y -f",
  "consumer edit ORDERS NEW --filter ORDERS.processed -f",
  "consumer edit ORDERS NEW --dry-run --max-deliver 9",
  "consumer edit ORDERS MONITOR --target elsewhere.ORDERS -f",
  "consumer edit ORDERS NEW --target elsewhere.ORDERS -f",
  "consumer edit ORDERS NOSUCH --max-deliver 3 -f",
  "consumer next ORDERS NEW --raw",
  "consumer copy ORDERS NEW COPIED --filter ORDERS.received --max-deliver 5",
  "consumer copy ORDERS NOSUCH COPIED2",
  "consumer copy ORDERS MONITOR COPIED3 --target third.ORDERS",
  "consumer pause ORDERS NEW '2199-01-01 00:00:00' -f",
  "consumer info ORDERS NEW",
  "consumer resume ORDERS NEW -f",
  "consumer resume ORDERS NEW -f",
  "consumer info ORDERS NEW",
  "consumer pause ORDERS NOSUCH '2199-01-01 00:00:00' -f",
  "consumer reset ORDERS COPIED --sequence 3 -f",
  "consumer next ORDERS COPIED --raw",
  "consumer reset ORDERS COPIED -f",
  "consumer reset ORDERS MONITOR --sequence 5 -f",
  "consumer unpin ORDERS PIN g -f",
  "consumer unpin ORDERS PIN other -f",
  "consumer unpin ORDERS NEW g -f",
  "consumer cluster step-down ORDERS NEW",
  "consumer cluster balance ORDERS",
  "req $JS.API.CONSUMER.LEADER.STEPDOWN.ORDERS.NEW ''",
  // Heard.
  "sub --stream ORDERS --durable ALL --count 4 --raw",
  "sub ORDERS.received --all --count 5 --raw",
  "sub ORDERS.* --last --count 1 --raw",
  "sub ORDERS.* --last-per-subject --count 2 --raw",
  "sub ORDERS.* --start-sequence 9 --count 2 --raw",
  "sub --stream ORDERS --all --terminate-at-end --raw",
  "sub ORDERS.processed --direct --all --count 5 --raw",
  { watch: "sub elsewhere.ORDERS --count 2 --raw", ready: /./, meanwhile: ["req ORDERS.received late"], until: /late/ },
  {
    watch: "sub push.ORDERS --queue g --headers-only",
    ready: /Subscribing/,
    meanwhile: [],
    until: /#10\][^]*Size: 8/,
  },
  "stream view ORDERS 2 --raw",
  "consumer rm ORDERS NEW -f",
  "consumer rm ORDERS NEW -f",
  "consumer rm ORDERS PUSH -f",
  "stream rm ORDERS -f",
];

/** @param {string} binary @param {string} label */
export function consumerCommands(binary, label) {
  const after = (session) =>
    runCase(`${label}: nats consumer graph`, async () => {
      await session.must("stream add GRAPHED --subjects graphed --defaults");
      await session.must("consumer add GRAPHED C --pull --defaults");
      assert.match(await inTerminal(session, "consumer graph GRAPHED C"), /GRAPHED/);
    });
  return playScript({ binary, label, about: "consumer", file: "consumer_commands.txt", entries, after });
}
