// Walkthrough 35: every mapping that the documentation prints, and what it makes of which subject.

import assert from "node:assert/strict";
import { within } from "../clients/lib/wait.mjs";
import { walkthrough } from "./walk.mjs";

/** @type {readonly (readonly [source: string, destination: string, ...made: [published: string, received: string][]])[]} */
const printed = [
  ["foo", "bar", ["foo", "bar"]],
  ["orders.flush", "orders.central.flush", ["orders.flush", "orders.central.flush"]],
  ["orders.local.>", "orders.central.>", ["orders.local.a.b", "orders.central.a.b"]],
  ["bar.*.*", "baz.{{wildcard(2)}}.{{wildcard(1)}}", ["bar.a.b", "baz.b.a"], ["bar.one.two", "baz.two.one"]],
  ["drop.*.*", "dropped.{{wildcard(2)}}", ["drop.local.order1", "dropped.order1"]],
  ["dash.*", "{{split(1,-)}}", ["dash.foo-bar", "foo.bar"]],
  ["dashes.*", "{{split(1,--)}}", ["dashes.foo--bar", "foo.bar"]],
  ["fromleft.*", "{{splitfromleft(1,4)}}", ["fromleft.1234567", "1234.567"]],
  ["fromright.*", "{{splitfromright(1,4)}}", ["fromright.1234567", "123.4567"]],
  ["sliceleft.*", "{{slicefromleft(1,2)}}", ["sliceleft.1234567", "12.34.56.7"]],
  ["sliceright.*", "{{SliceFromRight(1,2)}}", ["sliceright.1234567", "1.23.45.67"]],
  [
    "neworders.*",
    "neworders.{{wildcard(1)}}.{{partition(3,1)}}",
    ["neworders.customerid1", "neworders.customerid1.0"],
    ["neworders.customerid2", "neworders.customerid2.2"],
    ["neworders.customerid3", "neworders.customerid3.1"],
    ["neworders.customerid4", "neworders.customerid4.2"],
    ["neworders.customerid5", "neworders.customerid5.1"],
    ["neworders.customerid6", "neworders.customerid6.0"],
  ],
  [
    "ten.*.*",
    "ten.{{wildcard(1)}}.{{wildcard(2)}}.{{partition(10,1,2)}}",
    ["ten.1.a", "ten.1.a.1"],
    ["ten.1.b", "ten.1.b.0"],
    ["ten.2.b", "ten.2.b.9"],
    ["ten.2.a", "ten.2.a.2"],
  ],
  ["five.*.*", "five.{{wildcard(1)}}.$2.{{partition(5,1,2)}}", ["five.us.customerid", "five.us.customerid.0"]],
];

const listed = printed.map(([source, destination]) => `"${source}": "${destination}"`).join("\n  ");

/** What one subscriber of everything gets of each subject. */
async function received(nc, subjects) {
  const got = [];
  nc.subscribe(">", { callback: (_error, msg) => got.push(msg.subject) });
  await nc.flush();
  for (const subject of subjects) nc.publish(subject);
  await within(3000, `${subjects.length} messages; there are ${got.length}`, () => got.length >= subjects.length);
  return got;
}

await walkthrough("35 mappings", {
  "of the server": async (w) => {
    const server = await w.start({ config: `mappings {\n  ${listed}\n}\n` });
    const made = printed.flatMap(([, , ...pairs]) => pairs);
    const got = await received(
      await w.connect(server),
      made.map(([subject]) => subject),
    );
    assert.deepEqual(
      got,
      made.map(([, becomes]) => becomes),
    );
  },

  "of an account, in its own spelling": async (w) => {
    const config = `accounts { accountA: {
      users: [{ user: a, password: p }]
      mappings: {
        orders.flush  orders.central.flush
        "items.*" : "items.central.{{wildcard(1)}}"
      }
    } }\n`;
    const server = await w.start({ config });
    const nc = await w.connect(server, { user: "a", pass: "p" });
    assert.deepEqual(await received(nc, ["orders.flush", "items.a", "other"]), [
      "orders.central.flush",
      "items.central.a",
      "other",
    ]);
  },

  "once only": async (w) => {
    const server = await w.start({
      config: "mappings: {\n  transform.order target.order\n  target.order transform.order\n}\n",
    });
    assert.deepEqual(await received(await w.connect(server), ["transform.order", "target.order"]), [
      "target.order",
      "transform.order",
    ]);
  },

  "of a cluster": async (w) => {
    const config = `mappings = { "foo": [
      {destination: "foo.west", weight: 100%, cluster: "west"},
      {destination: "foo.other", weight: 100%}
    ] }\n`;
    const server = await w.start({ config });
    assert.deepEqual(await received(await w.connect(server), ["foo"]), ["foo.other"]);
  },
});
