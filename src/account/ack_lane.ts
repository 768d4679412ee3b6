// Acknowledgements of messages, read where they stand: a client that consumes
// sends little else, one behind the other.
//
//     PUB $JS.ACK.<stream>.<consumer>.│1.7.7.1700000000000000000.3 4␍␊+ACK␍␊
//
// Who hears it depends on what stands before the bar and that five tokens follow: the lane remembers the last one. What
// is spelled otherwise, says something else, or is heard by others too, is left to the router, one message at a time.
// Owns the beginning and its listener, and what was read ahead.

import { bytes } from "../base/arena.ts";
// prettier-ignore
import { beginningChanged, END_WORD, MOST_BEGINNING, NUMBERS_A_ROW, rowNumbers, rowWords, scanAcks, WORDS_A_ROW } from "./ack_scan.ts";
import type { Subscription } from "./subscription.ts";

const DOT = 0x2e;
const SPACE = 0x20;
const ZERO = 0x30;
/** What each begins with, in words of four bytes, and where its subject does. */
const VERB = [wordOf("PUB "), wordOf("$JS."), wordOf("ACK.")] as const;
const VERB_BYTES = 12;
const SUBJECT = 4;
/** What each ends with: its size, and what it says. */
const WORD = [wordOf(" 4\r\n"), wordOf("+ACK"), wordOf("\r\n") & 0xffff] as const;
const WORD_BYTES = 10;
/** Tokens before the numbers. */
const TOKENS = 4;
/** Numbers of more digits are left alone; so many fit the numbers of the machine. */
const MOST_DIGITS = 15;
const WHOLE_DIGITS = 9;

const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Says who hears the literal subject bytes[from, to), when that depends on no more than its first `tokens` tokens and their number. */
export type WhoHears = (from: number, to: number, tokens: number) => Subscription | undefined;

export class AckLane {
  readonly #whoHears: WhoHears;
  readonly #beginning = new Uint8Array(MOST_BEGINNING);
  readonly #own = new DataView(this.#beginning.buffer);
  #length = 0;
  #sub: Subscription | undefined = undefined;
  #generation = 0;
  #digitsEnd = 0;
  // Read ahead: so many rows, the next one of them, and where what it was read from begins.
  #rows = 0;
  #row = 0;
  #rowAt = 0;

  constructor(whoHears: WhoHears) {
    this.#whoHears = whoHears;
  }

  /**
   * Reads the acknowledgement at `at` in the arena, whose line has at most `mostLine` bytes: its end, or −1 when there is
   * none, or none that is whole before `to`. `generation`: of the subscriptions there are. While the chunk is the same it
   * is asked for one behind the other until there is none.
   */
  read(at: number, to: number, mostLine: number, generation: number): number {
    if (this.#row < this.#rows && at === this.#rowAt && generation === this.#generation) return this.#takeRow();
    this.#rows = 0;
    // The shortest there is; what lies behind `to` is of no other chunk than the one before.
    if (at + VERB_BYTES + WORD_BYTES > to || view.getInt32(at, true) !== VERB[0]) return -1;
    if (view.getInt32(at + 4, true) !== VERB[1] || view.getInt32(at + 8, true) !== VERB[2]) return -1;
    const from = at + SUBJECT;
    if (this.#sub === undefined || this.#generation !== generation || !this.#begins(from)) {
      if (!this.#learn(from, to, generation)) return -1;
    }
    this.#row = 0;
    this.#rows = scanAcks(this.#beginning, this.#length, at, to, mostLine);
    if (this.#rows > 0) return this.#takeRow();
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
    if (end === pendingFrom || end + WORD_BYTES > to || end + 2 - from > mostLine) return -1;
    if (view.getInt32(end, true) !== WORD[0] || view.getInt32(end + 4, true) !== WORD[1]) return -1;
    if (view.getUint16(end + 8, true) !== WORD[2]) return -1;
    this.#sub!.listener!.onAck!(deliveries, streamSeq, consumerSeq);
    return end + WORD_BYTES;
  }

  /** Hands on the next one that was read ahead; its end. */
  #takeRow(): number {
    const row = this.#row++;
    const at = row * NUMBERS_A_ROW;
    const end = rowWords[row * WORDS_A_ROW + END_WORD]!;
    this.#rowAt = end;
    this.#sub!.listener!.onAck!(rowNumbers[at]!, rowNumbers[at + 1]!, rowNumbers[at + 2]!);
    return end;
  }

  /** Four bytes at a time, the last four of them perhaps again. */
  #begins(from: number): boolean {
    const own = this.#own;
    const last = this.#length - 4;
    for (let i = 0; i < last; i += 4) if (view.getInt32(from + i, true) !== own.getInt32(i, true)) return false;
    return view.getInt32(from + last, true) === own.getInt32(last, true);
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
    if (subjectTo === to || length > MOST_BEGINNING) return false;
    const sub = this.#whoHears(from, subjectTo, TOKENS);
    if (sub?.listener?.onAck === undefined) return false;
    for (let i = 0; i < length; i++) this.#beginning[i] = bytes[from + i]!;
    beginningChanged(this.#beginning);
    this.#length = length;
    this.#sub = sub;
    this.#generation = generation;
    return true;
  }

  /** The number that stands there; −1 when there is none, or too long a one. */
  #number(from: number): number {
    let at = from;
    let whole = 0;
    let digit = bytes[at]! - ZERO;
    for (const end = from + WHOLE_DIGITS; digit >= 0 && digit <= 9 && at < end; digit = bytes[++at]! - ZERO) {
      whole = (Math.imul(whole, 10) + digit) | 0;
    }
    let value: number = whole;
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) value = value * 10 + digit;
    this.#digitsEnd = at;
    return at === from || at - from > MOST_DIGITS ? -1 : value;
  }
}

/** Where the digits that stand there end: four at a time, as long as it is four. */
function afterDigits(from: number): number {
  let at = from;
  for (; ; at += 4) {
    const word = view.getInt32(at, true);
    // A digit has 3 in its upper half, also when 6 is added.
    if ((word & 0xf0f0f0f0) !== (0x30303030 | 0)) break;
    if (((word + 0x06060606) & 0xf0f0f0f0) !== (0x30303030 | 0)) break;
  }
  while (bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at++;
  return at;
}

/** Up to four letters as a word. */
function wordOf(text: string): number {
  return Buffer.from(text.padEnd(4, "\0"), "latin1").readInt32LE(0);
}
