// Which streams of an account take which subjects, also those that are being
// made or changed: no two may take the same message.
//
// Owns the subjects by stream. Knows nothing of configurations.

import { byteString } from "../base/bytes.ts";
import { PatternIndex } from "../subject/pattern_index.ts";

/** What one question may cost, in nodes: some ten milliseconds. Wildcards among very many subjects cost most. */
const MOST_WORK = 1_000_000;
/** Subjects of one account. */
const MOST_SUBJECTS = 4_000_000;

export class SubjectClaims {
  readonly #index = new PatternIndex<string>();
  readonly #claims = new Map<string, readonly string[]>();

  /** The stream takes these subjects from now on, instead of those it had. */
  set(stream: string, subjects: readonly string[]): void {
    const before = this.#claims.get(stream);
    if (before === subjects) return;
    const kept = new Set(subjects);
    const known = new Set(before);
    for (const subject of known) if (!kept.has(subject)) this.#index.remove(byteString(subject), stream);
    for (const subject of kept) if (!known.has(subject)) this.#index.add(byteString(subject), stream);
    if (subjects.length > 0) this.#claims.set(stream, subjects);
    else this.#claims.delete(stream);
  }

  /** Whether another stream takes messages on these subjects; "unknown" when there is too much to compare. */
  taken(stream: string, subjects: readonly string[]): boolean | "unknown" {
    if (this.#index.count + subjects.length > MOST_SUBJECTS) return "unknown";
    const before = this.#index.visited;
    // No other can have what the stream itself has already.
    const own = new Set(this.#claims.get(stream));
    for (const subject of subjects) {
      if (own.has(subject)) continue;
      const most = MOST_WORK - (this.#index.visited - before);
      const isTaken = this.#index.hasCollision(byteString(subject), stream, most);
      if (isTaken !== false) return isTaken ?? "unknown";
    }
    return false;
  }
}
