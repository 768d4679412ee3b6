// Which streams of an account take which subjects, also those that are being
// made or changed: no two may take the same message.
//
// Owns who has which subject. Knows nothing of configurations. All is done in
// slices; whoever asks and claims does both before anybody else claims.

import { byteString } from "../base/bytes.ts";
import { Pace, type Work } from "../base/work.ts";
import { PatternIndex } from "../subject/pattern_index.ts";

/** What one question may cost, in nodes: some ten milliseconds. Wildcards among very many subjects cost most. */
const MOST_WORK = 1_000_000;
/** Subjects of one account. */
const MOST_SUBJECTS = 4_000_000;
/** Nodes of a question that cost as much as a subject. */
const NODES = 4;
const STEP = 1024;

export class SubjectClaims {
  readonly #index = new PatternIndex<string>();

  /** The stream takes these subjects, too, from now on. */
  *claim(stream: string, subjects: readonly string[]): Work<void> {
    const pace = new Pace();
    for (const subject of subjects) {
      const bytes = byteString(subject);
      if (!this.#index.has(bytes, stream)) this.#index.add(bytes, stream);
      if (pace.spend()) yield;
    }
  }

  /** It does not take these any more, but for those it goes on with. */
  *release(stream: string, subjects: readonly string[], but: readonly string[] = []): Work<void> {
    if (subjects === but) return;
    const pace = new Pace();
    const kept = new Set<string>();
    for (const subject of but) {
      kept.add(subject);
      if (pace.spend()) yield;
    }
    for (const subject of subjects) {
      if (!kept.has(subject)) this.#index.remove(byteString(subject), stream);
      if (pace.spend()) yield;
    }
  }

  /** Whether another stream takes messages on these subjects; "unknown" when there is too much to compare. */
  *taken(stream: string, subjects: readonly string[]): Work<boolean | "unknown"> {
    if (this.#index.count + subjects.length > MOST_SUBJECTS) return "unknown";
    const pace = new Pace();
    let left = MOST_WORK;
    for (const subject of subjects) {
      if (pace.spend()) yield;
      const bytes = byteString(subject);
      // No other can have what the stream itself has already.
      if (this.#index.has(bytes, stream)) continue;
      const question = this.#index.question(bytes, stream, left);
      let isTaken = question.goOn(STEP);
      for (; isTaken === "more"; isTaken = question.goOn(STEP)) if (pace.spend(STEP / NODES)) yield;
      if (isTaken !== false) return isTaken ?? "unknown";
      left -= question.visited;
    }
    return false;
  }
}
