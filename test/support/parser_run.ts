// Runs the parser as a session does: chunks cut anywhere, split operations
// carried over. Used by the parser's tests and by the fuzzer.

import { bytes, READ, READ_BYTES } from "../../src/base/arena.ts";
import { assert } from "../../src/base/assert.ts";
import { byteStringOf } from "../../src/base/bytes.ts";
import { Carry } from "../../src/peer/carry.ts";
import type { Frame } from "../../src/proto/frame.ts";
import { type ClientOps, type Mistake, Parser } from "../../src/proto/parser.ts";

/** Writes down every operation as a line of text. */
export class Recorder implements ClientOps {
  readonly seen: string[] = [];
  closed = false;
  /** How many frames took the fast path. */
  canonical = 0;
  halt: () => void = () => {};

  onVerb(): boolean {
    return !this.closed;
  }
  onConnect(from: number, to: number): void {
    this.seen.push(`CONNECT ${byteStringOf(bytes, from, to)}`);
  }
  onInfo(from: number, to: number): void {
    this.seen.push(`INFO ${byteStringOf(bytes, from, to)}`);
  }
  onSystemPubs(at: number): number {
    return at;
  }
  onPub(frame: Frame): void {
    const text = (from: number, to: number): string => byteStringOf(frame.source, from, to);
    if (frame.canonical) {
      this.canonical++;
      const reply = frame.replyTo > frame.replyFrom ? `${text(frame.replyFrom, frame.replyTo)} ` : "";
      const hdr = frame.headerBytes < 0 ? "" : `${text(frame.headerSizeFrom, frame.headerSizeTo)} `;
      const tail = `${reply}${hdr}${text(frame.sizeFrom, frame.sizeTo)}\r\n${text(frame.payloadFrom, frame.payloadTo)}\r\n`;
      assert(text(frame.tailFrom, frame.payloadTo + 2) === tail, "the tail of a canonical frame is what follows a sid");
    }
    this.seen.push(
      `PUB ${text(frame.subjectFrom, frame.subjectTo)} ${text(frame.replyFrom, frame.replyTo)} ${frame.headerBytes} ` +
        `${text(frame.payloadFrom, frame.payloadTo)} ${frame.subjectHash}`,
    );
  }
  onSub(a: number, b: number, c: number, d: number, e: number, f: number): void {
    const queue = d > c ? byteStringOf(bytes, c, d) : "";
    this.seen.push(`SUB ${byteStringOf(bytes, a, b)} ${queue} ${byteStringOf(bytes, e, f)}`);
  }
  onUnsub(from: number, to: number, max: number): void {
    this.seen.push(`UNSUB ${byteStringOf(bytes, from, to)} ${max}`);
  }
  onPing(): void {
    this.seen.push("PING");
  }
  onPong(): void {
    this.seen.push("PONG");
  }
  onOk(): void {
    this.seen.push("+OK");
  }
  onErr(from: number, to: number): void {
    this.seen.push(`-ERR ${byteStringOf(bytes, from, to)}`);
  }
  onMistake(mistake: Mistake): void {
    this.seen.push(`mistake ${mistake}`);
    this.closed = true;
    this.halt();
  }
}

/** Feeds `input` in chunks cut at the given offsets, as a session does. */
export function run(
  input: string,
  cuts: readonly number[],
  limits: { maxPayload?: number; maxControlLine?: number; headers?: boolean } = {},
): Recorder {
  const recorder = new Recorder();
  const parser = new Parser(recorder, { maxPayload: 1024 * 1024, maxControlLine: 4096, headers: true, ...limits });
  recorder.halt = () => parser.halt();
  parser.guarded = false;
  const carry = new Carry();
  const all = Buffer.from(input, "latin1");
  const ends = [...new Set([...cuts, all.length])].filter((cut) => cut <= all.length).sort((a, b) => a - b);
  let start = 0;
  for (const cut of ends) {
    for (let at = start; at < cut; at += READ_BYTES) {
      const piece = all.subarray(at, Math.min(cut, at + READ_BYTES));
      bytes.set(piece, READ);
      feed(recorder, parser, carry, READ, READ + piece.length);
    }
    start = cut;
    if (recorder.closed) break;
  }
  return recorder;
}

function feed(recorder: Recorder, parser: Parser, carry: Carry, chunkFrom: number, to: number): void {
  let from = chunkFrom;
  while (!carry.isEmpty && from < to && !recorder.closed) {
    const used = carry.absorb(from, to);
    from += used;
    const large = carry.takeLarge();
    if (large !== undefined) parser.parseOwned(large);
    else if (used === 0) from = carry.putBack(from);
  }
  if (from >= to || recorder.closed) return;
  const used = parser.parse(from, to);
  if (used < to && !recorder.closed) carry.keep(used, to, parser.need);
}
