// Subject transforms: a subject that matches the source becomes the
// destination, made of literals and of pieces of the subject. Used by streams
// for what comes in (`subject_transform`) and for what they publish again
// (`republish`), by accounts for mappings and imports.
//
// Works on bytes, without allocating: the tokens of the subject at hand are
// offsets in one array. The grammar is in transform_destination.ts.

import { type ByteString, bytesOf } from "../base/bytes.ts";
import { putDigits } from "../base/digits.ts";
import { runeLength } from "../base/json_reader.ts";
import { putBytes } from "../base/put_bytes.ts";
import { tokensOf } from "./subject.ts";
import { type Cut, MappingFault, type Piece, piecesOf } from "./transform_destination.ts";

const DOT = 0x2e;
const STAR = 0x2a;
const REST = 0x3e;
/** Digits of a partition. */
const NUMBER_LENGTH = 10;

/** An integer in [0, below). */
export type Random = (below: number) => number;

/**
 * The transform from `source` (empty: `>`) to `destination`, or why it can not
 * be. Undefined for an empty destination: nothing is transformed then.
 */
export function subjectTransform(
  source: ByteString,
  destination: ByteString,
): SubjectTransform | MappingFault | undefined {
  if (destination === "") return undefined;
  const from = source === "" ? (">" as ByteString) : source;
  const pieces = piecesOf(from, destination);
  return pieces instanceof MappingFault ? pieces : new SubjectTransform(from, destination, pieces);
}

export class SubjectTransform {
  readonly source: ByteString;
  readonly destination: ByteString;
  readonly #pieces: readonly Piece[];
  /** The source by tokens; undefined is `*`, a `>` at the end is left out. */
  readonly #wanted: readonly (Uint8Array | undefined)[];
  readonly #open: boolean;
  readonly #identity: boolean;
  readonly #fixedLength: number;
  /** Where the tokens of the subject at hand begin; one behind the last, as if a dot followed. */
  #starts: Int32Array;
  #count: number;

