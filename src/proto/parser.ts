// Bytes → client operations.
//
// One spelling is fast: single spaces, CRLF, plain decimals. Anything else goes
// through the tolerant path, which accepts and refuses exactly what nats-server
// does (facts: protocol §1). Bytes are read in place from the arena; nothing is
// allocated for a PUB.
//
// `parse` stops before an operation that is not complete yet; the caller keeps
// those bytes and passes them again with more behind them. Owns no bytes.

import { bytes, same } from "../base/arena.ts";
import { parseSize, splitArguments } from "./args.ts";
import { FNV_BASE, FNV_PRIME, Frame } from "./frame.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOLLAR = 0x24;

/** What is wrong with the bytes; all of these end the connection. */
export type Mistake =
  /** Not an operation, or a payload without its CRLF. */
  | "unknownOperation"
  | "maximumControlLine"
  | "maximumPayload"
  /** Wrong number or form of arguments: closed without -ERR. */
  | "arguments"
  /** HPUB where headers were not agreed: closed without -ERR. */
  | "headersNotSupported";

/** What the parser found. Offsets are into the arena, or `frame.source`; what they span is borrowed. */
export interface ClientOps {
  /** Before the first byte of an operation, while `guarded`. False: stop, the connection is closing or waits. */
  onVerb(firstByte: number): boolean;
  onConnect(from: number, to: number): void;
  onInfo(from: number, to: number): void;
  onPub(frame: Frame): void;
  /**
   * Operations of [at, to), the first of which may be a PUB to a subject that begins with `$`: where the first begins that is
   * left to the parser. Those before were taken as `onPub` would have.
   */
  onSystemPubs(at: number, to: number): number;
  /** `queueFrom === queueTo` when there is no queue group. */
  onSub(
    subjectFrom: number,
    subjectTo: number,
    queueFrom: number,
    queueTo: number,
    sidFrom: number,
    sidTo: number,
  ): void;
  /** `max` −1 when absent or not a number. */
  onUnsub(sidFrom: number, sidTo: number, max: number): void;
  onPing(): void;
  onPong(): void;
  /** The peer sent +OK or -ERR (with its text). */
  onOk(): void;
  onErr(from: number, to: number): void;
  /** `detail` is for the log. */
  onMistake(mistake: Mistake, detail: string): void;
}

export interface ParserLimits {
  maxControlLine: number;
  /** Header block and payload together, in bytes; −1 for no limit. */
  maxPayload: number;
  /** HPUB is allowed. */
  headers: boolean;
}

const VERBS = ["PUB", "HPUB", "SUB", "UNSUB", "CONNECT", "INFO", "PING", "PONG", "+OK", "-ERR"] as const;
type Verb = (typeof VERBS)[number];
/** Outcomes of looking for a verb. */
const NO_VERB = -2;
const PART_OF_VERB = -1;

export class Parser {
  readonly limits: ParserLimits;
  /** Ask `onVerb` before each operation. */
  guarded = true;
  readonly #ops: ClientOps;
  readonly #frame = new Frame();
  #halted = false;
  /** The last two messages of this chunk had the same subject, in so far as its hash tells: the next one may have it too. */
  #repeats = false;
  /** The line of the message before, when that without a reply was like the one before it in length: 0 bytes when not. */
  #lineAt = 0;
  #lineBytes = 0;
  /** Bytes of the operation that `parse` stopped before, counted from its start; 0 when that is not known. */
  #need = 0;
  /** Inside the rest of a PING, PONG or +OK line, which is ignored. */
  #skipping: "PING" | "PONG" | "+OK" | undefined = undefined;

  constructor(ops: ClientOps, limits: ParserLimits) {
    this.#ops = ops;
    this.limits = limits;
  }

  /** Length of the incomplete operation at the returned offset, when its sizes are known; else 0. */
  get need(): number {
    return this.#need;
  }

  /** Returns from `parse` after the current operation. */
  halt(): void {
    this.#halted = true;
  }

