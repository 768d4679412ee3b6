// Who has which patterns, to find one that collides with another: two patterns
// collide when some literal is matched by both (`collides` in subject.ts).
//
//     a.*.c ─→ node a ─→ any ─→ node c: owners
//     a.>   ─→ node a: rest owners
//
// A question goes through the nodes that fit and ends at the first collision.
// How many nodes it may go through is bounded: wildcards against many literals
// could keep it going for long. No recursion: a pattern may have very many
// tokens. Owns the nodes.

import type { ByteString } from "../base/bytes.ts";

class Node<T> {
  readonly children = new Map<string, Node<T>>();
  any: Node<T> | undefined = undefined;
  /** Owners of the pattern that ends here, and of the one that ends in `>` below here. */
  readonly ends: T[] = [];
  readonly rest: T[] = [];

  get isEmpty(): boolean {
    return this.children.size === 0 && this.any === undefined && this.ends.length === 0 && this.rest.length === 0;
  }
}

export class PatternIndex<T> {
  readonly #root = new Node<T>();
  #count = 0;
  /** Nodes that all questions so far went through: what they cost. */
  visited = 0;

  /** Number of patterns, each as often as it was added. */
  get count(): number {
    return this.#count;
  }

  add(pattern: ByteString, owner: T): void {
    const tokens = pattern.split(".");
    let node = this.#root;
    const [depth, isRest] = depthOf(tokens);
    for (let i = 0; i < depth; i++) {
      const token = tokens[i]!;
      let next = token === "*" ? node.any : node.children.get(token);
      if (next === undefined) {
        next = new Node<T>();
        if (token === "*") node.any = next;
        else node.children.set(token, next);
      }
      node = next;
    }
    (isRest ? node.rest : node.ends).push(owner);
    this.#count++;
  }

  /** Takes out one that was added. */
  remove(pattern: ByteString, owner: T): void {
    const tokens = pattern.split(".");
    const [depth, isRest] = depthOf(tokens);
    const path = [this.#root];
    for (let i = 0; i < depth; i++) {
      const node = path.at(-1)!;
      const next = tokens[i] === "*" ? node.any : node.children.get(tokens[i]!);
      if (next === undefined) return;
      path.push(next);
    }
    const owners = isRest ? path.at(-1)!.rest : path.at(-1)!.ends;
    const at = owners.indexOf(owner);
    if (at < 0) return;
    owners.splice(at, 1);
    this.#count--;
    for (let i = depth; i > 0 && path[i]!.isEmpty; i--) {
      const parent = path[i - 1]!;
      if (parent.any === path[i]) parent.any = undefined;
      else parent.children.delete(tokens[i - 1]!);
    }
  }

  /** Whether a pattern of an owner other than `except` collides with this one; undefined when `most` nodes did not tell. */
  hasCollision(pattern: ByteString, except: T, most: number): boolean | undefined {
    const tokens = pattern.split(".");
    const [depth, isRest] = depthOf(tokens);
    const nodes = [this.#root];
    const levels = [0];
    let left = most;
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const level = levels.pop()!;
      this.visited++;
      if (left-- <= 0) return undefined;
      // Below the place of the pattern's `>` everything collides.
      const isEnd = isRest ? level > depth : level === depth;
      if (isEnd && isOfOther(node.ends, except)) return true;
      if (!isRest && level === depth) continue;
      if (isOfOther(node.rest, except)) return true;
      const into = (next: Node<T> | undefined): void => {
        if (next === undefined) return;
        nodes.push(next);
        levels.push(level + 1);
      };
      const token = level < depth ? tokens[level]! : "*";
      into(node.any);
      if (token === "*") for (const child of node.children.values()) into(child);
      else into(node.children.get(token));
      if (nodes.length > left + 1) return undefined;
    }
    return false;
  }
}

/** How many nodes a pattern has, and whether it ends in `>`. */
function depthOf(tokens: readonly string[]): [depth: number, isRest: boolean] {
  const isRest = tokens.at(-1) === ">";
  return [isRest ? tokens.length - 1 : tokens.length, isRest];
}

function isOfOther<T>(owners: readonly T[], except: T): boolean {
  for (const owner of owners) if (owner !== except) return true;
  return false;
}