  /** Use `subjectTransform`. */
  constructor(source: ByteString, destination: ByteString, pieces: readonly Piece[]) {
    this.source = source;
    this.destination = destination;
    this.#pieces = pieces;
    const tokens = tokensOf(source);
    this.#open = tokens.at(-1) === ">";
    if (this.#open) tokens.pop();
    this.#wanted = tokens.map((token) => (token === "*" ? undefined : bytesOf(token as ByteString)));
    this.#identity = source === ">" && destination === ">";
    this.#fixedLength = pieces.reduce((sum, piece) => sum + 1 + (piece.kind === "literal" ? piece.bytes.length : NUMBER_LENGTH), 0); // prettier-ignore
    this.#starts = new Int32Array(32);
    this.#count = 0;
  }

  /** Room that `apply` may need for a subject of `length` bytes. */
  roomFor(length: number): number {
    return this.#fixedLength + 2 * length * this.#pieces.length + length;
  }

  /**
   * Writes what subject [from, to) becomes into `into` from `at` on and returns
   * where it ends; −1, with nothing written, when the source does not match or
   * the subject is not literal. `into` has `roomFor(to - from)`; all bytes are
   * borrowed, and `into` is not where the subject lies.
   */
  apply(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number, random: Random): number {
    if (this.#identity) return putBytes(into, at, bytes, from, to);
    if (!this.#split(bytes, from, to, true) || !this.#matches(bytes)) return -1;
    return this.#writeAll(bytes, into, at, random);
  }

  /** As `apply` for a subject that was published: tokens that look like wildcards are letters there. */
  applyToLiteral(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number, random: Random): number {
    if (!this.#split(bytes, from, to, false) || !this.#matches(bytes)) return -1;
    return this.#writeAll(bytes, into, at, random);
  }

  #writeAll(bytes: Uint8Array, into: Uint8Array, at: number, random: Random): number {
    let end = at;
    for (let i = 0; i < this.#pieces.length; i++) {
      if (i > 0) into[end++] = DOT;
      end = this.#write(this.#pieces[i]!, bytes, into, end, random);
    }
    return end;
  }

  /** Finds the tokens; false when one is empty, or a wildcard where these are refused. */
  #split(bytes: Uint8Array, from: number, to: number, refusesWildcards: boolean): boolean {
    let count = 0;
    let start = from;
    for (let i = from; i <= to; i++) {
      if (i < to && bytes[i] !== DOT) continue;
      if (i === start) return false;
      if (refusesWildcards && i === start + 1 && (bytes[start] === STAR || bytes[start] === REST)) return false;
      if (count + 1 >= this.#starts.length) this.#grow();
      this.#starts[count++] = start;
      start = i + 1;
    }
    this.#starts[count] = start;
    this.#count = count;
    return true;
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
  }

  #matches(bytes: Uint8Array): boolean {
    const wanted = this.#wanted;
    if (this.#open ? this.#count <= wanted.length : this.#count !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) {
      const token = wanted[i];
      if (token === undefined) continue;
      const from = this.#from(i);
      if (this.#to(i) - from !== token.length) return false;
      for (let k = 0; k < token.length; k++) if (bytes[from + k] !== token[k]) return false;
    }
    return true;
  }

  #from(token: number): number {
    return this.#starts[token]!;
  }
  #to(token: number): number {
    return this.#starts[token + 1]! - 1;
  }

  #write(piece: Piece, bytes: Uint8Array, into: Uint8Array, at: number, random: Random): number {
    switch (piece.kind) {
      case "literal":
        into.set(piece.bytes, at);
        return at + piece.bytes.length;
      case "wildcard":
        return putBytes(into, at, bytes, this.#from(piece.token), this.#to(piece.token));
      case "rest":
        return putBytes(into, at, bytes, this.#from(piece.token), this.#to(this.#count - 1));
      case "partition":
        return putDigits(into, at, piece.buckets === 0 ? 0 : this.#hash(piece.tokens, bytes) % piece.buckets);
      case "random":
        return putDigits(into, at, piece.below === 0 ? 0 : random(piece.below));
      case "split":
        return splitToken(piece.delimiter, bytes, this.#from(piece.token), this.#to(piece.token), into, at);
      default:
        return cutToken(piece.kind, piece.size, bytes, this.#from(piece.token), this.#to(piece.token), into, at);
    }
  }

  /** FNV-1a of these tokens without dots between them; of the whole subject when there are none. */
  #hash(tokens: readonly number[], bytes: Uint8Array): number {
    if (tokens.length === 0) return fnv1a(0x811c9dc5, bytes, this.#from(0), this.#to(this.#count - 1));
    let hash = 0x811c9dc5;
    for (const token of tokens) hash = fnv1a(hash, bytes, this.#from(token), this.#to(token));
    return hash;
  }
}

function fnv1a(start: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = start;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}

/** A token cut as `kind` says; whole when it is not longer than `size`. */
function cutToken(
  kind: Cut,
  size: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Uint8Array,
  at: number,
): number {
  // prettier-ignore
  if (size <= 0 || size >= to - from) return putBytes(into, at, bytes, from, to);
  if (kind === "left") return putBytes(into, at, bytes, from, from + size);
  if (kind === "right") return putBytes(into, at, bytes, to - size, to);
  const fromLeft = kind === "splitFromLeft" || kind === "sliceFromLeft";
  const once = kind === "splitFromLeft" || kind === "splitFromRight";
  let first = from + (fromLeft ? size : (to - from) % size);
  if (once && !fromLeft) first = to - size;
  if (first === from) first += size;
  let end = at;
  let piece = from;
  for (let cut = first; cut < to; cut = once ? to : cut + size) {
    end = putBytes(into, end, bytes, piece, cut);
    into[end++] = DOT;
    piece = cut;
  }
  return putBytes(into, end, bytes, piece, to);
}

/**
 * The parts of a token between delimiters; empty parts leave no dot, but for a
 * dot at the beginning behind two delimiters. Without delimiter: letter by letter.
 */
function splitToken(
  delimiter: Uint8Array,
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Uint8Array,
  at: number,
): number {
  // prettier-ignore
  let end = at;
  let part = from;
  for (let parts = 0; ; parts++) {
    const cut = delimiter.length === 0 ? letterEnd(bytes, part, to) : find(delimiter, bytes, part, to);
    // A dot stands before each part that is not empty, except the first part, and a part behind an empty first one.
    if (cut > part) {
      const afterEmptyFirst = parts === 1 && part - delimiter.length === from;
      if (parts > 0 && !afterEmptyFirst) into[end++] = DOT;
      end = putBytes(into, end, bytes, part, cut);
    }
    if (cut >= to) return end;
    part = cut + delimiter.length;
  }
}

function letterEnd(bytes: Uint8Array, at: number, to: number): number {
  return at + Math.max(1, runeLength(bytes, at, to));
}

/** Where `delimiter` is in [from, to); `to` when it is not. */
function find(delimiter: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at + delimiter.length <= to; at++) {
    let same = 0;
    while (same < delimiter.length && bytes[at + same] === delimiter[same]) same++;
    if (same === delimiter.length) return at;
  }
  return to;
}
