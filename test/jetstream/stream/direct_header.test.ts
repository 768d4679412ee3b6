// The bytes that a direct get adds to a message.

import fc from "fast-check";
import { expect, test } from "vitest";
import { byteString, byteStringOf } from "../../../src/base/bytes.ts";
import { rfc3339Nano } from "../../../src/base/gotime.ts";
import { DirectHeader } from "../../../src/jetstream/stream/direct_header.ts";
import { StoredMsg } from "../../../src/store/stream_store.ts";

const bytes = fc.string({ unit: "grapheme", maxLength: 300 }).map((text) => Buffer.from(text));

test("a header says where a message is from, whatever it is and whatever was written before", () => {
  const header = new DirectHeader(byteString("S"));
  const nanos = fc.oneof(
    fc.nat(999_999_999),
    fc.nat(999).map((milli) => milli * 1_000_000),
  );
  const batch = fc.option(fc.record({ pending: fc.maxSafeNat(), lastSeq: fc.maxSafeNat() }), { nil: undefined });
  fc.assert(
    fc.property(
      bytes,
      bytes,
      fc.maxSafeNat(),
      fc.integer({ min: -4e9, max: 4e9 }),
      nanos,
      batch,
      (subject, own, seq, sec, nanos, inBatch) => {
        const msg = new StoredMsg();
        [msg.subject, msg.subjectTo] = [subject, subject.length];
        const lines = own.length === 0 ? "" : `NATS/1.0\r\nA: ${byteStringOf(own, 0, own.length)}\r\n`;
        msg.header = Buffer.from(lines === "" ? "" : `${lines}\r\n`, "latin1");
        msg.headerTo = msg.header.length;
        [msg.seq, msg.sec, msg.nanos] = [seq, sec, nanos];
        header.write(msg, inBatch);
        const name = byteStringOf(subject, 0, subject.length);
        const more =
          inBatch === undefined
            ? ""
            : `Nats-Num-Pending: ${inBatch.pending}\r\nNats-Last-Sequence: ${inBatch.lastSeq}\r\n`;
        expect(byteStringOf(header.bytes, 0, header.length)).toBe(
          `${lines === "" ? "NATS/1.0\r\n" : lines}Nats-Stream: S\r\nNats-Subject: ${name}\r\nNats-Sequence: ${seq}\r\n` +
            `Nats-Time-Stamp: ${rfc3339Nano(sec, nanos)}\r\n${more}\r\n`,
        );
      },
    ),
  );
});
