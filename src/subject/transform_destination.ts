// The destination of a subject transform: what each of its tokens makes of a
// subject. `orders.{{wildcard(2)}}.{{partition(10,1)}}` is a literal, a copy and
// a hash.
//
// Owns the grammar of the functions and what is said about those that are
// wrong. Knows nothing of subjects that go through: see transform.ts.

import { type ByteString, bytesOf, shown } from "../base/bytes.ts";
import { tokensOf } from "./subject.ts";

/** Why a transform can not be, in nats-server's words. */
export class MappingFault {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Functions of one token of the subject and one number. */
export const cuts = ["splitFromLeft", "splitFromRight", "sliceFromLeft", "sliceFromRight", "right", "left"] as const;
export type Cut = (typeof cuts)[number];

/** What one token of the destination becomes. `token` and `tokens` count the tokens of the subject from 0. */
export type Piece =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "wildcard"; readonly token: number }
  | { readonly kind: Cut; readonly token: number; readonly size: number }
  | { readonly kind: "split"; readonly token: number; readonly delimiter: Uint8Array }
  /** No tokens: the whole subject is hashed. */
  | { readonly kind: "partition"; readonly tokens: readonly number[]; readonly buckets: number }
  | { readonly kind: "random"; readonly below: number }
  /** The `>` at the end: tokens from `token` on, as they are. */
  | { readonly kind: "rest"; readonly token: number };

const INVALID = "invalid mapping destination";
const faults = {
  transform: `${INVALID}: invalid transform`,
  unknownFunction: `${INVALID}: unknown function`,
  outOfRange: `${INVALID}: wildcard index out of range`,
  fewArguments: `${INVALID}: not enough arguments passed to the function`,
  badArgument: `${INVALID}: function argument is invalid or in the wrong format`,
  manyArguments: `${INVALID}: too many arguments passed to the function`,
  notForImports: `${INVALID}: the only mapping function allowed for import transforms is {{Wildcard()}}`,
  unusedWildcards: `${INVALID}: not using all of the token wildcard(s)`,
} as const;

function fault(name: keyof typeof faults, token: string): MappingFault {
  return new MappingFault(token === "" ? faults[name] : `${faults[name]} in ${shown(token as ByteString)}`);
}

const INVALID_SUBJECT = new MappingFault("invalid subject");
const INT32 = 2 ** 31;
const INT64 = 2n ** 63n;

