// Subjects of one token, to find those that fall under another one, or over it, without comparing each with each.
//
//     a.b   a.*   c          (root) ─ a ─┬─ b (0)
//     0     1     2                 │    └─ * (1)
//                                   └─ c (2)
//
// A token is a megabyte at most, and whoever wrote it may mean harm: what
// wildcards on both sides may cost, in time and memory, is bounded by `Work`.
// Subjects of more tokens than anybody has are not looked at.

/** What may still be done for one token. */
export class Work {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }
  get isOver(): boolean {
    return this.#left <= 0;
  }
  spend(steps: number): void {
    this.#left -= steps;
  }
}

interface Node {
  readonly children: Map<string, Node>;
  /** The subject that ends here; of several the first. */
  own: number;
  /** The two lowest numbers of the subjects here and below. */
  first: number;
  second: number;
}

const NONE = Infinity;
const MOST_TOKENS = 256;
/** Steps that a place in the tree counts for, and a subject that is found: it becomes a text. */
const NODE_STEPS = 10;
const FOUND_STEPS = 100;
const newNode = (): Node => ({ children: new Map(), own: NONE, first: NONE, second: NONE });

export class SubjectTree {
  readonly #root = newNode();
  readonly #work: Work;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Numbers come in rising order. The first of the same subjects is the one that is found. */
  add(tokens: readonly string[], number: number): void {
    if (tokens.length > MOST_TOKENS) return;
    let node = this.#root;
    note(node, number);
    for (const token of tokens) {
      if (this.#work.isOver) return;
      this.#work.spend(node.children.has(token) ? 1 : NODE_STEPS);
      let next = node.children.get(token);
      if (next === undefined) node.children.set(token, (next = newNode()));
      node = next;
      note(node, number);
    }
    if (node.own === NONE) node.own = number;
  }

  /** The lowest number, but for `without`, of the subjects that fall under this one; undefined when none does. */
  firstUnder(tokens: readonly string[], without: number): number | undefined {
    if (tokens.length > MOST_TOKENS) return undefined;
    let found = NONE;
    this.#under(this.#root, tokens, 0, (node, isBelow) => {
      const lowest = isBelow ? lowestOf(node, without) : node.own;
      if (lowest < found && lowest !== without) found = lowest;
    });
    return found === NONE ? undefined : found;
  }

  /** The numbers of the subjects that fall under this one, or over it. */
  overlapping(tokens: readonly string[]): number[] {
    const found = new Set<number>();
    if (tokens.length > MOST_TOKENS) return [];
    this.#under(this.#root, tokens, 0, (node, isBelow) => this.#collect(node, isBelow, found));
    this.#over(this.#root, tokens, 0, found);
    return [...found].sort((a, b) => a - b);
  }

  /** Calls for each node that falls under the tokens from `at` on; `isBelow` for one with all that is below it. */
  #under(node: Node, tokens: readonly string[], at: number, call: (node: Node, isBelow: boolean) => void): void {
    this.#work.spend(1);
    if (this.#work.isOver) return;
    if (at === tokens.length) {
      if (node.own !== NONE) call(node, false);
      return;
    }
    const token = tokens[at]!;
    if (token === ">" && at === tokens.length - 1) {
      for (const child of node.children.values()) {
        this.#work.spend(1);
        call(child, true);
      }
    } else if (token === "*") {
      for (const child of node.children.values()) this.#under(child, tokens, at + 1, call);
    } else {
      const child = node.children.get(token);
      if (child !== undefined) this.#under(child, tokens, at + 1, call);
    }
  }

  #collect(node: Node, isBelow: boolean, found: Set<number>): void {
    this.#work.spend(FOUND_STEPS);
    if (node.own !== NONE) found.add(node.own);
    if (!isBelow) return;
    for (const child of node.children.values()) {
      if (this.#work.isOver) return;
      this.#collect(child, true, found);
    }
  }

  #over(node: Node, tokens: readonly string[], at: number, found: Set<number>): void {
    this.#work.spend(1);
    if (this.#work.isOver) return;
    if (at === tokens.length) {
      if (node.own !== NONE) this.#collect(node, false, found);
      return;
    }
    const open = node.children.get(">");
    if (open !== undefined && open.own !== NONE) this.#collect(open, false, found);
    for (const token of new Set([tokens[at]!, "*"])) {
      const child = node.children.get(token);
      if (child !== undefined) this.#over(child, tokens, at + 1, found);
    }
  }
}

function note(node: Node, number: number): void {
  if (number < node.first) [node.first, node.second] = [number, node.first];
  else if (number < node.second) node.second = number;
}

function lowestOf({ first, second }: Node, without: number): number {
  return first === without ? second : first;
}
