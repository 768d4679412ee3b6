// The subjects a stream may take messages from: valid, not two for the same
// message, and none of the server's own unless nobody waits for an answer.

import { type ByteString, byteString } from "../../base/bytes.ts";
import { Pace, type Work } from "../../base/work.ts";
import { quoted } from "../../errors/protocol.ts";
import { PatternIndex } from "../../subject/pattern_index.ts";
import { collides, hasWildcard, isSubset, isValidSubject } from "../../subject/subject.ts";
import { invalidConfig, type StreamDraft } from "./stream_draft.ts";

/** Whether configurations take it for a subject: as a SUB would, and without blanks. */
export function isConfigSubject(subject: string): boolean {
  return isValidSubject(byteString(subject)) && !/[\t\n\f\r ]/.test(subject);
}

const apiSpaces = ["$JS.>", "$JSC.>", "$NRG.>"] as ByteString[];
const events = "$JS.EVENT.>" as ByteString;
const system = "$SYS.>" as ByteString;
const systemAccounts = "$SYS.ACCOUNT.>" as ByteString;

/** What comparing all subjects with each other may cost, in nodes: some ten milliseconds. */
const MOST_WORK = 1_000_000;
/** Nodes looked at that cost as much as a subject. */
const NODES = 4;
const STEP = 1024;

/** Checks them one by one, each against those behind it; a stream without any takes its name. */
export function* checkSubjects(draft: StreamDraft): Work<void> {
  if (draft.subjects.length === 0) {
    if (draft.mirror === undefined && draft.sources.length === 0) draft.subjects = [draft.name];
    return;
  }
  const all = (yield* areDistinctLiterals(draft.subjects)) ? undefined : yield* indexOf(draft.subjects);
  const pace = new Pace();
  let left = MOST_WORK;
  for (const [at, subject] of draft.subjects.entries()) {
    if (pace.spend()) yield;
    if (!isConfigSubject(subject)) throw invalidConfig("invalid subject");
    if (subject === ">" && !draft.no_ack) throw invalidConfig("capturing all subjects requires no-ack to be true");
    if (subject === ">" && draft.num_replicas !== 1) {
      throw invalidConfig("capturing all subjects requires replicas of 1");
    }
    const bytes = byteString(subject);
    if (!draft.no_ack) checkServerSpaces(bytes);
    if (all === undefined) continue;
    const question = all.question(bytes, at, left);
    let isTaken = question.goOn(STEP);
    for (; isTaken === "more"; isTaken = question.goOn(STEP)) if (pace.spend(STEP / NODES)) yield;
    left -= question.visited;
    if (isTaken === undefined) throw invalidConfig("too many subjects with wildcards");
    if (!isTaken) continue;
    // Those before it collided with none, so the other one is behind it.
    const other = yield* firstColliding(draft.subjects, at, pace);
    throw invalidConfig(`subject ${quoted(bytes)} overlaps with ${quoted(other)}`);
  }
}

function* firstColliding(subjects: readonly string[], at: number, pace: Pace): Work<ByteString> {
  const bytes = byteString(subjects[at]!);
  for (let behind = at + 1; ; behind++) {
    const other = byteString(subjects[behind]!);
    if (collides(other, bytes)) return other;
    if (pace.spend()) yield;
  }
}

/** Whether none of them can collide with another for sure: what most streams have, and quick to tell. */
function* areDistinctLiterals(subjects: readonly string[]): Work<boolean> {
  const pace = new Pace();
  const seen = new Set<string>();
  for (const subject of subjects) {
    if (hasWildcard(subject as ByteString)) return false;
    seen.add(subject);
    if (pace.spend()) yield;
  }
  return seen.size === subjects.length;
}

function* indexOf(subjects: readonly string[]): Work<PatternIndex<number>> {
  const pace = new Pace();
  const index = new PatternIndex<number>();
  for (const [at, subject] of subjects.entries()) {
    index.add(byteString(subject), at);
    if (pace.spend()) yield;
  }
  return index;
}

/** An acknowledgement of what the server itself says would be heard, and acknowledged, again. */
function checkServerSpaces(subject: ByteString): void {
  if (!subject.startsWith("$") && !hasWildcard(subject)) return;
  if (apiSpaces.some((space) => collides(subject, space)) && !isSubset(subject, events)) {
    throw invalidConfig("subjects that overlap with jetstream api require no-ack to be true");
  }
  if (collides(subject, system) && !isSubset(subject, systemAccounts)) {
    throw invalidConfig("subjects that overlap with system api require no-ack to be true");
  }
}
