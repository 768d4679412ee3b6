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
        expect(byteStringOf(header.bytes, header.from, header.to)).toBe(
          `${lines === "" ? "NATS/1.0\r\n" : lines}Nats-Stream: S\r\nNats-Subject: ${name}\r\nNats-Sequence: ${seq}\r\n` +
            `Nats-Time-Stamp: ${rfc3339Nano(sec, nanos)}\r\n${more}\r\n`,
        );
      },
    ),
  );
});

test("headers that hardly differ from the one before are written in full", () => {
  const [one, other] = [new DirectHeader(byteString("S")), new DirectHeader(byteString("T"))];
  const step = fc.record({
    subject: fc.constantFrom("a.b", "a.b", "a.b", "a.c", "a.longer"),
    seqs: fc.constantFrom(0, 1, 1, 1, 1, 7, 90),
    secs: fc.constantFrom(0, 0, 0, 1),
    nanos: fc.constantFrom(1, 9, 10, 100, 101, 1e6, 123_456_780, 123_456_789, 987_654_321, 987_654_320, 0),
    batch: fc.constantFrom(undefined, 0, 1, 2),
    header: fc.constantFrom(one, one, one, one, other),
    own: fc.constantFrom("", "", "", "", "", "", "NATS/1.0\r\nA: b\r\n"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const msg = new StoredMsg();
      msg.sec = 1_800_000_000;
      let pending = 12;
      for (const { subject, seqs, secs, nanos, batch, header, own } of steps) {
        msg.subject = Buffer.from(subject);
        msg.subjectTo = subject.length;
        msg.header = Buffer.from(own === "" ? "" : `${own}\r\n`);
        msg.headerTo = msg.header.length;
        msg.seq += seqs;
        msg.sec += secs;
        msg.nanos = nanos;
        pending = Math.max(0, pending - (batch ?? 0));
        const lastSeq = Math.max(0, msg.seq - 1);
        header.write(msg, batch === undefined ? undefined : { pending, lastSeq });
        const more = batch === undefined ? "" : `Nats-Num-Pending: ${pending}\r\nNats-Last-Sequence: ${lastSeq}\r\n`;
        expect(byteStringOf(header.bytes, header.from, header.to)).toBe(
          `${own === "" ? "NATS/1.0\r\n" : own}Nats-Stream: ${header === one ? "S" : "T"}\r\nNats-Subject: ${subject}\r\n` +
            `Nats-Sequence: ${msg.seq}\r\nNats-Time-Stamp: ${rfc3339Nano(msg.sec, nanos)}\r\n${more}\r\n`,
        );
      }
    }),
    { numRuns: 300 },
  );
});