/** Each function as nats-server finds it: the first letter of each of its words in either case, blanks around. */
function finder(name: string): RegExp {
  const word = name.replace(/^[a-z]|[A-Z]/g, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
  const blanks = "[\\t\\n\\f\\r ]*";
  return new RegExp(`\\{\\{${blanks}${word}${blanks}\\(([^\\n]*)\\)${blanks}\\}\\}`);
}
// In the order they are looked for.
const functionNames = ["wildcard", "partition", ...cuts, "split", "random"] as const;
type FunctionName = (typeof functionNames)[number];
const finders = functionNames.map((name) => [name, finder(name)] as const);
/** A stream's transform does not know these two; its republish does. */
const notInStreams: readonly FunctionName[] = ["left", "right"];

/** The pieces of `destination` for subjects that match `source`; both already stand for `>` where they were empty. */
export function piecesOf(source: ByteString, destination: ByteString): readonly Piece[] | MappingFault {
  const from = shapeOf(source);
  const to = shapeOf(destination);
  if (from === undefined || to === undefined) return INVALID_SUBJECT;
  if (to.wildcards.length > 0 || from.rest !== to.rest) return INVALID_SUBJECT;
  const pieces: Piece[] = [];
  for (const token of to.tokens) {
    const parsed = parse(token);
    if (parsed instanceof MappingFault) return parsed;
    const piece = placed(parsed, token, from);
    if (piece instanceof MappingFault) return piece;
    pieces.push(piece);
  }
  if (to.rest) pieces[pieces.length - 1] = { kind: "rest", token: from.tokens.length - 1 };
  return pieces;
}

/** What a stream's configuration may not have as transform; undefined when it may. */
export function mappingFault(source: ByteString, destination: ByteString): MappingFault | undefined {
  if (destination === "") return undefined;
  let ended = false;
  for (const token of tokensOf(destination)) {
    if (token === "" || ended) return fault("transform", token);
    if (isFunction(token)) {
      const known = finders.some(([name, regex]) => !notInStreams.includes(name) && regex.test(token));
      if (!known) return fault("unknownFunction", token);
    } else if (token === ">") ended = true;
    else if (/[\t\n\f\r ]/.test(token)) return fault("transform", "");
  }
  const pieces = piecesOf(source === "" ? (">" as ByteString) : source, destination);
  return pieces instanceof MappingFault ? pieces : undefined;
}

/**
 * The pieces of an import's transform, which has to be one that can be undone:
 * it takes every wildcard of the source and does nothing else with them.
 */
export function importPiecesOf(source: ByteString, destination: ByteString): readonly Piece[] | MappingFault {
  const from = shapeOf(source);
  const to = shapeOf(destination);
  if (from === undefined || to === undefined) return INVALID_SUBJECT;
  if (to.wildcards.length > 0 || from.rest !== to.rest) return INVALID_SUBJECT;
  let used = 0;
  if (from.wildcards.length > 0 || from.rest) {
    for (const token of to.tokens) {
      const parsed = parse(token);
      if (parsed instanceof MappingFault) return parsed;
      if (parsed.kind === "wildcard") used++;
      else if (parsed.kind !== "literal") return fault("notForImports", token);
    }
    if (used < from.wildcards.length) return fault("unusedWildcards", destination);
  }
  return piecesOf(source, destination);
}

interface Shape {
  readonly tokens: readonly string[];
  /** Which tokens are `*`. */
  readonly wildcards: readonly number[];
  /** Whether it ends in `>`. */
  readonly rest: boolean;
}

function shapeOf(subject: ByteString): Shape | undefined {
  const tokens = tokensOf(subject);
  const rest = tokens.indexOf(">");
  if (tokens.includes("") || (rest >= 0 && rest < tokens.length - 1)) return undefined;
  const wildcards = tokens.flatMap((token, at) => (token === "*" ? [at] : []));
  return { tokens, wildcards, rest: rest >= 0 };
}

/** A token of the destination as it is written: arguments count wildcards from 1. */
type Parsed =
  | { readonly kind: "literal" }
  | { readonly kind: "wildcard"; readonly wildcard: number }
  | { readonly kind: Cut; readonly wildcard: number; readonly size: number }
  | { readonly kind: "split"; readonly wildcard: number; readonly delimiter: string }
  | { readonly kind: "partition"; readonly wildcards: readonly number[]; readonly buckets: number }
  | { readonly kind: "random"; readonly below: number };

/** Which tokens of the subject `parsed` takes. */
function placed(parsed: Parsed, token: string, source: Shape): Piece | MappingFault {
  if (parsed.kind === "literal") return { kind: "literal", bytes: bytesOf(token as ByteString) };
  if (parsed.kind === "random") return parsed;
  const literal = source.wildcards.length === 0 && !source.rest;
  if (parsed.kind === "partition") {
    // Without wildcards in the source there is nothing to choose: the whole subject is hashed.
    if (literal) return { kind: "partition", tokens: [], buckets: parsed.buckets };
    const tokens: number[] = [];
    for (const wildcard of parsed.wildcards) {
      const at = tokenOf(wildcard, token, source);
      if (at instanceof MappingFault) return at;
      tokens.push(at);
    }
    return { kind: "partition", tokens, buckets: parsed.buckets };
  }
  if (literal) return fault("outOfRange", token);
  const at = tokenOf(parsed.wildcard, token, source);
  if (at instanceof MappingFault) return at;
  if (parsed.kind === "wildcard") return { kind: "wildcard", token: at };
  if (parsed.kind !== "split") return { kind: parsed.kind, token: at, size: parsed.size };
  return { kind: "split", token: at, delimiter: bytesOf(parsed.delimiter as ByteString) };
}

/** Wildcards below the first stand for the first token: nats-server takes `$0` so. */
function tokenOf(wildcard: number, token: string, source: Shape): number | MappingFault {
  if (wildcard > source.wildcards.length) return fault("outOfRange", `${token}: [${wildcard}]`);
  return source.wildcards[wildcard - 1] ?? 0;
}

function isFunction(token: string): boolean {
  return token.length > 4 && token.startsWith("{{") && token.endsWith("}}");
}

function parse(token: string): Parsed | MappingFault {
  if (token.length > 1 && token.startsWith("$")) {
    const wildcard = integer(token.slice(1));
    // Other things begin with a dollar, too.
    return wildcard === undefined ? { kind: "literal" } : { kind: "wildcard", wildcard: Number(wildcard) };
  }
  if (!isFunction(token)) return { kind: "literal" };
  for (const [name, regex] of finders) {
    const found = regex.exec(token);
    if (found !== null) return parseCall(name, found[1]!.split(/,[\t\n\f\r ]*/), token);
  }
  return fault("unknownFunction", token);
}

function parseCall(name: FunctionName, given: readonly string[], token: string): Parsed | MappingFault {
  const wrong = fault("badArgument", token);
  if (name === "wildcard") {
    if (given.length > 1) return fault("manyArguments", token);
    if (given[0] === "") return fault("fewArguments", token);
    const wildcard = position(given[0]!);
    return wildcard === undefined ? wrong : { kind: name, wildcard };
  }
  if (name === "partition" || name === "random") {
    if (name === "random" && given.length !== 1) return fault("fewArguments", token);
    const size = integer(trimmed(given[0]!));
    if (size === undefined || size >= INT32) return wrong;
    const wrapped = Number(BigInt.asIntN(32, size));
    // A remainder has the sign of what is divided.
    if (name === "random") return { kind: name, below: Math.abs(wrapped) };
    const wildcards = given.slice(1).map(position);
    if (!wildcards.every((at) => at !== undefined)) return wrong;
    return { kind: name, wildcards, buckets: wrapped >>> 0 };
  }
  if (given.length < 2) return fault("fewArguments", token);
  if (given.length > 2) return fault("manyArguments", token);
  const wildcard = position(given[0]!);
  if (wildcard === undefined) return wrong;
  if (name === "split") {
    if (/[ .]/.test(given[1]!)) return wrong;
    return { kind: name, wildcard, delimiter: given[1]! };
  }
  const size = integer(trimmed(given[1]!));
  if (size === undefined || size >= INT32 || size < -INT32) return wrong;
  return { kind: name, wildcard, size: Number(size) };
}

function trimmed(text: string): string {
  return text.replace(/^ +| +$/g, "");
}

function position(text: string): number | undefined {
  const value = integer(trimmed(text));
  return value === undefined ? undefined : Number(value);
}

/** A decimal integer of 64 bits, with or without its sign. */
function integer(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return value >= -INT64 && value < INT64 ? value : undefined;
}
