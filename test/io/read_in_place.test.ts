import { Socket } from "node:net";
import { expect, test } from "vitest";
import { READ_BYTES } from "../../src/base/arena.ts";
import { readInPlace } from "../../src/io/read_in_place.ts";

test("this Node is as expected: a connected socket reads in place", () => {
  const socket = new Socket();
  const views: Uint8Array[] = [];
  Object.assign(socket, { _handle: { useUserBuffer: (view: Uint8Array) => views.push(view) } });
  expect(readInPlace(socket, 4096, () => {})).toBeDefined();
  expect(views.map((view) => view.length)).toEqual([4096]);
});

test.each([
  ["without a handle", null],
  ["whose handle reads into nobody's buffers", {}],
])("a socket %s is left alone", (_, handle) => {
  const socket = new Socket();
  Object.assign(socket, { _handle: handle });
  const before = Object.getOwnPropertySymbols(socket).map((symbol) => Reflect.get(socket, symbol) as unknown);
  expect(readInPlace(socket, READ_BYTES, () => {})).toBeUndefined();
  const after = Object.getOwnPropertySymbols(socket).map((symbol) => Reflect.get(socket, symbol) as unknown);
  expect(after).toEqual(before);
});
