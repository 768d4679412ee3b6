// What a publish is answered with, as bytes.
//
//     {"stream":"S","domain":"D","seq":7}
//     {"stream":"S","seq":7,"duplicate": true}
//     {"error":{"code":400,"err_code":10071,"description":"…"},"stream":"S","seq":0}
//
// Owns the spelling, which clients compare. Knows nothing of when.

import { byteString, bytesOf } from "../../base/bytes.ts";
import { DIGITS, putDigits } from "../../base/digits.ts";
import { encode, nullable, omitEmpty, record, text, uint64 } from "../../base/json.ts";
import type { ApiError } from "../../errors/api.ts";
import { quoted } from "../../errors/protocol.ts";
import { apiErrorKind } from "../config/api_error_kind.ts";

const refusal = record(
  { error: omitEmpty(nullable(apiErrorKind)), stream: text, seq: uint64 },
  "server.JSPubAckResponse",
);
const DUPLICATE = bytesOf(byteString(',"duplicate": true}'));
const CLOSE = 0x7d;
/** What is behind the sequence of a message that was stored. */
export const STORED_TAIL = Uint8Array.of(CLOSE);

export class PubAck {
  /** The last acknowledgement written: [0, its length). */
  readonly bytes: Uint8Array;
  readonly #stream: string;
  readonly #seqAt: number;

  /** An empty domain is none. */
  constructor(stream: string, domain: string) {
    const name = quoted(byteString(stream));
    const head = `{"stream":${name},${domain === "" ? "" : `"domain":${quoted(byteString(domain))},`}"seq":`;
    const bytes = bytesOf(byteString(head));
    this.#stream = stream;
    this.#seqAt = bytes.length;
    this.bytes = new Uint8Array(bytes.length + DIGITS + DUPLICATE.length);
    this.bytes.set(bytes);
  }

  /** Where in `bytes` the sequence goes. */
  get seqAt(): number {
    return this.#seqAt;
  }

  /** Writes that the message is stored at `seq`; the length. */
  stored(seq: number): number {
    const end = putDigits(this.bytes, this.#seqAt, seq);
    this.bytes[end] = CLOSE;
    return end + 1;
  }

  /** Writes that a message with this id was stored at `seq` before; the length. */
  duplicate(seq: number): number {
    const end = putDigits(this.bytes, this.#seqAt, seq);
    this.bytes.set(DUPLICATE, end);
    return end + DUPLICATE.length;
  }

  /** The answer of a publish that was refused. */
  refused(error: ApiError): Uint8Array {
    return Buffer.from(encode(refusal, { error, stream: this.#stream, seq: 0 }), "utf8");
  }
}
