import { describe, expect, test } from "vitest";
import { byteString, bytesOf } from "../../../src/base/bytes.ts";
import { AckSubject } from "../../../src/jetstream/consumer/ack_subject.ts";
import { WrittenNumber } from "../../../src/jetstream/consumer/written_number.ts";

const names = { stream: "S", consumer: "C", domain: "", accountHash: "HASH", version2: false };

/** A generator of the same numbers each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
}

describe("the reply of a delivery", () => {
  test("says the same whatever was written before", () => {
    const random = numbers(7);
    const subject = new AckSubject(names);
    const starts = [0, 8, 9, 98, 99, 998, 99_999, 2 ** 31 - 2, 2 ** 32 - 1, 10 ** 15 - 1];
    for (let round = 0; round < 400; round++) {
      const pick = (): number => starts[random(starts.length)]! + random(3);
      let [deliveries, streamSeq, consumerSeq, pending] = [1 + random(2), pick() + 1, pick() + 1, pick() + 20];
      let sec = random(20) === 0 ? -1 - random(5) : 1_700_000_000 + random(3);
      let nanos = random(2) === 0 ? random(1_000_000_000) : 0;
      for (let i = 0; i < 20; i++) {
        const end = subject.write(deliveries, streamSeq, consumerSeq, sec, nanos, pending);
        const time = sec > 0 ? `${sec}${String(nanos).padStart(9, "0")}` : `${BigInt(sec) * 10n ** 9n + BigInt(nanos)}`;
        const expected = `$JS.ACK.S.C.${deliveries}.${streamSeq}.${consumerSeq}.${time}.${pending}`;
        expect(Buffer.from(subject.bytes.subarray(0, end)).toString()).toBe(expected);
        streamSeq += random(4) === 0 ? random(300) : 1;
        consumerSeq++;
        pending = Math.max(0, pending - (random(5) === 0 ? -1 : 1));
        if (random(8) === 0) deliveries = 1 + random(11);
        if (random(6) === 0) nanos = random(1_000_000_000);
        if (random(9) === 0) sec += 1;
      }
    }
  });

  test("is read as it was written", () => {
    const subject = new AckSubject(names);
    const end = subject.write(3, 12_345_678_901, 77, 1_700_000_000, 5, 9);
    const source = subject.bytes.slice(0, end);
    const reader = new AckSubject(names);
    expect(reader.read(source, 0, end, false)).toBe(true);
    expect([reader.deliveries, reader.streamSeq, reader.consumerSeq]).toEqual([3, 12_345_678_901, 77]);
    const short = bytesOf(byteString("$JS.ACK.S.C.1.2.3.4"));
    expect(reader.read(short, 0, short.length, false)).toBe(false);
  });
});

describe("a number that is changed where it stands", () => {
  test("goes up and down as long as its length stays", () => {
    const bytes = new Uint8Array(40).fill(0x2e);
    const number = new WrittenNumber(bytes);
    const text = (): string => Buffer.from(bytes.subarray(5, 15)).toString();
    expect(number.change(3)).toBe(false);
    number.write(5, 198);
    expect([number.change(199), text()]).toEqual([true, "199......."]);
    expect([number.change(200), text()]).toEqual([true, "200......."]);
    expect([number.change(199), text()]).toEqual([true, "199......."]);
    expect([number.change(100), text()]).toEqual([true, "100......."]);
    expect(number.change(99)).toBe(false);
    expect(number.change(100)).toBe(false);
    number.write(5, 999);
    expect(number.change(1000)).toBe(false);
    number.write(5, 1);
    expect([number.change(0), text()[0]]).toEqual([true, "0"]);
    expect([number.change(1), text()[0]]).toEqual([true, "1"]);
    expect(number.change(25)).toBe(false);
  });
});
