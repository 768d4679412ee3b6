// The body of CONSUMER.MSG.NEXT, which +NXT has, too: nothing, a number, or
// JSON; anything else means one message.

import { bool, decode, embedded, JsonError, type Kind, record, text } from "../../base/json.ts";
import { trimmed } from "./consumer_blanks.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** Any integer of 64 bits, as a number: rounded above 2^53. */
function wide(goType: string): Kind<number> {
  return {
    zero: 0,
    read: (reader, current) => {
      const start = reader.start();
      if (start === "null") reader.null();
      else if (start !== "number") reader.misfit(goType);
      else {
        const small = reader.smallInteger();
        if (small !== undefined) return small;
        const digits = reader.number();
        const value = /^-?\d{1,19}$/.test(digits) ? BigInt(digits) : MAX_INT64 + 1n;
        if (value <= MAX_INT64 && value >= -MAX_INT64 - 1n) return Number(value);
        reader.note(`number ${digits}`, goType);
      }
      return current;
    },
    write: (writer, value) => writer.put(String(value)),
    isEmpty: (value) => value === 0,
    writeSlowly: undefined,
    optional: false,
  };
}

const priority = {
  group: text,
  min_pending: wide("int64"),
  min_ack_pending: wide("int64"),
  id: text,
  priority: wide("int"),
};
const requestKind = record(
  {
    expires: wide("time.Duration"),
    batch: wide("int"),
    max_bytes: wide("int"),
    no_wait: bool,
    idle_heartbeat: wide("time.Duration"),
    ...embedded("PriorityGroup", priority),
  },
  "server.JSApiConsumerGetNextRequest",
);

/** A request for messages. Durations are nanoseconds, rounded above 2^53; 0 is none. */
export interface NextRequest {
  /** 0 and less: a single one, as soon as there is one. */
  readonly batch: number;
  readonly maxBytes: number;
  readonly noWait: boolean;
  readonly expires: number;
  readonly heartbeat: number;
  /** Only JSON can say; without it no group is asked for, even where there are some. */
  readonly asked: NextPriority | undefined;
}
export interface NextPriority {
  readonly group: string;
  readonly minPending: number;
  readonly minAckPending: number;
  /** The pin that the client has been given. */
  readonly id: string;
  readonly priority: number;
}

const plain: NextRequest = {
  batch: 1,
  maxBytes: 0,
  noWait: false,
  expires: 0,
  heartbeat: 0,
  asked: undefined,
};

/** Reads a body, which is borrowed. A string is the status line of the refusal; what the consumer refuses is not seen here. */
export function readNextRequest(bytes: Uint8Array): NextRequest | string {
  const [start, end] = trimmed(bytes, 0, bytes.length);
  if (start === end) return plain;
  if (bytes[start] !== 0x7b) return { ...plain, batch: batchOf(bytes, start, end) };
  const got = decode(requestKind, bytes, start, end);
  if (got instanceof JsonError) return `400 Bad Request - ${got.text}`;
  if (got.idle_heartbeat > 0 && got.idle_heartbeat * 2 > got.expires) {
    return "400 Bad Request - heartbeat value too large";
  }
  return {
    batch: got.batch,
    maxBytes: got.max_bytes,
    noWait: got.no_wait,
    expires: got.expires,
    heartbeat: got.idle_heartbeat,
    asked: {
      group: got.group,
      minPending: got.min_pending,
      minAckPending: got.min_ack_pending,
      id: got.id,
      priority: got.priority,
    },
  };
}

/** A number that Go's Atoi takes; anything else is one. */
function batchOf(bytes: Uint8Array, from: number, to: number): number {
  // Longer only with leading zeros, which nobody sends.
  if (to - from > 64) return 1;
  const digits = Buffer.from(bytes.subarray(from, to)).toString("latin1");
  if (!/^[+-]?\d+$/.test(digits)) return 1;
  const value = BigInt(digits.replace("+", ""));
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? 1 : Number(value);
}
