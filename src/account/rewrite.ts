// A message as it goes on under another subject, with another reply, or with a
// header line more.
//
// What is not changed is borrowed of the message it is made of: a new subject
// alone costs its own bytes, whatever the payload is. New bytes lie in the relay
// region of the arena, one message on top of the other: `release` takes the
// last one away. A message that finds no room, or lies outside the arena, is made
// anew in a buffer of its own.

import { bytes, RELAY, RELAY_BYTES } from "../base/arena.ts";
import { assert } from "../base/assert.ts";
import { putBytes } from "../base/put_bytes.ts";
import { BY_REFERENCE } from "../outbound/outbound.ts";
import { FNV_BASE, FNV_PRIME, Frame } from "../proto/frame.ts";
import { copyOf } from "./inner_queue.ts";
import { headerLineLengths, REQUEST_INFO, withoutHeaderLines } from "./header_lines.ts";
import { putSizes } from "./message_sizes.ts";
import { sameSubject, type SubjectWriter } from "./subject_writer.ts";

/** Through how many accounts a message may go. */
const MOST_DEPTH = 128;
/** How often what is made of one message may go on: by many ways through few accounts it could for ever. */
const MOST_MADE = 1000;
/** A subject that a transform could make longer goes nowhere. */
const MOST_SUBJECT_BYTES = 1 << 22;
const END = RELAY + RELAY_BYTES;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** Two sizes, three blanks and two line ends, at most. */
const LINE_BYTES = 64;
const STATUS = Buffer.from("NATS/1.0\r\n");
const KEEP_REPLY = undefined;

const frames: Frame[] = [];
const tops: number[] = [];
let top = RELAY;
let depth = 0;
/** Messages made since there was none. */
let made = 0;

/**
 * `of` under the subject that `writer` makes of source[from, to), its own one or
 * another; with `reply` (undefined: the same, empty: none), and with `line` at
 * the end of its headers, in place of lines called `name`. Undefined when the
 * message can not go on. Else `release` when it is done with.
 */
export function rewritten(
  of: Frame,
  writer: SubjectWriter,
  source: Uint8Array,
  from: number,
  to: number,
  reply: Uint8Array | undefined,
  line: Uint8Array | undefined,
  name: Uint8Array = REQUEST_INFO,
): Frame | undefined {
  if (depth === 0) made = 0;
  if (depth === MOST_DEPTH || ++made > MOST_MADE) return undefined;
  const frame = (frames[depth] ??= new Frame());
  const subjectRoom = writer.roomFor(to - from);
  if (subjectRoom > MOST_SUBJECT_BYTES) return undefined;
  const replyRoom = reply === KEEP_REPLY ? of.replyTo - of.replyFrom : reply.length;
  const size = of.payloadTo - of.payloadFrom;
  const isSmall = of.inArena && top + subjectRoom + replyRoom + LINE_BYTES <= END;
  const isWhole = line !== undefined || !isSmall;
  let isMade: boolean;
  if (!isWhole) isMade = borrow(frame, of, writer, source, from, to, reply);
  else {
    const room = subjectRoom + replyRoom + size + (line?.length ?? 0) + STATUS.length + LINE_BYTES;
    const fits = size < BY_REFERENCE && top + room <= END;
    isMade = fill(
      frame,
      of,
      fits ? bytes : new Uint8Array(room),
      fits ? top : 0,
      writer,
      source,
      from,
      to,
      reply,
      line,
      name,
    );
    frame.inArena = fits;
    frame.canonical = fits;
  }
  if (!isMade) return undefined;
  frame.trace = of.trace;
  tops[depth] = top;
  depth++;
  if (frame.inArena) top = isWhole ? frame.payloadTo + 2 : Math.max(frame.subjectTo, endOfReply(frame, of));
  return frame;
}

/** The last message made is done with. */
export function release(): void {
  assert(depth > 0, "as many messages are released as were made");
  depth--;
  top = tops[depth]!;
}

function endOfReply(frame: Frame, of: Frame): number {
  return frame.replyFrom === of.replyFrom ? 0 : frame.replyTo;
}

