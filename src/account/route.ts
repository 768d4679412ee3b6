// Where messages of one literal subject go: the resolved answer of the
// sublist, with the head of each MSG line ready in the arena.

import { bytes } from "../base/arena.ts";
import type { Frame } from "../proto/frame.ts";
import { type Deliveries, sortTargets, type SortedTargets } from "./alike_targets.ts";
import { prefixEpoch, takePrefix } from "./prefixes.ts";
import type { SubjectWriter } from "./subject_writer.ts";
import type { Subscription } from "./subscription.ts";

/** A subscriber of a route, and where its "HMSG subject sid " is. */
export interface Target {
  readonly sub: Subscription;
  readonly head: number;
  readonly headLength: number;
}

const LETTERS = [0x48, 0x4d, 0x53, 0x47, 0x20]; // "HMSG "
const SPACE = 0x20;

export class Route {
  readonly hash: number;
  /** The account's generation it was made in. */
  readonly generation: number;
  readonly epoch: number;
  readonly plain: readonly Target[];
  readonly queues: readonly (readonly Target[])[];
  /** The ways to other accounts; undefined without one. */
  readonly relays: readonly Subscription[] | undefined;
  /** Nobody gets it. */
  readonly isEmpty: boolean;
  /** Those of `plain` and of all `queues`. */
  readonly targetCount: number;
  readonly #subject: number;
  readonly #length: number;
  #sorted: SortedTargets | undefined = undefined;

  /** Copies the subject of `frame` and makes a head for each subscription. */
  constructor(
    frame: Frame,
    generation: number,
    plain: readonly Subscription[],
    queues: readonly Subscription[][],
    relays: readonly Subscription[] | undefined,
  ) {
    const length = frame.subjectTo - frame.subjectFrom;
    const start = takePrefix(routeBytes(length, plain, queues));
    this.hash = frame.subjectHash;
    this.generation = generation;
    this.epoch = prefixEpoch();
    this.#subject = start;
    this.#length = length;
    for (let i = 0; i < length; i++) bytes[start + i] = frame.source[frame.subjectFrom + i]!;
    let next = start + length;
    const target = (sub: Subscription): Target => {
      const head = next;
      next = writeHead(next, bytes, start, length, sub, sub.shown);
      return { sub, head, headLength: next - head };
    };
    this.plain = plain.map(target);
    this.queues = queues.map((group) => group.map(target));
    this.relays = relays;
    this.isEmpty = plain.length === 0 && queues.length === 0 && relays === undefined;
    this.targetCount = this.queues.reduce((sum, group) => sum + group.length, plain.length);
  }

  /** Those of `plain`: who gets the same bytes, and the others. What the former get is counted in `counts`. */
  sorted(counts: Deliveries): SortedTargets {
    this.#sorted ??= sortTargets(this.plain, counts);
    return this.#sorted;
  }

  /** Whether it is of the router of this generation, and nothing has changed since. */
  isCurrent(generation: number): boolean {
    return this.generation === generation && this.epoch === prefixEpoch();
  }

  /** Whether it is of this subject and nothing has changed since. */
  holds(frame: Frame, generation: number): boolean {
    if (!this.isCurrent(generation)) return false;
    const from = frame.subjectFrom;
    const length = this.#length;
    if (frame.subjectTo - from !== length) return false;
    const { source } = frame;
    const subject = this.#subject;
    for (let i = 0; i < length; i++) if (source[from + i] !== bytes[subject + i]) return false;
    return true;
  }
}

/** Bytes of the prefix region that a route takes: its subject, and the head of each target. */
export function routeBytes(
  subjectLength: number,
  plain: readonly Subscription[],
  queues: readonly (readonly Subscription[])[],
): number {
  let count = subjectLength;
  for (const sub of plain) count += headLength(subjectLength, sub);
  for (const group of queues) for (const sub of group) count += headLength(subjectLength, sub);
  return count;
}

function headLength(subjectLength: number, sub: Subscription): number {
  return LETTERS.length + (sub.shown?.roomFor(subjectLength) ?? subjectLength) + 1 + sub.sidBytes.length;
}

/** Writes "HMSG subject sid " at `at`, the subject as `shown` makes it; returns the offset behind it. */
export function writeHead(
  at: number,
  source: Uint8Array,
  subjectFrom: number,
  length: number,
  sub: Subscription,
  shown: SubjectWriter | undefined,
): number {
  let next = at;
  for (let i = 0; i < LETTERS.length; i++) bytes[next++] = LETTERS[i]!;
  if (shown === undefined) for (let i = 0; i < length; i++) bytes[next++] = source[subjectFrom + i]!;
  else next = Math.max(next, shown.write(source, subjectFrom, subjectFrom + length, bytes, next));
  bytes[next++] = SPACE;
  const { sidBytes } = sub;
  for (let i = 0; i < sidBytes.length; i++) bytes[next++] = sidBytes[i]!;
  return next;
}
