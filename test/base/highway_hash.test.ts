// The hash, its plain twin and every way to cut the input, against known answers.

import { array, assert, nat, property, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { HashArea, type HashKernel, Hasher, openHashKernel, plainHashKernel } from "../../src/base/highway_hash.ts";

// Key 00..1f, input 00 01 02 …; the 64-bit vectors published with HighwayHash, by length from 0.
const short = `
  536ec222de567a90 78ddcdc7aa43ab7e 623db5b09a56d0b8 803d468aabef6b5c da7e009368a405f2
  4145a9e468168a2b 6fcaef5b32cc4cbd 8294f53817ae024d 71315fe5085120e1 84157ac74e64d232
  0ba903b1cd0ae1f6 155c415b61f4bbc3 9cfa630004c23c24 ff41e665ce589aa8 235a4548a331b024
  3bf349a4863f7940 32b87ef98934abcf e2c0c5c8d267fe19 c25c569ca690dd04 04c571238e51d975
  16ddd341119bad38 e0708acd2c436402 90336888625adba9 8c023f009254b0d7 1ee559ea5a615f20
  8428052196c8e0ee 4f4f28a7931afc1b 1da90db7b5752151 39c6a2a076891ff7 e7e3841fef3f09ae
  0f866111b092ca22 685a03cf7c00c79f fc80d5ecd964c9a0 fc8131a03cf7902c 9eeb91564ef85c18
  9baa5227eff5c14f eb330a5e1a39b7f5 9c6ce9b4834bb8b9 b4d95c2a71fe425e dc973f0cf9f250a1
  7d632d5ed722a57f 2bd3ff0dccd01a18 2840851e98ed8938 2dee86c5e89742fb 9c0528bb454a066d
  0c86ecb309365690 66c69740e9fca47a 081e916bc0ba2613 344f152b8d1626b9 8d94b14589841999
  be5e8234c58fa9a2 b6f03e21959080e9 e9c07b7083542e58 f56a8aa814946e08 3d74f6208db986ee
  a7c0b109f67f9bf8 e8c3229ec19c7d4c 6f2a56245000979a efebe623f41cd45d 27e268049c6013df
  5a158841f6a40d6e a1d4d7504bba55b7 bd79746484347a88 a03921bfe9eb8eab ffa6d24c5d2c5475`
  .trim()
  .split(/\s+/);
// Longer ones, answered by the Go implementation that nats-server uses.
const long: readonly (readonly [length: number, hash: string])[] = [
  [100, "3300f91e4fcc427e"],
  [127, "b26e6971bbd96ff7"],
  [128, "efee377ad18937b5"],
  [129, "07ee6ab922f7de52"],
  [1_000, "4f4db88577246f8d"],
  [1_023, "21844a018057e550"],
  [1_024, "d3ed72af12f38777"],
  [4_096, "f33aff78461e2115"],
  [65_537, "f789d4c2ea76b59c"],
  [1_000_003, "f31000ae7d944d1d"],
];
const answers = [...short.map((hash, length) => [length, hash] as const), ...long];

const PAGES = 20;
const KEY = 64;
const STATE = 128;
const SUM = 400;
const INPUT = 1024;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const kernels: readonly { name: string; kernel: HashKernel }[] = [
  { name: "WebAssembly", kernel: openHashKernel(PAGES) },
  { name: "plain", kernel: plainHashKernel(new Uint8Array(PAGES * 65_536)) },
];

describe.each(kernels)("$name", ({ kernel: { bytes, run } }) => {
  const sumOf = (): string => hex(bytes.subarray(SUM, SUM + 8));
  test("gives the known answers", () => {
    bytes.set(counting(32), KEY);
    for (const [length, hash] of answers) {
      bytes.set(counting(length), INPUT);
      run(STATE, KEY, INPUT, length, 0, 0, 0, 0, 0, 0, SUM);
      expect([length, sumOf()]).toEqual([length, hash]);
    }
  });

  test("gives the same answers when the input comes byte by byte", () => {
    bytes.set(counting(32), KEY);
    for (const [length, hash] of answers.filter(([length]) => length < 200)) {
      bytes.set(counting(length), INPUT);
      run(STATE, KEY, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      for (let i = 0; i < length; i++) run(STATE, 0, INPUT + i, 1, 0, 0, 0, 0, 0, 0, 0);
      run(STATE, 0, 0, 0, 0, 0, 0, 0, 0, 0, SUM);
      expect([length, sumOf()]).toEqual([length, hash]);
    }
  });
});

test("the hash of two pieces for other kernels is that of both behind each other", () => {
  const { bytes, run, two } = openHashKernel(PAGES);
  bytes.set(counting(32).reverse(), KEY);
  const head = INPUT + 3;
  const at = INPUT + 1001;
  for (let i = 0; i < 2000; i++) bytes[INPUT + i] = (i * i * 31 + 7 * i) >> 3;
  for (let length = 16; length < 300; length++) {
    run(STATE, KEY, head, 16, at, length, 0, 0, 0, 0, SUM);
    expect([length, two!(KEY, head, at, length)]).toEqual([length, Buffer.from(bytes).readBigInt64LE(SUM)]);
  }
});

const cut = array(nat(70), { maxLength: 9 });
const anyKey = uint8Array({ minLength: 32, maxLength: 32 });

test("both give the same hash for any key, input and cut into calls of up to four pieces", () => {
  assert(
    property(anyKey, uint8Array({ maxLength: 300 }), cut, (key, input, cuts) => {
      const results = kernels.map(({ kernel: { bytes, run } }) => {
        bytes.set(key, KEY);
        bytes.set(input, INPUT);
        run(STATE, KEY, INPUT, input.length, 0, 0, 0, 0, 0, 0, SUM);
        const whole = hex(bytes.subarray(SUM, SUM + 8));
        const pieces: number[] = [];
        let at = 0;
        for (const length of [...cuts, input.length]) {
          const take = Math.min(length, input.length - at);
          pieces.push(INPUT + at, take);
          at += take;
        }
        for (let i = 0, key = KEY; i < pieces.length; i += 8, key = 0) {
          const [a = 0, aLength = 0, b = 0, bLength = 0, c = 0, cLength = 0, d = 0, dLength = 0] = pieces.slice(
            i,
            i + 8,
          );
          run(STATE, key, a, aLength, b, bLength, c, cLength, d, dLength, i + 8 >= pieces.length ? SUM : 0);
        }
        expect(hex(bytes.subarray(SUM, SUM + 8))).toBe(whole);
        return whole;
      });
      expect(results[0]).toBe(results[1]);
    }),
    { numRuns: 2000 },
  );
});

describe("a hasher", () => {
  const hasher = new Hasher(counting(32));
  test("gives the known answers from anywhere in memory", () => {
    for (const [length, hash] of answers) expect([length, hex(hasher.of(counting(length)))]).toEqual([length, hash]);
  });

  test("takes more than its staging area holds", () => {
    const long = counting(200_000);
    const whole = hasher.of(long);
    hasher.start().add(long, 0, 3).add(long, 3, 65_536).add(long, 65_536, 65_537).add(long, 65_537, 200_000);
    expect(hasher.matches(whole, 0)).toBe(true);
    const kernel = openHashKernel(5);
    kernel.bytes.set(counting(32), 64);
    kernel.bytes.set(long, 1024);
    kernel.run(128, 64, 1024, 200_000, 0, 0, 0, 0, 0, 0, 512);
    expect(hex(whole)).toBe(hex(kernel.bytes.subarray(512, 520)));
  });

  test("takes pieces", () => {
    assert(
      property(uint8Array({ maxLength: 300 }), cut, (input, cuts) => {
        hasher.start();
        let at = 0;
        for (const length of cuts) {
          const to = Math.min(input.length, at + length);
          hasher.add(input, at, to);
          at = to;
        }
        const sum = new Uint8Array(10);
        hasher.add(input, at, input.length).sum(sum, 1);
        expect(sum.subarray(1, 9)).toEqual(hasher.of(input));
        expect(hasher.start().add(input, 0, input.length).matches(sum, 1)).toBe(true);
        sum[4] = sum[4]! ^ 1;
        expect(hasher.start().add(input, 0, input.length).matches(sum, 1)).toBe(false);
      }),
    );
  });

  test("hashes what lies in its kernel's memory where it lies, mixed with what does not", () => {
    const kernel = openHashKernel(3);
    const inPlace = new Hasher(counting(32), new HashArea(kernel, 64));
    assert(
      property(array(uint8Array({ maxLength: 100 }), { maxLength: 9 }), nat(511), (pieces, which) => {
        inPlace.start();
        let at = 64 + HashArea.BYTES;
        pieces.forEach((piece, i) => {
          kernel.bytes.set(piece, at);
          if (((which >>> i) & 1) === 0) inPlace.add(piece, 0, piece.length);
          else inPlace.add(kernel.bytes, at, at + piece.length);
          at += piece.length + (i % 3);
        });
        expect(inPlace.matches(hasher.of(Buffer.concat(pieces)), 0)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("hashes a short piece and three in its kernel's memory in one go, whoever hashed before", () => {
    const kernel = openHashKernel(3);
    const area = new HashArea(kernel, 64);
    const [one, two] = [new Hasher(counting(32), area), new Hasher(new Uint8Array(32), area)];
    const plain = [hasher, new Hasher(new Uint8Array(32))];
    const piece = uint8Array({ maxLength: 100 });
    assert(
      property(uint8Array({ maxLength: 40 }), piece, piece, piece, nat(1), (lead, b, c, d, which) => {
        const at = 64 + HashArea.BYTES;
        kernel.bytes.set(b, at);
        kernel.bytes.set(c, at + 150);
        kernel.bytes.set(d, at + 300);
        const group = new Uint8Array(lead.length + 12);
        group.set(lead, 2);
        const to = lead.length + 2;
        const chosen = which === 0 ? one : two;
        chosen.sumBehind(group, 2, to, at, b.length, at + 150, c.length, at + 300, d.length, to);
        expect(group.subarray(to, to + 8)).toEqual(plain[which]!.of(Buffer.concat([lead, b, c, d])));
        expect([group[0], group[1], ...group.subarray(to + 8)]).toEqual([0, 0, 0, 0]);
      }),
    );
  });

  test("does not run while another runs", () => {
    const other = new Hasher(counting(32));
    hasher.start();
    other.start();
    expect(() => hasher.sum(new Uint8Array(8), 0)).toThrow("one hasher runs at a time");
  });
});
