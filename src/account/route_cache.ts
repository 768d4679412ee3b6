// Routes by subject hash, with a doorkeeper in front.
//
// Direct mapped: one route per slot, the last one wins. A subject is only
// let in when it was seen before, so that subjects used once (inboxes) neither
// fill the cache nor cost a route.

import type { Frame } from "../proto/frame.ts";
import type { Route } from "./route.ts";

const SIZE = 1 << 16;
const MASK = SIZE - 1;
/** Targets of all routes together; past it everything is forgotten. They take about 50 bytes each. */
const MOST_TARGETS = 1 << 19;

export class RouteCache {
  #routes: (Route | undefined)[] = [];
  #seen = new Int32Array(0);
  #count = 0;
  #targets = 0;

  /** Routes held, valid or not. */
  get count(): number {
    return this.#count;
  }

  /** The valid route of the frame's subject. */
  find(frame: Frame, generation: number): Route | undefined {
    const route = this.#routes[frame.subjectHash & MASK];
    if (route === undefined || route.hash !== frame.subjectHash || !route.holds(frame, generation)) return undefined;
    return route;
  }

  /** Whether the frame's subject was seen before, and so is worth a route. Remembers it. */
  admits(frame: Frame): boolean {
    if (this.#seen.length === 0) {
      this.#seen = new Int32Array(SIZE);
      this.#routes = Array.from<Route | undefined>({ length: SIZE });
    }
    const slot = frame.subjectHash & MASK;
    if (this.#seen[slot] === frame.subjectHash) return true;
    this.#seen[slot] = frame.subjectHash;
    return false;
  }

  keep(route: Route): void {
    const slot = route.hash & MASK;
    const before = this.#routes[slot];
    if (before === undefined) this.#count++;
    else this.#targets -= before.targetCount;
    this.#routes[slot] = route;
    this.#targets += route.targetCount;
    if (this.#targets > MOST_TARGETS) this.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.#routes = [];
    this.#seen = new Int32Array(0);
    this.#count = 0;
    this.#targets = 0;
  }
}
