import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Recorder, run } from "../support/parser_run.ts";

const everyByte = (input: string): number[] => Array.from({ length: input.length }, (_, i) => i);

/** [what is sent, what is seen]; each runs whole, byte by byte and cut at random. */
const cases: readonly (readonly [input: string, seen: readonly string[]])[] = [
  ["PING\r\n", ["PING"]],
  ["ping\r\npOnG\r\n", ["PING", "PONG"]],
  ["PING with words\r\nPONG \n", ["PING", "PONG"]],
  ["PING\nPING\n", ["PING", "PING"]],
  ['CONNECT {"a":1}\r\n', ['CONNECT {"a":1}']],
  ['CONNECT{"a":1}\r\n', ['CONNECT {"a":1}']],
  ['connect \t{"a":1}\n', ['CONNECT {"a":1}']],
  ["INFO {}\r\n", ["INFO {}"]],
  ["+OK\r\nPING\r\n", ["+OK", "PING"]],
  ["-ERR 'no'\r\n", ["-ERR 'no'"]],
  ["SUB foo 1\r\n", ["SUB foo  1"]],
  ["SUB foo bar 1\r\n", ["SUB foo bar 1"]],
  ["sub\tfoo  \t 1 \r\n", ["SUB foo  1"]],
  ["SUB foo 1\n", ["SUB foo  1"]],
  ["SUB foo\r\n", ["mistake arguments"]],
  ["SUB a b c d\r\n", ["mistake arguments"]],
  ["UNSUB 1\r\n", ["UNSUB 1 -1"]],
  ["UNSUB 1 5\r\n", ["UNSUB 1 5"]],
  ["UNSUB 1 x\r\n", ["UNSUB 1 -1"]],
  ["UNSUB 1 2 3\r\n", ["mistake arguments"]],
  ["PUB foo 5\r\nhello\r\n", ["PUB foo  -1 hello 2851307223"]],
  ["PUB foo bar 5\r\nhello\r\n", ["PUB foo bar -1 hello 2851307223"]],
  ["PUB foo 12 5\r\nhello\r\n", ["PUB foo 12 -1 hello 2851307223"]],
  ["PUB foo 0\r\n\r\nPING\r\n", ["PUB foo  -1  2851307223", "PING"]],
  ["PUB foo 005\r\nhello\r\n", ["PUB foo  -1 hello 2851307223"]],
  ["pub foo 5\r\nhello\r\n", ["PUB foo  -1 hello 2851307223"]],
  ["PUB  foo\t5 \r\nhello\r\n", ["PUB foo  -1 hello 2851307223"]],
  ["PUB foo 5\nhello\r\n", ["PUB foo  -1 hello 2851307223"]],
  ["PUB foo 5\r\nhello\n", ["mistake unknownOperation"]],
  ["PUB foo 5\r\nhello!\r\n", ["mistake unknownOperation"]],
  ["PUB foo\r\n", ["mistake arguments"]],
  ["PUB a b c 1\r\n", ["mistake arguments"]],
  ["PUB foo abc\r\n", ["mistake arguments"]],
  ["PUB foo -1\r\n", ["mistake arguments"]],
  ["PUB foo 1e3\r\n", ["mistake arguments"]],
  ["PUB foo 0x5\r\nhello\r\n", ["mistake arguments"]],
  ["PUB foo 3333333333333333333333333333333333333333333333333333333333333333\r\n", ["mistake arguments"]],
  ["PUB foo 2147483648\r\n", ["mistake arguments"]],
  ["PUB foo 999999999\r\n", ["mistake maximumPayload"]],
  ["PUB foo 1048577\r\n", ["mistake maximumPayload"]],
  ["HPUB foo 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ["PUB foo  12 NATS/1.0\r\n\r\nhello 2851307223"]],
  ["HPUB foo 12 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ["PUB foo 12 12 NATS/1.0\r\n\r\nhello 2851307223"]],
  ["HPUB foo r 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ["PUB foo r 12 NATS/1.0\r\n\r\nhello 2851307223"]],
  ["hpub foo r 12 17\nNATS/1.0\r\n\r\nhello\r\n", ["PUB foo r 12 NATS/1.0\r\n\r\nhello 2851307223"]],
  ["HPUB foo 0 5\r\nhello\r\n", ["PUB foo  0 hello 2851307223"]],
  ["HPUB foo 18 17\r\nNATS/1.0\r\n\r\nhello\r\n", ["mistake arguments"]],
  ["HPUB foo 17\r\n", ["mistake arguments"]],
  ["XYZ\r\n", ["mistake unknownOperation"]],
  ["PUX foo\r\n", ["mistake unknownOperation"]],
  ["PUBfoo 1\r\n", ["mistake unknownOperation"]],
  ["\r\n", ["mistake unknownOperation"]],
  ["MSG foo 1 1\r\na\r\n", ["mistake unknownOperation"]],
  ["RS+ foo\r\n", ["mistake unknownOperation"]],
  ["PING\r\n\r\nPING\r\n", ["PING", "mistake unknownOperation"]],
  ["PUB foo\u00c3\u00b6 2\r\nhi\r\n", ["PUB foo\u00c3\u00b6  -1 hi 1436022458"]],
  [`PUB foo 2\r\n\r\n\r\nPING\r\n`, ["PUB foo  -1 \r\n 2851307223", "PING"]],
];

describe.each(cases)("%j", (input, want) => {
  const withHash = want.map((line) => (line.startsWith("PUB ") ? line.replace(/ \d+$/, "") : line));
  const seen = (recorder: Recorder): string[] =>
    recorder.seen.map((line) => (line.startsWith("PUB ") ? line.replace(/ -?\d+$/, "") : line));

  test("whole", () => {
    expect(seen(run(input, []))).toEqual(withHash);
  });
  test("byte by byte", () => {
    expect(seen(run(input, everyByte(input)))).toEqual(withHash);
  });
  test("cut at random", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: input.length })), (cuts) => {
        expect(seen(run(input, cuts))).toEqual(withHash);
      }),
      { numRuns: 20 },
    );
  });
});

