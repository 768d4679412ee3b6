// Values for property tests of the codecs.

import { constantFrom, integer, maxSafeNat, nat, oneof, record, uint8Array } from "fast-check";
import type { RecordParts } from "../../../src/store/format/record.ts";

export const anySeq = oneof(nat(5000), maxSafeNat(), integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }));
/** Any moment of an int64 but the ends of its range. */
export const anySec = oneof(integer({ min: -9_000_000_000, max: 9_000_000_000 }), integer({ min: -2, max: 2 }));
export const anyNanos = oneof(nat(999_999_999), constantFrom(0, 999_999_999));
export const anyBytes = uint8Array({ maxLength: 80 });

export const anyRecord = record<RecordParts>({
  kind: constantFrom("message", "message", "hole", "tombstone"),
  seq: anySeq,
  sec: anySec,
  nanos: anyNanos,
  subject: uint8Array({ maxLength: 30 }),
  headers: oneof(uint8Array({ maxLength: 0 }), anyBytes),
  payload: anyBytes,
});
