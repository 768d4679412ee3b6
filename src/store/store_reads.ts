// What both stores answer about their committed messages, in the same way.
//
// Owns nothing: a store says where its search is, after looking
// that the call is allowed.

import type { ByteString } from "../base/bytes.ts";
import type { MessageSearch } from "./message_search.ts";
import type { SubjectCount } from "./stream_store.ts";
import type { SubjectFilter } from "./subject_filter.ts";

export abstract class StoreReads {
  /** The search of committed messages; asserts that the store may be called. */
  protected abstract searching(): MessageSearch;

  next(filter: SubjectFilter, from: number, most: number): number {
    return this.searching().next(filter, from, most);
  }
  previous(filter: SubjectFilter, upTo: number, most: number): number {
    return this.searching().previous(filter, upTo, most);
  }
  last(filter: SubjectFilter): number {
    return this.searching().last(filter);
  }
  lastOf(subject: Uint8Array, from: number, to: number): number {
    return this.searching().lastOf(subject, from, to);
  }
  lastPerSubject(filter: SubjectFilter, upTo: number, most: number, into: number[]): boolean {
    return this.searching().lastPerSubject(filter, upTo, most, into);
  }
  withHeaders(from: number, into: number[]): number {
    return this.searching().withHeaders(from, into);
  }
  seqAt(sec: number, nanos: number): number {
    return this.searching().seqAt(sec, nanos);
  }
  subjects(
    filter: SubjectFilter,
    from: ByteString,
    most: number,
    show: (subject: SubjectCount) => void,
  ): ByteString | undefined {
    return this.searching().subjects(filter, from, most, show);
  }
  count(filter: SubjectFilter, from: number, upTo: number): number {
    return this.searching().count(filter, from, upTo);
  }
  deletedRanges(from: number, most: number, show: (first: number, last: number) => void): number {
    return this.searching().deletedRanges(from, most, show);
  }
}
