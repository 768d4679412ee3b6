// Who wants a subject: a trie of tokens, matched on the bytes of a message.
//
//        root
//        ├─ "orders" ─┬─ "new"   → values of orders.new
//        │            ├─ (any)   → values of orders.*
//        │            └─ (rest)  → values of orders.>
//        └─ (rest)               → values of >
//
// Owns the trie. Knows nothing of what the values are. Literal children are
// found by the hash of their token and verified by its bytes; no Map below
// nine children, so a million subjects stay cheap.

import type { ByteString } from "../base/bytes.ts";
import { TailMemo } from "./tail_memo.ts";

const DOT = 0x2e;
const FNV_BASE = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
const SMALL = 8;
/** Subjects with fewer tokens are found as soon. */
const WORTH_KEEPING = 3;

class Node<T> {
  readonly token: string;
  readonly hash: number;
  /** Another literal child of the same parent whose token has the same hash. */
  twin: Node<T> | undefined = undefined;
  children: Node<T>[] | Map<number, Node<T>> | undefined = undefined;
  any: Node<T> | undefined = undefined;
  /** Values of the pattern that ends here, and of the one that ends in `>` below here. */
  values: Set<T> | T[] | undefined = undefined;
  rest: Set<T> | T[] | undefined = undefined;

  constructor(token: string, hash: number) {
    this.token = token;
    this.hash = hash;
  }
  get isEmpty(): boolean {
    return (
      this.values === undefined && this.rest === undefined && this.any === undefined && this.children === undefined
    );
  }
}

function hashToken(token: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), FNV_PRIME);
  return hash;
}

function childOf<T>(node: Node<T>, hash: number): Node<T> | undefined {
  const { children } = node;
  if (children === undefined) return undefined;
  if (!Array.isArray(children)) return children.get(hash);
  for (let i = 0; i < children.length; i++) if (children[i]!.hash === hash) return children[i];
  return undefined;
}

function findChild<T>(node: Node<T>, token: string, hash: number): Node<T> | undefined {
  let child = childOf(node, hash);
  while (child !== undefined && child.token !== token) child = child.twin;
  return child;
}

function addChild<T>(node: Node<T>, token: string, hash: number): Node<T> {
  const child = new Node<T>(token, hash);
  const first = childOf(node, hash);
  if (first !== undefined) {
    child.twin = first.twin;
    first.twin = child;
    return child;
  }
  if (node.children === undefined) node.children = [child];
  else if (!Array.isArray(node.children)) node.children.set(hash, child);
  else if (node.children.length < SMALL) node.children.push(child);
  else node.children = new Map([...node.children, child].map((each) => [each.hash, each]));
  return child;
}

function dropChild<T>(node: Node<T>, child: Node<T>): void {
  const first = childOf(node, child.hash)!;
  if (first !== child) {
    let before = first;
    while (before.twin !== child) before = before.twin!;
    before.twin = child.twin;
    return;
  }
  const { children } = node;
  const heir = child.twin;
  if (!Array.isArray(children)) {
    if (heir !== undefined) children!.set(child.hash, heir);
    else children!.delete(child.hash);
    if (children!.size === 0) node.children = undefined;
    return;
  }
  const at = children.indexOf(child);
  if (heir !== undefined) children[at] = heir;
  else {
    children[at] = children.at(-1)!;
    children.pop();
  }
  if (children.length === 0) node.children = undefined;
}

function added<T>(values: Set<T> | T[] | undefined, value: T): Set<T> | T[] {
  if (values === undefined) return [value];
  if (!Array.isArray(values)) return values.add(value);
  if (values.length < SMALL) {
    values.push(value);
    return values;
  }
  return new Set(values).add(value);
}

function removed<T>(values: Set<T> | T[] | undefined, value: T): Set<T> | T[] | undefined {
  if (values === undefined) return undefined;
  if (Array.isArray(values)) {
    const at = values.indexOf(value);
    if (at >= 0) values.splice(at, 1);
    return values.length === 0 ? undefined : values;
  }
  values.delete(value);
  return values.size === 0 ? undefined : values;
}

function collect<T>(values: Set<T> | T[], into: T[]): void {
  if (Array.isArray(values)) for (let i = 0; i < values.length; i++) into.push(values[i]!);
  else for (const value of values) into.push(value);
}

