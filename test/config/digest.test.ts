// Digests of documents, as nats-server 2.14.5 prints them.

import { describe, expect, test } from "vitest";
import { digestOf } from "../../src/config/digest.ts";
import { load, parse } from "./support.ts";

const known: [document: string, digest: string][] = [
  ["a: 1", "e346432021b04179518d9614f3560ccd71354a4ee101ddcb893d6959a9d6301c"],
  ["{}", "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"],
  ["port: 4222", "797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e"],
  ['s: "<&>"', "320b8b5e5e1150fb40601549aea58d85c86039861001b829d7dbcaadf99a0554"],
  [
    "a: 1.0\nb: 1.5\nc: 0.000001\nd: 0.0000001\ne: 123456789012345678901234.5\nf: -0.0\ng: 1000000000000000000000.0",
    "a282249da569c0823ac794519614481ee7049de7caf79a2e5ef00b980261c25e",
  ],
  ["b: 1\na: 2\nB: 3", "8cd88faa7f875904e6f2423b39246fb77a4b0dc98830a3fa31085ca379086e33"],
  [
    '\u00e9: \u00fc\n\u65e5: "\\t\\n\\x01\\x08\\x0c"',
    "cda0da4a95ac8184a124555df8e5c288a16ce078a4a183591600cdbbda388b29",
  ],
  ["a: [1, 'x', {b: true}, [c]\n]", "dad1addefb9f34cc0ee907fc6904a9ab98b44103c94be9a91690513dab0079c0"],
  ["d: 2016-05-04T18:53:41Z", "541cc96d29d0c314a77a3711eb3880a63e899a3859f23edfdc9c02b483799300"],
  ['s: "\\xff\\xc3\\xa9"', "24705417e99b147dad444dbc4f94d9d914738833700d5dcc0ed1252b22158dbd"],
  ["s: '\u2028\u2029 \ud83d\ude00'", "98ffce6e68f1459704ec1cae7392152240baa95c02be4315858c8992eb0496f6"],
  ["a {}\nb: []\nc: ''", "2cfd0ca0fa7f5bcc9e07749fd99daf22001ecccfd4bd9f18ab7b1061fa537454"],
  [
    "i: 9223372036854775807\nj: -9223372036854775808\nk: 1eb",
    "25b4da43e15c705f9fcd03b7b34967f4b2ef4d7561b489dd0c0044e8cc715cde",
  ],
  ["s: '\"\\/\u007f'", "7ca9a987b2cbd16995ae5c1b663018ed2d5a84e533db581dc4ceb93b7a13a60f"],
  ["'<key>&': 1", "485270a5821a7a529b3e3919778a4237cb412d0c8c3dc7a8aa161c236c64a71a"],
  ["\ud800\udc00: 1\n\uff00: 2", "c73a07d8b6e0e66c03480d88601e24363289061a611e0a75d9ed828fb9a15b85"],
  ["a: 5kb\nb: $a", "46b7ab4d1b02a29856c0a5f056bc35101013107d6624db5f38610eb21076a333"],
];

describe("the digest", () => {
  test.each(known)("of %j", (document, digest) => {
    expect(digestOf(parse(document))).toBe(`sha256:${digest}`);
  });
  test("does not depend on spelling, comments or the order of keys", () => {
    expect(digestOf(parse("# x\n b = 'y';a=2k"))).toBe(digestOf(parse('{"a": 2000, "b": "y"}')));
  });
  test("comes with the options of a file", () => {
    expect(load("port: 4222").digest).toBe(`sha256:${known[2]![1]}`);
  });
});
