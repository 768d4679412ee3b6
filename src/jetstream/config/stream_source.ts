// Where a stream takes messages from besides its subjects: `mirror` and each
// of `sources`. Read and written, so that a directory with such streams can be
// looked at.

import {
  bigUint64,
  type Decoded,
  JsonError,
  type Kind,
  list,
  nullable,
  omitEmpty,
  record,
  text,
  via,
} from "../../base/json.ts";
import { rfc3339Nano } from "../../base/gotime.ts";
import { type Moment, parseRfc3339 } from "../../base/nanos.ts";
import { byteString } from "../../base/bytes.ts";
import { quoted } from "../../errors/protocol.ts";
import { ZERO_SEC } from "../../store/stream_store.ts";

/** Go's zero time, which is what a moment is that nobody set. */
export const ZERO_MOMENT: Moment = { sec: ZERO_SEC, nanos: 0 };

/** A moment as RFC 3339, to the nanosecond, written in UTC. */
export const moment: Kind<Moment> = via(
  text,
  ZERO_MOMENT,
  (written) => parseRfc3339(written) ?? new JsonError(`parsing time ${quoted(byteString(written))} as RFC 3339`),
  ({ sec, nanos }) => rfc3339Nano(sec, nanos),
);

/** A subject transform as configurations spell it. */
export const transformKind = record({ src: text, dest: text }, "server.SubjectTransformConfig");

const external = record({ api: text, deliver: text }, "server.ExternalStream");
const consumer = record({ name: omitEmpty(text), deliver_subject: omitEmpty(text) }, "server.StreamConsumerSource");

export const streamSourceKind = record(
  {
    name: text,
    opt_start_seq: omitEmpty(bigUint64),
    opt_start_time: omitEmpty(nullable(moment)),
    filter_subject: omitEmpty(text),
    subject_transforms: omitEmpty(list(transformKind, "[]server.SubjectTransformConfig")),
    external: omitEmpty(nullable(external)),
    consumer: omitEmpty(nullable(consumer)),
  },
  "server.StreamSource",
);
export type StreamSource = Decoded<typeof streamSourceKind>;