  /**
   * Parses arena bytes [from, to). Returns the offset of the first byte not
   * used: `to`, or the start of an incomplete operation, or where it was
   * halted. The byte at `to` is overwritten.
   */
  parse(from: number, to: number): number {
    bytes[to] = LF;
    this.#halted = false;
    this.#need = 0;
    this.#repeats = false;
    this.#lineBytes = 0;
    let at = from;
    while (at < to) {
      if (this.guarded || this.#skipping !== undefined) {
        if (this.#skipping === undefined && !this.#ops.onVerb(bytes[at]!)) return at;
      } else {
        if (bytes[at + 4] === DOLLAR) {
          const behind = this.#ops.onSystemPubs(at, to);
          if (this.#halted) return behind;
          if (behind > at) {
            at = behind;
            continue;
          }
        }
        const next = this.#fastPub(at, to);
        if (next > 0) {
          at = next;
          if (this.#halted) return at;
          continue;
        }
      }
      this.#repeats = false;
      this.#lineBytes = 0;
      const next = this.#tolerant(at, to);
      if (next < 0) return at;
      at = next;
      if (this.#halted) return at;
    }
    return at;
  }

  /**
   * The message of exactly these owned bytes: an operation whose length `need`
   * told. Its frame refers to them.
   */
  parseOwned(owned: Uint8Array): void {
    this.#halted = false;
    const isHeader = (owned[0]! | 0x20) === 0x68;
    let argFrom = isHeader ? 4 : 3;
    while (owned[argFrom] === SPACE || owned[argFrom] === TAB) argFrom++;
    const lineEnd = owned.indexOf(LF, argFrom + 1);
    this.#pub(owned, argFrom, lineEnd, owned.length, isHeader, 0, argumentEnd(owned, argFrom, lineEnd));
  }

  /** A PUB or HPUB in the one fast spelling, complete. Returns the offset behind it, or −1: look again slowly. */
  #fastPub(at: number, to: number): number {
    if (this.#lineBytes > 0) {
      const next = this.#sameLine(at, to);
      if (next > 0) return next;
      this.#lineBytes = 0;
    }
    let i: number;
    let isHeader = false;
    if (bytes[at] === 0x50 && bytes[at + 1] === 0x55 && bytes[at + 2] === 0x42 && bytes[at + 3] === SPACE) i = at + 4;
    else if (
      bytes[at] === 0x48 &&
      bytes[at + 1] === 0x50 &&
      bytes[at + 2] === 0x55 &&
      bytes[at + 3] === 0x42 &&
      bytes[at + 4] === SPACE
    ) {
      if (!this.limits.headers) return -1;
      isHeader = true;
      i = at + 5;
    } else return -1;
    const subjectFrom = i;
    const frame = this.#frame;
    let hash = frame.subjectHash;
    let byte = bytes[i]!;
    let isSame = false;
    if (this.#repeats) {
      // Comparing is cheaper than hashing, and saves the one who looks the subject up.
      let last = frame.subjectFrom;
      while (byte === bytes[last] && byte > SPACE) {
        byte = bytes[++i]!;
        last++;
      }
      isSame = byte === SPACE && last === frame.subjectTo;
    }
    if (!isSame) {
      i = subjectFrom;
      hash = FNV_BASE;
      byte = bytes[i]!;
      while (byte > SPACE) {
        hash = Math.imul(hash ^ byte, FNV_PRIME);
        byte = bytes[++i]!;
      }
      if (byte !== SPACE || i === subjectFrom) return -1;
      this.#repeats = hash === frame.subjectHash;
      frame.remembered = undefined;
    }
    const subjectTo = i++;
    const tailFrom = i;

    // Digits up to the line end are the size; otherwise this token was the reply.
    let replyFrom = i;
    let replyTo = i;
    let first = this.#digits(i);
    if (bytes[this.#digitsEnd] !== (isHeader ? SPACE : CR) || !this.#sizesFollow(isHeader)) {
      i = tailFrom;
      while (bytes[i]! > SPACE) i++;
      if (bytes[i] !== SPACE || i === tailFrom) return -1;
      replyTo = i++;
      replyFrom = tailFrom;
      first = this.#digits(i);
    }
    let size = first;
    let headerBytes = -1;
    frame.headerSizeFrom = 0;
    frame.headerSizeTo = 0;
    if (isHeader) {
      if (bytes[this.#digitsEnd] !== SPACE) return -1;
      headerBytes = first;
      frame.headerSizeFrom = i;
      frame.headerSizeTo = this.#digitsEnd;
      i = this.#digitsEnd + 1;
      size = this.#digits(i);
      if (headerBytes < 0 || headerBytes > size) return -1;
    }
    const sizeTo = this.#digitsEnd;
    const payloadFrom = sizeTo + 2;
    const payloadTo = payloadFrom + size;
    if (size < 0 || bytes[sizeTo] !== CR || bytes[sizeTo + 1] !== LF || payloadTo + 2 > to) return -1;
    if (bytes[payloadTo] !== CR || bytes[payloadTo + 1] !== LF) return -1;
    const { maxPayload, maxControlLine } = this.limits;
    if (sizeTo - subjectFrom > maxControlLine || (size > maxPayload && maxPayload >= 0)) return -1;

    if (isSame && replyTo === replyFrom && size === frame.payloadTo - frame.payloadFrom) {
      this.#lineAt = at;
      this.#lineBytes = payloadFrom - at;
    }
    frame.source = bytes;
    frame.inArena = true;
    frame.subjectFrom = subjectFrom;
    frame.subjectTo = subjectTo;
    frame.subjectHash = hash;
    frame.repeats = isSame;
    frame.replyFrom = replyFrom;
    frame.replyTo = replyTo;
    frame.headerBytes = headerBytes;
    frame.sizeFrom = i;
    frame.sizeTo = sizeTo;
    frame.payloadFrom = payloadFrom;
    frame.payloadTo = payloadTo;
    frame.canonical = true;
    frame.tailFrom = tailFrom;
    this.#ops.onPub(frame);
    return payloadTo + 2;
  }
  #digitsEnd = 0;

  /** A message with the line of the one before, which has no reply, whole. Returns as `#fastPub`. */
  #sameLine(at: number, to: number): number {
    const lineBytes = this.#lineBytes;
    const payloadFrom = at + lineBytes;
    const frame = this.#frame;
    const payloadTo = payloadFrom + frame.payloadTo - frame.payloadFrom;
    if (payloadTo + 2 > to || bytes[payloadTo] !== CR || bytes[payloadTo + 1] !== LF) return -1;
    if (same(at, this.#lineAt, lineBytes) === 0) return -1;
    const by = at - this.#lineAt;
    this.#lineAt = at;
    frame.subjectFrom += by;
    frame.subjectTo += by;
    frame.repeats = true;
    if (frame.headerBytes >= 0) {
      frame.headerSizeFrom += by;
      frame.headerSizeTo += by;
    }
    frame.sizeFrom += by;
    frame.sizeTo += by;
    frame.payloadFrom = payloadFrom;
    frame.payloadTo = payloadTo;
    frame.tailFrom += by;
    this.#ops.onPub(frame);
    return payloadTo + 2;
  }

  /** Value of 1 to 9 digits at `i`, or −1; `#digitsEnd` is behind them. */
  #digits(i: number): number {
    const start = i;
    let value = 0;
    let digit = bytes[i]! - 0x30;
    while (digit >= 0 && digit <= 9 && i - start < 10) {
      value = value * 10 + digit;
      digit = bytes[++i]! - 0x30;
    }
    this.#digitsEnd = i;
    return i > start && i - start <= 9 ? value : -1;
  }

  /** Behind a number and its separator: for PUB the line ends; for HPUB one more number and the line ends. */
  #sizesFollow(isHeader: boolean): boolean {
    if (!isHeader) return bytes[this.#digitsEnd + 1] === LF;
    const end = this.#digitsEnd;
    const isSize = this.#digits(end + 1) >= 0 && bytes[this.#digitsEnd] === CR && bytes[this.#digitsEnd + 1] === LF;
    this.#digitsEnd = end;
    return isSize;
  }

  /** Any operation in any accepted spelling. Returns the offset behind it, or −1: incomplete or a mistake. */
  #tolerant(at: number, to: number): number {
    if (this.#skipping !== undefined) return this.#skipLine(at, to, this.#skipping);
    const found = this.#findVerb(at, to);
    if (found === PART_OF_VERB) return -1;
    if (found === NO_VERB) return this.#mistake("unknownOperation", at, to);
    const verb: Verb = VERBS[found]!;
    let i = at + verb.length;
    if (verb === "PING" || verb === "PONG" || verb === "+OK") return this.#skipLine(i, to, verb);
    if (i === to) return -1;
    const mayTouch = verb === "CONNECT" || verb === "INFO";
    if (!mayTouch && bytes[i] !== SPACE && bytes[i] !== TAB) return this.#mistake("unknownOperation", at, to);
    const blanksFrom = i;
    while (i < to && (bytes[i] === SPACE || bytes[i] === TAB)) i++;
    // nats-server skips blanks without end; here they are kept until the line is whole, so there is an end.
    if (i - blanksFrom > this.limits.maxControlLine) return this.#mistake("maximumControlLine", at, to);
    if (i >= to) return -1;
    // The first byte belongs to the argument whatever it is, as in nats-server.
    const lineEnd = bytes.indexOf(LF, i + 1);
    if (lineEnd < 0 || lineEnd >= to) {
      if (to - i > this.limits.maxControlLine) return this.#mistake("maximumControlLine", at, to);
      return -1;
    }
    const argEnd = argumentEnd(bytes, i, lineEnd);
    if (argEnd - i > this.limits.maxControlLine) return this.#mistake("maximumControlLine", at, to);
    switch (verb) {
      case "PUB":
      case "HPUB":
        return this.#pub(bytes, i, lineEnd, to, verb === "HPUB", at, argEnd);
      case "SUB":
        return this.#sub(i, argEnd) ? lineEnd + 1 : -1;
      case "UNSUB":
        return this.#unsub(i, argEnd) ? lineEnd + 1 : -1;
      case "CONNECT":
        this.#ops.onConnect(i, argEnd);
        return lineEnd + 1;
      case "INFO":
        this.#ops.onInfo(i, argEnd);
        return lineEnd + 1;
      case "-ERR":
        this.#ops.onErr(i, argEnd);
        return lineEnd + 1;
    }
  }

  #findVerb(at: number, to: number): number {
    let partly = NO_VERB;
    next: for (let v = 0; v < VERBS.length; v++) {
      const verb = VERBS[v]!;
      for (let i = 0; i < verb.length; i++) {
        if (at + i === to) {
          partly = PART_OF_VERB;
          continue next;
        }
        const want = verb.charCodeAt(i);
        const have = bytes[at + i]!;
        if (have !== want && !(want >= 0x41 && want <= 0x5a && have === (want | 0x20))) continue next;
      }
      return v;
    }
    return partly;
  }

  #skipLine(from: number, to: number, verb: "PING" | "PONG" | "+OK"): number {
    const lineEnd = bytes.indexOf(LF, from);
    if (lineEnd < 0 || lineEnd >= to) {
      this.#skipping = verb;
      return to;
    }
    this.#skipping = undefined;
    if (verb === "PING") this.#ops.onPing();
    else if (verb === "PONG") this.#ops.onPong();
    else this.#ops.onOk();
    return lineEnd + 1;
  }

  #mistake(mistake: Mistake, from: number, to: number): number {
    const proto = Buffer.from(bytes.subarray(from, Math.min(to, from + 32))).toString("latin1");
    this.#halted = true;
    this.#ops.onMistake(mistake, proto);
    return -1;
  }

  /** A message whose line is [argFrom, lineEnd] of `source`; the arguments end at `argEnd`. */
  #pub(
    source: Uint8Array,
    argFrom: number,
    lineEnd: number,
    to: number,
    isHeader: boolean,
    start: number,
    argEnd: number,
  ): number {
    const args = splitArguments(source, argFrom, argEnd);
    const sizes = isHeader ? 2 : 1;
    if (args.count !== sizes + 1 && args.count !== sizes + 2) return this.#mistake("arguments", argFrom, argEnd);
    if (isHeader && !this.limits.headers) return this.#mistake("headersNotSupported", argFrom, argEnd);
    const last = args.count - 1;
    const size = parseSize(source, args.from(last), args.to(last));
    const headerBytes = isHeader ? parseSize(source, args.from(last - 1), args.to(last - 1)) : -1;
    if (size < 0 || (isHeader && (headerBytes < 0 || headerBytes > size))) {
      return this.#mistake("arguments", argFrom, argEnd);
    }
    const { maxPayload } = this.limits;
    if (maxPayload >= 0 && size > maxPayload) {
      return this.#mistake("maximumPayload", argFrom, argEnd);
    }
    const payloadFrom = lineEnd + 1;
    const payloadTo = payloadFrom + size;
    if (payloadTo + 2 > to) {
      const wrong =
        (payloadTo < to && source[payloadTo] !== CR) || (payloadTo + 1 < to && source[payloadTo + 1] !== LF);
      if (wrong) return this.#mistake("unknownOperation", argFrom, argEnd);
      this.#need = payloadTo + 2 - start;
      return -1;
    }
    if (source[payloadTo] !== CR || source[payloadTo + 1] !== LF) {
      return this.#mistake("unknownOperation", argFrom, argEnd);
    }
    const frame = this.#frame;
    frame.source = source;
    frame.inArena = source === bytes;
    frame.subjectFrom = args.from(0);
    frame.subjectTo = args.to(0);
    frame.subjectHash = hashOf(source, frame.subjectFrom, frame.subjectTo);
    frame.repeats = false;
    const hasReply = args.count === sizes + 2;
    frame.replyFrom = hasReply ? args.from(1) : 0;
    frame.replyTo = hasReply ? args.to(1) : 0;
    frame.headerBytes = headerBytes;
    frame.headerSizeFrom = isHeader ? args.from(last - 1) : 0;
    frame.headerSizeTo = isHeader ? args.to(last - 1) : 0;
    frame.sizeFrom = args.from(last);
    frame.sizeTo = args.to(last);
    frame.payloadFrom = payloadFrom;
    frame.payloadTo = payloadTo;
    frame.canonical = false;
    frame.tailFrom = 0;
    this.#ops.onPub(frame);
    return payloadTo + 2;
  }

  #sub(from: number, to: number): boolean {
    const args = splitArguments(bytes, from, to);
    if (args.count !== 2 && args.count !== 3) {
      this.#mistake("arguments", from, to);
      return false;
    }
    const sid = args.count - 1;
    const queue = args.count === 3 ? 1 : -1;
    this.#ops.onSub(
      args.from(0),
      args.to(0),
      queue < 0 ? 0 : args.from(queue),
      queue < 0 ? 0 : args.to(queue),
      args.from(sid),
      args.to(sid),
    );
    return true;
  }

  #unsub(from: number, to: number): boolean {
    const args = splitArguments(bytes, from, to);
    if (args.count !== 1 && args.count !== 2) {
      this.#mistake("arguments", from, to);
      return false;
    }
    const max = args.count === 2 ? parseSize(bytes, args.from(1), args.to(1)) : -1;
    this.#ops.onUnsub(args.from(0), args.to(0), max);
    return true;
  }
}

/** A CR anywhere in the line costs the argument its last byte, as in nats-server. */
function argumentEnd(source: Uint8Array, argFrom: number, lineEnd: number): number {
  for (let i = argFrom + 1; i < lineEnd; i++) if (source[i] === CR) return lineEnd - 1;
  return lineEnd;
}

function hashOf(source: Uint8Array, from: number, to: number): number {
  let hash = FNV_BASE;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ source[i]!, FNV_PRIME);
  return hash;
}