/** A set of (pattern, value) pairs. The same value may stand under several patterns, once under each. */
export class Sublist<T> {
  readonly #root = new Node<T>("", 0);
  readonly #seed: number;
  #count = 0;
  // The tokens of the subject being matched; reused, so `match` allocates nothing. Not re-entrant.
  #starts = new Int32Array(32);
  #hashes = new Int32Array(32);
  #tokens = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  // Where a walk goes on when it comes to an end; no recursion, as a pattern may have very many tokens.
  readonly #laterNodes: Node<T>[] = [];
  readonly #laterLevels: number[] = [];
  /** Nodes of the trie that the last `match` went through: what it cost. */
  visited = 0;
  /**
   * Of what `sole` found last: each subject that begins with so many of its bytes and has one token more has the same
   * answer, until the trie changes; 0 when that is not known.
   */
  bar = 0;
  /** Tokens at the beginning that the last walk compared with literals. */
  #compared = 0;
  readonly #memo = new TailMemo<T>();

  /** Where subjects come from strangers, `seed` is a random 32 bit number: nobody can make tokens that share a hash. */
  constructor(seed = FNV_BASE) {
    this.#seed = seed | 0;
  }

  /** Number of pairs. */
  get count(): number {
    return this.#count;
  }

  /** Adds a pair. The pattern must be valid (see subject.ts) and the pair new. */
  insert(pattern: ByteString, value: T): void {
    const tokens = pattern.split(".");
    let node = this.#root;
    this.#count++;
    this.#memo.clear();
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      if (token === ">" && i === tokens.length - 1) {
        node.rest = added(node.rest, value);
        return;
      }
      if (token === "*") {
        node = node.any ??= new Node<T>("*", 0);
        continue;
      }
      const hash = hashToken(token, this.#seed);
      node = findChild(node, token, hash) ?? addChild(node, token, hash);
    }
    node.values = added(node.values, value);
  }

