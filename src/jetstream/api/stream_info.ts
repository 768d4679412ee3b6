// What is shown of a stream: its configuration, its state, and the pages of
// its subjects and deleted sequences.

import { type ByteString, byteString, byteStringOf, shown } from "../../base/bytes.ts";
import type { Encodable } from "../../base/json.ts";
import { SubjectFilter } from "../../store/subject_filter.ts";
import type { JetStreamAccount } from "../account.ts";
import { withServerMetadata } from "../config/stream_metadata.ts";
import type { JetStreamSurroundings } from "../surroundings.ts";
import type { Stream } from "../stream.ts";
import type { stateKind, streamInfoKind } from "./kinds.ts";

export type StreamInfo = Encodable<typeof streamInfoKind>;
export type StateInfo = Encodable<typeof stateKind>;

/** Subjects shown at most in one response. */
export const SUBJECTS_PAGE = 100_000;
/** And characters of them, give or take one turn: clients ask for the rest by the offset. */
const PAGE_CHARS = 16 * 1024 * 1024;
/** Subjects or ranges looked at in one turn; fewer when subjects are long. */
const SLICE = 1000;
const LEAST_SLICE = 100;
const SLICE_CHARS = 512 * 1024;

/** A stream as responses show it now; which parts are there depends on the call. */
export function streamInfoOf(
  stream: Stream,
  account: JetStreamAccount,
  { world, version, domain, serverName }: JetStreamSurroundings,
  call: "create" | "update" | "list" | "info",
): StreamInfo {
  return {
    config: call === "list" ? stream.config : withServerMetadata(stream.config, version),
    created: stream.created,
    state: stateOf(stream, account),
    domain: call === "create" ? "" : domain,
    cluster: call === "info" ? { leader: serverName } : undefined,
    ts: { sec: world.wallSec(), nanos: world.wallNanos() },
  };
}

function stateOf(stream: Stream, account: JetStreamAccount): StateInfo {
  const state = stream.state();
  const lost = account.lostOf(stream.name);
  return {
    messages: state.msgs,
    bytes: state.bytes,
    first_seq: state.firstSeq,
    first_ts: { sec: state.firstSec, nanos: state.firstNanos },
    last_seq: state.lastSeq,
    last_ts: { sec: state.lastSec, nanos: state.lastNanos },
    num_subjects: state.subjects,
    num_deleted: state.deleted,
    lost: lost === undefined ? undefined : { msgs: lost.sequences, bytes: lost.bytes },
    consumer_count: stream.consumerCount,
  };
}

/** A page of subjects, in byte order, and how many there are in all. */
export interface SubjectPage {
  readonly total: number;
  readonly subjects: readonly (readonly [subject: string, messages: number])[];
}

/** The page of matching subjects from `offset` on; over several turns, what was found so far when the stream is closed meanwhile. */
export function collectSubjects(
  stream: Stream,
  filter: string,
  offset: number,
  nextTurn: (fire: () => void) => void,
  done: (page: SubjectPage) => void,
): void {
  const subjects: (readonly [string, number])[] = [];
  const wanted = new SubjectFilter([byteString(filter)]);
  let total = 0;
  let [seenChars, pageChars] = [0, 0];
  let from: ByteString | undefined = byteString("");
  const goOn = (): void => {
    if (!stream.isOpen) {
      done({ total, subjects });
      return;
    }
    const slice = seenChars === 0 ? LEAST_SLICE : Math.floor((SLICE_CHARS * total) / seenChars);
    const most = Math.min(SLICE, Math.max(LEAST_SLICE, slice));
    from = stream.store.subjects(wanted, from!, most, ({ bytes, from: start, to, count }) => {
      if (total >= offset && subjects.length < SUBJECTS_PAGE && pageChars < PAGE_CHARS) {
        subjects.push([shown(byteStringOf(bytes, start, to)), count]);
        pageChars += to - start;
      }
      seenChars += to - start;
      total++;
    });
    if (from === undefined) done({ total, subjects });
    else nextTurn(goOn);
  };
  goOn();
}

/** All sequences from first to last that hold no message; over several turns. They are listed when they are walked. */
export function collectDeleted(
  stream: Stream,
  nextTurn: (fire: () => void) => void,
  done: (deleted: Iterable<number>) => void,
): void {
  const ranges: number[] = [];
  let from = 1;
  const goOn = (): void => {
    from = stream.isOpen ? stream.store.deletedRanges(from, SLICE, (first, last) => ranges.push(first, last)) : 0;
    if (from > 0) nextTurn(goOn);
    else done({ [Symbol.iterator]: () => sequencesIn(ranges) });
  };
  goOn();
}

function* sequencesIn(ranges: readonly number[]): Generator<number> {
  for (let i = 0; i < ranges.length; i += 2) for (let seq = ranges[i]!; seq <= ranges[i + 1]!; seq++) yield seq;
}
