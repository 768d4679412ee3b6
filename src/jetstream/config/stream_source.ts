// Where a stream takes messages from besides its subjects: `mirror` and each
// of `sources`. Read and written, so that a directory with such streams can be
// looked at.

import { bigUint64, type Decoded, list, nullable, omitEmpty, record, text } from "../../base/json.ts";
import { moment } from "./moment.ts";

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