test("an operation that cannot be one is a mistake at its first wrong byte", () => {
  for (const start of ["X", "PX", "PUBx", "HPUX", "-X", "+X", "SUBx", "UNSUBx", "CONNEX"]) {
    expect(run(start, []).seen).toEqual(["mistake unknownOperation"]);
  }
  for (const start of ["P", "HPU", "CONNECT", "-ERR", "+O", "UNSUB ", "PUB foo 5\r\nhel"])
    expect(run(start, []).seen).toEqual([]);
});

test("a line longer than max_control_line is a mistake, also before it ends", () => {
  const limits = { maxControlLine: 20 };
  expect(run(`SUB ${"a".repeat(18)} 1\r\n`, [], limits).seen).toEqual([`SUB ${"a".repeat(18)}  1`]);
  for (const line of [
    `SUB ${"a".repeat(19)} 1\r\n`,
    `PUB ${"a".repeat(20)} 1\r\nx\r\n`,
    `CONNECT ${"a".repeat(21)}`,
    `SUB ${"a".repeat(30)}`,
  ]) {
    expect(run(line, [], limits).seen).toEqual(["mistake maximumControlLine"]);
    expect(run(line, everyByte(line), limits).seen).toEqual(["mistake maximumControlLine"]);
  }
});

test("an endless PING line is not kept", () => {
  const recorder = run(`PING ${"x".repeat(3_000_000)}\r\nPONG\r\n`, []);
  expect(recorder.seen).toEqual(["PING", "PONG"]);
});

test("headers that were not agreed on are a mistake", () => {
  expect(run("HPUB foo 12 12\r\nNATS/1.0\r\n\r\n\r\n", [], { headers: false }).seen).toEqual([
    "mistake headersNotSupported",
  ]);
});

test("the payload's size is judged before the payload is there", () => {
  expect(run("PUB foo 101\r\n", [], { maxPayload: 100 }).seen).toEqual(["mistake maximumPayload"]);
});

test("large messages arrive whole however they are cut", () => {
  for (const size of [90_000, 100_000, 300_000, 1_000_000]) {
    const payload = "x".repeat(size);
    const input = `PUB big 3\r\nabc\r\nPUB big ${size}\r\n${payload}\r\nHPUB big r 12 ${size + 12}\r\nNATS/1.0\r\n\r\n${payload}\r\nPING\r\n`;
    for (const cuts of [[], [30], [30, 31, 5000, 200_000], [size + 40, size + 41], [size + 50, size + 60]]) {
      const recorder = run(input, cuts);
      expect(recorder.seen.map((line) => line.length)).toEqual(run(input, []).seen.map((line) => line.length));
      expect(recorder.seen.at(-1)).toBe("PING");
      expect(recorder.seen.length).toBe(4);
    }
  }
});

