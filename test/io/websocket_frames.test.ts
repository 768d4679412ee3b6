import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { binaryHead, closeFrame, FrameReader, pongFrame } from "../../src/io/websocket_frames.ts";

const MASK = Buffer.of(0x11, 0x22, 0xf3, 0x44);

/** A client's frame. */
function frame(first: number, payload: string | Uint8Array, mask: Buffer | "none" = MASK): Buffer {
  const bytes = Buffer.from(payload);
  const head = binaryHead(bytes.length);
  head[0] = first;
  if (mask === "none") return Buffer.concat([head, bytes]);
  head[1]! |= 0x80;
  return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ mask[i & 3]!)]);
}

function read(bytes: Buffer, cuts: readonly number[] = [], masked = true) {
  const pings: string[] = [];
  const reader = new FrameReader(masked, (payload) => pings.push(payload.toString()));
  const parts: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(from, to));
    parts.push(chunk.subarray(0, reader.read(chunk)));
    from = to;
  }
  return { text: Buffer.concat(parts).toString("latin1"), pings, end: reader.end };
}
const goodbye = (status?: number, reason = "") => ({ status, reason, failed: false });
const failed = (reason: string) => ({ status: 1002, reason, failed: true });

test("payload of text, binary and continued messages is one stream", () => {
  const bytes = Buffer.concat([
    frame(0x82, "PING\r\n"),
    frame(0x01, "SUB "),
    frame(0x89, "are you there"),
    frame(0x00, ""),
    frame(0x80, "a 1\r\n"),
    frame(0x82, "x".repeat(70_000)),
    frame(0x8a, "a pong"),
    frame(0x82, "y".repeat(300)),
  ]);
  expect(read(bytes)).toEqual({
    text: `PING\r\nSUB a 1\r\n${"x".repeat(70_000)}${"y".repeat(300)}`,
    pings: ["are you there"],
    end: undefined,
  });
});

test("it does not matter how the bytes are cut", () => {
  const frames = fc.array(
    fc.record({
      payload: fc.uint8Array({ maxLength: 400 }),
      mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      ping: fc.boolean(),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.nat(4000), { maxLength: 12 }), (all, cuts) => {
      const bytes = Buffer.concat(
        all.map(({ payload, mask, ping }) =>
          frame(ping ? 0x89 : 0x82, ping ? payload.subarray(0, 125) : payload, Buffer.from(mask)),
        ),
      );
      const at = cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
      const expected = all.filter(({ ping }) => !ping).map(({ payload }) => Buffer.from(payload).toString("latin1"));
      const { text, pings, end } = read(bytes, at);
      expect([text, pings.length, end]).toEqual([expected.join(""), all.filter(({ ping }) => ping).length, undefined]);
    }),
  );
});

test("byte by byte", () => {
  const bytes = Buffer.concat([frame(0x82, "PING\r\n"), frame(0x89, "p"), frame(0x81, "z".repeat(130))]);
  const cuts = Array.from({ length: bytes.length }, (_, i) => i);
  expect(read(bytes, cuts)).toEqual({ text: `PING\r\n${"z".repeat(130)}`, pings: ["p"], end: undefined });
});

// The advisories CVE-2026-27889 and CVE-2026-33219 are about frames like these; the texts are nats-server's.
describe("a peer that breaks the protocol", () => {
  test.each([
    ["RSV1", frame(0xc2, "ab"), "compressed frame received without negotiated permessage-deflate"],
    ["RSV2", frame(0xa2, "ab"), "RSV2 and RSV3 must be clear"],
    ["RSV3", frame(0x92, "ab"), "RSV2 and RSV3 must be clear"],
    ["opcode 3", frame(0x83, "ab"), "unknown opcode 3"],
    ["opcode 11", frame(0x8b, "ab"), "unknown opcode 11"],
    ["a continuation of nothing", frame(0x80, "ab"), "invalid continuation frame"],
    ["a cut control frame", frame(0x09, "a"), "control frame does not have final bit set"],
    [
      "a long control frame",
      frame(0x89, "a".repeat(126)),
      "control frame length bigger than maximum allowed of 125 bytes",
    ],
    ["an unmasked frame", frame(0x82, "ab", "none"), "mask bit missing"],
    [
      "a length with its top bit set",
      Buffer.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4),
      "invalid 64-bit payload length",
    ],
    [
      "a length beyond 2^53",
      Buffer.of(0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4),
      "invalid 64-bit payload length",
    ],
    ["a close of one byte", frame(0x88, "a"), "close frame payload cannot be 1 byte"],
    ["status 999", frame(0x88, Buffer.of(3, 0xe7)), "invalid close status code 999"],
    ["status 1005", frame(0x88, Buffer.of(3, 0xed)), "invalid close status code 1005"],
    ["status 2999", frame(0x88, Buffer.of(11, 0xb7)), "invalid close status code 2999"],
    ["status 5000", frame(0x88, Buffer.of(0x13, 0x88)), "invalid close status code 5000"],
  ])("with %s is told so", (_, bytes, reason) => {
    const all = Buffer.concat([frame(0x82, "before"), bytes, frame(0x82, "after")]);
    expect(read(all)).toEqual({ text: "before", pings: [], end: failed(reason) });
    const cuts = Array.from({ length: all.length }, (_, i) => i);
    expect(read(all, cuts)).toEqual({ text: "before", pings: [], end: failed(reason) });
  });

  test("with a message within a message is told so", () => {
    const reason = "new message started before final frame for previous message was received";
    expect(read(Buffer.concat([frame(0x02, "a"), frame(0x82, "b")])).end).toEqual(failed(reason));
  });
});

test("a goodbye has a status and a reason, or none; what follows is ignored", () => {
  expect(read(Buffer.concat([frame(0x88, ""), frame(0x82, "x")]))).toMatchObject({ text: "", end: goodbye() });
  expect(read(frame(0x88, Buffer.concat([Buffer.of(3, 0xe8), Buffer.from("bye")]))).end).toEqual(goodbye(1000, "bye"));
  expect(read(frame(0x88, Buffer.of(0x0b, 0xb8))).end).toEqual(goodbye(3000));
  const broken = frame(0x88, Buffer.of(3, 0xe8, 0xff, 0xfe));
  expect(read(broken).end).toEqual(goodbye(1007, "invalid utf8 body in close frame"));
});

test("unmasked frames are taken when that was agreed", () => {
  expect(read(Buffer.concat([frame(0x82, "ab", "none"), frame(0x82, "cd")]), [], false).text).toBe("abcd");
});

test("frames of every length are written so that they can be read", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
    const bytes = Buffer.concat([binaryHead(length), Buffer.alloc(length, 0x61)]);
    expect(read(bytes, [], false).text.length).toBe(length);
  }
  expect(binaryHead(2 ** 33 + 5)).toEqual(Buffer.of(0x82, 127, 0, 0, 0, 2, 0, 0, 0, 5));
  expect(pongFrame(Buffer.from("abc"))).toEqual(Buffer.from("\x8a\x03abc", "latin1"));
});

test("a long close reason is cut between characters", () => {
  expect(closeFrame(undefined, "")).toEqual(Buffer.of(0x88, 0));
  expect(closeFrame(1002, "no")).toEqual(Buffer.concat([Buffer.of(0x88, 4, 3, 0xea), Buffer.from("no")]));
  const long = closeFrame(1011, "ü".repeat(100));
  expect(long.length).toBeLessThanOrEqual(127);
  expect(read(frame(0x88, long.subarray(2))).end).toEqual(goodbye(1011, `${"ü".repeat(60)}...`));
});