/** Only the subject, and the reply if there is another, are new. */
function borrow(
  frame: Frame,
  of: Frame,
  writer: SubjectWriter,
  source: Uint8Array,
  from: number,
  to: number,
  reply: Uint8Array | undefined,
): boolean {
  const end = writer.write(source, from, to, bytes, top);
  if (end < 0) return false;
  frame.source = bytes;
  frame.inArena = true;
  setSubject(frame, top, end);
  frame.replyFrom = of.replyFrom;
  frame.replyTo = of.replyTo;
  frame.canonical = of.canonical;
  frame.tailFrom = of.tailFrom;
  if (reply !== KEEP_REPLY && (reply.length > 0 || of.replyTo > of.replyFrom)) {
    frame.canonical = false;
    frame.replyFrom = end;
    frame.replyTo = putBytes(bytes, end, reply, 0, reply.length);
  }
  frame.headerBytes = of.headerBytes;
  frame.headerSizeFrom = of.headerSizeFrom;
  frame.headerSizeTo = of.headerSizeTo;
  frame.sizeFrom = of.sizeFrom;
  frame.sizeTo = of.sizeTo;
  frame.payloadFrom = of.payloadFrom;
  frame.payloadTo = of.payloadTo;
  return true;
}

/** The whole message, in the spelling that can be sent as it is. */
function fill(
  frame: Frame,
  of: Frame,
  into: Uint8Array,
  start: number,
  writer: SubjectWriter,
  source: Uint8Array,
  from: number,
  to: number,
  reply: Uint8Array | undefined,
  line: Uint8Array | undefined,
  name: Uint8Array,
): boolean {
  let at = writer.write(source, from, to, into, start);
  if (at < 0) return false;
  frame.source = into;
  setSubject(frame, start, at);
  frame.tailFrom = at;
  frame.replyFrom = at;
  if (reply === KEEP_REPLY) at = putBytes(into, at, of.source, of.replyFrom, of.replyTo);
  else at = putBytes(into, at, reply, 0, reply.length);
  frame.replyTo = at;
  if (at > frame.replyFrom) into[at++] = SPACE;
  const old = of.payloadFrom;
  const hadHeader = Math.max(0, of.headerBytes);
  /** Header lines without the empty one at their end. */
  const lines = Math.max(0, hadHeader - 2);
  // Lines of the same name go away; few messages have one.
  const gone = line === undefined ? 0 : headerLineLengths(of.source, old, old + lines, name);
  const isBare = lines <= STATUS.length || (gone > 0 && lines - gone <= STATUS.length + 2);
  const header = line === undefined ? hadHeader : (isBare ? STATUS.length : lines - gone) + line.length + 2;
  at = putSizes(frame, into, at, header, of.payloadTo - old - hadHeader + header);
  if (line === undefined) at = putBytes(into, at, of.source, old, of.payloadTo);
  else {
    if (isBare) at = putBytes(into, at, STATUS, 0, STATUS.length);
    else if (gone === 0) at = putBytes(into, at, of.source, old, old + lines);
    else at = withoutHeaderLines(of.source, old, old + lines, name, into, at);
    at = putBytes(into, at, line, 0, line.length);
    into[at++] = CR;
    into[at++] = LF;
    assert(at - frame.payloadFrom === header, "a header is as long as it was said to be");
    at = putBytes(into, at, of.source, old + hadHeader, of.payloadTo);
  }
  frame.payloadTo = at;
  into[at] = CR;
  into[at + 1] = LF;
  return true;
}

function setSubject(frame: Frame, from: number, to: number): void {
  let hash = FNV_BASE;
  const { source } = frame;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ source[i]!, FNV_PRIME);
  frame.subjectFrom = from;
  frame.subjectTo = to;
  frame.subjectHash = hash;
}

/** The same message, in bytes of its own, under the subject that `writer` makes of its own; without one under that. */
export function withSubject(of: Frame, writer: SubjectWriter | undefined): Frame {
  const made = rewritten(of, writer ?? sameSubject, of.source, of.subjectFrom, of.subjectTo, undefined, undefined);
  if (made === undefined) return copyOf(of);
  const copy = copyOf(made);
  release();
  return copy;
}
