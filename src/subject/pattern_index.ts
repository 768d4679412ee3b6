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

  /** Whether this owner has this very pattern. */
  has(pattern: ByteString, owner: T): boolean {
    const tokens = pattern.split(".");
    const [depth, isRest] = depthOf(tokens);
    let node: Node<T> | undefined = this.#root;
    for (let i = 0; i < depth && node !== undefined; i++) {
      node = tokens[i] === "*" ? node.any : node.children.get(tokens[i]!);
    }
    return (isRest ? node?.rest : node?.ends)?.includes(owner) ?? false;
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
    const question = this.question(pattern, except, most);
    const answer = question.goOn(most + 1);
    this.visited += question.visited;
    return answer === "more" ? undefined : answer;
  }

  /** The same in steps, in which nothing may be added. What it went through does not count here. */
  question(pattern: ByteString, except: T, most: number): CollisionQuestion<T> {
    return new CollisionQuestion(this.#root, pattern, except, most);
  }
}

/** Whether a pattern collides with one of another owner: asked for some nodes at a time. */
class CollisionQuestion<T> {
  readonly #tokens: readonly string[];
  readonly #depth: number;
  readonly #isRest: boolean;
  readonly #except: T;
  readonly #nodes: Node<T>[];
  readonly #levels = [0];
  #left: number;
  /** Nodes it went through. */
  visited = 0;

  constructor(root: Node<T>, pattern: ByteString, except: T, most: number) {
    this.#tokens = pattern.split(".");
    [this.#depth, this.#isRest] = depthOf(this.#tokens);
    this.#except = except;
    this.#nodes = [root];
    this.#left = most;
  }

  /** Looks at `steps` nodes; "more" when it is not over then, undefined when all that it may look at did not tell. */
  goOn(steps: number): boolean | "more" | undefined {
    const nodes = this.#nodes;
    const levels = this.#levels;
    const tokens = this.#tokens;
    const depth = this.#depth;
    const isRest = this.#isRest;
    const except = this.#except;
    for (let ahead = steps; nodes.length > 0; ahead--) {
      if (ahead === 0) return "more";
      const node = nodes.pop()!;
      const level = levels.pop()!;
      this.visited++;
      if (this.#left-- <= 0) return undefined;
      // Below the place of the pattern's `>` everything collides.
      const isEnd = isRest ? level > depth : level === depth;
      if (isEnd && isOfOther(node.ends, except)) return true;
      if (!isRest && level === depth) continue;
      if (isOfOther(node.rest, except)) return true;
      const token = level < depth ? tokens[level]! : "*";
      if (node.any !== undefined) this.#enter(node.any, level + 1);
      if (token === "*") for (const child of node.children.values()) this.#enter(child, level + 1);
      else {
        const child = node.children.get(token);
        if (child !== undefined) this.#enter(child, level + 1);
      }
      if (nodes.length > this.#left + 1) return undefined;
    }
    return false;
  }

  #enter(node: Node<T>, level: number): void {
    this.#nodes.push(node);
    this.#levels.push(level);
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