test("the plain spelling takes the fast path", () => {
  const recorder = run("PUB a 1\r\nx\r\nPUB a r 1\r\nx\r\nHPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\nPUB  a 1\r\nx\r\n", []);
  expect(recorder.canonical).toBe(3);
  expect(recorder.seen.length).toBe(4);
});

const operation = fc.oneof(
  fc
    .tuple(fc.constantFrom("PUB a ", "pub  a.b r\t", "PUB x.y z "), fc.string({ maxLength: 30 }))
    .map(([head, payload]) => {
      const body = Buffer.from(payload).toString("latin1");
      return `${head}${body.length}\r\n${body}\r\n`;
    }),
  fc.constantFrom(
    "PING\r\n",
    "PONG\n",
    "SUB a.* 1\r\n",
    "UNSUB 1 9\r\n",
    "SUB q g 2\n",
    'CONNECT {"verbose":false}\r\n',
    "HPUB h 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  ),
);

test("any operations cut anywhere are seen as when whole", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), fc.array(fc.nat(600)), (operations, cuts) => {
      const input = operations.join("");
      const whole = run(input, []);
      expect(whole.seen.length).toBe(operations.length);
      expect(run(input, cuts).seen).toEqual(whole.seen);
    }),
    { numRuns: 300 },
  );
});

/** A message whose line is often that of the one before; some are spelled oddly, or not what they say. */
const repeated = fc
  .record({
    line: fc.constantFrom(
      "PUB a 5",
      "PUB a 5",
      "PUB a 5",
      "PUB b 5",
      "PUB a 6",
      "PUB a r 5",
      "HPUB a 3 5",
      "HPUB a 3 5",
      "HPUB a 3 5",
      "PUB  a 5",
    ),
    payload: fc.constantFrom("first", "secnd", "PUB a", "\r\n\r\n\r"),
    end: fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n\r", "\r\r"),
  })
  .map(({ line, payload, end }) => `${line}\r\n${payload}${line.endsWith("6") ? "!" : ""}${end}`);
const other = fc.constantFrom("PING\r\n", "SUB a 1\r\n", "pub a 5\r\nhello\r\n");

test("messages with the line of the one before are seen as when each comes alone", () => {
  const words = "a.subject.longer.than.sixteen.bytes";
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 8, arbitrary: repeated }, other), { maxLength: 16 }),
      fc.boolean(),
      fc.nat(3),
      fc.array(fc.nat(15), { maxLength: 2 }),
      (operations, isLong, short, cuts) => {
        const spelled = operations.map((one) => (isLong ? one.replaceAll("UB a ", `UB ${words} `) : one));
        let end = 0;
        const ends = spelled.map((one) => (end += one.length));
        const input = spelled.join("").slice(0, end - short);
        const alone = run(input, ends);
        const together = run(input, []);
        expect(together.seen).toEqual(alone.seen);
        expect(together.canonical).toBe(alone.canonical);
        const someEnds = cuts.map((cut) => ends[cut] ?? 0);
        expect(run(input, someEnds).seen).toEqual(alone.seen);
      },
    ),
    { numRuns: 1000 },
  );
});

test("the lines of a chunk are not those of the chunk before", () => {
  const three = (subject: string): string => `PUB ${subject} 5\r\nhello\r\n`.repeat(3);
  const input = three("a") + three("b");
  expect(run(input, [three("a").length]).seen).toEqual(run(input, everyByte(input)).seen);
});

test("random bytes never throw and never make operations out of nothing", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw).toString("latin1")),
    fc.string({ maxLength: 100 }),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(operation, noise), { maxLength: 8 }), fc.array(fc.nat(400)), (parts, cuts) => {
      const input = parts.join("");
      const whole = run(input, []);
      expect(run(input, cuts).seen).toEqual(whole.seen);
    }),
    { numRuns: 500 },
  );
});
