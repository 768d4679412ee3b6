// Acknowledgements of messages, read where they stand: a client that consumes
// sends little else, one behind the other.
//
//     PUB $JS.ACK.<stream>.<consumer>.│1.7.7.1700000000000000000.3 4␍␊+ACK␍␊
//
// Who hears it depends on what stands before the bar and that five tokens follow: the lane remembers the last one. What
// is spelled otherwise, says something else, or is heard by others too, is left to the router, one message at a time.
// Owns the beginning and its listener.

import { bytes } from "../base/arena.ts";
import type { Subscription } from "./subscription.ts";

const DOT = 0x2e;
const SPACE = 0x20;
const ZERO = 0x30;
/** What each begins with, and where its subject does. */
const VERB = Buffer.from("PUB $JS.ACK.");
const SUBJECT = 4;
/** What each ends with: its size, and what it says. */
const WORD = Buffer.from(" 4\r\n+ACK\r\n");
/** Tokens before the numbers. */
const TOKENS = 4;
const LONGEST = 256;
/** Numbers of more digits are left alone. */
const MOST_DIGITS = 15;

/** Says who hears the literal subject bytes[from, to), when that depends on no more than its first `tokens` tokens and their number. */
export type WhoHears = (from: number, to: number, tokens: number) => Subscription | undefined;

export class AckLane {
  readonly #whoHears: WhoHears;
  readonly #beginning = new Uint8Array(LONGEST);
  #length = 0;
  #sub: Subscription | undefined = undefined;
  #generation = 0;
  #digitsEnd = 0;

  constructor(whoHears: WhoHears) {
    this.#whoHears = whoHears;
  }

  /**
   * Reads the acknowledgement at `at` in the arena, whose line has at most `mostLine` bytes: its end, or −1 when there is
   * none, or none that is whole before `to`. `generation`: of the subscriptions there are.
   */
  read(at: number, to: number, mostLine: number, generation: number): number {
    // The shortest there is; what lies behind `to` is of no other chunk than the one before.
    if (at + VERB.length + WORD.length > to) return -1;
    for (let i = 0; i < VERB.length; i++) if (bytes[at + i] !== VERB[i]) return -1;
    const from = at + SUBJECT;
    if (this.#sub === undefined || this.#generation !== generation || !this.#begins(from)) {
      if (!this.#learn(from, to, generation)) return -1;
    }
    const deliveries = this.#number(from + this.#length);
    let end = this.#digitsEnd;
    if (deliveries < 0 || bytes[end] !== DOT) return -1;
    const streamSeq = this.#number(end + 1);
    end = this.#digitsEnd;
    if (streamSeq < 0 || bytes[end] !== DOT) return -1;
    const consumerSeq = this.#number(end + 1);
    end = this.#digitsEnd;
    if (consumerSeq < 0 || bytes[end] !== DOT) return -1;
    end = afterDigits(end + 1);
    if (bytes[end] !== DOT || bytes[end - 1] === DOT) return -1;
    const pendingFrom = end + 1;
    end = afterDigits(pendingFrom);
    if (end === pendingFrom || end + WORD.length > to || end + 2 - from > mostLine) return -1;
    for (let i = 0; i < WORD.length; i++) if (bytes[end + i] !== WORD[i]) return -1;
    this.#sub!.listener!.onAck!(deliveries, streamSeq, consumerSeq);
    return end + WORD.length;
  }

  /** From the end: what comes first is mostly the same. */
  #begins(from: number): boolean {
    const beginning = this.#beginning;
    for (let i = this.#length - 1; i >= 0; i--) if (bytes[from + i] !== beginning[i]) return false;
    return true;
  }

  /** Finds out who hears an acknowledgement; false when that is not one listener alone. */
  #learn(from: number, to: number, generation: number): boolean {
    this.#sub = undefined;
    let end = from;
    for (let dots = 0; end < to && dots < TOKENS; end++) {
      if (bytes[end]! <= SPACE) return false;
      if (bytes[end] === DOT) dots++;
    }
    const length = end - from;
    let subjectTo = end;
    while (subjectTo < to && bytes[subjectTo]! > SPACE) subjectTo++;
    if (subjectTo === to || length > LONGEST) return false;
    const sub = this.#whoHears(from, subjectTo, TOKENS);
    if (sub?.listener?.onAck === undefined) return false;
    for (let i = 0; i < length; i++) this.#beginning[i] = bytes[from + i]!;
    this.#length = length;
    this.#sub = sub;
    this.#generation = generation;
    return true;
  }

  /** The number that stands there; −1 when there is none, or too long a one. */
  #number(from: number): number {
    let at = from;
    let value = 0;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
      value = value * 10 + digit;
    this.#digitsEnd = at;
    return at === from || at - from > MOST_DIGITS ? -1 : value;
  }
}

function afterDigits(from: number): number {
  let at = from;
  while (bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at++;
  return at;
}
