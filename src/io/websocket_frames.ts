// WebSocket frames (RFC 6455) without sockets: reading those of a client and
// writing a server's.
//
//    0                1               2 …
//   |F|RSV|opcode:4|M|length:7|length:16 or 64|mask:32|payload …
//
// NATS does not care where messages end: payload is passed on as it arrives,
// so nothing but a frame's head and a control frame's body (125 bytes) is ever
// held, however long a frame or endless a message is. Texts are nats-server's.

import { isUtf8 } from "node:buffer";

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const FINAL = 0x80;
const MASKED = 0x80;
const MOST_CONTROL_BYTES = 125;
const MOST_HEAD_BYTES = 14;

/** How a peer closed, or what it did wrong; `status` undefined for a close frame without one. */
export interface FrameEnd {
  readonly status: number | undefined;
  readonly reason: string;
  /** Whether the peer broke the protocol; else it said goodbye. */
  readonly failed: boolean;
}

export class FrameReader {
  readonly #masked: boolean;
  readonly #onPing: (payload: Buffer) => void;
  readonly #head = Buffer.alloc(MOST_HEAD_BYTES);
  #headBytes = 0;
  /** Payload bytes of the current frame still to come; -1 between frames. */
  #remaining = -1;
  #opcode = 0;
  #final = true;
  #inMessage = false;
  readonly #mask = new Uint8Array(4);
  #maskAt = 0;
  #control = Buffer.alloc(0);
  #end: FrameEnd | undefined;

  /** With `masked` frames must be; otherwise both are taken (Nats-No-Masking). */
  constructor(masked: boolean, onPing: (payload: Buffer) => void) {
    this.#masked = masked;
    this.#onPing = onPing;
  }
  /** Set when there will be no more: what followed is ignored. */
  get end(): FrameEnd | undefined {
    return this.#end;
  }