  /** Takes a pair out; false when it was not there. */
  remove(pattern: ByteString, value: T): boolean {
    const tokens = pattern.split(".");
    const path: Node<T>[] = [this.#root];
    const isRest = tokens.at(-1) === ">";
    const depth = isRest ? tokens.length - 1 : tokens.length;
    for (let i = 0; i < depth; i++) {
      const token = tokens[i]!;
      const node = path.at(-1)!;
      const next = token === "*" ? node.any : findChild(node, token, hashToken(token, this.#seed));
      if (next === undefined) return false;
      path.push(next);
    }
    const last = path.at(-1)!;
    const before = isRest ? last.rest : last.values;
    if (before === undefined || !(Array.isArray(before) ? before.includes(value) : before.has(value))) return false;
    if (isRest) last.rest = removed(before, value);
    else last.values = removed(before, value);
    this.#count--;
    this.#memo.clear();
    for (let i = path.length - 1; i > 0 && path[i]!.isEmpty; i--) {
      const parent = path[i - 1]!;
      if (parent.any === path[i]) parent.any = undefined;
      else dropChild(parent, path[i]!);
    }
    return true;
  }

  /**
   * Appends to `into` every value whose pattern matches the literal subject
   * bytes[from, to). Wildcard characters in the subject are plain letters; a
   * subject with an empty token matches nothing.
   */
  match(bytes: Uint8Array, from: number, to: number, into: T[]): void {
    this.visited = 1;
    const known = this.#memo.find(bytes, from, to);
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) into.push(known[i]!);
      return;
    }
    this.visited = 0;
    if (!this.#split(bytes, from, to)) return;
    const { length } = into;
    this.#walk(into);
    this.#remember(bytes, from, into, length);
  }

  /** As `match`; whether what it found depends only on the first `most` tokens, and on how many there are. */
  matchByFirst(bytes: Uint8Array, from: number, to: number, most: number, into: T[]): boolean {
    this.visited = 0;
    if (!this.#split(bytes, from, to)) return false;
    this.#walk(into);
    return this.#compared <= most;
  }

  /** As `match`, of the only value that matches; undefined when there are none or several. */
  sole(bytes: Uint8Array, from: number, to: number): T | undefined {
    this.visited = 1;
    this.bar = 0;
    const known = this.#memo.find(bytes, from, to);
    if (known !== undefined) {
      this.bar = this.#memo.bar;
      return known.length === 1 ? known[0] : undefined;
    }
    this.visited = 0;
    const values = this.#split(bytes, from, to) ? this.#soleValues() : undefined;
    if (!Array.isArray(values) || values.length !== 1) return undefined;
    this.#remember(bytes, from, values, 0);
    return values[0];
  }

  /** Whether any pattern matches the literal subject. */
  matchesAny(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#split(bytes, from, to) && this.#probe(this.#root, 0);
  }

  /** Every pair, in no order. */
  *entries(): IterableIterator<T> {
    const stack: Node<T>[] = [this.#root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.values !== undefined) yield* node.values;
      if (node.rest !== undefined) yield* node.rest;
      if (node.any !== undefined) stack.push(node.any);
      if (node.children !== undefined) {
        for (const child of node.children.values()) {
          for (let twin: Node<T> | undefined = child; twin !== undefined; twin = twin.twin) stack.push(twin);
        }
      }
    }
  }

  /** What the walk found, found[first…], is all there is for subjects like this one: of which the walk saw only the beginning. */
  #remember(bytes: Uint8Array, from: number, found: readonly T[], first: number): void {
    const tail = this.#tokens - this.#compared;
    if (tail > 0 && this.#tokens >= WORTH_KEEPING)
      this.#memo.keep(bytes, from, this.#starts[this.#compared]!, tail, found, first);
  }

  /** False when there is an empty token. */
  #split(bytes: Uint8Array, from: number, to: number): boolean {
    let count = 0;
    const seed = this.#seed;
    let hash = seed;
    let start = from;
    for (let at = from; at <= to; at++) {
      const byte = at === to ? DOT : bytes[at]!;
      if (byte !== DOT) {
        hash = Math.imul(hash ^ byte, FNV_PRIME);
        continue;
      }
      if (at === start) return false;
      if (count + 1 >= this.#starts.length) this.#grow();
      this.#starts[count] = start;
      this.#hashes[count] = hash;
      count++;
      start = at + 1;
      hash = seed;
    }
    this.#starts[count] = start;
    this.#tokens = count;
    this.#bytes = bytes;
    this.#end = to;
    return true;
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const hashes = new Int32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  #literal(node: Node<T>, level: number): Node<T> | undefined {
    let child = childOf(node, this.#hashes[level]!);
    if (child === undefined) return undefined;
    const start = this.#starts[level]!;
    const length = (level + 1 === this.#tokens ? this.#end : this.#starts[level + 1]! - 1) - start;
    const bytes = this.#bytes;
    while (child !== undefined) {
      const { token } = child;
      let i = token.length === length ? 0 : -1;
      while (i >= 0 && i < length && bytes[start + i] === token.charCodeAt(i)) i++;
      if (i === length) return child;
      child = child.twin;
      this.visited++;
    }
    return undefined;
  }

  #walk(into: T[]): void {
    const nodes = this.#laterNodes;
    const levels = this.#laterLevels;
    let level = 0;
    let visited = 0;
    let compared = 0;
    for (let at: Node<T> | undefined = this.#root; at !== undefined;) {
      visited++;
      let next: Node<T> | undefined;
      if (level === this.#tokens) {
        if (at.values !== undefined) collect(at.values, into);
      } else {
        if (at.rest !== undefined) collect(at.rest, into);
        if (at.children !== undefined) {
          next = this.#literal(at, level);
          if (level >= compared) compared = level + 1;
        }
        level++;
        if (next === undefined) next = at.any;
        else if (at.any !== undefined) {
          nodes.push(at.any);
          levels.push(level);
        }
      }
      if (next === undefined && nodes.length > 0) {
        next = nodes.pop();
        level = levels.pop()!;
      }
      at = next;
    }
    this.visited += visited;
    this.#compared = compared;
  }

  /** The values of the one place that has any; undefined when there are more such places. The way of `#walk`. */
  #soleValues(): Set<T> | T[] | undefined {
    const nodes = this.#laterNodes;
    const levels = this.#laterLevels;
    let level = 0;
    let compared = 0;
    let found: Set<T> | T[] | undefined;
    for (let at: Node<T> | undefined = this.#root; at !== undefined;) {
      this.visited++;
      let next: Node<T> | undefined;
      const values: Set<T> | T[] | undefined = level === this.#tokens ? at.values : at.rest;
      if (values !== undefined) {
        if (found !== undefined) {
          nodes.length = 0;
          levels.length = 0;
          return undefined;
        }
        found = values;
      }
      if (level < this.#tokens) {
        if (at.children !== undefined) {
          next = this.#literal(at, level);
          if (level >= compared) compared = level + 1;
        }
        level++;
        if (next === undefined) next = at.any;
        else if (at.any !== undefined) {
          nodes.push(at.any);
          levels.push(level);
        }
      }
      if (next === undefined && nodes.length > 0) {
        next = nodes.pop();
        level = levels.pop()!;
      }
      at = next;
    }
    this.#compared = compared;
    return found;
  }

  #probe(node: Node<T>, level: number): boolean {
    if (level === this.#tokens) return node.values !== undefined;
    if (node.rest !== undefined) return true;
    if (node.any !== undefined && this.#probe(node.any, level + 1)) return true;
    const child = this.#literal(node, level);
    return child !== undefined && this.#probe(child, level + 1);
  }
}
