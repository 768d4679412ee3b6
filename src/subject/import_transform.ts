// How subjects of an account that exports become subjects of one that imports,
// and back: `from` there, `to` here.
//
//     from a.*.*   to local.$2.$1   there a.x.y ⇄ here local.y.x
//
// Both ways exist for subjects and for patterns, since a subscription here has
// to become one there. Owns nothing; knows nothing of accounts.

import type { ByteString } from "../base/bytes.ts";
import { hasWildcard, tokensOf } from "./subject.ts";
import { SubjectTransform } from "./transform.ts";
import { importPiecesOf, MappingFault, piecesOf } from "./transform_destination.ts";

export class ImportTransform {
  /** Pattern in the account that exports. */
  readonly from: ByteString;
  /** Pattern in the account that imports. */
  readonly local: ByteString;
  /** From there to here; undefined when subjects are the same, or all of them become `local`. */
  readonly inward: SubjectTransform | undefined;
  /** From here to there; undefined when subjects are the same, or all of them become `from`. */
  readonly outward: SubjectTransform | undefined;
  /** For each `*` of `local`, which `*` of `from` it is, counted from 0. */
  readonly #order: readonly number[];

  /** Use `importTransform`. */
  constructor(
    from: ByteString,
    local: ByteString,
    inward: SubjectTransform | undefined,
    outward: SubjectTransform | undefined,
    order: readonly number[],
  ) {
    this.from = from;
    this.local = local;
    this.inward = inward;
    this.outward = outward;
    this.#order = order;
  }

  /** Subjects are the same here and there. */
  get isSame(): boolean {
    // `a.*.*` to `a.$2.$1` has the same patterns, and other subjects.
    return this.inward === undefined && this.from === this.local;
  }

  /** What a subscription to `pattern` here has to subscribe to there; undefined when they have nothing in common. */
  patternThere(pattern: ByteString): ByteString | undefined {
    const common = intersection(pattern, this.local);
    if (common === undefined || this.isSame) return common;
    if (this.inward === undefined) return this.from;
    const tokens = tokensOf(common);
    const local = tokensOf(this.local);
    const values: string[] = [];
    let wildcard = 0;
    for (const [at, token] of local.entries()) {
      if (token !== "*") continue;
      const place = this.#order[wildcard++]!;
      const known = values[place] ?? "*";
      const value = tokens[at]!;
      // One wildcard in two places has one value.
      if (known !== "*" && value !== "*" && known !== value) return undefined;
      values[place] = known === "*" ? value : known;
    }
    const there = tokensOf(this.from);
    if (local.at(-1) === ">") there.splice(-1, 1, ...tokens.slice(local.length - 1));
    let next = 0;
    return there.map((token) => (token === "*" && next < values.length ? values[next++]! : token)).join(".") as ByteString; // prettier-ignore
  }
}

/** The transform of an import; an empty `to` is the same subject. Or why it can not be. */
export function importTransform(from: ByteString, to: ByteString): ImportTransform | MappingFault {
  const spec = to === "" ? from : to;
  if (spec === from || !hasWildcard(from)) return new ImportTransform(from, spec, undefined, undefined, []);
  const destination = numbered(spec);
  const pieces = importPiecesOf(from, destination);
  if (pieces instanceof MappingFault) return pieces;
  const { pattern, places } = patternOf(destination);
  let star = 0;
  const back = tokensOf(from).map((token) => (token === "*" ? `$${places.indexOf(++star) + 1}` : token));
  const backPieces = piecesOf(pattern, back.join(".") as ByteString);
  if (backPieces instanceof MappingFault) return backPieces;
  return new ImportTransform(
    from,
    pattern,
    new SubjectTransform(from, destination, pieces),
    new SubjectTransform(pattern, back.join(".") as ByteString, backPieces),
    places.map((place) => place - 1),
  );
}

/** `foo.*.*` as a destination: `foo.$1.$2`. */
export function numbered(pattern: ByteString): ByteString {
  let star = 0;
  const tokens = tokensOf(pattern).map((token) => (token === "*" ? `$${++star}` : token));
  return tokens.join(".") as ByteString;
}

/** The pattern of what a destination makes, and which wildcard each of its `*` is, from 1: `foo.$2.$1` is `foo.*.*` and 2, 1. */
export function patternOf(destination: ByteString): {
  readonly pattern: ByteString;
  readonly places: readonly number[];
} {
  const places: number[] = [];
  const tokens = tokensOf(destination).map((token) => {
    const found = /^\$([1-9]\d*)$/.exec(token) ?? WILDCARD.exec(token);
    if (found === null) return token;
    places.push(Number(found[1]));
    return "*";
  });
  return { pattern: tokens.join(".") as ByteString, places };
}
const WILDCARD = /^\{\{\s*[wW]ildcard\s*\(\s*(\d+)\s*\)\s*\}\}$/;

/** The pattern of what both patterns match; undefined when that is nothing. */
export function intersection(a: ByteString, b: ByteString): ByteString | undefined {
  const left = tokensOf(a);
  const right = tokensOf(b);
  const both: string[] = [];
  for (let i = 0; ; i++) {
    const x = left[i];
    const y = right[i];
    if (x === undefined || y === undefined) return x === y ? (both.join(".") as ByteString) : undefined;
    if (x === ">" && i === left.length - 1) return [...both, ...right.slice(i)].join(".") as ByteString;
    if (y === ">" && i === right.length - 1) return [...both, ...left.slice(i)].join(".") as ByteString;
    if (x !== y && x !== "*" && y !== "*") return undefined;
    both.push(x === "*" ? y : x);
  }
}