  /**
   * Reads a chunk, which is the reader's to change: its payload bytes, unmasked and without heads, are moved to
   * its start. Returns how many they are.
   */
  read(chunk: Uint8Array): number {
    let kept = 0;
    for (let at = 0; at < chunk.length || this.#remaining === 0;) {
      if (this.#end !== undefined) break;
      if (this.#remaining < 0) {
        at = this.#readHead(chunk, at);
        continue;
      }
      const count = Math.min(this.#remaining, chunk.length - at);
      if (this.#opcode >= CLOSE) this.#addControl(chunk, at, count);
      else {
        this.#unmask(chunk, at, count, kept);
        kept += count;
      }
      at += count;
      this.#remaining -= count;
      if (this.#remaining > 0) break;
      this.#remaining = -1;
      if (this.#opcode >= CLOSE) this.#onControl();
    }
    return kept;
  }

  /** Takes bytes of the frame's head; once it is whole, the frame begins. */
  #readHead(chunk: Uint8Array, from: number): number {
    let at = from;
    const head = this.#head;
    while (at < chunk.length && this.#remaining < 0 && this.#end === undefined) {
      head[this.#headBytes++] = chunk[at++]!;
      if (this.#headBytes === 2) this.#check(head[0]!, head[1]!);
      if (this.#headBytes >= 2 && this.#headBytes === headLength(head[1]!)) this.#beginFrame();
    }
    return at;
  }
  /** What the first two bytes can tell. */
  #check(first: number, second: number): void {
    const opcode = first & 0x0f;
    const final = (first & FINAL) !== 0;
    if ((first & 0x30) !== 0) this.#fail("RSV2 and RSV3 must be clear");
    else if ((first & 0x40) !== 0) this.#fail("compressed frame received without negotiated permessage-deflate");
    else if (opcode === CLOSE || opcode === PING || opcode === PONG) {
      if ((second & 0x7f) > MOST_CONTROL_BYTES) {
        this.#fail("control frame length bigger than maximum allowed of 125 bytes");
      } else if (!final) this.#fail("control frame does not have final bit set");
    } else if (opcode === TEXT || opcode === BINARY) {
      if (this.#inMessage) this.#fail("new message started before final frame for previous message was received");
    } else if (opcode !== CONTINUATION) this.#fail(`unknown opcode ${opcode}`);
    else if (!this.#inMessage) this.#fail("invalid continuation frame");
    if (this.#end === undefined && this.#masked && (second & MASKED) === 0) this.#fail("mask bit missing");
  }
  #beginFrame(): void {
    const head = this.#head;
    const length = frameLength(head);
    if (length > Number.MAX_SAFE_INTEGER) {
      this.#fail("invalid 64-bit payload length");
      return;
    }
    this.#opcode = head[0]! & 0x0f;
    this.#final = (head[0]! & FINAL) !== 0;
    if (this.#opcode < CLOSE) this.#inMessage = !this.#final;
    if ((head[1]! & MASKED) === 0) this.#mask.fill(0);
    else for (let i = 0; i < 4; i++) this.#mask[i] = head[this.#headBytes - 4 + i]!;
    this.#maskAt = 0;
    this.#headBytes = 0;
    this.#control = Buffer.alloc(0);
    this.#remaining = length;
  }

  /** Moves `count` bytes from `from` down to `to`, unmasked. */
  #unmask(chunk: Uint8Array, from: number, count: number, to: number): void {
    const mask = this.#mask;
    const shift = this.#maskAt;
    const [a, b, c, d] = [mask[shift]!, mask[(shift + 1) & 3]!, mask[(shift + 2) & 3]!, mask[(shift + 3) & 3]!];
    this.#maskAt = (shift + count) & 3;
    if ((a | b | c | d) === 0) {
      chunk.copyWithin(to, from, from + count);
      return;
    }
    let read = from;
    let write = to;
    for (const end = from + (count & ~3); read < end; read += 4, write += 4) {
      chunk[write] = chunk[read]! ^ a;
      chunk[write + 1] = chunk[read + 1]! ^ b;
      chunk[write + 2] = chunk[read + 2]! ^ c;
      chunk[write + 3] = chunk[read + 3]! ^ d;
    }
    for (let i = 0; i < (count & 3); i++) chunk[write++] = chunk[read++]! ^ [a, b, c][i]!;
  }

  #addControl(chunk: Uint8Array, from: number, count: number): void {
    this.#unmask(chunk, from, count, from);
    this.#control = Buffer.concat([this.#control, chunk.subarray(from, from + count)]);
  }
  #onControl(): void {
    const body = this.#control;
    if (this.#opcode === PING) this.#onPing(body);
    if (this.#opcode !== CLOSE) return;
    if (body.length === 1) this.#fail("close frame payload cannot be 1 byte");
    else if (body.length === 0) this.#end = { status: undefined, reason: "", failed: false };
    else {
      const status = body.readUInt16BE(0);
      const reason = body.subarray(2);
      if (!isCloseStatus(status)) this.#fail(`invalid close status code ${status}`);
      else if (isUtf8(reason)) this.#end = { status, reason: reason.toString(), failed: false };
      else this.#end = { status: 1007, reason: "invalid utf8 body in close frame", failed: false };
    }
  }
  #fail(reason: string): void {
    this.#end ??= { status: 1002, reason, failed: true };
  }
}

/** The head of a frame with `length` bytes of payload; the server's are never masked. */
export function binaryHead(length: number): Buffer {
  return frameHead(FINAL | BINARY, length);
}

export function pongFrame(payload: Buffer): Buffer {
  return Buffer.concat([frameHead(FINAL | PONG, payload.length), payload]);
}

/** A close frame; without status it has no body. A long reason is cut. */
export function closeFrame(status: number | undefined, reason: string): Buffer {
  if (status === undefined) return frameHead(FINAL | CLOSE, 0);
  const text = Buffer.from(reason);
  const most = MOST_CONTROL_BYTES - 2;
  const shown = text.length <= most ? text : Buffer.concat([wholeCharacters(text, most - 3), Buffer.from("...")]);
  const code = Buffer.alloc(2);
  code.writeUInt16BE(status);
  return Buffer.concat([frameHead(FINAL | CLOSE, 2 + shown.length), code, shown]);
}

function frameHead(first: number, length: number): Buffer {
  if (length <= 125) return Buffer.of(first, length);
  if (length <= 0xffff) return Buffer.of(first, 126, length >> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
  head.writeUInt32BE(length % 2 ** 32, 6);
  return head;
}

/** How long a head is, by its second byte. */
function headLength(second: number): number {
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & MASKED) === 0 ? 0 : 4);
}

function frameLength(head: Buffer): number {
  const short = head[1]! & 0x7f;
  if (short < 126) return short;
  return short === 126 ? head.readUInt16BE(2) : head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6);
}

function isCloseStatus(status: number): boolean {
  if (status >= 3000) return status < 5000;
  return status >= 1000 && status <= 1015 && ![1004, 1005, 1006, 1015].includes(status);
}

/** At most `most` bytes of UTF-8 text, no character cut in two. */
function wholeCharacters(text: Buffer, most: number): Buffer {
  let end = most;
  while (end > 0 && (text[end]! & 0xc0) === 0x80) end--;
  return text.subarray(0, end);
}
